"""What a run may meet: generated sources, a main that holds something or nothing, keys of ``[ciss]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from ciss_luigi.billing.rundate import RunDate
from tests import reference
from tests.reference import Cell, Tables
from tests.rules.harness import TextRow, held_row
from tests.strategies import charge, tables, valid_tables

ONE_MONTH, TWO_MONTHS = "2016-11-22", "2017-01-03"
ROLES = (("billable",), (), ("register", "service"), reference.CHARGE_ROLES)
BYSTANDER = "2016-10"
AS_OF: tuple[Cell, ...] = (None, "2016-10-05", ONE_MONTH, TWO_MONTHS, "2017-01-04")


@dataclass(frozen=True)
class Case:
    """What a run meets: the sources, what main holds already, and the keys of ``[ciss]``."""

    date: str
    tables: Tables
    held: tuple[TextRow, ...]
    doubles: bool
    fallback: int
    required: tuple[str, ...]
    allow_older: bool

    @property
    def months(self) -> list[str]:
        """The months in scope."""
        return [str(month) for month in RunDate.parse(self.date).months_in_scope(5)]

    @property
    def keys(self) -> dict[str, str]:
        """The keys of ``[ciss]``."""
        return {
            "rate_fallback_months": str(self.fallback),
            "required_sources": ", ".join(self.required),
            "allow_older": str(self.allow_older).lower(),
        }

    def keeps(self, month: Cell) -> bool:
        """Whether a month of main is not for this run: newer than it, or out of its scope."""
        newer = any(row["month_year"] == month and (row["as_of_date"] or "") > self.date for row in self.held)
        return month not in self.months or (newer and not self.allow_older)


@st.composite
def cases(draw: st.DrawFn, date: str, doubles: bool) -> Case:
    """Cases of one date; most with a row more where one is needed, so that enough of them can run."""
    months = [str(month) for month in RunDate.parse(date).months_in_scope(5)]
    fallback, required = draw(st.sampled_from((1, 0, 3))), draw(st.sampled_from(ROLES))
    sets = (valid_tables, tables)[draw(st.integers(0, 1))]
    complete = draw(st.sampled_from((months, months, months[:1], months[1:], [])))
    old = st.builds(held_row, st.sampled_from((*months, BYSTANDER)), st.sampled_from(AS_OF))
    made = draw(sets(months, fallback_months=fallback, doubles=doubles))
    return Case(
        date,
        with_rows(made, complete, required or ("overage",)),
        tuple(draw(st.lists(old, max_size=3))),
        doubles,
        fallback,
        required,
        allow_older=draw(st.booleans()),
    )


def with_rows(made: Tables, months: Sequence[str], roles: Sequence[str]) -> Tables:
    """The tables with a row more, which changes no sum, of each month in each of these sources."""
    more = {
        role: [*made.of(role), *(charge(role, month, (None, "", "A"), "USD", None) for month in months)]
        for role in roles
    }
    return replace(made, **more)


QUICK = settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

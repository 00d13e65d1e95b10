"""Stories of several runs over sources that change, and a model of what main must hold after each."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import CissError
from tests import reference
from tests.reference import Cell, ReferenceFault, Tables
from tests.rules.harness import Bench, TextRow, held_row, in_order
from tests.strategies import charge, rate

DATES = ("2016-11-22", "2016-12-03", "2016-12-20", "2017-01-01", "2017-01-03", "2017-01-20")
MONTHS = ("2016-11", "2016-12", "2017-01")
KEY = ("org", "unit", "offer")


def sources(version: int, *, without: str = "", blank: str = "") -> Tables:
    """Sources that say another amount in each version; one month may have no rows, or a fault."""
    months = [month for month in MONTHS if month != without]
    return Tables(
        billable=[charge("billable", month, KEY, "GBP", f"{version}.5", count="1") for month in months],
        overage=[
            charge("overage", month, KEY, "" if month == blank else "USD", f"{version}") for month in months
        ],
        rate=[rate(month, "GBP", "1.25000000") for month in MONTHS],
    )


SOURCES = {
    **{f"version {number}": sources(number) for number in (1, 2, 3)},
    "no January": sources(4, without="2017-01"),
    "no December": sources(5, without="2016-12"),
    "a fault in December": sources(6, blank="2016-12"),
}


@dataclass(frozen=True)
class Run:
    """One command: the sources as they are then, and whether the operator has reset the date before."""

    date: str
    sources: str
    reset: bool = False
    allow_older: bool = False


@dataclass
class Model:
    """What main must hold, month by month: whose estimate it is, and its rows."""

    main: dict[str, tuple[Cell, list[TextRow]]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def run(self, run: Run) -> bool:
        """Do what the command must do; whether it succeeds."""
        if run.reset:
            self.done.discard(run.date)
        if run.date in self.done:
            return True
        tables = SOURCES[run.sources]
        scope = [str(month) for month in RunDate.parse(run.date).months_in_scope(5)]
        try:
            ready, _ = reference.readiness(tables, scope, self.main, ["billable"])
            rows = reference.build(tables, ready, 1)
        except ReferenceFault:
            return False
        for month in ready:
            as_of, _ = self.main.get(month, (None, []))
            if run.allow_older or (as_of or "") <= run.date:
                mine = [{**row.texts(), "as_of_date": run.date} for row in rows if row.month_year == month]
                self.main[month] = run.date, list(mine)
        self.done.add(run.date)
        return True

    @property
    def rows(self) -> list[dict[str, Cell]]:
        """Main, but for run_id."""
        return in_order(row for _, rows in self.main.values() for row in rows)


def command(bench: Bench, run: Run) -> bool:
    """Run the job over these sources; whether it succeeded."""
    bench.change_sources(SOURCES[run.sources])
    if run.reset:
        bench.reset(run.date)
    try:
        bench.run(run.date, allow_older=str(run.allow_older).lower())
    except CissError:
        return False
    return True


def held(bench: Bench) -> list[dict[str, Cell]]:
    """Main, but for run_id."""
    return bench.rows(without=("run_id",))


def start(bench: Bench, old: bool) -> Model:
    """No main; or one in which the job before this one left November, without an as_of_date."""
    bench.fill(Tables())
    if not old:
        return Model()
    row = {name: cell for name, cell in held_row("2016-11", None).items() if name != "run_id"}
    bench.put_main([{**row, "run_id": None}])
    return Model({"2016-11": (None, [row])})


def runs(*, allow_older: st.SearchStrategy[bool], longest: int) -> st.SearchStrategy[list[Run]]:
    one = st.builds(Run, st.sampled_from(DATES), st.sampled_from(list(SOURCES)), st.booleans(), allow_older)
    return st.lists(one, min_size=2, max_size=longest)

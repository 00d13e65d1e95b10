"""Comparing main with another table of the same engine: what differs, where, and what such rows share.

The rules are in ``docs/migration.md``. Nothing is written, and only sample rows leave the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.operator.ask import ask
from ciss_luigi.operator.comparedcolumns import Columns, resolve
from ciss_luigi.operator.comparedrows import Answer, read
from ciss_luigi.queries.columnforms import Form
from ciss_luigi.queries.comparison import Comparison
from ciss_luigi.queries.differingrows import ComparedTable, DifferingRows
from ciss_luigi.queries.readiness import newer_estimates
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step

_MONTH_LENGTH = len("2016-11")
KEY = ("org_id", "business_unit", "commercial_offer", "currency")


@dataclass(frozen=True)
class Request:
    """What is to be compared, as it was typed."""

    table: str
    date: RunDate | None = None
    months: tuple[Month, ...] = ()
    key: tuple[str, ...] = KEY
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names in the other table, by the columns' names in main."""
    ignored: tuple[str, ...] = ()
    tolerance: Decimal = Decimal()
    other_month: str = ""
    samples: int = 5

    def command(self, months: Sequence[object] = ()) -> str:
        """The command that asks the same, of these or of other ``months``, with all options that it needs."""
        of_months = months or self.months
        asked = {
            "--date": "" if of_months else str(self.date),
            "--months": ",".join(map(str, of_months)),
            "--with": self.table,
            "--key": "" if self.key == KEY else ",".join(self.key),
            "--columns": ",".join(f"{new}={old}" for new, old in self.renamed.items()),
            "--ignore": ",".join(self.ignored),
            "--tolerance": f"{self.tolerance:f}" if self.tolerance else "",
            "--other-month": self.other_month,
        }
        return commands.compare(asked)


@dataclass(frozen=True)
class Compared:
    """What was found."""

    here: str
    there: str
    months: tuple[Month, ...]
    tolerance: Decimal
    columns: Columns
    rows_by_month: Mapping[str, tuple[int, int]]
    """The numbers of rows here and there, for each month that either side holds."""
    answer: Answer
    newer: Mapping[str, str] = field(default_factory=dict)
    """Months of which main holds a newer estimate than the date's, with that estimate's date."""

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows, within the tolerance."""
        return not any(self.answer.kinds.values())

    @property
    def rows(self) -> dict[str, int]:
        """The counts, by the names that the JSON has."""
        pairs = self.rows_by_month.values()
        here, there = (sum(pair[side] for pair in pairs) for side in (0, 1))
        return {"here": here, "there": there, **self.answer.kinds}


def compare(site: Site, request: Request) -> Compared:
    """Compare; raises Refused, BadArgument, EngineUnavailable or StatementFailed."""
    months = request.months or _merged_months(site, request)

    def question(engine: Engine, session: Session) -> Compared:
        return _Question(site, engine, session, request, months).ask()

    with explaining(state="nothing was changed", next_command=commands.check()):
        return ask(site, question)


def _merged_months(site: Site, request: Request) -> tuple[Month, ...]:
    """The months that a date has merged; raises Refused when there are none."""
    date = request.date
    if date is None:
        raise ValueError("a comparison needs a date or months")
    marker = site.markers.read(date, Step.MERGE) if site.markers.is_merged(date) else None
    if marker is None:
        raise Refused(
            f"{date} has no valid marker of {Step.MERGE}: nothing says which months of main are its own",
            state="nothing was compared",
            next_command=commands.merge(date),
        )
    if not marker.months:
        raise Refused(
            f"{date} merged no month: main held newer estimates of {', '.join(marker.superseded)}",
            state="nothing was compared",
            next_command=request.command(marker.superseded),
        )
    return tuple(Month.parse(month.month) for month in marker.months)


@dataclass(frozen=True)
class _Question:
    """One comparison in one session."""

    site: Site
    engine: Engine
    session: Session
    request: Request
    months: tuple[Month, ...]

    def ask(self) -> Compared:
        """Send the statements, always the same number of them, and read the answers."""
        settings, request = self.site.settings, self.request
        database, _, name = request.table.rpartition(".")
        there = (database or settings.database, name)
        columns = resolve(
            self._columns(settings.database, settings.main_table),
            self._columns(*there),
            month=(settings.month_partition, request.other_month or settings.month_partition),
            names=(settings.main, ".".join(there)),
            request=request,
        )
        comparison = self._comparison(columns, there)
        rows, comparison = self._counted(comparison)
        comparison.prepare(self.session)
        answer = read(self.session, comparison, columns, request.samples)
        return Compared(
            settings.main,
            ".".join(there),
            self.months,
            request.tolerance,
            columns,
            rows,
            answer,
            self._newer(columns),
        )

    def _columns(self, database: str, table: str) -> list[tuple[str, str]]:
        dialect = self.engine.dialect
        there = self.session.tables(dialect.list_tables(database), (dialect.table(database, table),))
        if table.lower() not in there:
            raise Refused(
                f"there is no table {database}.{table}",
                state="nothing was compared",
                next_command="name one that is there with --with DATABASE.TABLE; "
                f"{commands.check()} looks at main",
            )
        return self.session.columns(dialect.list_columns(database, table))

    def _comparison(self, columns: Columns, there: tuple[str, str]) -> Comparison:
        dialect, settings = self.engine.dialect, self.site.settings
        month_here, month_there = columns.months
        sides = (
            ComparedTable(
                dialect.table(settings.database, settings.main_table),
                dialect.quoted(month_here.name),
                month_is_text=month_here.is_text,
            ),
            ComparedTable(
                dialect.table(*there), dialect.quoted(month_there.name), month_is_text=month_there.is_text
            ),
        )
        one = f"'{self.months[0]}'" if len(self.months) == 1 else ""  # what is the same in all rows costs
        month_texts = [one or f"SUBSTR({side.month_text}, 1, 7)" for side in sides]
        month = Form((month_texts[0],), (month_texts[1],))
        keys = [month, *(columns.form(dialect, pair) for pair in columns.key)]
        values = [columns.form(dialect, pair) for pair in columns.values]
        tolerance = self.request.tolerance
        return Comparison(DifferingRows(dialect, *sides, self.months, tuple(keys), tuple(values), tolerance))

    def _counted(self, comparison: Comparison) -> tuple[dict[str, tuple[int, int]], Comparison]:
        """The numbers of rows by month; and the comparison, which then knows that no day follows a month."""
        found: dict[str, list[int]] = {}
        texts: dict[str, set[str]] = {"here": set(), "there": set()}
        for side, text, count in self.session.query(comparison.counts()):
            found.setdefault(str(text)[:_MONTH_LENGTH], [0, 0])[side == "there"] += int(count)
            texts[side].add(str(text))
        if not found:
            listed = ", ".join(map(str, self.months))
            raise Refused(
                f"neither {self.site.settings.main} nor {self.request.table} holds a row of {listed}",
                state="nothing was compared",
                next_command=f"{commands.status()} shows which dates are merged; --months names other months",
            )
        exact = {
            side: replace(getattr(comparison.differing, side), month_is_exact=all(map(_is_month, values)))
            for side, values in texts.items()
        }
        rows = {month: (here, there) for month, (here, there) in sorted(found.items())}
        return rows, Comparison(replace(comparison.differing, **exact))

    def _newer(self, columns: Columns) -> dict[str, str]:
        """Months that a later date has written since."""
        date = self.request.date
        if date is None or not columns.has_as_of_date:
            return {}
        statements = Statements(self.site.settings, self.engine.dialect, date, "compare")
        newer = newer_estimates(self.session.query(statements.main_rows(self.months)), date)
        return {str(month): newest for month, newest in newer.items()}


def _is_month(text: str) -> bool:
    return len(text) == _MONTH_LENGTH

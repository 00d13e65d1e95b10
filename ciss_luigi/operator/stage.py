"""What a step would find: what the engines hold now, changed by earlier writes and by its own.

A plan does not sum up the sources. Whatever their totals are, an undisturbed run finds the same in temp and
main. So a made-up row for each source and month that has rows is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month
from ciss_luigi.engines.base import Engine, Row, Session
from ciss_luigi.operator.now import Now
from ciss_luigi.queries.named import Statement
from ciss_luigi.queries.readiness import MAIN, RATE, Holdings
from ciss_luigi.queries.statements import MONTH, TEMP_PARTITION, Statements
from ciss_luigi.steps import Job

RUN_ID = "{run_id}"
"""Stands for the id that BuildTemp makes."""

Columns = list[tuple[str, str]]

_ZERO = Decimal("0.0000")
_ONE = Decimal("1.00000000")


class Stage:
    """The tables as they would be."""

    def __init__(self, job: Job, now: Now, holdings: Holdings | None = None) -> None:
        """Begin with what is there; ``holdings`` are the sources', without which the engine is asked."""
        self._job = job
        self._now = now
        self._holdings = holdings
        self._made: frozenset[str] = frozenset()
        self._temp: list[Row] | None = None
        self._really_there = self._tables_now()

    # --- writes -----------------------------------------------------------------------------------

    def write(self, engine: Engine, statement: Statement) -> None:
        """Note what a statement would change."""
        match statement.name:
            case "create_tables":
                self._made |= {name.lower() for name in self._ours}
            case "build":
                self._temp = [self._built(engine, month) for month in statement.arguments[0]]

    def _built(self, engine: Engine, month: Month) -> Row:
        """The row of temp's totals for a month that was built from the made-up rows."""
        source_rows, date = len(self._source_totals(engine, month)), str(self._job.date)
        counts = (1, source_rows, 0)
        money = (_ZERO,) * (len(schema.CHARGES) + 2)
        rates = (str(month), str(month), _ONE, _ONE)
        return (str(month), "USD", *counts, *money, 0, 0, 0, *rates, date, date, RUN_ID, RUN_ID)

    # --- questions --------------------------------------------------------------------------------

    def tables(self) -> frozenset[str]:
        """The tables that there would be."""
        known = self._holdings is not None and not self._holdings.absent
        sources = self._job.settings.source_tables.values() if known else ()
        return self._really_there | self._made | {name.lower() for name in sources}

    def columns(self, engine: Engine, question: Statement) -> Columns:
        """The columns of a table that exists or would be made; empty for any other."""
        (table,) = question.arguments
        if table.lower() in self._really_there:
            return self._now.once(engine, question, _columns)
        return self._made_columns(table)

    def rows(self, engine: Engine, question: Statement, *, sent: bool) -> list[Row]:
        """The answer that a run would get; an engine is asked only what a run would ask it."""
        foreseen = self._foreseen(engine, question, sent=sent)
        if foreseen is None:
            foreseen = self._now.once(engine, question, _query) if sent else []
        if question.name == "temp_totals":
            self._temp = foreseen
        return foreseen

    def _foreseen(self, engine: Engine, question: Statement, *, sent: bool) -> list[Row] | None:
        """The answer, if the engine cannot know it or need not be asked; None if it has to be asked."""
        temp, main = (name.lower() in self._really_there for name in self._ours)
        foreseen: list[Row] | None = None
        match question.name:
            case "readiness":
                foreseen = self._known(question.arguments[0])
            case "source_totals" if sent:
                foreseen = self._source_totals(engine, question.arguments[0][question.place])
            case "rates_and_odd_rows" if sent:
                foreseen = self._any_rate(engine, question.arguments[0])
            case "temp_totals":
                foreseen = self._temp
            case "before_merge":
                foreseen = self._newest(engine, question.arguments[0], sent=sent)
            case "main_totals":
                merged = {str(month) for month in question.arguments[0]}
                foreseen = [row for row in self._temp or [] if row[0] in merged]
        needs = {"list_temp": temp, "temp_totals": temp, "main_rows": main}
        return [] if foreseen is None and not needs.get(question.name, True) else foreseen

    def _newest(self, engine: Engine, months: Sequence[Month], *, sent: bool) -> list[Row]:
        """What main holds of some months; who is unmapped would be counted in what is not written yet."""
        if not months:
            return []
        statements = Statements(self._job.settings, engine.dialect, self._job.date, "plan")
        return self.rows(engine, Statement.of(statements.main_rows(months), "main_rows"), sent=sent)

    # --- parts ------------------------------------------------------------------------------------

    @property
    def _ours(self) -> tuple[str, str]:
        return self._job.settings.temp_table, self._job.settings.main_table

    def _known(self, months: Sequence[Month]) -> list[Row] | None:
        """Which sources hold rows of some months; None if nobody has asked yet."""
        if self._holdings is None:
            return None
        wanted = [str(month) for month in months]
        held = [(role, month) for role, month in self._holdings.months if month in wanted and role != MAIN]
        return [*held, *([(RATE, "")] if self._holdings.rates else [])]

    def _held(self, engine: Engine, month: Month) -> list[Row]:
        """Which sources hold rows of a month: a run sees that in their totals, this asks a cheaper query."""
        known = self._known([month])
        if known is not None:
            return known
        statements = Statements(self._job.settings, engine.dialect, self._job.date, "plan")
        (question,) = statements.readiness([month])
        return self._now.once(engine, Statement.of(question, "readiness"), _query)

    def _source_totals(self, engine: Engine, month: Month) -> list[Row]:
        held = self._held(engine, month)
        return [(role, str(month), "USD", 1, 0, _ZERO, 0, None) for role, _ in held if role != RATE]

    def _any_rate(self, engine: Engine, months: Sequence[Month]) -> list[Row]:
        is_there = (RATE, "") in self._held(engine, months[0])
        # a mapping without rows stops no run, so nobody asks for it here
        found = ["any mapping", *(["any rate"] if is_there else [])]
        return [(kind, None, None, None, None, 1, None, None) for kind in found]

    def _tables_now(self) -> frozenset[str]:
        engine = self._job.engine
        if not engine.exists():
            return frozenset()
        statements = Statements(self._job.settings, engine.dialect, self._job.date, "plan")
        ask = partial(_tables, wanted=statements.all_tables)
        return self._now.once(engine, Statement.of(statements.list_tables(), "list_tables"), ask)

    def _made_columns(self, table: str) -> Columns:
        settings, text = self._job.settings, schema.TEXT.lower()
        last = {
            settings.temp_table: [(MONTH, text), (TEMP_PARTITION, text)],
            settings.main_table: [(settings.month_partition, text)],
        }
        if table not in last:
            return []
        return [*((column.name, column.type.lower()) for column in schema.SUMMARY_COLUMNS), *last[table]]


def _query(session: Session, question: str) -> list[Row]:
    return session.query(question)


def _tables(session: Session, question: str, wanted: Sequence[str]) -> frozenset[str]:
    return session.tables(question, wanted)


def _columns(session: Session, question: str) -> Columns:
    return session.columns(question)

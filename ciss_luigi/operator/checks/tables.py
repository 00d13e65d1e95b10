"""Whether the tables have the columns and types that the job reads and writes.

Other columns and any order of columns are fine: the job names the columns that it reads, and writes in the
table's own order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ciss_luigi import commands
from ciss_luigi.billing import schema
from ciss_luigi.billing.schema import Column, Table
from ciss_luigi.config.settings import Settings
from ciss_luigi.engines.base import Capabilities, Session
from ciss_luigi.errors import StatementFailed
from ciss_luigi.operator.checks.findings import CONFIGURATION, Group
from ciss_luigi.queries.named import tagged
from ciss_luigi.queries.statements import MONTH, TEMP_PARTITION, Statements

_TYPE = re.compile(r"(\w+)(?:\((\d+)(?:, *(\d+))?\))?")
_TEXTS = {"STRING", "VARCHAR", "TEXT"}
_WHOLE_DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INT": 10, "INTEGER": 10, "BIGINT": 19}
LATER = ("source_rows", "as_of_date", "run_id")
"""The columns that the main table of an older job does not have, and that can be added to it."""


def parse(kind: str) -> tuple[str, tuple[int, ...]]:
    """A type's name in capitals and its numbers; engines write ``decimal(18,4)`` and ``DECIMAL(18, 4)``."""
    match = _TYPE.fullmatch(kind.strip().upper())
    if match is None:
        return kind.upper(), ()
    return match[1], tuple(int(number) for number in match.groups()[1:] if number)


def _decimal(kind: str) -> tuple[int, int] | None:
    """Digits before and after the point that a number type holds; None for anything but exact numbers."""
    name, numbers = parse(kind)
    if name in _WHOLE_DIGITS:
        return _WHOLE_DIGITS[name], 0
    if name not in ("DECIMAL", "NUMERIC"):
        return None
    precision, scale = (*numbers, 0)[:2] if numbers else (10, 0)  # Hive's DECIMAL without numbers
    return precision - scale, scale


def can_read(kind: str, wanted: str) -> bool:
    """Whether a source column of a type can only hold values of the wanted type."""
    if wanted == schema.TEXT:
        return parse(kind)[0] in _TEXTS
    if wanted == schema.COUNT:
        return parse(kind)[0] in _WHOLE_DIGITS
    if wanted == schema.RATE and parse(kind)[0] == "DOUBLE":
        return True
    have, need = _decimal(kind), _decimal(wanted)
    return have is not None and need is not None and have[0] <= need[0] and have[1] <= need[1]


def can_hold(kind: str, wanted: str) -> bool:
    """Whether a column of a type holds every value of the wanted type unchanged."""
    name, numbers = parse(kind)
    if wanted == schema.TEXT:
        return name in _TEXTS and not numbers
    if wanted == schema.COUNT:
        return name == schema.COUNT
    have, need = _decimal(kind), _decimal(wanted)
    return name == "DECIMAL" and bool(have and need and have[0] >= need[0] and have[1] >= need[1])


def check_source(
    group: Group, session: Session, statements: Statements, table: Table, capabilities: Capabilities
) -> bool:
    """Whether the job can read one source table; says what is wrong with it."""
    settings = statements.settings
    name = settings.source(table.role)
    columns = dict(session.columns(statements.list_columns(settings.source_tables[table.role])))
    wrong = _wrong(name, columns, table.all_columns, can_read)
    for text in wrong:
        group.fault(
            text,
            f"alter the table, or name a view with the right columns in [ciss] {table.role}_table "
            f"(the embedded warehouse: DROP TABLE {statements.source(table.role)}, "
            f"then {commands.load()} makes it)",
        )
    if not capabilities.double_rates and columns.get("avg_conv_rate", "").upper() == "DOUBLE":
        wrong.append(f"{name}.avg_conv_rate is DOUBLE, whose decimal text is not proven on this engine")
        group.fault(wrong[-1], f"make it {schema.RATE}", code=CONFIGURATION)
    return not wrong


def check_temp(group: Group, session: Session, statements: Statements) -> bool:
    """Whether the job can write the temp table as it is."""
    settings = statements.settings
    columns = session.columns(statements.list_columns(settings.temp_table))
    wanted = (*schema.SUMMARY_COLUMNS, Column(MONTH), Column(TEMP_PARTITION))
    wrong = _wrong(settings.temp, dict(columns), wanted, can_hold)
    for text in wrong:
        group.fault(
            text,
            f"DROP TABLE {statements.temp}, then {commands.init()}: a run fills it again with what it needs",
        )
    return not wrong


def check_main(group: Group, session: Session, statements: Statements) -> bool:
    """Whether the job can write the main table as it is; says how to add what an older job did not have."""
    settings = statements.settings
    columns = session.columns(statements.list_columns(settings.main_table))
    there = dict(columns)
    later = [column for column in schema.SUMMARY_COLUMNS if column.name in LATER and column.name not in there]
    wanted = [column for column in schema.SUMMARY_COLUMNS if column not in later]
    wrong = _wrong(settings.main, there, wanted, can_hold)
    for text in wrong:
        group.fault(text, "alter the table, or give [ciss] main_table a new name: the first run makes it")
    if later:
        names = ", ".join(column.name for column in later)
        ways = statements.dialect.add_columns(
            statements.main, [(column.name, column.type) for column in later]
        )
        group.fault(f"{settings.main} has no column {names}", "; ".join(_accepted(session, ways)) + ";")
    partition = _partition(settings, columns)
    if partition:
        group.fault(partition, "set [ciss] month_partition to the column that holds YYYY-MM")
    return not (wrong or later or partition)


def _accepted(session: Session, ways: Sequence[Sequence[str]]) -> Sequence[str]:
    """The first of several ways that the engine understands; the best one if it explains none."""
    for way in ways if len(ways) > 1 else ():
        with suppress(StatementFailed):
            for statement in way:
                session.query(tagged(f"EXPLAIN {statement}", "check"))
            return way
    return ways[0]


def _partition(settings: Settings, columns: Sequence[tuple[str, str]]) -> str:
    """What is wrong with the month column of main, or nothing."""
    name = settings.month_partition.lower()
    kind = dict(columns).get(name)
    if kind is None:
        return f"{settings.main} has no column {name} (month_partition)"
    if not can_hold(kind, schema.TEXT):
        return f"{settings.main}.{name} is {kind}, and must be {schema.TEXT}"
    return ""


def _wrong(
    table: str,
    there: Mapping[str, str],
    wanted: Sequence[Column],
    fits: Callable[[str, str], bool],
) -> list[str]:
    lacking = [column.name for column in wanted if column.name not in there]
    found = [f"{table} has no column {', '.join(lacking)}"] if lacking else []
    return found + [
        f"{table}.{column.name} is {there[column.name]}, and must be {column.type}"
        for column in wanted
        if column.name in there and not fits(there[column.name], column.type)
    ]

"""Whether a run can write main and temp as they are stored: the partition column and the format."""

from __future__ import annotations

from ciss_luigi import commands
from ciss_luigi.engines.base import Engine, Session, Storage
from ciss_luigi.operator.checks.findings import Group
from ciss_luigi.queries.statements import TEMP_PARTITION, Statements


def check_main(group: Group, session: Session, statements: Statements, writer: Engine) -> bool:
    """Whether main is partitioned by month_partition alone, in a format that its engine writes."""
    settings = statements.settings
    column = settings.month_partition.lower()
    storage = _storage(session, statements, settings.main_table)
    partition = _partition(settings.main, storage, column, writer)
    if partition:
        group.fault(
            partition,
            "set [ciss] month_partition, or give [ciss] main_table a new name: the first run makes it",
        )
    return not partition and _format_fits(group, settings.main, storage, writer)


def check_temp(group: Group, session: Session, statements: Statements, writer: Engine) -> bool:
    """Whether temp is partitioned by run_date alone, in a format that BuildTemp's engine writes."""
    settings = statements.settings
    storage = _storage(session, statements, settings.temp_table)
    partition = _partition(settings.temp, storage, TEMP_PARTITION, writer)
    if partition:
        group.fault(
            partition, f"DROP TABLE {statements.temp}, then {commands.init()} makes it as a run wants it"
        )
    return not partition and _format_fits(group, settings.temp, storage, writer)


def is_table(group: Group, session: Session, statements: Statements, table: str, name: str) -> bool:
    """Whether a table is no view: nothing can be written into one, and no column can be added to it."""
    if not _storage(session, statements, table).is_view:
        return True
    key = "main_table" if table == statements.settings.main_table else "temp_table"
    remedy = f"give [ciss] {key} a new name: the first run makes it"
    group.fault(f"{name} is a view, and must be a table", remedy)
    return False


def _storage(session: Session, statements: Statements, table: str) -> Storage:
    return statements.dialect.storage(session.query(statements.describe_storage(table)))


def _partition(table: str, storage: Storage, wanted: str, writer: Engine) -> str:
    """What is wrong with how a table is partitioned, or nothing."""
    if not writer.dialect.positional:  # there a partition is a column like others
        return ""
    if not storage.partitions:
        return f"{table} is not partitioned, and must be by {wanted}"
    if storage.partitions != (wanted,):
        return f"{table} is partitioned by {', '.join(storage.partitions)}, and must be by {wanted} alone"
    return ""


def _format_fits(group: Group, table: str, storage: Storage, writer: Engine) -> bool:
    formats = writer.capabilities.writes
    if not formats or not storage.format or storage.format in formats:
        return True
    group.fault(
        f"{table} is stored as {storage.format}, and {writer.identity} writes {' and '.join(formats)} only",
        f"make {table} again as STORED AS PARQUET and copy its rows, or let Hive write it",
    )
    return False

"""The three writes of a run as others send them: whole statements, or a DELETE and the query of an INSERT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import warehouse
from ciss_luigi.engines.base import BEGIN, COMMIT
from ciss_luigi.queries.statements import MONTH, SUMMARY, TEMP_PARTITION, Statements

_BEFORE, _AFTER = "FROM (\n", "\n) written"


@dataclass(frozen=True)
class Model:
    """A table as such tools have it: its name, what is deleted first, and the query of its new rows."""

    table: str
    delete: str
    query: str


def whole(statements: Statements) -> dict[str, list[str]]:
    """Empty, build and merge as the steps send them, each in its transaction."""
    month = warehouse.DATE.month
    writes = {
        "Empty": statements.empty_temp(),
        "Build": statements.build([month]),
        "Merge": statements.merge(month),
    }
    return {name: [BEGIN, *sent, COMMIT] for name, sent in writes.items()}


def models(statements: Statements) -> Iterator[Model]:
    """Temp and main; the month's column in main has its own name, as the sites' tables do."""
    settings, month = statements.settings, warehouse.DATE.month
    build, merge = statements.build([month]), statements.merge(month)
    temp, main = (TEMP_PARTITION, str(warehouse.DATE)), (settings.month_partition, str(month))
    yield _model(settings.temp_table, build, [*SUMMARY, MONTH], temp)
    yield _model(settings.main_table, merge, SUMMARY, main)


def _model(table: str, sent: Sequence[str], columns: Sequence[str], partition: tuple[str, str]) -> Model:
    """``sent`` is a DELETE and an INSERT, as the steps send them."""
    delete, insert = sent
    query = insert.partition(_BEFORE)[2].removesuffix(_AFTER)
    name, value = partition
    head = f"SELECT {', '.join(columns)}, '{value}' AS {name}"
    return Model(table, delete.partition("*/\n")[2], f"{head} {_BEFORE}{query}{_AFTER}")

"""``python -m tools.sample [FOLDER [DATE]]``: the sample's tables as they stood on a morning."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ciss_luigi.billing import schema
from tools.sample.charges import charges
from tools.sample.customers import contracts, mapping

TOP = Path(__file__).parents[2]
SAMPLE = TOP / "ciss_luigi" / "sample"
RATES = TOP / "tests" / "realdata" / f"{schema.RATES.default_name}.csv"
UNTIL = dt.date(2016, 11, 22)
_RATE_MONTHS = ("2016-07", "2016-08", "2016-09", "2016-10", "2016-11")
_PARTITION_FIRST = frozenset({"billable", "overage", "service"})


def write(folder: Path, until: dt.date = UNTIL) -> None:
    """Write the six tables, with the charges that have arrived by the morning of a date."""
    known = contracts()
    arrived = [one for one in charges(known) if one.arrives <= until]
    tables = {
        table.role: [one.cells for one in arrived if one.role == table.role] for table in schema.SOURCES
    }
    tables["rate"] = list(_rates())
    tables["mapping"] = list(mapping(known))
    folder.mkdir(parents=True, exist_ok=True)
    for table in schema.SOURCES:
        with (folder / f"{table.default_name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_header(table))
            writer.writerows(tables[table.role])


def _header(table: schema.Table) -> Sequence[str]:
    names = [column.name for column in table.all_columns]
    return [names[-1], *names[:-1]] if table.role in _PARTITION_FIRST else names


def _rates() -> Iterator[tuple[str, ...]]:
    """The European Central Bank's averages; those of the krona for November are not there yet."""
    with RATES.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    for month, source, target, rate in rows:
        if month in _RATE_MONTHS and not (month == "2016-11" and source == "SEK"):
            yield month, source, target, rate


if __name__ == "__main__":
    arguments = sys.argv[1:]
    write(
        Path(arguments[0]) if arguments else SAMPLE,
        dt.date.fromisoformat(arguments[1]) if arguments[1:] else UNTIL,
    )

"""Source tables of one row on a server, and what a run leaves on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ciss_luigi.billing import schema
from ciss_luigi.config import file as configfile
from ciss_luigi.config import settings
from ciss_luigi.operator.init import make_tables
from ciss_luigi.site import Site

MONTH = "2016-11"


def make_sources(configuration: Path, environment: Mapping[str, str], *, outputs: bool = False) -> None:
    """Make them by the engine of a site; temp and main too, where nobody else may."""
    section = configfile.read(configuration)["ciss"]
    read = settings.read(section, configuration.parent, environment)
    site = Site(read, configuration)
    with site.engine().session() as session:
        for statement in _statements():
            session.execute(statement)
    if outputs:
        make_tables(site)


def _statements() -> Iterator[str]:
    yield "DROP DATABASE IF EXISTS mnaas CASCADE"
    yield "CREATE DATABASE mnaas"
    for table in schema.SOURCES:
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        partitioned = f" PARTITIONED BY ({table.partitions[0].name} STRING)" if table.partitions else ""
        yield f"CREATE TABLE mnaas.{table.default_name} ({columns}){partitioned} STORED AS PARQUET"
    names = {table.role: f"mnaas.{table.default_name}" for table in schema.SOURCES}
    row = "'org', 'unit', 'offer', 's1', 'USD', 2, CAST(12.5 AS DECIMAL(18,4)), '10', 'GB'"
    yield f"INSERT INTO TABLE {names['billable']} PARTITION (partition_date = '{MONTH}') SELECT {row}"
    rate = f"'{MONTH}', 'GBP', 'USD', CAST(1.25 AS DECIMAL(18,8))"
    yield f"INSERT INTO TABLE {names['rate']} SELECT {rate}"


def files_of(folder: Path) -> list[Path]:
    """Every file of a site but its embedded warehouse, the command's output among them."""
    beside = folder.parent.glob(f"{folder.name}-output-*")
    inside = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".duckdb")
    return [*inside, *beside]

"""Reading how a table is stored from DESCRIBE FORMATTED, as Hive, Spark and Impala answer it."""

from __future__ import annotations

from collections.abc import Sequence

from ciss_luigi.engines.base import Row, Storage

_PARTITIONS = "# Partition Information"
_FORMATS = {
    "parquet": "PARQUET",
    "textinput": "TEXT",
    "orc": "ORC",
    "avro": "AVRO",
    "rcfile": "RCFILE",
    "sequencefile": "SEQUENCEFILE",
    "kudu": "KUDU",
    "iceberg": "ICEBERG",
}
"""Formats by a part of the name of their input class."""


def storage(rows: Sequence[Row]) -> Storage:
    """What the rows say; Spark writes its keys without a colon."""
    section, partitions, facts = "", [], {}
    for row in rows:
        name, value = (str(cell or "").strip() for cell in row[:2])
        if name.startswith("#"):
            # the heading of the columns stands inside a section, and begins none
            section = section if name.startswith("# col_name") else name
        elif name and section == _PARTITIONS:
            partitions.append(name.lower())
        elif name:
            facts[name.rstrip(":").lower()] = value
    kind = facts.get("table type") or facts.get("type") or ""
    return Storage(tuple(partitions), _format(facts.get("inputformat", "")), "VIEW" in kind.upper())


def _format(input_class: str) -> str:
    known = [name for sign, name in _FORMATS.items() if sign in input_class.lower()]
    return known[0] if known else input_class.rpartition(".")[2]

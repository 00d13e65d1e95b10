"""Names that an embedded warehouse cannot use as they are: it takes them half of the time.

Statements name tables and columns without quotes, since engines quote differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_RESERVED = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
default deferrable desc describe distinct do else end except false fetch for foreign from group having in
initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer
pivot_wider placing primary qualify references returning select show some summarize symmetric table then
to trailing true union unique unpivot using variadic when where window with
"""
RESERVED = frozenset(_RESERVED.split())
"""DuckDB's keywords of the category ``reserved``, as DuckDB 1.5 lists them in ``duckdb_keywords()``."""

_HALF_RESERVED = """
anti asof at authorization binary by collation columns concurrently cross freeze full generated glob
ilike inner is isnull join left like map natural notnull outer overlaps positional right semi similar
struct tablesample try_cast unpack verbose
"""
HALF_RESERVED = frozenset(_HALF_RESERVED.split())
"""Those of ``type_function``: a table can have such a name, behind a dot; a schema or a column cannot."""

_ITS_OWN = frozenset({"information_schema", "pg_catalog", "system", "temp"})


def unusable(names: Mapping[str, str], file: str) -> dict[str, str]:
    """What is wrong with which of some names, given and answered by key, in the warehouse of a file."""
    found = {key: f"{name!r} is a reserved word of DuckDB" for key, name in names.items() if _word(key, name)}
    # "a.b" could be the table b of a schema a or of a file a: DuckDB calls a file by its name up to a dot
    database, called = names.get("database", ""), Path(file).name.partition(".")[0]
    if database.lower() in _ITS_OWN:
        found["database"] = f"{database!r} is DuckDB's own"
    elif database and database.lower() == called.lower():
        found["database"] = f"{database!r} is what DuckDB calls the file {file}; the two must differ"
    return found


def _word(key: str, name: str) -> bool:
    return name.lower() in (RESERVED if key.endswith("_table") else RESERVED | HALF_RESERVED)

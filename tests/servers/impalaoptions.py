"""Impala's query options: which a version has, of which level, and what SET and SET ALL do with them.

Names and levels stand in impalaoptions.txt, as Impala's source has them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from tests.servers.impalagrammar import Version
from tests.servers.impalasql import read

_DEFAULTS = {
    "ABORT_ON_ERROR": "0",
    "EXEC_TIME_LIMIT_S": "0",
    "IDLE_SESSION_TIMEOUT": "0",
    "MEM_LIMIT": "0",
    "NUM_NODES": "0",
    "PARQUET_FILE_SIZE": "0",
    "QUERY_TIMEOUT_S": "0",
    "SYNC_DDL": "0",
}
VERSIONS: tuple[Version, ...] = ((2, 12), (3, 4), (4, 0), (4, 5))
_HIDDEN = {"DEVELOPMENT", "DEPRECATED", "REMOVED"}
"""Levels that a bare SET leaves out."""

_BOOLEANS = {"ABORT_ON_ERROR", "DECIMAL_V2", "SYNC_DDL"}
_SIZES = {"MEM_LIMIT", "PARQUET_FILE_SIZE", "BUFFER_POOL_LIMIT", "SCRATCH_LIMIT"}
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


class InvalidOption(ValueError):
    """Impala's words for an option that it does not have."""


@lru_cache
def levels(version: Version) -> dict[str, str]:
    """Give the level of each option that a version has."""
    column = 1 + VERSIONS.index(version)
    lines = Path(__file__).with_suffix(".txt").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {row[0]: row[column] for row in rows if row[column] != "-"}


def checked(name: str, version: Version) -> str:
    """Give an option's name in capitals; case does not matter to Impala."""
    if name.upper() not in levels(version):
        raise InvalidOption(f"Invalid query option: {name}")
    return name.upper()


def spelled(name: str, value: str) -> str:
    """Give a value as the server keeps and prints it: sizes in bytes, truth as 1 and 0."""
    if name in _BOOLEANS:
        return "1" if value.lower() in ("true", "1") else "0"
    size = re.fullmatch(r"(\d+)([kmgb]?)b?", value, re.IGNORECASE) if name in _SIZES else None
    return str(int(size[1]) * _UNITS[size[2].lower()]) if size else value


def assignment(text: str) -> tuple[str, str] | None:
    """Read `SET name = value`; None for SET and SET ALL, which only list."""
    tokens = [token for token in read(text).tokens if token.word != ";"]
    return None if len(tokens) < 4 else (tokens[1].name, tokens[3].name)


def listing(options: dict[str, str], version: Version, *, everything: bool) -> list[tuple[str, str, str]]:
    """Give the rows of SET, or of SET ALL: option, value, level."""
    defaults = _DEFAULTS | {"DECIMAL_V2": "1" if version >= (3, 0) else "0"}
    return [
        (name, "" if level == "REMOVED" else options.get(name, defaults.get(name, "")), level)
        for name, level in sorted(levels(version).items())
        if everything or level not in _HIDDEN
    ]

"""Impala's query options: which there are, and what SET does with them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

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
_REGULAR = {
    "COMPRESSION_CODEC",
    "EXEC_TIME_LIMIT_S",
    "MEM_LIMIT",
    "MT_DOP",
    "QUERY_TIMEOUT_S",
    "REQUEST_POOL",
}
_SINCE: dict[str, Version] = {
    "DECIMAL_V2": (2, 9),
    "EXEC_TIME_LIMIT_S": (2, 12),
    "MAX_FS_WRITERS": (4, 0),
    "REFRESH_UPDATED_HMS_PARTITIONS": (4, 0),
    "RETRY_FAILED_QUERIES": (4, 0),
}


class InvalidOption(ValueError):
    """Impala's words for an option that it does not have."""


def known(version: Version) -> frozenset[str]:
    """Name the options; impyla brings the list of a recent Impala."""
    names: Any = import_module("impala._thrift_gen.ImpalaService.ttypes").TImpalaQueryOptions
    return frozenset(name for name in names._VALUES_TO_NAMES.values() if _SINCE.get(name, (0,)) <= version)


def checked(name: str, version: Version) -> str:
    """Give an option's name in capitals; case does not matter to Impala."""
    if name.upper() not in known(version):
        raise InvalidOption(f"Invalid query option: {name}")
    return name.upper()


def assignment(text: str) -> tuple[str, str] | None:
    """Read `SET name = value`; None for SET and SET ALL, which only list."""
    tokens = [token for token in read(text).tokens if token.word != ";"]
    return None if len(tokens) < 4 else (tokens[1].name, tokens[3].name)


def listing(options: dict[str, str], version: Version) -> list[tuple[str, str, str]]:
    """Give the rows of a bare SET: option, value, level."""
    defaults = _DEFAULTS | {"DECIMAL_V2": "1" if version >= (3, 0) else "0"}
    return [
        (name, options.get(name, defaults.get(name, "")), "REGULAR" if name in _REGULAR else "ADVANCED")
        for name in sorted(known(version))
    ]

"""Impala's query options, read back after they were set.

They are read by ``SET ALL``: a plain ``SET`` leaves out whole levels of options, among them DECIMAL_V2. The
server writes values in its own spelling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ciss_luigi.engines.hiveserver2.client import Client, run
from ciss_luigi.errors import SettingRefused
from ciss_luigi.plaintext import without_parts

_GONE = ("REMOVED",)
"""The levels of options that SET accepts and that do nothing."""

_COLUMNS = 3
"""Option, value and level; Spark and Hive, behind impyla in tests, answer fewer columns."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Option:
    """What the server says about an option."""

    value: str
    level: str


def listed(client: Client) -> dict[str, Option]:
    """All options of the session by name; empty on a server that does not answer as an Impala does."""
    rows = [row for row in run(client, "SET ALL") if len(row) == _COLUMNS]
    return {str(name).upper(): Option(str(value), str(level)) for name, value, level in rows}


def check(name: str, value: Any, before: Mapping[str, Option], after: Mapping[str, Option]) -> None:
    """Raise SettingRefused for an option that the server does not have, no longer has, or did not change."""
    now = after.get(name.upper())
    if now is None:
        raise SettingRefused(name, "ignored: SET ALL does not list it")
    if now.level in _GONE:
        raise SettingRefused(name, "ignored: this Impala takes the option, and it does nothing any more")
    if now == before.get(name.upper()) and not same(now.value, str(value)):
        found = without_parts(now.value or "nothing", str(value))
        raise SettingRefused(name, f"ignored: asked for {value}, the server answers {found}")


def same(one: str, other: str) -> bool:
    """Whether two spellings may be the same value: ``2g`` and ``2147483648``, ``true`` and ``1``.

    A number and a word may be the same: Impala accepts both for a member of an enumeration.
    """
    first, second = _number(one), _number(other)
    if first is None and second is None:
        return one.upper() == other.upper()
    return first is None or second is None or first == second


def _number(text: str) -> float | None:
    text = {"TRUE": "1", "FALSE": "0"}.get(text.strip().upper(), text.strip())
    size = _SIZE.fullmatch(text)
    return float(size[1]) * _UNITS[size[2].upper()] if size else None

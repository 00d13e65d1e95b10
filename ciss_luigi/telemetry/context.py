"""What every line of the log says in addition to its own words: the command, date, step and engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import ClassVar

TRACE, DATE, STEP, ENGINE = "trace.id", "labels.run_date", "labels.step", "labels.engine"


class _Current:
    """The fields that are set in this process; forked workers have those of the command."""

    fields: ClassVar[dict[str, str]] = {}


def fields() -> dict[str, str]:
    """The fields that are set, by their names in the Elastic Common Schema."""
    return dict(_Current.fields)


def put(**named: str) -> None:
    """Set fields for good; in names ``_`` stands for the dots: ``trace_id``."""
    # the first alone: the one in labels.run_date is part of the name
    _Current.fields.update({name.replace("_", ".", 1): value for name, value in named.items() if value})


@contextlib.contextmanager
def within(**named: str) -> Iterator[None]:
    """Set fields for a block."""
    before = fields()
    put(**named)
    try:
        yield
    finally:
        _Current.fields = before


def take_back(*names: str) -> None:
    """Remove fields."""
    for name in names:
        _Current.fields.pop(name, None)

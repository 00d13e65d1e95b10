"""Nightly rebuild of *Customer Invoice Summary - Estimated* as a Luigi task graph.

``luigi --module ciss_luigi`` imports this package alone, so the package imports the tasks then, and they set
up Luigi's command. An import of another room changes nothing of Luigi, also where Luigi runs the tasks of
somebody else.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciss_luigi.tasks import BuildTemp, MergeMain, SourcesReady, TruncateTemp

__all__ = ["BuildTemp", "MergeMain", "SourcesReady", "TruncateTemp"]


def __getattr__(name: str) -> Any:
    """The tasks, for a program that asks for them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ciss_luigi import tasks

    return getattr(tasks, name)


def _is_asked_for() -> bool:
    """Whether Luigi's command names this package, or a part of it, as its ``--module``."""
    words = [word for argument in sys.argv[1:] for word in argument.split("=", 1)]
    named = [value for option, value in pairwise(words) if option.startswith("--m")]  # it may be shortened
    return any(value.split(".")[0] == __name__ for value in named)


if "luigi.cmdline" in sys.modules and _is_asked_for():
    from ciss_luigi import tasks  # noqa: F401 - this registers them

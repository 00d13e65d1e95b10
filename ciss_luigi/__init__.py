"""Nightly rebuild of *Customer Invoice Summary - Estimated* as a Luigi task graph.

``luigi --module ciss_luigi`` imports this package alone: in Luigi's command, and only there, the tasks are
registered and the command is set up. Elsewhere an import of a room changes nothing of Luigi.
"""

from __future__ import annotations

import sys
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


if "luigi.cmdline" in sys.modules:
    from ciss_luigi import tasks
    from ciss_luigi.scheduling.install import install

    install(tasks.DatedTask)

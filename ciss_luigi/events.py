"""Events for the log file alone: the terminal does not show them.

Every room may tell one. Without a log file, and outside a command, nothing is done. The values of
``event.action`` are listed in ``docs/operations.md``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("ciss_luigi.events")
LOGGER.propagate = False
LOGGER.setLevel(logging.CRITICAL + 1)  # until there is a log file
LOGGER.addHandler(logging.NullHandler())


def fields(action: str, **named: object) -> dict[str, object]:
    """The ``extra`` of an event's log line; in names the first ``_`` stands for a dot: ``labels_run_id``.

    Labels are texts, as Elasticsearch wants them; ``event_duration`` is in nanoseconds.
    """
    given = {_dotted(name): value for name, value in named.items() if value not in (None, "")}
    labelled = {key: str(value) if key.startswith("labels.") else value for key, value in given.items()}
    return {"ciss": {"event.action": action, **labelled}}


def tell(action: str, words: str, level: int = logging.INFO, **named: object) -> None:
    """Write one event into the log file."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, "%s", words, extra=fields(action, **named))


@contextmanager
def statement(text: str, engine: str) -> Iterator[dict[str, object]]:
    """A block that sends a statement: one line at DEBUG, with its time and the fields that the block adds."""
    if not LOGGER.isEnabledFor(logging.DEBUG):
        yield {}
        return
    named: dict[str, object] = {}
    begin, outcome = time.monotonic_ns(), "failure"
    try:
        yield named
        outcome = "success"
    finally:
        took = time.monotonic_ns() - begin
        more = {"event_duration": took, "event_outcome": outcome, "labels_engine": engine, **named}
        tell("statement", text, logging.DEBUG, **more)


def _dotted(name: str) -> str:
    """``labels_run_id`` is ``labels.run_id``; ``process_exit__code`` is ``process.exit_code``."""
    return name.replace("_", ".", 1).replace("__", "_")

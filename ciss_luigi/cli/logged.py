"""Verbs that change something write into the log file, as the job does."""

from __future__ import annotations

import logging
import shlex
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ciss_luigi import events, site
from ciss_luigi.cli.ending import code_of
from ciss_luigi.config.telling import Log
from ciss_luigi.config.tellingkeys import LOG
from ciss_luigi.errors import CissError, ConfigurationError
from ciss_luigi.plaintext import without_secrets
from ciss_luigi.telemetry import opened

CHANGING = ("load", "init", "reset", "adopt", "watch")


@contextmanager
def logged(arguments: Sequence[str]) -> Iterator[None]:
    """A block that runs a verb: its beginning and end go to the log, if it changes something.

    The first of ``arguments`` is the verb's name.
    """
    if not arguments or arguments[0] not in CHANGING or {"-h", "--help"}.intersection(arguments):
        yield
        return
    try:
        settings: Log = site.current().settings.others[LOG]
    except ConfigurationError:  # the verb itself says so
        yield
        return
    opened.begin(settings, uuid.uuid4().hex)
    events.tell("command-begin", f"ciss {without_secrets(shlex.join(arguments))}")
    code, error = 0, ""
    began = time.monotonic_ns()
    try:
        yield
    except BaseException as trouble:
        code, error = code_of(trouble), str(trouble) if isinstance(trouble, CissError) else ""
        raise
    finally:
        took = time.monotonic_ns() - began
        result = "failure" if code else "success"
        outcome = {"event_duration": took, "event_outcome": result, "error_message": error}
        level = logging.ERROR if code else logging.INFO
        words = f"ciss {arguments[0]} ends with {code}"
        events.tell("command-end", words, level, process_exit__code=code, **outcome)
        opened.end()

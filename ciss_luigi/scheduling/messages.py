"""What people read: the terminal without tracebacks for explained failures, luigid's page without markup."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable

from luigi.parameter import MissingParameterException

from ciss_luigi.errors import BadRunDate, CissError, Stopped

logger = logging.getLogger("luigi-interface.ciss_luigi")

EXAMPLE = "luigi --module ciss_luigi MergeMain --date 2016-11-22"
_TRACED = re.compile(r"^ciss_luigi\.errors\.\w+: (.*)\Z", re.DOTALL | re.MULTILINE)
# luigid shows a status message twice: escaped, and a second later as raw HTML
_PLAIN = str.maketrans({"<": "(", ">": ")", "&": "+", '"': " ", "'": " "})


class ExplainedFailures(logging.Filter):
    """Drops the traceback of a failure that its own text explains in full."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; make those of explained failures plain."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, CissError | Stopped):
            self._replace(record, str(error))
        elif isinstance(error, MissingParameterException):
            self._replace(record, f"{error}\nNext:  {EXAMPLE}")
        elif (record.levelno >= logging.WARNING and record.args is None) or not record.args:
            traced = _TRACED.search(str(record.msg)) if "Traceback" in str(record.msg) else None
            if traced:
                record.msg = traced[1]
        return True

    def _replace(self, record: logging.LogRecord, text: str) -> None:
        head = record.getMessage()
        record.msg, record.args = "%s\n%s", (head, text)
        record.exc_info = record.exc_text = None


def install() -> None:
    """Put the filter on Luigi's logger, once."""
    luigi_logger = logging.getLogger("luigi-interface")
    if not any(isinstance(one, ExplainedFailures) for one in luigi_logger.filters):
        luigi_logger.addFilter(ExplainedFailures())


def plain(text: str) -> str:
    """A text that luigid shows as it is, whichever way it shows it."""
    return "".join(
        character if character.isprintable() or character == "\n" else " " for character in text
    ).translate(_PLAIN)


class Teller:
    """Tells progress to the log and, without ever waiting for it, to luigid.

    A call to a luigid that has died blocks for a minute and then raises: so a daemon thread makes it, always
    with the newest message only.
    """

    def __init__(self, send: Callable[[str], None] | None) -> None:
        self._send = send
        self._newest = ""
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, message: str) -> None:
        """Tell one message."""
        logger.info("%s", message)
        if self._send is None:
            return
        self._newest = plain(message)
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._pass_on, daemon=True, name="ciss status")
            self._thread.start()

    def _pass_on(self) -> None:
        while self._send is not None:
            self._wake.wait()
            self._wake.clear()
            try:
                self._send(self._newest)
            except Exception as error:
                logger.debug("luigid did not take a status message: %s", error)


def bad_date(text: str) -> BadRunDate:
    """The error for a ``--date`` that is no date."""
    return BadRunDate(
        f"--date {text!r} is no date; a date looks like 2016-11-22",
        state="nothing was touched",
        next_command=EXAMPLE,
    )

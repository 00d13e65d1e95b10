"""What servers say about a running statement: their log lines, and what these tell."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from ciss_luigi.engines.base import Progress

_EVERY_SECONDS = 3.0
_QUERY = re.compile(r"\bqueryId=([\w.-]+)|\bQuery ID = ([\w.-]+)|\bQuery ([0-9a-f]+:[0-9a-f]+)\b")
_URL = re.compile(r"https?://[^\s'\"<>]+")
_PERCENT = re.compile(r"\b(\d{1,3})% Complete")


class Journal:
    """An operation's log lines, asked for now and then: most statements end before that."""

    def __init__(self, read: Callable[[], Sequence[str]]) -> None:
        self._read = read
        self._due = 0.0

    def begin(self) -> None:
        """A statement begins."""
        self._due = time.monotonic() + _EVERY_SECONDS

    def lines(self) -> tuple[str, ...]:
        """The lines since the last time, if it is time to ask."""
        if time.monotonic() < self._due:
            return ()
        self.begin()
        return tuple(line.strip() for line in self._read() if line.strip())


def progress(lines: Sequence[str], fraction: float | None, url: str = "") -> Progress:
    """What the newest log lines tell: the query's id, a page that shows it, how far it is.

    ``url`` is the server's own page about the statement; one in the log, such as YARN's, shows more.
    """
    query = ""
    for line in lines:
        if found := _QUERY.search(line):
            query = next(filter(None, found.groups()))
        if found := _URL.search(line):
            url = found[0].rstrip(".,;)")
        if found := _PERCENT.search(line):
            fraction = min(int(found[1]), 100) / 100
    return Progress(fraction, query, lines[-1] if lines else "", url)

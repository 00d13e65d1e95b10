"""One fast pass over the bytes of a CSV, for what DuckDB's reader silently ignores.

DuckDB 1.5 reads half of a torn gzip file and says nothing, does not look at its checksum, drops spaces around
a quoted field, drops a field whose quote is not closed at the end of the file, and takes a lone carriage
return for a line end. What this pass finds is only a suspicion: the exact reader then looks. The lines that
it counts check the engine's number of rows.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ciss_luigi.loading.csvexact import is_record
from ciss_luigi.loading.csvrecords import BROKEN, RECORD_BYTES, broken
from ciss_luigi.loading.files import SourceFile

_CHUNK_BYTES = 1 << 20
# A space between a quote and a comma or a line end. Often that is inside quoted text and means nothing.
# Each pattern begins with its literal part, so that re looks for that alone, at a few GB/s.
_SPACE_BEFORE = re.compile(rb' "(?<=[,\n ] ")')
_SPACE_AFTER = re.compile(rb'" (?=[,\r\n ])')
_OVERLAP = 2  # a pattern looks at three bytes: the chunk before can have two of them


@dataclass
class Scan:
    """What the bytes of a file show without being parsed."""

    feeds: int = 0
    unfinished: bool = False
    carriage_returns: int = 0
    returns_before_feeds: int = 0
    spaced_quotes: bool = False
    torn_ending: bool = False

    @property
    def lines(self) -> int:
        """Physical lines, the header among them."""
        return self.feeds + self.unfinished

    @property
    def plain(self) -> bool:
        """Whether spaces, line ends and the end are certainly as they must be if every line is a record."""
        returns, both = self.carriage_returns, self.returns_before_feeds
        doubtful = self.spaced_quotes or self.torn_ending
        return not doubtful and returns == both and both in (0, self.feeds)


def scan(file: SourceFile) -> Scan:
    """Read the whole file once; raises LoadError if it cannot be read or decompressed to its end."""
    found = Scan()
    tail = b""
    # one chunk more than a record has: the last one may be of a few bytes only
    ending: deque[bytes] = deque(maxlen=2 + RECORD_BYTES // _CHUNK_BYTES)
    for chunk in _chunks(file):
        # What the end of a chunk cuts in two is found together with the next one.
        joined = tail + chunk
        found.feeds += chunk.count(b"\n")
        if b"\r" in joined:
            found.carriage_returns += chunk.count(b"\r")
            # from the last byte before the chunk: a pair that is cut in two counts, an earlier one not again
            found.returns_before_feeds += joined.count(b"\r\n", max(len(tail) - 1, 0))
        found.spaced_quotes = bool(
            found.spaced_quotes or _SPACE_BEFORE.search(joined) or _SPACE_AFTER.search(joined)
        )
        tail = joined[-_OVERLAP:]
        ending.append(chunk)
    found.spaced_quotes = found.spaced_quotes or tail.endswith(b'" ')
    found.unfinished = tail[-1:] not in (b"\n", b"")
    found.torn_ending = not is_record(_last_line(b"".join(ending)))
    return found


def _last_line(ending: bytes) -> str:
    start = ending.rfind(b"\n", 0, len(ending) - 1) + 1
    return ending[start:].decode("utf-8", "replace")


def _chunks(file: SourceFile) -> Iterator[bytes]:
    stream = file.stream()
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
    except BROKEN as error:
        raise broken(file, error, _lines_before_break(file) + 1) from error


def _lines_before_break(file: SourceFile) -> int:
    stream = file.stream()
    lines = 0
    with suppress(*BROKEN):
        while part := stream.readline(_CHUNK_BYTES):
            lines += part.endswith(b"\n")
    return lines

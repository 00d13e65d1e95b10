"""What to do after an engine's error. The texts are data, a table per engine; the first match counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

OVERDUE = "longer than its time limit"
"""The words for a server's own time limit; a state of an operation has them, too."""


class Verdict(Enum):
    """What to do about a failed statement."""

    NEVER = "the statement will fail again"
    RETRY = "nothing ran; the same statement may succeed in a moment"
    ONCE = "it may succeed in a moment, and if not, it will not"
    LOST = "the line was lost; the statement may still run, and has to be ended before it is repeated"
    STALE = "the engine's picture of a table is old; renew it, then repeat once"
    DONE = "the statement was carried out although the engine calls it failed"
    OTHER_WAY = "the engine does this to such a table only in another way; the statement did nothing"


@dataclass(frozen=True)
class Sign:
    """A pattern in an error's text, and what to do then."""

    pattern: str
    verdict: Verdict


def judge(text: str, signs: Sequence[Sign]) -> Verdict:
    """The verdict of the first sign found in an error's text."""
    for sign in signs:
        if re.search(sign.pattern, text, re.IGNORECASE):
            return sign.verdict
    return Verdict.NEVER


LINE_LOST = (
    Sign(
        r"query timed out after", Verdict.NEVER
    ),  # the server's own time limit; those that follow are of the connection
    Sign(
        r"TSocket read 0 bytes|Connection reset|Broken pipe|EOF occurred|timed out|"
        r"TTransportException|unexpected exception|Bad file descriptor|HTTP code 50[234]",
        Verdict.LOST,
    ),
)
"""What both drivers say about a broken connection to any server; a server's time limit is not one."""

MADE_MEANWHILE = (Sign(r"AlreadyExistsException|duplicate (key|entry)|unique constraint", Verdict.RETRY),)
"""CREATE ... IF NOT EXISTS is not one step in a metastore: of two at once, one may find the name taken.

The words are the metastore's own, or those of its database: Derby, MySQL, PostgreSQL, Oracle.
"""

_JAVA_PREFIX = re.compile(
    r"^(org\.apache\.hive\.service\.cli\.HiveSQLException: )?(Error running query: )?"
    r"(Error while compiling statement: )?(FAILED: )?(\[\w[\w.]*\] org\.apache\.spark[\w.]*: )?"
)


def server_words(message: str) -> str:
    """A server's message without the names of Java classes around it, and without their stack."""
    words = _JAVA_PREFIX.sub("", message.strip().split("\n\tat ")[0].strip())
    if "Too many counters" in words:
        return f"{words}; Tez counts at most tez.counters.max (docs/clusters.md)"
    # all that Hive says about a statement that hive.query.timeout.seconds has ended
    return f"a statement ran {OVERDUE}: {words}" if "from TIMEDOUT" in words else words

"""What a message says: one subject line, and a text that says what, where, since when and what to type."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ciss_luigi.alerts.failure import ClosedBy, Failure, Seen, What, first_seen, span
from ciss_luigi.errors import gist
from ciss_luigi.plaintext import one_line, printable_lines, without_secrets

SUBJECT_LENGTH = 200
"""The longest subject; with a site's prefix and the desk's token it may have 250 characters."""
_LABEL = 11
_NAMED_DATES = 60
_NOT_WRITTEN = (
    "This message could not be written down beside the state (is its disk full?): it is sent this once, not "
    "tried again, not told to a ServiceDesk Plus, and told again by each command that fails."
)


@dataclass(frozen=True)
class Message:
    """What is to be told, without secrets and control characters; ``text`` has lines."""

    subject: str
    text: str


def subject(seen: Seen) -> str:
    """One line that names what failed and the date, or the first and the last date."""
    return shortened(f"ciss: {_name(seen.headline, seen.dates, seen.exit_code)}")


def _name(headline: str, dates: Sequence[str], exit_code: int) -> str:
    named = span(sorted(set(dates)))
    code = f" (exit code {exit_code})" if exit_code else ""
    return f"{headline}{f' for {named}' if named else ''}{code}"


def shortened(text: str, length: int = SUBJECT_LENGTH) -> str:
    """A text in one printable line without secrets, cut where it is too long."""
    line = one_line(without_secrets(text))
    return line if len(line) <= length else f"{line[: length - 3]}..."


def message(failure: Failure, what: What) -> Message:
    """The message about a failure in its present state."""
    parts = [*_opening(failure, what), ""]
    if what is What.RECOVERY:
        parts += ["It was:", *_indented([gist(failure.error)])]
    else:
        parts += failure.error.splitlines()
    parts += ["", *_facts(failure, what)]
    if failure.log and what in (What.FAILURE, What.REPEAT):
        parts += ["", "The last lines of the log:", *_indented(failure.log.splitlines())]
    return Message(failure.subject, harmless("\n".join(parts)))


def unwritten(seen: Seen) -> Message:
    """The message about a failure of which no record can be written: a repeat of it will be told again."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    # no id: it would promise a record that `ciss alerts` can show
    failure = first_seen(seen, "", now, host=socket.gethostname(), subject=subject(seen))
    return message(replace(failure, error=f"{failure.error}\n\n{_NOT_WRITTEN}"), What.FAILURE)


def harmless(text: str) -> str:
    """A text of several lines without secrets and control characters."""
    return printable_lines(without_secrets(text.replace("\r\n", "\n").replace("\t", "    ")))


def _opening(failure: Failure, what: What) -> Iterator[str]:
    # the subject stays that of the first message, which makes a thread; the text says what is so now
    name = failure.subject.removeprefix("ciss: ")
    if failure.headline and what in (What.REPEAT, What.RECOVERY):
        # what ciss watch saw last has no exit code
        code = failure.exit_code if failure.headline in failure.subject else 0
        name = one_line(_name(failure.headline, [*failure.healed, *failure.dates], code))
    if what is What.RECOVERY:
        yield f"Over: {name}"
        yield _why_over(failure)
    elif what is What.REPEAT:
        yield f"Again: {name}"
        yield f"{failure.count} times since {moment(failure.since)}."
    else:
        yield name


def _why_over(failure: Failure) -> str:
    if failure.scope is ClosedBy.COMPARED:
        return "The last comparison found no difference."
    if failure.healed and not failure.dates:
        return f"Main is as new as every date of it now, or newer ({span(failure.healed)})."
    return "A later command got past it."


def _facts(failure: Failure, what: What) -> Iterator[str]:
    if failure.step:
        yield _fact("Step", failure.step)
    if failure.dates:
        yield _fact("Dates", span(failure.dates))
        if 2 < len(failure.dates) <= _NAMED_DATES:  # noqa: PLR2004 - span names one or two itself
            yield from _wrapped(failure.dates)
    if failure.engine:
        yield _fact("Engine", failure.engine)
    yield _fact("Host", failure.host)
    if failure.exit_code:
        yield _fact("Exit code", str(failure.exit_code))
    if what is not What.JUMP:
        times = "once" if failure.count == 1 else f"{failure.count} times, last {moment(failure.last)}"
        yield _fact("Since", f"{moment(failure.since)} ({times})")
    if failure.id:
        yield _fact("Failure", failure.token)


def _fact(name: str, value: str) -> str:
    return f"{name + ':':<{_LABEL}}{value}"


def _wrapped(dates: Sequence[str]) -> Iterator[str]:
    for first in range(0, len(dates), 6):
        yield " " * _LABEL + ", ".join(dates[first : first + 6])


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def moment(text: str) -> str:
    """An ISO time as people read it, in the host's own time with its offset."""
    return f"{dt.datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S %z}"

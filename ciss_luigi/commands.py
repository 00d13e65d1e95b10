"""Every command that a message tells to type, in one place; each works as it stands.

A command of Luigi keeps the flags that this process was given, such as ``--local-scheduler`` and
``--workers 2``. Where none were given (the verbs of ``ciss``), it says ``--local-scheduler``, which works
with and without a luigid.
"""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence

_MODULE = "luigi --module ciss_luigi"
_WITH_VALUE = ("--workers", "--scheduler-host", "--scheduler-port", "--scheduler-url")
_WITHOUT_VALUE = ("--local-scheduler",)


class _Kept:
    """The flags of this process, as they are appended to a command."""

    flags = " --local-scheduler"
    again = "the same command again"


def keep_flags(arguments: Sequence[str]) -> None:
    """Have the commands of Luigi say these flags from now on, out of this process's own arguments."""
    _Kept.flags = "".join(f" {flag}" for flag in _kept(arguments).values())
    if not any("@" in argument for argument in arguments):  # a password may be in a URL
        _Kept.again = typed(arguments)


def _kept(arguments: Sequence[str]) -> dict[str, str]:
    """The flags by name: of two the last one counts, and one that no command can use is left out."""
    found = {}
    following = iter(arguments)
    for argument in following:
        name, is_one, value = argument.partition("=")
        if argument in _WITHOUT_VALUE:
            found[name] = name
        elif name in _WITH_VALUE:
            value = value if is_one else next(following, "")
            if "@" not in value:  # a password may be in a URL
                found[name] = f"{name} {shlex.quote(value)}"
    if found.get("--workers", "--workers 1").split()[1:] in (["0"], ["''"]):
        del found["--workers"]
    return found


def typed(arguments: Sequence[str]) -> str:
    """A command of Luigi with the arguments that it was given; a password in one of them is not hidden."""
    return shlex.join(["luigi", *arguments])


def again() -> str:
    """The command that this process is, as it was typed."""
    return _Kept.again


def merge(date: object = "2016-11-22") -> str:
    """Run a date; without one an example of it."""
    return step("MergeMain", date)


def step(task: str, date: object = "2016-11-22") -> str:
    """Run one task of a date."""
    return f"{_MODULE} {task} --date {date}{_Kept.flags}"


def dates(start: dt.date | str, stop: dt.date | str, *, of: str = "MergeMain", reverse: bool = False) -> str:
    """Run a range of dates; ``stop`` is the day after the last."""
    order = " --reverse" if reverse else ""
    return f"{_MODULE} RangeDaily --of {of} --start {start} --stop {stop}{order}{_Kept.flags}"


def dates_example(of: str = "MergeMain") -> str:
    """An example of a range of dates."""
    return dates("2016-11-01", "2016-12-01", of=of)


def check(date: object = None) -> str:
    """Check what a run would end at, of a date if there is one."""
    return "ciss check" if date is None else f"ciss check --date {date}"


def status(date: object) -> str:
    """Look at one date."""
    return f"ciss status --from {date} --to {date}"


def history(date: object) -> str:
    """Read what the attempts at a date did."""
    return f"ciss history --from {date} --to {date}"


def verify(date: object) -> str:
    """Compare main with what a date published."""
    return f"ciss verify --date {date}"


def reset(date: object) -> str:
    """Forget that a date is done."""
    return f"ciss reset --date {date}"


def anew(date: object) -> str:
    """Do a date that is done once more."""
    return f"{reset(date)} && {merge(date)}"

"""Every command that a message tells the reader to type, in one place; each works unchanged.

A command of Luigi keeps the flags that this process was given, such as ``--local-scheduler`` and
``--workers 2``. If none were given (the verbs of ``ciss``), it has ``--local-scheduler``, which works with
and without a luigid.
"""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping, Sequence

from ciss_luigi.plaintext import masked

_MODULE = "luigi --module ciss_luigi"
_WITH_VALUE = ("--workers", "--scheduler-host", "--scheduler-port", "--scheduler-url")
_WITHOUT_VALUE = ("--local-scheduler",)


class _Kept:
    """The flags of this process, as text to append to a command."""

    flags = " --local-scheduler"
    again = "the same command again"


def keep_flags(arguments: Sequence[str]) -> None:
    """From now on, give commands of Luigi the flags among ``arguments``, which are this process's own."""
    _Kept.flags = "".join(f" {flag}" for flag in _kept(arguments).values())
    if masked(arguments) == list(arguments):  # a command with *** in it cannot be typed
        _Kept.again = typed(arguments)


def _kept(arguments: Sequence[str]) -> dict[str, str]:
    """The flags by name; if one is there twice, the last counts; one that cannot be used is left out."""
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
    """A command of Luigi with these arguments, and ``***`` for what may be a secret among them."""
    return shlex.join(["luigi", *masked(arguments)])


def again() -> str:
    """The command of this process, as it was typed."""
    return _Kept.again


def merge(date: object = "2016-11-22") -> str:
    """The command that runs a date; without one, an example."""
    return step("MergeMain", date)


def step(task: str, date: object = "2016-11-22") -> str:
    """The command that runs one task of a date."""
    return f"{_MODULE} {task} --date {date}{_Kept.flags}"


def dates(start: dt.date | str, stop: dt.date | str, *, of: str = "MergeMain", reverse: bool = False) -> str:
    """The command that runs a range of dates; ``stop`` is the day after the last."""
    order = " --reverse" if reverse else ""
    return f"{_MODULE} RangeDaily --of {of} --start {start} --stop {stop}{order}{_Kept.flags}"


def spans(found: Sequence[tuple[object, object]]) -> str:
    """The command that runs the first of some spans of dates, and then the one that shows what is left.

    A span is its first and its last date.
    """
    first, last = (dt.date.fromisoformat(str(one)) for one in found[0])
    command = merge(first) if first == last else dates(first, last + dt.timedelta(days=1))
    return command if len(found) == 1 else f"{command}, then {status()}"


def dates_example(of: str = "MergeMain") -> str:
    """An example of a command that runs a range of dates."""
    return dates("2016-11-01", "2016-12-01", of=of)


def alone() -> str:
    """The command that says what to do next in a folder; it may ask an embedded warehouse."""
    return "ciss"


def check(date: object = None) -> str:
    """The command that checks what would stop a run, of a date if there is one."""
    return "ciss check" if date is None else f"ciss check --date {date}"


def status(date: object = None) -> str:
    """The command that shows one date; without one, the last dates."""
    return "ciss status" if date is None else f"ciss status --from {date} --to {date}"


def watch_status() -> str:
    """The command that shows the last dates, and goes on as they change."""
    return "ciss status --watch"


def history(date: object) -> str:
    """The command that lists the attempts at a date."""
    return f"ciss history --from {date} --to {date}"


def verify(date: object) -> str:
    """The command that compares main with what a date published."""
    return f"ciss verify --date {date}"


def reset(date: object, options: str = "") -> str:
    """The command that lets a date run again."""
    return f"ciss reset --date {date}{options}"


def load(folder: object = "DIR") -> str:
    """The command that loads a folder's files into the embedded warehouse."""
    return f"ciss load {shlex.quote(str(folder))}"


def load_sample() -> str:
    """The command that loads the sample."""
    return "ciss load --sample"


def init() -> str:
    """The command that makes the output tables."""
    return "ciss init"


def plan(date: object = None) -> str:
    """The command that shows what a run would send, of a date if there is one."""
    return "ciss plan" if date is None else f"ciss plan --date {date}"


def adopt() -> str:
    """The command that lets markers count again after the warehouse has moved."""
    return "ciss adopt"


def alerts() -> str:
    """The command that shows who was told what."""
    return "ciss alerts"


def alerts_test() -> str:
    """The command that tests every channel."""
    return "ciss alerts --test"


def report(month: object) -> str:
    """The command that writes a month's report."""
    return f"ciss report --month {month} --out report.html"


def explain(customer: str, month: object) -> str:
    """The command that shows how a customer's figure of a month came about."""
    return f"ciss explain --org {shlex.quote(customer)} --month {month}"


def compare(options: Mapping[str, str]) -> str:
    """The command that compares main with another table; an option without a value is left out."""
    return shlex.join(["ciss", "compare", *(word for pair in options.items() if pair[1] for word in pair)])


def import_properties() -> str:
    """The command that makes a configuration from the old job's properties, without its arguments."""
    return "ciss import-properties"


def debug(arguments: Sequence[str]) -> str:
    """The command of ``ciss`` with these arguments that shows the traceback of an error."""
    return f"ciss --debug {shlex.join(arguments)}"


def run_again(date: object) -> str:
    """The commands that run a date again though it is done, from what the sources hold today."""
    return f"{reset(date)} && {merge(date)}"


def publish_again(date: object) -> str:
    """The commands that put into main again what temp holds of a date; nothing is built."""
    return f"{reset(date, ' --from-step merge')} && {merge(date)}"


def roll_back(date: object) -> str:
    """The commands that put main back to what a date published, over a newer run."""
    return f"{reset(date, ' --roll-back')} && {merge(date)}"

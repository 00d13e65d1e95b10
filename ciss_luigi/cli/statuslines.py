"""Further lines of ``ciss status``: the last command, and what main's months hold."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ciss_luigi.cli.output import moment, one_line
from ciss_luigi.counting import counted
from ciss_luigi.errors import gist
from ciss_luigi.exitcodes import DONE
from ciss_luigi.operator.monthsheld import MonthHeld
from ciss_luigi.state.commandledger import CommandEntry

_MONTHS_SHOWN = 3
_REASONS_SHOWN = 3


def main(held: Sequence[MonthHeld], *, several: bool) -> Iterator[str]:
    """Which run main's newest months hold, a line each; for one date alone only a roll-back."""
    if several:
        for one in held[-_MONTHS_SHOWN:]:
            yield f"main's {one.month} holds the run {one_line(one.run_id)}"
    for one in held:
        if one.rolled_back_from is not None:
            yield (
                f"main's {one.month} is rolled back from {one.rolled_back_from} to {one.date}, "
                "until a newer night is merged"
            )


def last_command(command: CommandEntry | None) -> Iterator[str]:
    """What the last command was, how it ended and why."""
    if command is None:
        return
    yield f"last command: luigi {one_line(shlex.join(command.arguments))}"
    where = f"on {one_line(command.host)} (pid {command.pid})"
    began = f"began {moment(command.began_at)} {where}"
    if command.exit_code is not None:
        yield f"  {began}, ended with exit code {command.exit_code}"
    elif command.runs():
        yield f"  {began}, and runs"
    else:
        yield f"  {began}, and was killed"
    if command.exit_code == DONE:
        return
    reasons = [one_line(gist(reason)) for reason in command.reasons]
    yield from (f"  {reason}" for reason in reasons[:_REASONS_SHOWN])
    if len(reasons) > _REASONS_SHOWN:
        yield f"  and {counted(len(reasons) - _REASONS_SHOWN, 'more reason')}"

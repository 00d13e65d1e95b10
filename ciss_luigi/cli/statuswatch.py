"""``ciss status --watch``: the same picture, refreshed as it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ciss_luigi import commands
from ciss_luigi.cli import statustext
from ciss_luigi.cli.output import console
from ciss_luigi.counting import counted
from ciss_luigi.operator.status import Overview

if TYPE_CHECKING:
    from rich.text import Text

EVERY_SECONDS = 2.0


def watch(look: Callable[[], Overview], state_dir: Path) -> NoReturn:
    """Look and draw until a signal ends it; then the terminal is as it was before."""
    out = console()
    with out.screen(hide_cursor=True) as screen:
        while True:
            screen.update(_picture(look(), state_dir))
            time.sleep(EVERY_SECONDS)


def _picture(found: Overview, state_dir: Path) -> Text:
    """What fits the terminal: the end, where the newest dates and what needs attention are.

    Long lines are wrapped, because commands to type are among them; what does not fit is counted.
    """
    from rich.text import Text

    out = console()
    with out.capture() as captured:
        statustext.show(found, state_dir, out)
    told = captured.get().rstrip("\n").split("\n")
    lines = [piece for line in told for piece in (Text.from_ansi(line).wrap(out, out.width) or [Text()])]
    left = max(1, out.height - 1)
    hidden = max(0, len(lines) - left)
    more = f"  {counted(hidden, 'line')} above: {commands.status()}" if hidden else ""
    hint = Text(f"{time.strftime('%H:%M:%S')}  Ctrl-C ends{more}"[: out.width])
    return Text("\n").join([*lines[-left:], hint])

"""Printing. Texts from data, markers and errors are made harmless first.

No terminal obeys them, and they hold no secret.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ciss_luigi.plaintext import printable, printable_lines, without_secrets

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 160


def safe(text: object) -> str:
    """A text with its lines, without secrets, and with everything escaped that a terminal would obey."""
    return printable_lines(without_secrets(str(text)))


def one_line(text: object) -> str:
    """The same in one line: a newline in it is shown as an escape, so it cannot begin a line of ours."""
    return printable(without_secrets(str(text)))


def say(text: object = "") -> None:
    """Print lines of an answer."""
    click.echo(safe(text))


def say_json(document: Mapping[str, Any]) -> None:
    """Print a JSON document without secrets, which a server's words in it may repeat."""
    click.echo(json.dumps(_without_secrets(document), indent=2))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {key: _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value


def moment(text: str) -> str:
    """An ISO time of markers and ledger for people, in UTC to the second; anything else unchanged."""
    try:
        return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):
        return one_line(text)


def console(*, stderr: bool = False) -> Console:
    """A rich console that treats no text as markup."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end the process with 1; ending.py ends it as SIGPIPE does

    made = Plain(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        # for rich a file is 80 columns wide; it would break lines without need
        made.width = max(made.width, _WIDTH_WITHOUT_TERMINAL)
    return made


class _Echo(logging.Handler):
    """Prints each warning once: a marker is read several times."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self._said:
            self._said.add(text)
            click.echo(safe(f"{record.levelname.lower()}: {text}"), err=True)


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Show the job's own warnings on stderr while a verb runs."""
    logger = logging.getLogger("luigi-interface")
    handler = _Echo()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)

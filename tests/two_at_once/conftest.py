"""Commands that are ended whatever becomes of their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.command import Running

Started = Callable[[Running], Running]


@pytest.fixture
def started() -> Iterator[Started]:
    """Takes a command that was started; it is ended after the test."""
    commands: list[Running] = []

    def note(command: Running) -> Running:
        commands.append(command)
        return command

    yield note
    for command in commands:
        command.end()

"""Statements that are sent only under a condition: a run follows it, a plan shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

When = Callable[[str, bool], AbstractContextManager[bool]]
"""Stands around such statements: the words of the condition, and whether it holds.

Gives whether to go on to the statements. A run goes on where the condition holds; a plan always does, so
that it can show them.
"""


def in_a_run(condition: str, holds: bool) -> AbstractContextManager[bool]:
    """What a run does: it goes on where the condition holds."""
    return nullcontext(holds)

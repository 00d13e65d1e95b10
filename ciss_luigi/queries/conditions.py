"""Statements that are sent only under a condition: a run follows it, a plan shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

When = Callable[[str, bool], AbstractContextManager[bool]]
"""A context around such statements. It is called with the condition in words, and whether it holds.

It says whether to go on to the statements. A run goes on if the condition holds; a plan always goes on, so
that it can show them.
"""


def in_a_run(condition: str, holds: bool) -> AbstractContextManager[bool]:
    """What a run does: go on if the condition holds."""
    return nullcontext(holds)

"""Statements that are sent only under a condition: a run follows it, a plan shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

When = Callable[[str, bool], AbstractContextManager[bool]]
"""Makes a context for such statements, from the condition in words and whether it is true.

The context gives True if the statements are to be sent. A run sends them if the condition is true. A plan
gets True in any case, so that it can show them.
"""


def in_a_run(condition: str, holds: bool) -> AbstractContextManager[bool]:
    """What a run does: send the statements if the condition is true."""
    return nullcontext(holds)

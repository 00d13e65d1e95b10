"""A running step leaves a sign of life, so that ``ciss watch`` can tell one that hangs."""

from __future__ import annotations

from ciss_luigi import site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.observers import Observer, StepBegin, StepEnd
from ciss_luigi.state.alive import SignOfLife


class LifeSigns(Observer):
    """Leaves signs from a step's beginning to its end, in the process that does the step."""

    def __init__(self) -> None:
        self._sign: SignOfLife | None = None

    def step_begins(self, begin: StepBegin) -> None:
        """Leave the first sign; raises OSError."""
        self._sign = SignOfLife(site.current().settings.state_dir, RunDate(begin.date))
        self._sign.begin()

    def step_ends(self, end: StepEnd) -> None:
        """Stop leaving signs."""
        if self._sign is not None:
            self._sign.end()
            self._sign = None

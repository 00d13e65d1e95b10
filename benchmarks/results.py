"""A measured answer and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.processes import Cost, Spread

_HEADINGS = ("", "wall", "cpu", "seconds or number", "limit", "")


class UnlikeResults(RuntimeError):
    """The contestants did not do the same work, so their times say nothing."""


@dataclass(frozen=True)
class Answer:
    """One line of the table. The limit is one on the median of the wall-clock ratios."""

    question: str
    wall: Spread | None
    cpu: Spread | None
    seconds: str
    limit: float | None = None
    took: Spread | None = None
    """Seconds, where it is these that have a limit."""

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; what has none always keeps it."""
        measured = self.took or self.wall
        return self.limit is None or measured is None or measured.median <= self.limit

    @property
    def cells(self) -> tuple[str, ...]:
        """The line, cell by cell."""
        limit = "" if self.limit is None else f"{self.limit:.2f}"
        verdict = "" if self.limit is None else "holds" if self.holds else "DOES NOT HOLD"
        return (
            self.question,
            str(self.wall or ""),
            str(self.cpu or ""),
            self.seconds,
            limit,
            verdict,
        )


def ratio(question: str, ours: Sequence[Cost], theirs: Sequence[Cost], limit: float | None = None) -> Answer:
    """What one contestant costs beside another: the ratio of every round, then their median."""
    pairs = list(zip(ours, theirs, strict=True))
    walls = [Spread.of([cost.wall for cost in costs]).median for costs in (ours, theirs)]
    return Answer(
        question,
        wall=Spread.of([one.wall / other.wall for one, other in pairs]),
        cpu=Spread.of([one.cpu / other.cpu for one, other in pairs]),
        seconds=f"{walls[0]:.2f} / {walls[1]:.2f}",
        limit=limit,
    )


def duration(question: str, costs: Sequence[Cost], limit: float | None = None) -> Answer:
    """What something takes, in seconds; that depends on the machine, and so does a limit on it."""
    took = Spread.of([cost.wall for cost in costs])
    return Answer(question, None, None, str(took), limit, took)


def megabytes(question: str, costs: Sequence[Cost]) -> Answer:
    """The most memory that a process had at once."""
    peak = max(cost.peak_mb for cost in costs)
    return Answer(question, None, None, f"{peak:,.0f}")


def count(question: str, number: int) -> Answer:
    """How many of something there were: the same on every machine."""
    return Answer(question, None, None, f"{number:,}")


def share(question: str, seconds: Sequence[float], whole: Sequence[float]) -> Answer:
    """What a part takes of a whole: the medians of its milliseconds and of its share."""
    of = Spread.of([part / all_ for part, all_ in zip(seconds, whole, strict=True)])
    return Answer(question, None, None, f"{1000 * Spread.of(seconds).median:.1f} ms, {of.median:.1%}")


def word(question: str, said: str) -> Answer:
    """What is no number: a version, or why there is none."""
    return Answer(question, None, None, said)


def table(answers: Iterable[Answer]) -> list[str]:
    """The answers as lines of text, in columns."""
    lines = [_HEADINGS, *(answer.cells for answer in answers)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def markdown(answers: Iterable[Answer]) -> list[str]:
    """The answers as a table in Markdown."""
    lines = [_HEADINGS, *(answer.cells for answer in answers)]
    rows = [f"| {' | '.join(line)} |" for line in lines]
    return [rows[0], "|" + "---|" * len(_HEADINGS), *rows[1:]]

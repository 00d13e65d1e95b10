"""What a whole run needs of memory and time where DuckDB may not have all of it, and spills to disk."""

from __future__ import annotations

from benchmarks import warehouse
from benchmarks.results import Answer, duration, megabytes
from benchmarks.scratch import Scratch

LIMITS = ("4GB", "1GB")
"""DuckDB's ``memory_limit``."""


def measure(scratch: Scratch, size: warehouse.Size, rounds: int) -> list[Answer]:
    """The literal command, with each limit; the last run of each is looked at for its peak."""
    scratch.make_sources(size)
    answers = []
    for limit in LIMITS:
        scratch.configure(session_settings=f'{{"memory_limit": "{limit}"}}')
        costs = []
        for _ in range(rounds):
            scratch.begin_again()
            costs.append(scratch.merge_main())
        answers.append(duration(f"whole run, memory_limit {limit} (seconds)", costs))
        answers.append(megabytes(f"whole run, memory_limit {limit}: peak (MB)", costs))
    return answers

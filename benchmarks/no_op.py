"""What the command costs for a date that is done already.

Beside it stands Luigi's own no-op: a task whose target exists, without a parameter.
"""

from __future__ import annotations

from benchmarks import processes, warehouse
from benchmarks.results import Answer, ratio
from benchmarks.scratch import Scratch

LIMIT = 1.3

_DONE = """\
import luigi


class Done(luigi.Task):
    def output(self):
        return luigi.LocalTarget("done")
"""


def measure(scratch: Scratch, rounds: int) -> list[Answer]:
    """Finish a date, then ask for it again and again."""
    scratch.make_sources(warehouse.Size(rows=1000))
    scratch.begin_again()
    scratch.merge_main()
    (scratch.folder / "done_task.py").write_text(_DONE, encoding="utf-8")
    (scratch.folder / "done").touch()
    ours, theirs = processes.in_turn([scratch.merge_main, lambda: scratch.luigi("done_task", "Done")], rounds)
    return [ratio("no-op / bare Luigi's no-op", ours, theirs, LIMIT)]

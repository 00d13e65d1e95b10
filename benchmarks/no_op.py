"""What the command costs for a date that is done already.

Beside it stands Luigi's own no-op: a task whose target exists, without a parameter, in the same environment.
Then the same with people to tell, a log file and figures for monitoring configured.
"""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks import processes, warehouse
from benchmarks.processes import Cost
from benchmarks.results import Answer, ratio, word
from benchmarks.scratch import Scratch

LIMIT = 1.3
_BROUGHT_BY_EXTRAS = ("apprise", "requests", "ecs_logging", "prometheus_client", "tree_sitter_bash")
_ALL = """\
[ciss_alerts]
mail_to = ops@example.com
[ciss_log]
file = ciss.log
[ciss_metrics]
textfile = ciss.prom
"""

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

    def done() -> Cost:
        return scratch.luigi("done_task", "Done")

    ours, theirs = processes.in_turn([scratch.merge_main, done], rounds)
    scratch.configure(_ALL)
    told, bare = processes.in_turn([scratch.merge_main, done], rounds)
    scratch.configure()
    return [
        ratio("no-op / bare Luigi's no-op", ours, theirs, LIMIT),
        ratio("the same, with mail, log and figures configured", told, bare),
        word("extras that are installed", ", ".join(filter(_is_installed, _BROUGHT_BY_EXTRAS)) or "none"),
    ]


def _is_installed(name: str) -> bool:
    return find_spec(name) is not None

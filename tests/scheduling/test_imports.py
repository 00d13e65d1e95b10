"""An import of a room changes nothing of Luigi; only Luigi's command is set up."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import ciss_luigi

pytestmark = pytest.mark.whole

LOOK = """
import logging, signal, sys, warnings
import luigi, luigi.interface, luigi.worker, luigi.retcodes, luigi.scheduler, luigi.tools.range
import luigi.execution_summary, luigi.setup_logging, luigi.notifications, luigi.rpc, luigi.parameter
from luigi.task_register import Register

def look():
    config = luigi.configuration.get_config()
    classes = {}
    for module in [one for name, one in sys.modules.items() if name.split(".")[0] == "luigi"]:
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__.startswith("luigi"):
                found = {key: id(one) for key, one in vars(value).items() if key != "_event_callbacks"}
                classes[module.__name__, name] = sorted(found.items())
            elif callable(value):
                classes[module.__name__, name] = id(value)
    events = {kind.__name__: sorted(map(str, kinds)) for kind, kinds in luigi.Task._event_callbacks.items()}
    return {
        "configuration": {section: dict(config.items(section)) for section in config.sections()},
        "classes": classes,
        "events": {name: kinds for name, kinds in events.items() if not name.startswith(OURS)},
        # copies: the lists themselves would change with what is compared to them
        "filters": [list(logging.getLogger(name).filters) for name in LOGGERS],
        # but for Thrift's, which asks for the warnings of one of its own modules
        "warnings": [one for one in warnings.filters if "thrift." not in str(one[3])],
        "handlers": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "hook": sys.excepthook,
        "exit": sys.exit,
    }

OURS = ("SourcesReady",)
LOGGERS = ("luigi-interface", "luigi-interface.ciss_luigi", "luigi")
before = look()
"""


def rooms() -> list[str]:
    """All modules but the tasks, and but what only runs as a program."""
    names = [one.name for one in pkgutil.walk_packages(ciss_luigi.__path__, "ciss_luigi.")]
    return sorted(name for name in names if name not in ("ciss_luigi.tasks", "ciss_luigi.__main__"))


def said(program: str) -> str:
    """What a program prints in a process of its own, in which Luigi has been looked at already."""
    ended = subprocess.run(
        [sys.executable, "-c", f"{LOOK}\n{program}"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def changed_by(names: list[str], before: str = "") -> str:
    """Which parts of Luigi differ after some imports, in a fresh process."""
    imports = "".join(f"import {name}\n" for name in names)
    return said(
        f"{before}{imports}after = look()\nprint([name for name in before if before[name] != after[name]])"
    )


def test_no_room_changes_luigi() -> None:
    assert len(rooms()) > 100
    assert changed_by(rooms()) == "[]"


def test_the_tasks_change_nothing_but_what_luigi_knows_of_tasks() -> None:
    """They are registered, which is what an import of tasks is for; a handler hears of our own alone."""
    changed = changed_by(["ciss_luigi.tasks"])
    for part in ("configuration", "filters", "warnings", "handlers", "hook", "exit"):
        assert f"'{part}'" not in changed
    heard = "sorted(kind.__name__ for kind in luigi.Task._event_callbacks)"
    assert said(f"import ciss_luigi.tasks\nprint({heard})") == "['SourcesReady', 'StepTask']"


IN_LUIGIS_COMMAND = "import luigi.cmdline\nsys.argv[1:] = ['--module', '{}', 'Some']\nbefore = look()\n"


@pytest.mark.parametrize("more", ["", "', '--logging-conf-file', 'ciss_luigi.cfg"])
def test_no_room_changes_a_command_that_runs_the_tasks_of_others(more: str) -> None:
    assert changed_by(rooms(), before=IN_LUIGIS_COMMAND.format(f"site_tasks{more}")) == "[]"


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("ciss_luigi", "ciss_luigi"),
        ("ciss_luigi.tasks", "ciss_luigi"),
        ("site_tasks", "ciss_luigi.tasks"),
        ("site_tasks', '--module=ciss_luigi", "ciss_luigi"),
    ],
)
def test_luigis_command_is_set_up(module: str, imported: str) -> None:
    changed = changed_by([imported], before=IN_LUIGIS_COMMAND.format(module))
    assert "configuration" in changed
    assert "hook" in changed

"""Every part of Luigi that the job uses and that Luigi does not promise to keep.

Each entry says why it is needed and what would replace it. ``setup.cfg`` keeps Luigi below the next minor
version, and ``missing()`` names what a Luigi no longer has (tests/scheduling/test_luigiprivate.py).
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import luigi
import luigi.cmdline_parser
import luigi.execution_summary
import luigi.interface
import luigi.parameter
import luigi.retcodes
import luigi.setup_logging
import luigi.task_register
import luigi.worker

Run = Callable[..., Any]

Worker = luigi.worker.Worker
"""Its reports are replaced (workers.py). Replaced by: a worker of Luigi's that survives a killed child."""

WorkerFactory = luigi.interface._WorkerSchedulerFactory
"""Where Luigi's command makes its worker. Replaced by: an option that names another class of worker."""

LAST_WORDS = "was stopped. Shutting down Keep-Alive thread"
"""How a line ends that Luigi says after our own last words. Replaced by: a worker that says it at DEBUG."""

UPSTREAM_NOT_DONE = "Unfulfilled"
"""How Luigi's error for a step whose upstream is not done begins. Replaced by: an error class of its own."""

UNKNOWN_TASK, OFFERS = "No task ", (". Did you mean:\n", ". Candidates are: ")
"""How Luigi's error for an unknown task begins, and what follows the name. Replaced by: an attribute."""

NEEDLESS_WARNINGS = (
    'Parameter "param_name" with value "None"',
    ".* the parameter '(rpc_|default_scheduler_)",
)
"""Warnings about a default and about keys of Luigi's own. Replaced by: a Luigi that does not warn of them."""

UNKNOWN_KEY = luigi.parameter.UnconsumedParameterWarning
VALUE_OF_UNKNOWN_KEY = re.compile(r" with value '.*'(?= that is not consumed)", re.DOTALL)
"""The kind of warning about an unknown key, and its part that shows the value: a mistyped ``password``, say.
Replaced by: a Luigi that does not show it."""


def is_luigis_command() -> bool:
    """Whether this process is Luigi's command. Replaced by: an entry point that Luigi calls at its start."""
    return "luigi.cmdline" in sys.modules


def replace_run(run: Run) -> None:
    """Put our own in the place of Luigi's run. Replaced by: events of a command's begin and end.

    Luigi looks ``_run`` up when it has read ``--module``, and so after we were imported.
    """
    luigi.interface._run = run


def schedule_and_run(task: luigi.Task, factory: Any) -> Any:
    """What ``_run`` does with the task that it finds in the command line; returns LuigiRunResult.

    We have read the command line before, and reading it again takes a tenth of a command with nothing to do.
    Replaced by: ``luigi.build``, if it kept to the options of the command line.
    """
    return luigi.interface._schedule_and_run([task], factory)  # type: ignore[no-untyped-call]


def retcode(key: str) -> int:
    """A number of ``[retcode]``, ours or the site's. Replaced by: nothing is needed, this is public."""
    return int(getattr(luigi.retcodes.retcode(), key))  # type: ignore[no-untyped-call]


def outcome(worker: Any) -> Mapping[str, Sequence[Any]]:
    """What happened to each task, by Luigi's names of outcomes. Replaced by: LuigiRunResult with the tasks.

    Its text and its one status do not name the tasks.
    """
    found: Mapping[str, Sequence[Any]] = luigi.execution_summary._summary_dict(worker)  # type: ignore[no-untyped-call]
    return found


def scheduler(worker: Any) -> Any:
    """The scheduler of the worker: luigid, or one inside the command. Replaced by: LuigiRunResult with it."""
    return worker._scheduler


def scheduled(worker: Any) -> Mapping[str, luigi.Task]:
    """The tasks that the worker knows, by id. Replaced by: LuigiRunResult with the tasks."""
    found: Mapping[str, luigi.Task] = worker._scheduled_tasks
    return found


def root_task(worker: Any) -> Any:
    """The task that was asked for. Replaced by: LuigiRunResult with the tasks."""
    return luigi.execution_summary._root_task(worker)  # type: ignore[no-untyped-call]


def parser(argv: Sequence[str]) -> AbstractContextManager[Any]:
    """The command line as Luigi reads it. Replaced by: an event with the task that was asked for."""
    found: AbstractContextManager[Any] = luigi.cmdline_parser.CmdlineParser.global_instance(list(argv))
    return found


def task_class(parser: Any) -> type[luigi.Task]:
    """The kind of task that was asked for. Replaced by: the same event."""
    found: type[luigi.Task] = parser._get_task_cls()
    return found


def names_task(arguments: Sequence[str]) -> bool:
    """Whether a command line names a task. Replaced by: an exit code of Luigi's own for a missing task."""
    parser = luigi.cmdline_parser.CmdlineParser._build_parser()  # type: ignore[no-untyped-call]
    return parser.parse_known_args(list(arguments))[0].root_task is not None


def fork_lock() -> AbstractContextManager[Any]:
    """Held by Luigi while it forks. Replaced by: a public way to hold back forks for a moment."""
    found: AbstractContextManager[Any] = luigi.worker.fork_lock
    return found


def set_up_log() -> None:
    """Make Luigi's log, if an error comes before Luigi has made it. Replaced by: a log before the options."""
    luigi.setup_logging.InterfaceLogging.setup(luigi.interface.core())  # type: ignore[no-untyped-call]


def old_place(parameter: luigi.Parameter) -> tuple[str, str] | None:
    """Where Luigi kept a setting in older versions. Replaced by: a public list of a parameter's places."""
    place = parameter._config_path
    return (place["section"], place["name"]) if place else None


def read_setting(parameter: luigi.Parameter, section: str, key: str) -> None:
    """Read a setting as Luigi will; raises what Luigi would. Replaced by: a check of the configuration."""
    parameter._get_value_from_config(section, key)  # type: ignore[no-untyped-call]


def default_of(parameter: luigi.Parameter) -> Any:
    """A parameter's default, for an example. Replaced by: a public way to it."""
    return parameter._default


_NEEDED: dict[str, tuple[Any, str]] = {
    "the run of a command": (luigi.interface, "_run"),
    "the run of a task": (luigi.interface, "_schedule_and_run"),
    "the maker of the worker": (luigi.interface, "_WorkerSchedulerFactory.create_worker"),
    "the log's set-up": (luigi.setup_logging, "InterfaceLogging.setup"),
    "outcomes of tasks": (luigi.execution_summary, "_summary_dict"),
    "the task that was asked for": (luigi.execution_summary, "_root_task"),
    "the lock of forks": (luigi.worker, "fork_lock"),
    "the look for dead workers": (luigi.worker.Worker, "_purge_children"),
    "the making of a worker's process": (luigi.worker.Worker, "_create_task_process"),
    "the start of a worker's process": (luigi.worker.Worker, "_run_task"),
    "the command line": (luigi.cmdline_parser.CmdlineParser, "global_instance"),
    "the parser of the command line": (luigi.cmdline_parser.CmdlineParser, "_build_parser"),
    "the class of the task": (luigi.cmdline_parser.CmdlineParser, "_get_task_cls"),
    "the reading of a setting": (luigi.Parameter, "_get_value_from_config"),
}
"""Where each private part is looked for, by what it is needed for."""


_OUTCOMES = (
    *("completed", "already_done", "failed", "still_pending_ext", "scheduling_error"),
    *("run_by_other_worker", "not_run"),
)

_SAID: dict[str, tuple[Any, str]] = {
    "the worker's last words": (luigi.worker, LAST_WORDS),
    "an upstream that is not done": (luigi.worker, f"{UPSTREAM_NOT_DONE} %s"),
    "an unknown task": (luigi.task_register, f"{UNKNOWN_TASK}%s. Did you mean:"),
    "an unknown task that is like no other": (luigi.task_register, f"{UNKNOWN_TASK}%s{OFFERS[1]}"),
    "the warning of a parameter's type": (luigi.parameter, 'Parameter "{}" with value "{}" is not'),
    "the warning of a key that no task reads": (
        luigi.task,
        "the parameter '{key}' with value '{value}' that is not consumed",
    ),
    "tasks that nobody can ask for by name": (luigi.task_register, "_visible_in_registry"),
    **{
        f"a worker process's {name}": (luigi.worker, f"self.{name} =")
        for name in ("result_queue", "use_multiprocessing", "timeout_time", "worker_timeout")
    },
    **{f"a parameter's {name}": (luigi.parameter, f"self.{name} =") for name in ("_config_path", "_default")},
    "the task of the command line": (luigi.cmdline_parser, "def get_task_obj("),
    "the options that were read": (luigi.cmdline_parser, "self.known_args"),
    **{f"the outcome {name}": (luigi.execution_summary, f'set_tasks["{name}"]') for name in _OUTCOMES},
}
"""Which module of Luigi holds each text or name by which something is recognised."""


def missing() -> list[str]:
    """What this Luigi no longer has of all that is used here, in words; empty if it has all."""
    words = [
        f"Luigi {luigi.__version__} has no {place.__name__}.{name}, which {what} needs (luigiprivate.py)"
        for what, (place, name) in _NEEDED.items()
        if not _has(place, name)
    ]
    worker = luigi.worker.Worker()  # type: ignore[no-untyped-call]
    for name in ("_task_result_queue", "_running_tasks", "_scheduled_tasks", "_scheduler"):
        if not hasattr(worker, name):
            words.append(f"a worker of Luigi {luigi.__version__} has no {name}, which workers.py needs")
    words += [
        f"{module.__name__} of Luigi {luigi.__version__} has no {text!r}, which shows us {what}"
        for what, (module, text) in _SAID.items()
        if text not in inspect.getsource(module)
    ]
    return words


def _has(place: Any, name: str) -> bool:
    for part in name.split("."):
        if not hasattr(place, part):
            return False
        place = getattr(place, part)
    return True

"""Questions to luigid, at the end of a command to which it gave no work."""

from __future__ import annotations

from typing import Any

from luigi.rpc import RPCError

from ciss_luigi.scheduling import luigiprivate


def is_paused(worker: Any) -> bool:
    """Whether somebody has paused luigid by a click on its page: then it gives no work to anybody."""
    return bool(_ask(worker, "is_paused").get("paused"))


def run_elsewhere(worker: Any) -> list[Any]:
    """The tasks of ours that another command does, as luigid believes.

    Luigi's own answers leave out a step that was killed between its marker and its report. Its marker says
    that it is done, so this command did not ask for it. But luigid lets no step after it begin.
    """
    return _of_ours(worker, "RUNNING")


def believed_done(worker: Any) -> list[Any]:
    """The tasks of ours that luigid treats as done. To one that this command asked for it gives no work."""
    return _of_ours(worker, "DONE")


def _of_ours(worker: Any, status: str) -> list[Any]:
    found = _ask(worker, "task_list", status=status, upstream_status="")
    return [task for key, task in luigiprivate.scheduled(worker).items() if key in found]


def _ask(worker: Any, method: str, **arguments: str) -> dict[str, Any]:
    """The answer; empty if luigid has gone, or if its version does not know the question."""
    try:
        found = getattr(luigiprivate.scheduler(worker), method)(**arguments)
    except (AttributeError, RPCError):
        return {}
    return found if isinstance(found, dict) else {}

"""Questions to luigid, at the end of a command to which it gave no work."""

from __future__ import annotations

from typing import Any

from luigi.rpc import RPCError

from ciss_luigi.scheduling import luigiprivate


def is_paused(worker: Any) -> bool:
    """Whether somebody has paused luigid by a click on its page: then it gives no work to anybody."""
    return bool(_ask(worker, "is_paused").get("paused"))


def runs_elsewhere(worker: Any) -> bool:
    """Whether luigid believes that another command does a step of ours.

    Luigi's own answers do not tell of a step that was killed after its marker and before its report: it is
    done, so this command did not ask for it; but luigid lets nothing begin after it.
    """
    running = _ask(worker, "task_list", status="RUNNING", upstream_status="")
    return not luigiprivate.scheduled(worker).keys().isdisjoint(running)


def _ask(worker: Any, method: str, **arguments: str) -> dict[str, Any]:
    """The answer; empty if luigid has gone, or if its version does not know the question."""
    try:
        found = getattr(luigiprivate.scheduler(worker), method)(**arguments)
    except (AttributeError, RPCError):
        return {}
    return found if isinstance(found, dict) else {}

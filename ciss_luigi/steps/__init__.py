"""The three steps as plain functions over an engine. Nothing here knows Luigi.

Each may be repeated at any time: what it writes replaces what an earlier attempt wrote. Each returns the
marker that proves it. Its caller writes that marker, after the data.
"""

from collections.abc import Callable

from ciss_luigi.state.markers import Marker, Step
from ciss_luigi.steps.build import build_temp
from ciss_luigi.steps.job import Job, RebuildBudget
from ciss_luigi.steps.merge import merge_main
from ciss_luigi.steps.truncate import truncate_temp

ACTIONS: dict[Step, Callable[[Job], Marker]] = {
    Step.TRUNCATE: truncate_temp,
    Step.BUILD: build_temp,
    Step.MERGE: merge_main,
}


def actions(loader: str) -> dict[Step, Callable[[Job], Marker]]:
    """The three steps, by this job's SQL or, if ``loader`` is ``java``, by the old job's Java classes."""
    if loader == "sql":
        return ACTIONS
    from ciss_luigi.steps import javaloaders

    return javaloaders.ACTIONS


__all__ = ["ACTIONS", "Job", "RebuildBudget", "actions", "build_temp", "merge_main", "truncate_temp"]

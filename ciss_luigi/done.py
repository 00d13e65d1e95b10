"""Which steps of a date are done, as their markers say.

It imports no step, no engine and no SQL: most of the time that a date takes which is done already is imports.
"""

from __future__ import annotations

import datetime as dt

from ciss_luigi import commands
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Marker, Step


def is_done(site: Site, date: RunDate, step: Step) -> bool:
    """Whether a step is done, as its marker says; the engine is never asked.

    Raises EngineUnavailable if the file of an embedded warehouse is gone, and with it what was built.
    """
    markers = site.markers
    done = markers.is_merged(date) if step is Step.MERGE else _counts(site, markers.read(date, step))
    if done:
        site.require_warehouse(date)
    return done


def _counts(site: Site, marker: Marker | None) -> bool:
    """Whether a marker of a step before MergeMain is a proof still.

    The old Java classes have one temp for all dates: BuildTemp's marker is none once another date has built.
    """
    if marker is None or marker.step is not Step.BUILD or site.settings.loader != "java":
        return marker is not None
    return site.java_runs.is_in_temp(str(marker.date), marker.run_id)


def done_already(site: Site, date: RunDate, step: Step) -> str:
    """The words for a step that was done before this command: when, by which run, and how to do it again."""
    marker = site.markers.read(date, step)
    if marker is None or marker.finished_at is None:
        return f"{step} of {date} is done already"
    when = f"{marker.finished_at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    run = f" by the run {marker.run_id}" if marker.run_id else ""
    told = f"{step} of {date} is done already: at {when}{run}"
    if step is not Step.MERGE:
        return told
    left = f"{', '.join(marker.superseded)} not published: main had a newer run" if marker.superseded else ""
    published = ", ".join(month.month for month in marker.months)
    what = "; ".join(filter(None, (f"published {published}" if published else "", left)))
    return f"{told}; {what}\nTo do it again: {commands.reset(date)}, then the same command"

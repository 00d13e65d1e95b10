"""The last words of a command: what was done, what was not and why, and what to do next."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ciss_luigi import commands, exitcodes, site, stopping
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.counting import counted, from_to
from ciss_luigi.errors import CissError, gist
from ciss_luigi.scheduling import asking
from ciss_luigi.scheduling.command import current
from ciss_luigi.scheduling.ending import Ending
from ciss_luigi.state.ledger import Attempt, Outcome
from ciss_luigi.state.markers import Marker, Step

logger = logging.getLogger("luigi-interface.ciss_luigi")

_NAMED_AT_MOST = 3
_REMEMBERED = (
    f"another command runs a step of it, by luigid's account; if none is alive ({commands.status()}), luigid "
    "still remembers one that was killed, or the other command has another state_dir (all commands for one "
    "warehouse must share one)"
)
_PAUSED = "luigid is paused: somebody clicked Pause on its page, and it gives nobody work"
_NOT_STARTED = "luigid did not start some steps: another command has them"
_COOLING = "less than 10 s ago ([scheduler] stable_done_cooldown_secs), and it is not done"
_COOLING_SECONDS = 60
"""A step that ended within this time is one that luigid may treat as done still, whatever its setting."""


def tell(worker: Any, code: int) -> None:
    """Say the last words, if the command is about run dates; ``code`` is the number in our table.

    They are a warning if the job is not done, so that a log of warnings has them, too.
    """
    ending = Ending.of(worker)
    if not ending.dates and not ending.before and not current().left_over:
        return
    reasons = list(_not_done(worker, ending, code)) if code else []
    for reason in reasons:
        current().lines.note(reason)
    reasons += _unpublished(_merged(ending))
    lines = (
        f"Done:     {_done(ending)}",
        f"Not done: {'; '.join(reasons) or ('nothing' if not code else 'see above')}",
        f"Next:     {_following(worker, ending, code)}",
    )
    logger.log(logging.WARNING if code else logging.INFO, "%s", "\n".join(lines))


def _done(ending: Ending) -> str:
    new = ending.completed
    merged = _merged(ending)
    if len(merged) == 1:
        return _published(merged[0]) + _of_old(ending)
    if merged:
        return _all_published(merged) + _of_old(ending)
    steps = sorted((date, step) for date, step in new if step in tuple(Step))
    if steps:
        named = ", ".join(f"{step} of {date}" for date, step in steps[:_NAMED_AT_MOST])
        left = len(steps) - _NAMED_AT_MOST
        more = f" and {counted(left, 'more step')}" if left > 0 else ""
        return f"{named}{more}; {ending.alone}" if ending.alone else f"{named}{more}; main was not touched"
    return _before(ending)


def _merged(ending: Ending) -> list[Any]:
    return sorted(date for date, step in ending.completed if step == Step.MERGE)


def _all_published(dates: list[Any]) -> str:
    """What became of several dates."""
    published = [date for date in dates if not _is_superseded(date)]
    if not published:
        return f"{len(dates)} dates are done; none of them published anything"
    return f"{counted(len(published), 'date')} published in main, {from_to(published)}"


def _unpublished(dates: list[Any]) -> list[str]:
    """What the dates that are done did not publish; of several dates, how many did not publish a month."""
    if len(dates) == 1:
        marker = _marker(dates[0])
        newer = (
            [f"{month} not published: main has a newer run" for month in marker.superseded] if marker else []
        )
        absent = [f"{month} not built: no source rows" for month in marker.left_out] if marker else []
        return newer + absent
    return _unpublished_of_several(dates)


def _unpublished_of_several(dates: list[Any]) -> list[str]:
    markers = {date: marker for date in dates if (marker := _marker(date)) is not None}
    superseded = [date for date, marker in markers.items() if not marker.months]
    told = []
    if superseded:
        which = f"{counted(len(superseded), 'date')} not published"
        told = [f"{which}, main has newer runs, {from_to(superseded)}"]
    in_part = [marker for marker in markers.values() if marker.months]
    newer = Counter(month for marker in in_part for month in marker.superseded)
    absent = Counter(month for marker in markers.values() for month in marker.left_out)
    told += _by_month(newer, "not published", "main has newer runs")
    return told + _by_month(absent, "not built", "no source rows")


def _by_month(dates: Mapping[str, int], what: str, why: str) -> list[str]:
    """Which months were left alone on how many dates, the newest ones by name."""
    named = sorted(dates, reverse=True)[:_NAMED_AT_MOST]
    told = [f"{month} {what} on {counted(dates[month], 'date')}: {why}" for month in sorted(named)]
    more = len(dates) - len(named)
    return [*told, f"{counted(more, 'more month')} {what}: {why}"] if more else told


def _is_superseded(date: Any) -> bool:
    """Whether newer runs had published all the months of a date before."""
    marker = _marker(date)
    return marker is not None and not marker.months


def _published(date: Any) -> str:
    marker = _marker(date)
    if marker is None:
        return f"{date} published in main"
    months = ", ".join(f"{built.month}: {counted(built.rows, 'row')}" for built in marker.months)
    return f"{date} published in main ({months})" if months else f"{date} is done; it published nothing"


def _of_old(ending: Ending) -> str:
    old = len(_done_before(ending))
    return f"; {old} {'was' if old == 1 else 'were'} done before" if old else ""


def _done_before(ending: Ending) -> list[Any]:
    """The dates that were done before; where a step before MergeMain was asked for, those that have it."""
    wanted = ending.step or Step.MERGE
    return sorted({*(date for date, step in ending.already if step == wanted), *ending.before})


def _before(ending: Ending) -> str:
    """The words if there was nothing to do."""
    old, alone = _done_before(ending), f"; {ending.alone}" if ending.alone else ""
    if not old:
        return f"nothing{alone}"
    if len(old) > 1:
        return f"nothing; {len(old)} dates were done before, {from_to(old)}{alone}"
    if ending.alone:
        return f"nothing; {ending.step} of {old[0]} was done before{alone}"
    marker = _marker(old[0])
    when = ""
    if marker and marker.finished_at:
        at = f"{marker.finished_at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
        when = f" at {at} UTC by run {marker.run_id}"
    return f"nothing; {old[0]} was done before{when}"


def _marker(date: Any) -> Marker | None:
    try:
        return site.current().markers.read(RunDate(date), Step.MERGE)
    except (CissError, OSError):
        return None


def _not_done(worker: Any, ending: Ending, code: int) -> Iterator[str]:
    if stopping.requested():
        yield f"stopped by {stopping.requested()}"
    for date, step in ending.failed[:_NAMED_AT_MOST]:
        yield f"{step} of {date} failed{_error_of(date, step)}"
    if len(ending.failed) > _NAMED_AT_MOST:
        yield f"{counted(len(ending.failed) - _NAMED_AT_MOST, 'more step')} failed"
    if ending.missing:
        dates = ", ".join(map(str, ending.missing[:_NAMED_AT_MOST]))
        more = " and more" if len(ending.missing) > _NAMED_AT_MOST else ""
        yield f"sources are missing for {dates}{more}"
    if ending.unasked:
        yield "some tasks could not be looked at (see above)"
    if ending.elsewhere or code == exitcodes.RUNNING_ELSEWHERE:
        yield _REMEMBERED
    elif ending.ungranted:
        yield _PAUSED if asking.is_paused(worker) else _why_not_started(worker, ending)
    if current().left_over:
        yield current().left_over.partition("\n")[0]


def _why_not_started(worker: Any, ending: Ending) -> str:
    """Why luigid did not start some steps, as far as it says; the first one is named."""
    believed = {
        (task.date, task.task_family) for task in asking.believed_done(worker) if hasattr(task, "date")
    }
    waiting = sorted(believed.intersection(ending.ungranted))
    if not waiting:
        return _NOT_STARTED
    date, step = waiting[0]
    how = "ended" if _has_just_ended(date, step) else "was marked as done on luigid's page"
    return f"luigid did not start {step} of {date}: it {how} {_COOLING}"


def _has_just_ended(date: Any, step: str) -> bool:
    """Whether a step was done a moment ago, as the ledger says; since then its marker was taken away."""
    last = _last_attempt(date, step)
    if last is None or last.outcome is not Outcome.DONE or not last.ended_at:
        return False
    try:
        since = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(last.ended_at)
    except (ValueError, TypeError, OverflowError):  # the ledger proves nothing, and may hold anything
        return False
    return since.total_seconds() < _COOLING_SECONDS


def _last_attempt(date: Any, step: str) -> Attempt | None:
    try:
        attempts = [one for one in site.current().ledger.attempts(RunDate(date)) if one.step == step]
    except (CissError, OSError):
        return None
    return attempts[-1] if attempts else None


def _error(date: Any, step: str) -> str:
    """The error of the last attempt at a step, as the ledger has it."""
    last = _last_attempt(date, step)
    if last and last.error:
        return last.error
    begin = f"{step} of {date}: "  # an attempt whose begin could not be written has left only its words
    return next((text for text in reversed(current().failures) if text.startswith(begin)), "")


def _error_of(date: Any, step: str) -> str:
    told = gist(_error(date, step)).removeprefix(f"{step} of {date}: ")
    return f" ({told})" if told else ""


def _following(worker: Any, ending: Ending, code: int) -> str:
    if not code:
        return _after_all(ending)
    again = commands.again()
    if ending.failed or stopping.requested() or ending.unasked:
        return _told_by_the_error(ending).replace("the same command again", again) or again
    if current().left_over:
        return current().left_over.rpartition("Next:  ")[2]
    if ending.missing:
        return f"{commands.check(ending.missing[0])}, and once the rows are there {again}"
    return _when_granted(worker, again, is_elsewhere=code == exitcodes.RUNNING_ELSEWHERE)


def _told_by_the_error(ending: Ending) -> str:
    """What the failures of this command say to do; "" if they do not say the same, or say nothing."""
    told = [_remedy(date, step) for date, step in ending.failed]
    alike = {text.replace(str(date), "D") for text, (date, _) in zip(told, ending.failed, strict=True)}
    return told[0] if len(alike) == 1 else ""


def _remedy(date: Any, step: str) -> str:
    """What the error of a step says to do, for whichever date."""
    text = _error(date, step).rpartition("\nNext:  ")[2].partition("\n")[0]
    return text.replace(commands.merge(date), "the same command again")


def _when_granted(worker: Any, again: str, *, is_elsewhere: bool) -> str:
    if is_elsewhere:
        return f"{again}, after two minutes at most"
    if asking.is_paused(worker):
        return f"click Unpause on luigid's page, then {again}"
    return f"{again}, after 10 s"


def _after_all(ending: Ending) -> str:
    dates = sorted({*ending.dates, *ending.before})
    if ending.alone and len(dates) == 1:
        return commands.merge(dates[0])
    if ending.alone:
        return commands.dates(dates[0], dates[-1] + dt.timedelta(days=1))
    old = _done_before(ending)
    if not ending.completed and len(old) == 1:
        return f"nothing; to do it again: {commands.reset(old[0])}"
    return (
        f"nothing; to do one again: {commands.reset(old[-1])}" if old and not ending.completed else "nothing"
    )

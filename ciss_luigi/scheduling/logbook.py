"""A command in its log file: it begins and ends, its steps begin and end, and what they built and merged."""

from __future__ import annotations

import logging
from typing import Any

from ciss_luigi import commands, events, exitcodes, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.config.telling import Log
from ciss_luigi.config.tellingkeys import LOG
from ciss_luigi.counting import counted
from ciss_luigi.errors import ConfigurationError
from ciss_luigi.observers import CommandBegin, CommandEnd, Observer, StepBegin, StepEnd
from ciss_luigi.state.ledger import Attempt
from ciss_luigi.state.markers import Step
from ciss_luigi.telemetry import context, opened


class LogBook(Observer):
    """Writes what observers hear into the log file; the terminal shows none of it."""

    def command_begins(self, begin: CommandBegin) -> None:
        """Open the log; if the configuration is faulty, its good part says where the log is."""
        settings = _settings()
        if settings is None:
            return
        opened.begin(settings, begin.id)
        events.tell("command-begin", commands.typed(begin.arguments))

    def step_begins(self, begin: StepBegin) -> None:
        """Log it; from now on each line says which step it belongs to."""
        kind = str(site.current().settings.warehouse.kind)
        context.put(labels_run_date=str(begin.date), labels_step=begin.step, labels_engine=kind)
        events.tell("step-begin", f"{begin.step} of {begin.date} begins")

    def step_ends(self, end: StepEnd) -> None:
        """Log the outcome, and what was built or merged."""
        try:
            _tell_end(end, None if end.error else _attempt(end))
        finally:
            context.take_back(context.DATE, context.STEP, context.ENGINE)

    def command_ends(self, end: CommandEnd) -> None:
        """Log the exit code and the reason for it."""
        took = int((end.at - end.begin.at).total_seconds() * 1e9)
        words = f"the command ends with {end.code}{f': {end.reason}' if end.reason else ''}"
        level = logging.ERROR if end.number and end.number not in exitcodes.NO_FAILURE else logging.INFO
        fields: dict[str, Any] = {
            "event_duration": took,
            "event_outcome": "failure" if end.code else "success",
        }
        error = {"error_message": end.reason} if end.reason else {}
        events.tell("command-end", words, level, process_exit__code=end.code, **fields, **error)


def settle() -> None:
    """Set what the terminal shows and what the file gets, now that Luigi has set up its log."""
    opened.settle()


def _settings() -> Log | None:
    try:
        found: Log = site.current().settings.others[LOG]
    except ConfigurationError:
        from ciss_luigi.alerts import reach

        sound = reach.find()
        return sound.log if sound is not None else None
    return found


def _attempt(end: StepEnd) -> Attempt | None:
    mine = site.current().ledger.attempts(RunDate(end.begin.date))
    return next((one for one in reversed(mine) if one.step == end.begin.step), None)


def _tell_end(end: StepEnd, attempt: Attempt | None) -> None:
    step, date = end.begin.step, end.begin.date
    took = int((end.at - end.begin.at).total_seconds() * 1e9)
    if end.error is not None:
        words = f"{step} of {date} {'was stopped' if end.stopped else 'failed'}"
        error: dict[str, Any] = {"event_outcome": "failure", "error_message": end.error}
        events.tell("step-end", words, logging.ERROR, event_duration=took, **error)
        return
    result = attempt.result if attempt else None
    run_id = result.run_id if result else ""
    rows = sum(month.rows for month in result.months) if result and step != Step.TRUNCATE else None
    done: dict[str, Any] = {"event_outcome": "success", "labels_run_id": run_id, "labels_rows": rows}
    for month in result.months if result else ():
        what = "merged" if step == Step.MERGE else "built"
        words = f"{what} {month.month}: {counted(month.rows, 'row')}, {month.total_charge_usd} USD"
        labels: dict[str, Any] = {"labels_month": month.month, "labels_usd": month.total_charge_usd}
        events.tell(f"month-{what}", words, labels_run_id=run_id, labels_rows=month.rows, **labels)
    for name, months in (("superseded", result.superseded), ("left-out", result.left_out)) if result else ():
        for one in months:
            events.tell(f"month-{name}", f"{one} is {name.replace('-', ' ')}", labels_month=one)
    events.tell("step-end", f"{step} of {date} is done", event_duration=took, **done)

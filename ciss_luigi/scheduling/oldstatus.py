"""The old job's process-status file, kept true at every step; the rules are in ``docs/migration.md``."""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import os
from collections.abc import Callable

from ciss_luigi import exitcodes, site
from ciss_luigi.errors import AlreadyRunning, ConfigurationError
from ciss_luigi.migration import sitestatus, statusfile
from ciss_luigi.migration.sitestatus import Change, Values
from ciss_luigi.migration.statusfile import (
    FAILURE,
    FLAG,
    IDLE,
    IN_MAIN,
    IN_TEMP,
    NAME,
    PROCESS,
    RAN,
    RUNNING,
    STATUS,
    SUCCESS,
    TOLD,
)  # fmt: skip
from ciss_luigi.observers import CommandEnd, Observer, StepBegin, StepEnd
from ciss_luigi.scheduling.command import current
from ciss_luigi.site import Site
from ciss_luigi.state.markers import Step

logger = logging.getLogger("luigi-interface.ciss_luigi")


def claim(here: Site) -> None:
    """Write down that this command runs; raises AlreadyRunning, which names the old script, if that runs."""

    def change(values: Values) -> dict[str, str]:
        script = statusfile.old_script(values)
        if script:
            raise AlreadyRunning(
                f"the old script is running, pid {values[PROCESS]}: {script}",
                state="this command touched nothing",
                next_command="the same command again, once the script has ended",
            )
        if values:
            return {PROCESS: _pid()}
        return {FLAG: IDLE, NAME: here.settings.main_table, PROCESS: _pid(), TOLD: statusfile.NO, RAN: ""}

    _change(here, change)


class OldStatus(Observer):
    """Keeps the file true; a file that cannot be written is a warning."""

    def step_begins(self, begin: StepBegin) -> None:
        """Write down which half of the work is under way: a re-run would go on with it."""
        flag = IN_MAIN if begin.step == Step.MERGE else IN_TEMP
        _change(site.current(), lambda _: {FLAG: flag, STATUS: RUNNING, PROCESS: _pid()})

    def step_ends(self, end: StepEnd) -> None:
        """Write down that nothing is left to do, once main is merged."""
        if end.begin.step == Step.MERGE and end.error is None:
            _change(site.current(), lambda _: {FLAG: IDLE})

    def command_ends(self, end: CommandEnd) -> None:
        """Write down how it ended; a command that did nothing leaves the file unchanged."""
        try:
            here = site.current()
        except ConfigurationError:
            return

        def change(values: Values) -> dict[str, str]:
            pid = values.get(PROCESS, "")
            if pid != _pid() and statusfile.is_alive(pid):
                return {}  # another command, or the old script, whose file it is now
            return {**_how_it_ended(end, values), PROCESS: ""} if values else {}

        _change(here, change)
        if end.number != exitcodes.DONE:
            from ciss_luigi.alerts.told import have_people_heard  # a run that ends well need not load it

            if have_people_heard(here.settings.state_dir / "alerts"):
                _warned(here, sitestatus.note_told)


def _how_it_ended(end: CommandEnd, values: Values) -> dict[str, str]:
    if end.number == exitcodes.DONE and end.began:
        return {FLAG: IDLE, STATUS: SUCCESS, TOLD: statusfile.NO, RAN: _now()}
    if end.number not in exitcodes.NO_FAILURE and (end.began or _is_a_lost_night(end)):
        return {**_resume_with(end), STATUS: FAILURE, RAN: _now()}
    if values.get(STATUS) != RUNNING:
        return {}
    # of this command's own steps, or of a killed run, whose end nobody else has written down
    return {STATUS: SUCCESS if values.get(FLAG) == IDLE else FAILURE, RAN: _now()}


def _is_a_lost_night(end: CommandEnd) -> bool:
    """Whether a command that began no step is a failure: a mistyped line or a Ctrl-C did nothing."""
    return not end.is_usage and end.signal != "SIGINT"


def _resume_with(end: CommandEnd) -> dict[str, str]:
    """The flag of the step that failed; in a range a later date may have set it to another one."""
    steps = {step for _, step in end.failed}
    if not steps:
        return {}
    return {FLAG: IN_TEMP if steps - {str(Step.MERGE)} else IN_MAIN}


# --- the file -----------------------------------------------------------------------------------------


def _change(here: Site, change: Change) -> None:
    _warned(here, lambda site: sitestatus.change(site, change))


def _warned(here: Site, action: Callable[[Site], None]) -> None:
    """Do something with the file; an error is only a warning, once: cron mails each of them."""
    try:
        action(here)
    except OSError as error:
        words = sitestatus.warning(here, error)
        current().once(words, lambda: logger.warning("%s", words))


def _pid() -> str:
    """The command's own process id, also in its workers."""
    parent = multiprocessing.parent_process()
    return str(os.getpid() if parent is None else parent.pid)


def _now() -> str:
    return f"{dt.datetime.now(dt.UTC).astimezone():%Y-%m-%d %H:%M:%S}"

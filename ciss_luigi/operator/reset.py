"""Removing the proofs of a date's steps, so that the next run does them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config.keys import SECTION
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import Refused, explaining
from ciss_luigi.locking.filelocks import LocksUnusable
from ciss_luigi.operator.ask import ask
from ciss_luigi.queries.readiness import newer_estimates
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site
from ciss_luigi.state import owners
from ciss_luigi.state.markers import Step


def reset(site: Site, date: RunDate, step: Step) -> list[Step]:
    """Remove the markers of a step and of all later ones, under the date's lock; returns which there were.

    Raises Refused while the date runs, and if a marker cannot be removed; ConfigurationError if ``state_dir``
    cannot be used; EngineUnavailable if the leases cannot be asked.
    """
    look = commands.status(date)
    with held(site, date, look):
        try:
            return site.markers.remove_from(date, step)
        except OSError as error:
            raise Refused(
                f"a marker of {date} cannot be removed: {error}{owners.words(error)}",
                state="markers of later steps are gone, those of earlier steps are still there",
                next_command=look,
            ) from error


@contextmanager
def held(site: Site, date: RunDate, look: str) -> Iterator[None]:
    """Hold the date as a run does, on this host and, if there are leases, on all hosts; never waits.

    The lock's file is left only where the date has left something else, too (it may be a mistyped date).
    """
    lock = site.date_lock(date)
    try:
        taken = lock.try_acquire()
    except LocksUnusable as error:
        raise error.before_a_step(f"[{SECTION}] state_dir: ") from error
    try:
        holder, following = "" if taken else str(lock.holder() or "another process"), look
        if taken and site.leases is not None:
            with explaining(state="no marker was removed", next_command=commands.check()):
                # given back when this process ends
                holder = site.leases.take_for_good(site.settings.temp_target(date))
                following = "the same command again, after two minutes at most if that run is gone"
        if holder:
            what = f"{date} is being run by {holder}"
            raise Refused(what, state="no marker was removed", next_command=following)
        yield
    finally:
        if site.has_state(date):
            lock.release()
        else:
            lock.discard()


def newer_in_main(site: Site, date: RunDate) -> Mapping[Month, str]:
    """The months in scope of which main holds a newer estimate, each with its as_of_date.

    If they run again, they are superseded (docs/tables.md). Empty if ``allow_older`` is set. Raises
    EngineUnavailable or StatementFailed.
    """
    settings = site.settings
    if settings.allow_older or not site.engine().exists():
        return {}
    months = date.months_in_scope(settings.grace_days)

    def question(engine: Engine, session: Session) -> dict[Month, str]:
        statements = Statements(settings, engine.dialect, date, "reset")
        if settings.main_table.lower() not in session.tables(
            statements.list_tables(), statements.output_tables
        ):
            return {}
        return newer_estimates(session.query(statements.main_rows(months)), date)

    return ask(site, question)

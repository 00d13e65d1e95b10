"""With which run date a site begins: for people who have just loaded their tables."""

from __future__ import annotations

from contextlib import suppress

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.engines.base import Engine, Session
from ciss_luigi.errors import CissError
from ciss_luigi.operator.nights import today
from ciss_luigi.queries.statements import Statements
from ciss_luigi.site import Site


def first_date(site: Site) -> RunDate:
    """Today, or the last day of the newest month of the sources if they end before this month.

    Only an embedded file is asked. A server would start a job for it, so there it is today, as it is if the
    file cannot be asked.
    """
    now = today()
    if not site.settings.warehouse.kind.embedded or not site.engine().exists():
        return now
    newest: Month | None = None
    engine = site.engine().without_waiting()
    with suppress(CissError), engine.reading() as session:  # a run, or ciss check, says what is wrong
        newest = _newest_month(site, engine, session)
    return RunDate.parse(newest.last_day) if newest and newest.year and newest < now.month else now


def _newest_month(site: Site, engine: Engine, session: Session) -> Month | None:
    statements = Statements(site.settings, engine.dialect, today(), "check")
    needed = site.settings.required_sources
    months = {
        month
        for table in schema.CHARGE_SOURCES
        if table.role in needed or not needed
        for month, *_ in session.query(statements.months_held(table))
        if month is not None
    }
    return max(map(Month.parse, months), default=None)

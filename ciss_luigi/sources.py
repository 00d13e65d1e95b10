"""Asking the engine whether the sources are there: once per month and process, and not holding on to it.

Luigi asks a task two or three times, and a range asks for hundreds of dates that share their months.
"""

from __future__ import annotations

import logging

from ciss_luigi import readiness
from ciss_luigi.errors import CissError, EngineUnavailable
from ciss_luigi.readiness import Holdings
from ciss_luigi.retry import with_retries
from ciss_luigi.rundate import Month, RunDate
from ciss_luigi.site import Site
from ciss_luigi.statements import Statements

logger = logging.getLogger("luigi-interface.ciss_luigi")

_known: dict[Month, Holdings] = {}
_told: set[str] = set()


def are_ready(site: Site, date: RunDate) -> bool:
    """Whether the months in scope can be built; names what is missing once per process.

    Raises EngineUnavailable when the engine cannot be asked.
    """
    months = date.months_in_scope(site.settings.grace_days)
    unknown = [month for month in months if month not in _known]
    if unknown:
        holdings = _ask(site, date, unknown)
        _known.update(dict.fromkeys(unknown, holdings))
    rows = {
        key: count for month in months for key, count in _known[month].rows.items() if key[1] == str(month)
    }
    together = Holdings(_known[months[0]].absent, _known[months[0]].rate_rows, rows)
    scope = readiness.judge(together, months, site.settings)
    for text in scope.missing:
        if (line := f"{date}: {text}") not in _told:
            _told.add(line)
            logger.warning("%s", line)
    return not scope.missing


def _ask(site: Site, date: RunDate, months: list[Month]) -> Holdings:
    engine = site.engine()
    if not engine.exists():
        logger.warning("there is no %s yet; ciss load DIR makes it", engine.identity)
        return readiness.nothing(site.settings)

    def ask() -> Holdings:
        with engine.session() as session:
            return readiness.ask(
                session, Statements(site.settings, engine.dialect, date, "SourcesReady"), months
            )

    settings = site.settings
    try:
        return with_retries(
            ask, engine.is_transient, retries=settings.retries, wait_seconds=settings.retry_wait_seconds
        )
    except EngineUnavailable:
        raise
    except CissError as error:
        raise EngineUnavailable(
            f"the sources could not be asked: {error.what}", state="no table was touched"
        ) from error

"""``ciss status --json``: one document that other programs may rely on.

Keys are only ever added; ``format`` grows if one must change its meaning. All amounts are strings, as in
the markers. ``months_from`` names the marker that ``months`` comes from: of a date that is not merged,
BuildTemp's tells what was built and is not in main yet.
"""

from __future__ import annotations

from typing import Any

from ciss_luigi.operator.monthsheld import MonthHeld
from ciss_luigi.operator.status import DateStatus, Overview, StepStatus
from ciss_luigi.site import Site
from ciss_luigi.state.commandledger import CommandEntry
from ciss_luigi.state.ledger import Attempt

FORMAT = 1


def document(site: Site, found: Overview) -> dict[str, Any]:
    """The status of some dates as JSON values."""
    settings = site.settings
    return {
        "format": FORMAT,
        "state_dir": str(settings.state_dir),
        "warehouse": f"{settings.warehouse.kind} {settings.warehouse.place}",
        "database": settings.database,
        "main_table": settings.main_table,
        "all_merged": found.all_merged,
        "last_command": _command(found.last_command) if found.last_command else None,
        "main": [_held(one) for one in found.main],
        "dates": [_date(status) for status in found.dates],
        "not_due": [str(date) for date in found.not_due],
    }


def _command(command: CommandEntry) -> dict[str, Any]:
    return {
        "arguments": list(command.arguments),
        "state": "running" if command.runs() else "ended" if command.exit_code is not None else "killed",
        "began_at": command.began_at,
        "ended_at": command.ended_at or None,
        "exit_code": command.exit_code,
        "reasons": list(command.reasons),
        "host": command.host,
        "pid": command.pid,
    }


def _held(one: MonthHeld) -> dict[str, Any]:
    return {
        "month": str(one.month),
        "date": str(one.date),
        "run_id": one.run_id,
        "merged_at": one.merged_at.isoformat(),
        "rolled_back_from": str(one.rolled_back_from) if one.rolled_back_from else None,
    }


def _date(status: DateStatus) -> dict[str, Any]:
    proof, holder = status.proof, status.holder
    return {
        "date": str(status.date),
        "state": str(status.state),
        "run_id": proof.run_id if proof else None,
        "steps": [_step(step) for step in status.steps],
        "months_from": str(proof.step) if proof else None,
        "months": [month.to_json() for month in status.months],
        "superseded": list(proof.superseded) if proof else [],
        "left_out": list(proof.left_out) if proof else [],
        "empty_sources": list(proof.empty_sources) if proof else [],
        "odd_rows": [one.to_json() for one in proof.odd_rows] if proof else [],
        "running": {"pid": holder.pid, "host": holder.host, "since": holder.since} if holder else None,
        "last_error": _error(status.last_error) if status.last_error else None,
    }


def _step(step: StepStatus) -> dict[str, Any]:
    attempt, marker = step.attempt, step.marker
    times: tuple[str | None, str | None] = (None, None)
    if marker is not None and marker.finished_at is not None:
        times = (marker.started_at.isoformat(), marker.finished_at.isoformat())
    elif attempt is not None:
        times = (attempt.started_at, attempt.ended_at or None)
    return {
        "task": str(step.step),
        "state": str(step.state),
        "started_at": times[0],
        "finished_at": times[1],
        "host": attempt.host if attempt else None,
        "pid": attempt.pid if attempt else None,
        "error": attempt.error or None if attempt else None,
    }


def _error(attempt: Attempt) -> dict[str, Any]:
    return {
        "task": attempt.step,
        "outcome": str(attempt.outcome),
        "at": attempt.ended_at,
        "host": attempt.host,
        "pid": attempt.pid,
        "error": attempt.error,
    }

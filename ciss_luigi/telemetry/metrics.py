"""A file for node_exporter's textfile collector: written whole, readable by all, with Prometheus' names.

Totals are for trends: Prometheus knows floats only. The exact figures are in markers and in main.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_MODE = 0o644


class _Collector:
    """Gives prometheus_client the figures, which are collected already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> list[Metric]:
        """The metrics."""
        return self._metrics


def write(path: Path, figures: Any) -> None:
    """Write the figures (operator/monitored.py) to a file; raises OSError, ImportError without the extra.

    This room may not import that one, so their type is not named here. ``docs/operations.md``, section
    "Figures for monitoring", lists the names.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collector(_metrics(figures)))
    beside = path.with_name(f".{path.name}.{os.getpid()}")  # node_exporter reads names that end with .prom
    try:
        beside.write_bytes(generate_latest(registry))
        beside.chmod(_MODE)  # the collector runs as another user, whatever the umask of this one
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _metrics(figures: Any) -> Iterator[Metric]:
    one, by_step, by_month = _one, _by("step"), _by("month")
    yield from one("ciss_last_success_timestamp_seconds", "When main was merged last.", figures.last_success)
    yield from one(
        "ciss_last_success_run_date_seconds",
        "The newest run date that is merged, as the time of its beginning in UTC.",
        figures.last_success_date,
    )
    yield from by_step(
        "ciss_last_attempt_timestamp_seconds", "When a step was begun last.", figures.last_attempt
    )
    yield from by_step(
        "ciss_step_duration_seconds", "How long the last attempt at a step took.", figures.duration
    )
    yield from by_step(
        "ciss_failures",
        "Attempts of the newest 30 run dates that failed, were stopped or killed.",
        figures.failures,
    )
    months = figures.months
    yield from by_month(
        "ciss_rows", "Rows of main, by month of the newest date.", {m: f.rows for m, f in months.items()}
    )
    yield from by_month(
        "ciss_source_rows", "Source rows that they sum.", {m: f.source_rows for m, f in months.items()}
    )
    yield from by_month(
        "ciss_total_charge_usd",
        "The total in US dollars.",
        {m: float(f.usd) for m, f in months.items() if f.usd is not None},
    )
    yield from one(
        "ciss_superseded_months", "Months that the newest date left to a newer estimate.", figures.superseded
    )
    yield from one("ciss_alerts_open", "Failures that are not over.", figures.alerts_open)
    yield from one("ciss_alerts_waiting", "Messages that wait to be sent.", figures.alerts_waiting)


def _one(name: str, help_text: str, value: float | None) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    if value is not None:
        yield GaugeMetricFamily(name, help_text, value=value)


def _by(label: str) -> Any:
    """How to make a metric with one label."""
    from prometheus_client.core import GaugeMetricFamily

    def make(name: str, help_text: str, values: Mapping[str, float]) -> Iterator[Metric]:
        family = GaugeMetricFamily(name, help_text, labels=[label])
        for key, value in values.items():
            family.add_metric([key], value)
        yield family

    return make

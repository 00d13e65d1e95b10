"""The page: facts in, one HTML file out. The scripts get amounts as text, so that they stay exact."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any

from ciss_luigi.billing.totals import in_digits
from ciss_luigi.cli.htmlreport import pictures, words
from ciss_luigi.engines.base import Row
from ciss_luigi.operator import reportfigures
from ciss_luigi.operator.report import Report
from ciss_luigi.plaintext import without_secrets
from ciss_luigi.queries.reports import COLUMNS
from ciss_luigi.state.ledger import Outcome

TOP = 50
UNMAPPED_SHOWN = 50
ATTEMPTS_SHOWN = 120
SHOWN = COLUMNS[: COLUMNS.index("as_of_date")]
"""The columns of the table of all rows, without the run, which is the same for all."""

_SCRIPTS = ("echarts/echarts.common.min.js", "rows.js", "page.js")


def render(report: Report) -> str:
    """The whole page as text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ciss_luigi.cli.htmlreport", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(words.FILTERS)
    return environment.get_template("page.html.j2").render(_facts(report))


def _facts(report: Report) -> dict[str, Any]:
    customers = reportfigures.customers(report)
    currencies = reportfigures.currencies(report.rows)
    unmapped = reportfigures.unmapped(report.rows)
    controls = reportfigures.controls(report, currencies)
    scripts = [_file(name) for name in _SCRIPTS]
    return {
        "report": report,
        "headline": words.headline(report),
        "customers": customers,
        "drawn": pictures.largest(customers),
        "top": [one for one in customers if one.usd][:TOP],
        "currencies": currencies,
        "kinds": words.KINDS,
        "changes": pictures.changes(report, customers),
        "moved": pictures.moved(report),
        "unmapped": unmapped[:UNMAPPED_SHOWN],
        "unmapped_in_all": len(unmapped),
        "unmapped_usd": reportfigures.total_usd(unmapped),
        "controls": controls,
        "controls_apart": sum(one.is_apart for one in controls),
        "control_names": words.COLUMN_HEADS,
        "attempts": [words.attempt(one) for one in report.attempts[:ATTEMPTS_SHOWN]],
        "attempts_in_all": len(report.attempts),
        "attempts_not_done": sum(one.attempt.outcome is not Outcome.DONE for one in report.attempts),
        "at": {name: place for place, name in enumerate(COLUMNS)},
        "columns": words.COLUMN_HEADS,
        "numbers": words.NUMBERS,
        "style": _file("style.css"),
        "scripts": scripts,
        "policy": _policy(scripts),
        "pictures": _json(pictures.everything(report, customers, currencies)),
        "rows": packed(report.rows),
    }


def _file(name: str) -> str:
    return resources.files("ciss_luigi.cli.htmlreport").joinpath(name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """The policy of the page: it may run its own scripts, and load nothing from anywhere."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'"
    )


def _json(values: Any) -> str:
    """JSON without ``</``, at which a script element would end."""
    return without_secrets(json.dumps(values, default=in_digits)).replace("<", "\\u003c")


def packed(rows: Sequence[Row]) -> str:
    """All rows by column as JSON, compressed, in base64: 50,000 rows take 2 MB so, and 14 MB as HTML."""
    columns: Mapping[str, list[str]] = {
        name: [_text(row[place]) for row in rows] for place, name in enumerate(SHOWN)
    }
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode("ascii")


def _text(value: Decimal | int | str | None) -> str:
    return "" if value is None else in_digits(value)

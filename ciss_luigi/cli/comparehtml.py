"""A comparison as one page that loads nothing: no script, no font, no picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ciss_luigi.cli.comparetext import KINDS, in_common, remarks, row_counts, verdict
from ciss_luigi.operator.compare import Compared
from ciss_luigi.operator.comparedrows import Sample
from ciss_luigi.plaintext import printable, without_secrets

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1b1f24; background: #fff; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #8c959f; padding: .25rem .6rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.null { color: #656d76; font-style: italic; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; }
  .null { color: #8b949e; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(found: Compared) -> str:
    """The whole page as text."""
    return "\n".join(_page(found)) + "\n"


def _page(found: Compared) -> Iterator[str]:
    title = _safe(verdict(found))
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{title}</h1>"
    yield from _list((*row_counts(found), *remarks(found)))
    yield from _columns(found)
    if found.answer.in_common:
        yield "<h2>What these rows have in common</h2>"
        yield from _list(map(in_common, found.answer.in_common))
    yield from _samples(found.answer.samples)
    yield "</body></html>"


def _columns(found: Compared) -> Iterator[str]:
    if not found.answer.columns:
        return
    yield "<h2>Columns that differ</h2><p>Sums are those of the rows that differ in the column.</p>"
    yield "<table><thead><tr>"
    heads = ("Column", "Rows", f"Sum in {found.here}", f"Sum in {found.there}", "Greatest difference")
    yield "".join(f'<th scope="col">{_safe(head)}</th>' for head in heads) + "</tr></thead><tbody>"
    for one in found.answer.columns:
        numbers = (f"{one.rows:,}", one.sum_here or "", one.sum_there or "", one.greatest_difference or "")
        cells = "".join(f'<td class="number">{_safe(text)}</td>' for text in numbers)
        yield f'<tr><th scope="row">{_safe(one.column)}</th>{cells}</tr>'
    yield "</tbody></table>"


def _samples(samples: Sequence[Sample]) -> Iterator[str]:
    if not samples:
        return
    yield "<h2>Samples</h2><table><thead><tr>"
    heads = ("What", *samples[0].key, "Column", "Here", "There")
    yield "".join(f'<th scope="col">{_safe(head)}</th>' for head in heads) + "</tr></thead><tbody>"
    for one in samples:
        rows = list(one.columns.items()) or [("rows", (str(one.rows_here), str(one.rows_there)))]
        for number, (name, (here, there)) in enumerate(rows):
            first = ""
            if number == 0:
                span = f' rowspan="{len(rows)}"'
                key = "".join(f"<td{span}>{_value(value)}</td>" for value in one.key.values())
                first = f'<th scope="rowgroup"{span}>{KINDS[one.kind]}</th>{key}'
            sides = "".join(f'<td class="number">{_value(value)}</td>' for value in (here, there))
            yield f"<tr>{first}<td>{_safe(name)}</td>{sides}</tr>"
    yield "</tbody></table>"


def _list(texts: Iterable[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{_safe(text)}</li>" for text in texts)
    yield "</ul>"


def _value(text: str | None) -> str:
    return '<span class="null">NULL</span>' if text is None else _safe(text)


def _safe(text: str) -> str:
    return escape(printable(without_secrets(text)))

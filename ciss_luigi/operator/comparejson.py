"""A comparison as JSON for programs; ``docs/migration.md`` describes it. Decimals are texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ciss_luigi.operator.compare import Compared
from ciss_luigi.operator.comparedcolumns import Pair
from ciss_luigi.operator.comparedrows import InCommon, Sample

FORMAT = 1


def to_json(found: Compared) -> dict[str, Any]:
    """The whole answer."""
    columns = found.columns
    return {
        "format": FORMAT,
        "equal": found.equal,
        "here": found.here,
        "there": found.there,
        "months": [str(month) for month in found.months],
        "tolerance": format(found.tolerance, "f"),
        "rows": found.rows,
        "columns": [
            {
                "column": one.column, "rows": one.rows, "sum_here": one.sum_here, "sum_there": one.sum_there,
                "greatest_difference": one.greatest_difference,
            }
            for one in found.answer.columns
        ],
        "in_common": [_in_common(one) for one in found.answer.in_common],
        "samples": [_sample(one) for one in found.answer.samples],
        "only_in_schema": {"here": list(columns.only_here), "there": list(columns.only_there)},
        "types_differ": _types(columns.types_differ),
        "not_compared": _types(columns.not_compared),
        "newer_in_main": dict(found.newer),
    }  # fmt: skip


def _in_common(one: InCommon) -> dict[str, Any]:
    return {
        "column": one.column, "side": one.side or None, "value": one.value, "rows": one.rows, "of": one.of,
        "percent": one.percent,
    }  # fmt: skip


def _sample(one: Sample) -> dict[str, Any]:
    columns = {name: {"here": here, "there": there} for name, (here, there) in one.columns.items()}
    return {
        "kind": one.kind, "rows_here": one.rows_here, "rows_there": one.rows_there, "key": dict(one.key),
        "columns": columns,
    }  # fmt: skip


def _types(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    return [{"column": pair.name, "here": pair.here.type, "there": pair.there.type} for pair in pairs]

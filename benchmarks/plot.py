"""Cost against rows, as a picture: ``python -m benchmarks.plot`` (needs the extra ``[bench]``).

Reads the numbers that ``python -m benchmarks --out`` has kept; of each size and question the newest counts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import click

from benchmarks.record import NUMBERS

_PICTURE = "cost-by-rows.svg"
_FOLDER = Path(__file__).parent


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=_FOLDER, help="Where the numbers are.")
def main(folder: Path) -> None:
    """Draw how many times its bare statements a run takes, by rows a month."""
    lines = (folder / NUMBERS).read_text(encoding="utf-8").splitlines()
    series = by_question([json.loads(line) for line in lines])
    if not series:
        raise click.ClickException(f"{folder / NUMBERS} holds no question that was asked at two sizes")
    draw(series, folder / _PICTURE)
    click.echo(f"wrote {folder / _PICTURE}")


def by_question(entries: list[dict[str, Any]]) -> dict[str, dict[int, dict[str, Any]]]:
    """The newest entry of each question and size; questions that were asked at one size only are left out."""
    series: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for entry in entries:
        series[entry["question"]][entry["rows"]] = entry
    return {question: sizes for question, sizes in series.items() if len(sizes) > 1}


def draw(series: dict[str, dict[int, dict[str, Any]]], file: Path) -> None:
    """Write the picture: a line for each question, with the least and the greatest of its runs."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    pyplot.rcParams["svg.fonttype"] = "none"  # text stays text
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for question, sizes in sorted(series.items()):
        rows = sorted(sizes)
        medians = [sizes[one]["median"] for one in rows]
        below = [sizes[one]["median"] - sizes[one]["low"] for one in rows]
        above = [sizes[one]["high"] - sizes[one]["median"] for one in rows]
        axes.errorbar(rows, medians, yerr=[below, above], marker="o", capsize=3, label=question)
    axes.set(xscale="log", xlabel="billable rows a month", ylabel="times what stands beside it")
    axes.axhline(1.0, color="grey", linewidth=0.8)
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()

"""The long form: as many kills as asked for, in all scenarios, repeatable by their seed."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import click

from tests.command import Place, make_warehouse
from tools.crash import trial
from tools.crash.scenarios import main_rows, scenarios


@click.command()
@click.option("--kills", default=1000, show_default=True, help="How many kills to make.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same choices.")
@click.option("--only", default="", help="Only scenarios whose name contains this.")
def main(kills: int, seed: int, only: str) -> None:
    """Kill the job KILLS times on DuckDB and count wrong results; exit 1 when there is any."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(Path(folder), kills, random.Random(seed), only)  # noqa: S311 - to be repeatable
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    for where, count in trial.tally(outcomes).items():
        click.echo(f"{count:6}  {where}")
    for outcome in wrong:
        click.echo(f"WRONG  {outcome.scenario}, killed {outcome.kills}: {outcome.wrong}", err=True)
    total = sum(len(outcome.kills) for outcome in outcomes)
    click.echo(
        f"seed {seed}: {total} kills in {len(outcomes)} trials, {len(wrong)} wrong results, "
        f"{time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if wrong else 0)


def run(folder: Path, kills: int, chance: random.Random, only: str = "") -> list[trial.Outcome]:
    """Trials, scenario after scenario, until there were enough kills."""
    template = folder / "template.duckdb"
    make_warehouse(template)
    chosen = [one for one in scenarios() if only in one.name]
    expected = {
        one.name: _undisturbed(folder / f"undisturbed-{n}", template, one) for n, one in enumerate(chosen)
    }
    outcomes: list[trial.Outcome] = []
    weights = [one.weight for one in chosen]
    while sum(len(outcome.kills) for outcome in outcomes) < kills:
        (scenario,) = chance.choices(chosen, weights)
        place = Place(folder / f"trial-{len(outcomes)}", template)
        rows = partial(main_rows, place.warehouse)
        outcomes.append(trial.run(place, scenario, rows, expected[scenario.name], chance))
    return outcomes


def _undisturbed(folder: Path, template: Path, scenario: trial.Scenario) -> object:
    place = Place(folder, template)
    place.luigi(*scenario.arguments, "--local-scheduler").expect(0)
    return main_rows(place.warehouse)


if __name__ == "__main__":
    main()

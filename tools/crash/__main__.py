"""The long form: as many kills as asked for, in all scenarios, repeatable by their seed."""

from __future__ import annotations

import itertools
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import click

from tools.crash import trial
from tools.crash.grounds import DuckGround, Ground, hive_ground
from tools.crash.scenarios import scenarios
from tools.crash.trial import Outcome, Trial


@click.command()
@click.option("--kills", default=1000, show_default=True, help="How many kills to make.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same choices.")
@click.option("--on", "engine", type=click.Choice(["duckdb", "hive"]), default="duckdb", show_default=True)
@click.option("--only", default="", help="Only scenarios whose name contains this.")
def main(kills: int, seed: int, engine: str, only: str) -> None:
    """Kill the job KILLS times and count wrong results; exit 1 when there is any.

    Ctrl-C ends it with the count of what was seen until then, and 2.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has background commands ignore it
    began = time.monotonic()
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        _ground(engine, Path(folder)) as ground,
        suppress(KeyboardInterrupt),
    ):
        for outcome in run(ground, kills, random.Random(seed), only):  # noqa: S311 - to be repeatable
            outcomes.append(outcome)
            seen = outcome.wrong or f"{len(outcome.kills)} kills, main is right"
            click.echo(f"trial {len(outcomes)}, {outcome.scenario}: {seen}", err=True)
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    for where, count in trial.tally(outcomes).items():
        click.echo(f"{count:6}  {where}")
    for outcome in wrong:
        click.echo(f"WRONG  {outcome.scenario}, killed {outcome.kills}: {outcome.wrong}", err=True)
    total = sum(len(outcome.kills) for outcome in outcomes)
    click.echo(
        f"{engine}, seed {seed}: {total} kills in {len(outcomes)} trials, {len(wrong)} wrong results, "
        f"{time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if wrong else 0 if total >= kills else 2)


def _ground(engine: str, folder: Path) -> AbstractContextManager[Ground]:
    return hive_ground(folder) if engine == "hive" else nullcontext(DuckGround(folder))


def run(ground: Ground, kills: int, chance: random.Random, only: str = "") -> Iterator[Outcome]:
    """Trials, scenario after scenario, until there were enough kills."""
    chosen = [one for one in scenarios(ground.longest_range) if only in one.name]
    expected, lengths = {}, {}
    for number, one in enumerate(chosen):
        place = ground.place(f"undisturbed{number}")
        began = time.monotonic()
        place.start(*one.arguments, "--local-scheduler").finish(trial.LONGEST_SECONDS).expect(0)
        lengths[one.name] = time.monotonic() - began
        expected[one.name] = ground.rows(place)
    weights = [one.weight for one in chosen]
    made = 0
    for number in itertools.count():
        if made >= kills:
            return
        (scenario,) = chance.choices(chosen, weights)
        outcome = Trial(scenario, ground, chance, lengths[scenario.name]).run(
            f"trial{number}", expected[scenario.name]
        )
        made += len(outcome.kills)
        yield outcome


if __name__ == "__main__":
    main()

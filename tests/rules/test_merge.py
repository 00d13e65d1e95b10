"""What is published is read back: a main without temp's rows is written once more, then refused."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from ciss_luigi.errors import TotalsDiffer
from ciss_luigi.queries import statements
from ciss_luigi.sql.files import built_in
from ciss_luigi.state.markers import STEPS, Step
from tests.helpers import as_sent
from tests.rules.harness import MAIN, Bench
from tests.rules.telling import BEFORE, DATE, EXPECTED
from tests.rules.watched import Watch

MERGED = f"INSERT INTO {as_sent(MAIN)} "
FROM = "FROM {temp}\nWHERE run_date = '{run_date}' AND month_year IN ({months})"

CHANGED = "FROM (SELECT * REPLACE ({}) FROM {{temp}}) changed"

MUTANTS = {
    "nothing": (FROM, f"{FROM} AND 1 = 0"),
    "a customer lost": (FROM, f"{FROM} AND org_id <> 'org 1'"),
    "a row of zeros lost": (FROM, f"{FROM} AND org_id <> 'zero'"),
    "every row twice": ("FROM {temp}", "FROM (SELECT * FROM {temp} UNION ALL SELECT * FROM {temp}) twice"),
    "another date's rows": ("run_date = '{run_date}'", "run_date <> '{run_date}'"),
    "another date's rows beside its own": ("run_date = '{run_date}' AND", ""),
    "all months in each": (" AND month_year IN ({months})", ""),
    "the months mixed up": ("month_year IN ({months})", "month_year NOT IN ({months})"),
    "an amount changed": ("FROM {temp}", CHANGED.format("overage_charge + 1 AS overage_charge")),
    "dollars changed": ("FROM {temp}", CHANGED.format("total_charge_usd + 1 AS total_charge_usd")),
    "a currency lost": ("FROM {temp}", CHANGED.format("NULLIF(currency, 'USD') AS currency")),
    "a run_id lost": ("FROM {temp}", CHANGED.format("CASE WHEN org_id <> 'org 1' THEN run_id END AS run_id")),
}  # fmt: skip
"""What is changed in ``merge.sql``."""


def mutated(name: str, wrong: Callable[[], bool] = lambda: True) -> Callable[[str], str]:
    """A reader of the SQL files that changes ``merge.sql``, whenever it is to be wrong."""
    old, new = MUTANTS[name]

    def read(file: str) -> str:
        text = built_in(file)
        if file != "merge" or not wrong():
            return text
        assert text.count(old) == 1
        return text.replace(old, new)

    return read


@pytest.fixture
def late(filled: Bench) -> Bench:
    """Main as of the day before, whose rows are in temp too; then two rows more, and a build with them."""
    filled.query(
        "INSERT INTO mnaas.usage_overage_charge BY NAME SELECT * REPLACE ('late' AS org_id, 1.5 AS charge) "
        "FROM mnaas.usage_overage_charge WHERE currency IN ('USD', 'gbp')"
    )
    for step in (Step.TRUNCATE, Step.BUILD):
        filled.perform(DATE, step)
    return filled


@pytest.mark.parametrize("name", MUTANTS)
def test_a_merge_that_goes_wrong_twice_is_refused_and_rolled_back(
    late: Bench, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    late.wrap = watch.engine
    before = late.rows()
    monkeypatch.setattr(statements, "built_in", mutated(name))
    with caplog.at_level(logging.WARNING), pytest.raises(TotalsDiffer, match="does not hold what temp held"):
        late.perform(DATE, Step.MERGE)
    assert caplog.text.count("Writing it once more.") == 1
    assert watch.count(MERGED) == 2
    assert late.rows() == before
    assert late.marked(DATE) == [Step.TRUNCATE, Step.BUILD]


def test_a_merge_that_goes_wrong_once_is_written_once_more_and_published(
    late: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    late.wrap = watch.engine
    wrong = iter([True])
    monkeypatch.setattr(statements, "built_in", mutated("a customer lost", lambda: next(wrong, False)))
    late.perform(DATE, Step.MERGE)
    assert watch.count(MERGED) == 3
    assert len(late.result()) == len(EXPECTED) + 2
    assert late.marked(DATE) == list(STEPS)


def test_the_second_month_alone_may_fail_and_the_first_stays_published(
    late: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = iter([False, True, True])
    monkeypatch.setattr(statements, "built_in", mutated("nothing", lambda: next(wrong)))
    with pytest.raises(TotalsDiffer, match="main's 2017-01 does not hold"):
        late.perform(DATE, Step.MERGE)
    kept = {row["month_year"]: row["as_of_date"] for row in late.rows()}
    assert kept == {"2016-12": DATE, "2017-01": BEFORE}
    assert Step.MERGE not in late.marked(DATE)


@pytest.mark.parametrize("name", ["nothing", "every row twice"])
def test_without_transactions_main_may_be_wrong_but_is_not_marked_and_the_next_run_mends_it(
    late: Bench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late.wrap = Watch(transactions=False).engine
    with monkeypatch.context() as patch:
        patch.setattr(statements, "built_in", mutated(name))
        with pytest.raises(TotalsDiffer):
            late.perform(DATE, Step.MERGE)
    assert Step.MERGE not in late.marked(DATE)
    late.run(DATE)
    assert len(late.result()) == len(EXPECTED) + 2
    assert {row["as_of_date"] for row in late.rows()} == {DATE}

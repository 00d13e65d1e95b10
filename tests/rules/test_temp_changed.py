"""A temp, a main or a marker that somebody changed between the steps: healed once in the same run."""

from __future__ import annotations

import pytest

from ciss_luigi.errors import TempChanged, TotalsDiffer
from ciss_luigi.sql.files import built_in
from ciss_luigi.state.markers import STEPS, Step
from tests.helpers import as_sent
from tests.rules.harness import MAIN, TEMP, Bench
from tests.rules.telling import BEFORE, DATE, EXPECTED, LATE
from tests.rules.watched import BUILDS, Watch, interfere

READS_TEMP = ("ciss_luigi MergeMain", f"FROM {as_sent(TEMP)}\n")
CHANGES = {
    "emptied": f"DELETE FROM {TEMP}",
    "a row lost": f"DELETE FROM {TEMP} WHERE org_id = 'zero'",
    "a row twice": f"INSERT INTO {TEMP} SELECT * FROM {TEMP} WHERE org_id = 'zero' AND run_date = '{DATE}'",
    "an amount changed": f"UPDATE {TEMP} SET service_charge = service_charge + 1 WHERE org_id = 'big'",
    "an amount changed, and the total with it": (
        f"UPDATE {TEMP} SET service_charge = 1, total_charge = total_charge + 1 WHERE currency = 'USD'"
    ),
    "dollars changed within their row's check": (
        f"UPDATE {TEMP} SET total_charge_usd = 0.0000 WHERE currency = 'CHF'"
    ),
    "a NULL": f"UPDATE {TEMP} SET register_charge = NULL WHERE org_id = 'zero'",
    "counts changed": f"UPDATE {TEMP} SET billable_subs = billable_subs + 1 WHERE org_id = 'zero'",
    "another run_id": f"UPDATE {TEMP} SET run_id = 'another'",
    "another run_id on one row": f"UPDATE {TEMP} SET run_id = 'another' WHERE org_id = 'zero'",
    "no run_id on one row": f"UPDATE {TEMP} SET run_id = NULL WHERE org_id = 'zero'",
    "no as_of_date on one row": f"UPDATE {TEMP} SET as_of_date = NULL WHERE org_id = 'zero'",
    "another date's rows": f"UPDATE {TEMP} SET run_date = '{DATE}' WHERE run_date = '{BEFORE}'",
    "only another date's rows": (
        f"UPDATE {TEMP} SET run_date = CASE run_date WHEN '{DATE}' THEN '{BEFORE}' ELSE '{DATE}' END"
    ),
    "rows of another month": f"UPDATE {TEMP} SET month_year = '2016-11' WHERE currency = 'JPY'",
    "rows of no month": f"UPDATE {TEMP} SET month_year = NULL WHERE currency = 'JPY'",
    "another currency": f"UPDATE {TEMP} SET currency = 'SEK' WHERE currency = 'JPY'",
    "no currency": f"UPDATE {TEMP} SET currency = NULL WHERE currency = 'JPY'",
    "dropped": f"DROP TABLE {TEMP}",
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_temp_is_built_again_once_and_published(built: Bench, change: str) -> None:
    watch = Watch()
    built.wrap = watch.engine
    old = built.marker(DATE)
    built.query(CHANGES[change])
    built.run(DATE)
    new = built.marker(DATE)
    assert built.result() == EXPECTED
    assert watch.count(BUILDS) == 1
    assert old is not None
    assert new is not None
    assert old.run_id != new.run_id
    assert {row["run_id"] for row in built.rows()} == {new.run_id}


@pytest.mark.parametrize("change", ["emptied", "an amount changed", "no run_id on one row"])
def test_a_temp_that_is_changed_again_fails_the_run_and_the_next_heals(built: Bench, change: str) -> None:
    """Right before it is looked at, and again right before it is published, where no snapshot protects it."""
    watch = interfere(built, CHANGES[change], times=5, words=READS_TEMP, transactions=False)
    with pytest.raises(TempChanged, match="temp does not hold what BuildTemp's marker says"):
        built.perform(DATE, Step.MERGE)
    assert watch.count(BUILDS) == 1
    assert Step.MERGE not in built.marked(DATE)

    built.wrap = Watch().engine
    built.run(DATE)
    assert built.result() == EXPECTED


def test_one_budget_serves_a_changed_temp_and_its_rebuild(built: Bench) -> None:
    """Temp was changed: rebuilt. The sources move under that rebuild: there is no second one."""
    before = built.rows()
    built.query(CHANGES["emptied"])
    watch = interfere(built, LATE, times=1, words=(BUILDS,), transactions=False)
    with pytest.raises(TotalsDiffer, match=r"1\.2501 in temp"):
        built.perform(DATE, Step.MERGE)
    assert watch.count(BUILDS) == 1
    assert built.rows() == before


def test_one_budget_serves_all_steps_of_a_command(filled: Bench) -> None:
    """A late row costs BuildTemp the rebuild; a temp that is changed after that is for the next command."""
    before = filled.rows()
    watch = interfere(filled, LATE, times=1, words=(BUILDS,), transactions=False)
    for step in (Step.TRUNCATE, Step.BUILD):
        filled.perform(DATE, step)
    filled.query(CHANGES["emptied"])
    with pytest.raises(TempChanged):
        filled.perform(DATE, Step.MERGE)
    assert watch.count(BUILDS) == 2
    assert filled.rows() == before

    filled.run(DATE)
    assert watch.count(BUILDS) == 3
    assert filled.marked(DATE) == list(STEPS)


def test_a_rebuild_in_the_merge_takes_the_sources_as_they_are_now(built: Bench) -> None:
    built.query(LATE)
    built.query(CHANGES["emptied"])
    built.run(DATE)
    assert [row["overage_charge"] for row in built.rows() if row["currency"] == "CHF"] == ["1.2501"]


def test_a_temp_as_it_was_left_is_not_built_again(built: Bench) -> None:
    watch = Watch()
    built.wrap = watch.engine
    built.query(LATE)
    built.run(DATE)
    assert built.result() == EXPECTED
    assert watch.count(BUILDS) == 0


def test_other_dates_may_come_and_go_in_temp(built: Bench) -> None:
    watch = Watch()
    built.wrap = watch.engine
    built.query(f"INSERT INTO {TEMP} SELECT * REPLACE ('2017-01-01' AS run_date) FROM {TEMP}")
    built.query(f"DELETE FROM {TEMP} WHERE run_date = '{BEFORE}'")
    built.run(DATE)
    assert built.result() == EXPECTED
    assert watch.count(BUILDS) == 0


def test_a_dropped_main_is_made_again(built: Bench) -> None:
    built.query(f"DROP TABLE {MAIN}")
    built.perform(DATE, Step.MERGE)
    assert built.result() == EXPECTED


def test_both_tables_dropped_are_made_again(built: Bench) -> None:
    built.query(f"DROP TABLE {MAIN}")
    built.query(f"DROP TABLE {TEMP}")
    built.perform(DATE, Step.MERGE)
    assert built.result() == EXPECTED


def test_a_lost_marker_of_the_build_is_a_rebuild(built: Bench) -> None:
    built.reset(DATE, Step.BUILD)
    built.perform(DATE, Step.MERGE)
    assert built.result() == EXPECTED
    assert built.marked(DATE) == list(STEPS)


def test_the_job_asks_temp_as_the_test_believes() -> None:
    """The words by which these tests find the job's statements."""
    text = built_in("summary_totals")
    assert 0 < text.index("rows_with_null") < text.index("FROM {table}\n")

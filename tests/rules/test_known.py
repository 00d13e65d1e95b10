"""What a command knows from the step before is not asked again; what happens in between is found."""

from __future__ import annotations

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.errors import TempChanged, TotalsDiffer
from ciss_luigi.queries.readiness import judge
from ciss_luigi.state.markers import STEPS, Step
from ciss_luigi.steps import runner, sourcesready
from ciss_luigi.steps.job import job_of
from ciss_luigi.steps.known import Known
from tests.helpers import as_sent
from tests.rules.harness import MAIN, TEMP, Bench
from tests.rules.telling import DATE, EXPECTED, LATE
from tests.rules.test_temp_changed import CHANGES
from tests.rules.watched import BUILDS, Watch, interfere

pytestmark = pytest.mark.whole

LOOKS_AT_TEMP = ("rows_with_null", f"FROM {as_sent(TEMP)}\n")
PUBLISHES = ("ciss_luigi MergeMain", f"INSERT INTO {as_sent(MAIN)} ")


def ask_sources(bench: Bench) -> Known:
    """What SourcesReady leaves to the steps of its command."""
    job = job_of(bench.site(), RunDate.parse(DATE))
    holdings = sourcesready.ask(job, job.months, alone=True)
    judge(holdings, job.months, job.settings).require()
    return job.known


def perform(bench: Bench, known: Known, *steps: Step) -> None:
    """Some steps of one command."""
    for step in steps:
        runner.perform(bench.site(), RunDate.parse(DATE), step, tell=bench.told.append, known=known)


def without_transactions(bench: Bench) -> Watch:
    """The engine as a Hive is."""
    watch = Watch(transactions=False)
    bench.wrap = watch.engine
    return watch


@pytest.mark.parametrize("transactions", [True, False])
def test_each_is_summed_up_once(filled: Bench, transactions: bool) -> None:
    watch = Watch(transactions=transactions)
    filled.wrap = watch.engine
    perform(filled, ask_sources(filled), *STEPS)
    assert filled.result() == EXPECTED
    assert watch.count("AS source_rows", "'billable' AS source_role, ") == 2  # one for each month
    assert watch.count(*LOOKS_AT_TEMP) == 1


def test_sources_that_moved_since_they_were_asked_are_asked_again_and_cost_no_rebuild(filled: Bench) -> None:
    watch = without_transactions(filled)
    known = ask_sources(filled)
    filled.query(LATE)
    perform(filled, known, *STEPS)
    assert watch.count(BUILDS) == 1
    assert [row["overage_charge"] for row in filled.rows() if row["currency"] == "CHF"] == ["1.2501"]


def test_sources_that_move_right_before_the_build_are_asked_again_too(filled: Bench) -> None:
    without_transactions(filled)
    known = ask_sources(filled)
    watch = interfere(filled, LATE, times=1, words=(BUILDS,), transactions=False)
    perform(filled, known, *STEPS)
    assert watch.count(BUILDS) == 1
    assert [row["overage_charge"] for row in filled.rows() if row["currency"] == "CHF"] == ["1.2501"]


@pytest.mark.parametrize("transactions", [True, False])
@pytest.mark.parametrize("change", ["emptied", "an amount changed", "another run_id on one row", "a NULL"])
def test_a_temp_that_is_changed_after_its_proof_is_found_in_main_and_healed(
    filled: Bench, change: str, transactions: bool
) -> None:
    watch = Watch(transactions=transactions)
    filled.wrap = watch.engine
    known = ask_sources(filled)
    perform(filled, known, Step.TRUNCATE, Step.BUILD)
    filled.query(CHANGES[change])
    perform(filled, known, Step.MERGE)
    assert filled.result() == EXPECTED
    assert watch.count(BUILDS) == 2
    assert {row["run_id"] for row in filled.rows(TEMP)} >= {row["run_id"] for row in filled.rows()}


def test_a_temp_that_is_dropped_after_its_proof_is_built_again(filled: Bench) -> None:
    without_transactions(filled)
    known = ask_sources(filled)
    perform(filled, known, Step.TRUNCATE, Step.BUILD)
    filled.query(CHANGES["dropped"])
    perform(filled, known, Step.MERGE)
    assert filled.result() == EXPECTED


def test_a_main_that_reads_back_wrong_twice_fails_and_temp_is_not_blamed(filled: Bench) -> None:
    without_transactions(filled)
    known = ask_sources(filled)
    perform(filled, known, Step.TRUNCATE, Step.BUILD)
    wrong = f"UPDATE {MAIN} SET service_charge = service_charge + 1 WHERE org_id = 'big'"
    watch = interfere(
        filled, wrong, times=9, words=("ciss_luigi MergeMain", f"FROM {as_sent(MAIN)}\n", "rows_with_null"),
        transactions=False,
    )  # fmt: skip
    with pytest.raises(TotalsDiffer, match="does not hold what temp held"):
        perform(filled, known, Step.MERGE)
    assert watch.count(BUILDS) == 0
    assert watch.count(*LOOKS_AT_TEMP) == 1
    assert Step.MERGE not in filled.marked(DATE)


def test_a_temp_that_is_changed_each_time_fails_and_the_next_command_heals(filled: Bench) -> None:
    without_transactions(filled)
    known = ask_sources(filled)
    perform(filled, known, Step.TRUNCATE, Step.BUILD)
    interfere(filled, CHANGES["an amount changed"], times=5, words=PUBLISHES, transactions=False)
    with pytest.raises(TempChanged):
        perform(filled, known, Step.MERGE)
    assert Step.MERGE not in filled.marked(DATE)
    filled.wrap = Watch().engine
    filled.run(DATE)
    assert filled.result() == EXPECTED


def test_a_marker_of_another_build_is_not_believed_by_what_is_known(filled: Bench) -> None:
    without_transactions(filled)
    known = ask_sources(filled)
    perform(filled, known, Step.TRUNCATE, Step.BUILD)
    filled.perform(DATE, Step.BUILD)
    watch = Watch()
    filled.wrap = watch.engine
    perform(filled, known, Step.MERGE)
    assert watch.count(*LOOKS_AT_TEMP) == 1
    assert filled.result() == EXPECTED

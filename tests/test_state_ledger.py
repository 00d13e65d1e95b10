"""The run ledger: only ever appended to, readable after any kill."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.state.commandledger import COMMAND
from ciss_luigi.state.ledger import Ledger, MonthFigures, Outcome, Result

DATE = RunDate.parse("2016-11-03")


def test_attempts_come_with_their_outcome_and_error(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    first = ledger.start(DATE, "BuildTemp")
    ledger.end(DATE, first, Outcome.FAILED, 'no rate "X"\nState: é')
    second = ledger.start(DATE, "BuildTemp")
    ledger.end(DATE, second, Outcome.DONE)
    ledger.start(DATE, "MergeMain")
    told = [(attempt.step, attempt.outcome, attempt.error) for attempt in ledger.attempts(DATE)]
    assert told == [
        ("BuildTemp", Outcome.FAILED, 'no rate "X"\nState: é'),
        ("BuildTemp", Outcome.DONE, ""),
        ("MergeMain", None, ""),
    ]


def test_what_an_attempt_built_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    figures = MonthFigures("2016-11", 6, 24, Decimal("6834213.3700"))
    result = Result("2016-11-03-x", (figures,), ("2016-10",), ())
    ledger.end(DATE, ledger.start(DATE, "MergeMain"), Outcome.DONE, result=result)
    (attempt,) = ledger.attempts(DATE)
    assert attempt.result == result
    assert attempt.command == COMMAND
    assert str(attempt.result.months[0].total_charge_usd) == "6834213.3700"


def test_a_result_of_no_sense_costs_only_itself(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number, bad in enumerate(["[]", '{"run_id": 1}', '"x"']):
        attempt = ledger.start(DATE, f"step {number}")
        with (tmp_path / "2016-11-03.jsonl").open("a") as file:
            end = f'"event": "end", "attempt": "{attempt}", "outcome": "done", "error": "", "result": {bad}'
            file.write(f'{{"at": "x", {end}}}\n')
    assert [(one.outcome, one.result) for one in ledger.attempts(DATE)] == [(Outcome.DONE, None)] * 3


def test_a_torn_line_of_a_killed_writer_costs_only_itself(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    first = ledger.start(DATE, "TruncateTemp")
    path = tmp_path / "2016-11-03.jsonl"
    with path.open("ab") as file:
        file.write(b'{"at": "2016-11-03T00:00:00", "event": "en\xff')
    ledger.end(DATE, first, Outcome.DONE)
    (attempt,) = ledger.attempts(DATE)
    assert attempt.outcome is Outcome.DONE


def test_lines_of_no_sense_are_passed_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    (tmp_path / "2016-11-03.jsonl").write_text(
        'null\n[]\n{}\n{"event": "start"}\n{"event": "end", "attempt": "x"}\n'
        '{"event": "start", "attempt": [], "step": 1}\n{"event": "start", "attempt": {}, "pid": "x"}\n'
    )
    assert ledger.attempts(DATE) == []
    assert ledger.attempts(RunDate.parse("2016-11-04")) == []


def test_the_dates_of_a_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.dates() == []
    for date in ("2017-01-02", "2016-11-03"):
        ledger.start(RunDate.parse(date), "BuildTemp")
    (tmp_path / "ledger" / "notes.jsonl").write_text("")
    assert list(map(str, ledger.dates())) == ["2016-11-03", "2017-01-02"]

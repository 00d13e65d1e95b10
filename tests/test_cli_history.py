"""``ciss history``: every attempt, what was merged, the change to the run before."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import uuid
from collections import Counter
from pathlib import Path

import pytest

from ciss_luigi import errors, plainfile, site
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.operator import history
from ciss_luigi.state import commandledger, jsonlines
from ciss_luigi.state.markers import Step
from tests.command import PYTHON, Place
from tests.helpers import run, running, typed

pytestmark = pytest.mark.whole

OLD = Path(__file__).parent / "formats" / "0.1.0" / "duckdb"


def test_a_month_is_told_with_the_change_to_the_run_before(place: Place) -> None:
    run(place.folder, "2016-11-20")
    place.query("UPDATE mnaas.usage_overage_charge SET charge = charge + 1 WHERE currency = 'USD'")
    run(place.folder, "2016-11-21")
    answer = typed(place.folder, "history").expect(0, "2016-11-20  TruncateTemp", "first run of this month")
    assert "(+3.00 USD)" in answer.out
    document = json.loads(typed(place.folder, "history", "--json").expect(0).out)
    assert document["format"] == 1
    assert [one["step"] for one in document["attempts"]] == ["TruncateTemp", "BuildTemp", "MergeMain"] * 2
    assert {one["outcome"] for one in document["attempts"]} == {"done"}
    first, second = document["months"]
    assert (first["date"], first["month"], first["change_usd"]) == ("2016-11-20", "2016-11", None)
    assert second["change_usd"] == "3.0000"
    marker = place.read_marker("2016-11-21", "MergeMain")
    assert second["run_id"] == marker["run_id"] == document["attempts"][-1]["run_id"]
    assert second["rows"] == marker["months"][0]["rows"]


def test_a_range_knows_the_run_before_it(place: Place) -> None:
    for date in ("2016-11-20", "2016-11-21", "2016-11-22"):
        run(place.folder, date)
    document = json.loads(
        typed(place.folder, "history", "--from", "2016-11-21", "--to", "2016-11-21", "--json").out
    )
    assert {one["date"] for one in document["attempts"]} == {"2016-11-21"}
    assert [one["change_usd"] for one in document["months"]] == ["0.0000"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["MergeMain", "--date", "2016-11-15"], True),
        (["MergeMain", "--date=2016-11-20"], True),
        (["MergeMain", "--date", "2016-11-21"], False),
        (["RangeDaily", "--start", "2016-11-12", "--stop", "2016-11-14"], True),
        (["RangeDaily", "--start", "2016-11-01", "--stop", "2016-11-10"], False),
        (["RangeDaily", "--start", "2016-11-01", "--stop", "2016-11-11"], True),
        (["RangeDaily", "--start", "2016-11-20"], True),
        (["RangeDaily", "--start", "2016-11-21", "--stop", "2016-12-01"], False),
    ],
)
def test_a_command_that_began_no_step_belongs_to_the_dates_that_it_was_asked_for(
    tmp_path: Path, arguments: list[str], shown: bool
) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = state\n")
    here = site.load({}, tmp_path)
    commandledger.end(here.commands.begin("c1", arguments), "c1", 35)
    bounds = ("--from", "2016-11-10", "--to", "2016-11-20")
    document = json.loads(typed(tmp_path, "history", "--failed", "--json", *bounds).expect(0).out)
    assert [one["exit_code"] for one in document["commands"]] == [35] * shown


def test_what_failed_and_was_killed_is_kept_when_it_is_healed(place: Place) -> None:
    place.query("UPDATE mnaas.usage_overage_charge SET currency = 'XXX'")
    with pytest.raises(Exception, match="XXX"):
        run(place.folder, "2016-11-20")
    place.query("UPDATE mnaas.usage_overage_charge SET currency = 'GBP'")
    with running(place.folder, "2016-11-21", Step.MERGE):
        assert "running" in typed(place.folder, "history").out
    run(place.folder, "2016-11-20")
    run(place.folder, "2016-11-21")
    lines = typed(place.folder, "history", "--failed").expect(0).out.splitlines()
    told, killed = " ".join(lines[:-1]), lines[-1]
    assert told.split()[:2] == ["2016-11-20", "BuildTemp"]
    assert "failed the source data has errors; nothing was published: no XXX rate" in " ".join(told.split())
    assert all(len(line) <= 80 for line in lines)
    assert "killed" in killed
    assert "2016-11-21" in killed


def test_a_command_that_was_stopped_or_killed_between_steps_is_shown(place: Place) -> None:
    """Its attempts went well; and the step that made a range fail may be of another date."""
    here = site.load({}, place.folder)
    run(place.folder, "2016-11-20")
    attempts = here.ledger.attempts(RunDate.parse("2016-11-20"))
    for name, code in ((attempts[0].command, 143), ("range", 30)):
        ledger = here.commands.begin(name, ["MergeMain", "--date", "2016-11-20"])
        commandledger.end(ledger, name, code)
    for options in ((), ("--failed",)):
        out = typed(place.folder, "history", *options).expect(0, "ended before or between steps:").out
        assert "exit code 143" in out
        assert "exit code 30" not in out


def test_a_later_date_that_was_merged_before_counts_as_the_run_before(place: Place) -> None:
    run(place.folder, "2016-11-22")
    place.query("UPDATE mnaas.usage_overage_charge SET charge = charge + 1 WHERE currency = 'USD'")
    typed(place.folder, "reset", "--date", "2016-11-22").expect(0)
    place.configure(allow_older="true")
    run(place.folder, "2016-11-21")
    bounds = ("--from", "2016-11-21", "--to", "2016-11-21")
    for options in ((), bounds):
        months = json.loads(typed(place.folder, "history", "--json", *options).out)["months"]
        assert [one["change_usd"] for one in months if one["date"] == "2016-11-21"] == ["3.0000"]


def test_without_a_failure_it_says_so(place: Place) -> None:
    run(place.folder, "2016-11-20")
    typed(place.folder, "history", "--failed").expect(
        0, "nothing: no attempt that failed, was stopped or killed"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("", ""),
        ("one line", "one line"),
        ("a list:\n    - first\n    - second\n  State: x", "a list: first; and 1 more"),
        ("a list:\n    - first\nState: x\nNext:  y", "a list: first"),
        ("no list:\nState: x", "no list:"),
        ("first\nsecond", "first"),
    ],
)
def test_the_gist_of_an_error_is_its_first_line_and_the_first_of_its_list(error: str, told: str) -> None:
    assert errors.gist(error) == told


def test_a_command_that_began_no_step_is_shown_with_its_exit_code_and_why(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = state\n")
    here = site.load({}, tmp_path)
    for number, code in enumerate((20, 35, 10, 0)):
        ledger = here.commands.begin(f"c{number}", ["MergeMain", "--date", "2016-11-22"])
        commandledger.note(ledger, f"c{number}", f"this is why {code}\nState: nothing was touched")
        commandledger.end(ledger, f"c{number}", code)
    out = typed(tmp_path, "history").expect(0, "commands that ended before or between steps:").out
    assert [line.split("  ")[2:] for line in out.splitlines() if "luigi MergeMain" in line] == [
        ["exit code 20", "luigi MergeMain --date 2016-11-22"],
        ["exit code 35", "luigi MergeMain --date 2016-11-22"],
    ]
    assert "    this is why 20\n" in out
    failed = typed(tmp_path, "history", "--failed").out
    assert "exit code 35" in failed
    assert "exit code 20" not in failed
    assert "luigi" not in typed(tmp_path, "history", "--from", "2016-11-23").out


def test_without_any_attempt_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\n")
    typed(tmp_path, "history").expect(0, "nothing: no attempt")


def test_a_ledger_of_the_first_release_stays_readable(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = state\n")
    shutil.copytree(OLD / "ledger", tmp_path / "state" / "ledger")
    document = json.loads(typed(tmp_path, "history", "--json").expect(0).out)
    assert len(document["attempts"]) > 10
    done = [one for one in document["attempts"] if one["outcome"] == "done"]
    assert len(done) > 10
    assert all(one["seconds"] is not None for one in done)


def test_a_ledger_that_was_tampered_with_begins_no_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = state\n")
    write_nights(tmp_path / "state" / "ledger", dt.date(2016, 11, 22), 1)
    start = {"event": "start", "attempt": "x", "step": "MergeMain", "host": "h", "pid": 1, "command": "x"}
    with (tmp_path / "state" / "ledger" / "2016-11-22.jsonl").open("a") as ledger:
        ledger.write(json.dumps({"at": "2016\n2016-11-30  FORGED", **start}) + "\n")
        ledger.write(json.dumps({"at": "2017", **start, "attempt": "y", "step": "Merge\nFORGED"}) + "\n")
    answer = typed(tmp_path, "history").expect(0, "MergeMain     2016 2016-11-30")
    assert not [line for line in answer.out.splitlines() if line.startswith(("2016-11-30", "FORGED"))]


def write_nights(folder: Path, first: dt.date, nights: int) -> None:
    """A ledger as so many nights leave it."""
    folder.mkdir(parents=True)
    for number in range(nights):
        day = first + dt.timedelta(days=number)
        lines = []
        for step, took in (("TruncateTemp", 1), ("BuildTemp", 600 + number % 90), ("MergeMain", 120)):
            name, begin = uuid.uuid4().hex, dt.datetime.combine(day, dt.time(2), dt.UTC)
            figures = {
                "month": f"{day:%Y-%m}",
                "rows": 4130,
                "source_rows": 9000,
                "total_charge_usd": "6834213.3700",
            }
            result = {"run_id": name, "months": [figures], "superseded": [], "left_out": []}
            start = {"event": "start", "attempt": name, "step": step, "host": "h", "pid": 1, "command": name}
            end = {"event": "end", "attempt": name, "outcome": "done", "error": "", "result": result}
            lines += [
                json.dumps({"at": begin.isoformat(), **start}),
                json.dumps({"at": (begin + dt.timedelta(seconds=took)).isoformat(), **end}),
            ]
        (folder / f"{day}.jsonl").write_text("\n".join(lines) + "\n")
        (folder / "commands").mkdir(exist_ok=True)
        (folder / "commands" / f"{day}.jsonl").write_text(
            "\n".join(map(json.dumps, command_lines(day, name, begin))) + "\n"
        )


def command_lines(day: dt.date, name: str, begin: dt.datetime) -> list[dict[str, object]]:
    """What a command leaves that begins and ends well."""
    arguments = ["--module", "ciss_luigi", "MergeMain", "--date", str(day)]
    first = {"event": "begin", "arguments": arguments, "host": "h", "pid": 1, "born": "1"}
    return [
        {"at": begin.isoformat(), "command": name, **first},
        {"at": begin.isoformat(), "command": name, "event": "end", "exit_code": 0},
    ]


def test_each_ledger_of_three_years_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs is measured in benchmarks/nights.py."""
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = state\n")
    write_nights(tmp_path / "state" / "ledger", dt.date(2014, 1, 1), 1096)
    here = site.load({}, tmp_path)
    read: Counter[Path] = Counter()

    def counted(path: Path, **how: str) -> str:
        read[path] += 1
        return plainfile.read_plain(path, **how)

    monkeypatch.setattr(jsonlines, "read_plain", counted)
    found = history.look(here)
    assert set(read.values()) == {1}
    assert len(read) == 2 * 1096
    assert len(found.lines) == 3 * 1096
    assert len(found.months) == len(found.commands) == 1096


@pytest.mark.parametrize("words", [("history",), ("history", "--json"), ("history", "--failed"), ("status",)])
def test_a_look_at_the_past_needs_no_engine_no_step_and_no_luigi(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\nstate_dir = state\n")
    write_nights(tmp_path / "state" / "ledger", dt.date(2014, 1, 1), 3)
    program = (
        "import sys\nfrom ciss_luigi.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    command = [str(PYTHON), "-c", program, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=words[0] == "history")
    assert ("2014-01" in done.stdout) is ("--failed" not in words)
    assert f"ciss_luigi.operator.{words[0]}" in done.stderr.splitlines()
    needless = {
        "duckdb",
        "sqlalchemy",
        "luigi",
        *(f"ciss_luigi.{one}" for one in ("engines", "steps", "queries")),
    }
    assert needless & set(done.stderr.splitlines()) == set()

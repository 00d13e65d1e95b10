"""The log file: its two forms, several processes, rotation, and what the terminal still shows."""

from __future__ import annotations

import datetime as dt
import json
import logging
import multiprocessing
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.config.telling import Log
from ciss_luigi.plaintext import remember
from ciss_luigi.telemetry import context
from ciss_luigi.telemetry.log import LogFile
from tests.command import Place, name_of
from tests.helpers import ciss

DATE = "2016-11-22"


def write(file: Path, *records: tuple[str, dict[str, Any]], **settings: Any) -> list[str]:
    """Write some lines in this process; gives what stands in the file."""
    handler = LogFile(Log(file=file, **settings))
    for words, fields in records:
        record = logging.makeLogRecord(
            {"msg": "%s", "args": (words,), "levelname": "INFO", "levelno": 20, "ciss": fields}
        )
        handler.emit(record)
    handler.close()
    return file.read_text().splitlines()


def test_text_is_time_first_and_then_pairs_that_splunk_takes(tmp_path: Path) -> None:
    (line,) = write(tmp_path / "log", ('say "no"\nand \\ back', {"event.action": "x", "labels.rows": "3"}))
    time, _, rest = line.partition(" ")
    assert dt.datetime.fromisoformat(time).tzinfo is not None
    pairs = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', rest))
    assert pairs.pop("pid").isdigit()
    assert pairs == {"level": "INFO", "action": "x", "rows": "3", "message": r"say \"no\"\nand \\ back"}


def test_json_has_the_names_of_the_elastic_common_schema(tmp_path: Path) -> None:
    with context.within(trace_id="t1", labels_run_date=DATE):
        (line,) = write(
            tmp_path / "log",
            ("a\nb \x1b[2J", {"event.action": "step-end", "event.duration": 5, "labels.rows": "3"}),
            format="json",
        )
    found = json.loads(line)
    assert found["message"] == "a\nb \\x1b[2J"
    assert found["log.level"] == "info"
    assert found["service"]["name"] == "ciss_luigi"
    assert found["event"] == {"action": "step-end", "duration": 5}
    assert found["labels"] == {"rows": "3", "run_date": DATE}
    assert found["trace"]["id"] == "t1"
    assert set(found["process"]) == {"pid"}
    assert found["host"]["name"]
    assert found["@timestamp"].endswith("Z")
    assert set(found) <= {
        "@timestamp", "ecs.version", "event", "host", "labels", "log.level", "message", "process", "service",
        "trace",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_reaches_the_file(tmp_path: Path, form: str) -> None:
    remember("log-secret-77")
    lines = write(tmp_path / "log", ("log-secret-77", {"error.message": "log-secret-77"}), format=form)
    assert "log-secret-77" not in lines[0]
    assert lines[0].count("***") == 2, "the message and the error"


def test_rotation_keeps_so_many_files_of_so_many_bytes(tmp_path: Path) -> None:
    write(tmp_path / "log", *(("x" * 100, {}) for _ in range(100)), rotate_mb=0.001, keep=3)
    assert sorted(path.name for path in tmp_path.glob("log*")) == ["log", "log.1", "log.2", "log.3"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.glob("log*"))


def test_without_rotation_the_file_grows(tmp_path: Path) -> None:
    write(tmp_path / "log", *(("x" * 1000, {}) for _ in range(100)), rotate_mb=0)
    assert [path.name for path in tmp_path.glob("*")] == ["log"]


def test_a_file_that_logrotate_renamed_is_left_for_a_new_one(tmp_path: Path) -> None:
    handler = LogFile(Log(file=tmp_path / "log"))
    handler.emit(logging.makeLogRecord({"msg": "one"}))
    (tmp_path / "log").rename(tmp_path / "log-20161122")
    handler.emit(logging.makeLogRecord({"msg": "two"}))
    handler.close()
    assert "one" in (tmp_path / "log-20161122").read_text()
    assert "two" in (tmp_path / "log").read_text()


def test_a_log_that_cannot_be_written_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = LogFile(Log(file=tmp_path / "gone" / "log"))
    for _ in range(3):
        handler.emit(logging.makeLogRecord({"msg": "x"}))
    assert capsys.readouterr().err.count("cannot be written") == 1


def _chatter(file: Path, name: int) -> None:
    handler = LogFile(Log(file=file, rotate_mb=0.02, keep=1000))
    for number in range(300):
        handler.emit(logging.makeLogRecord({"msg": f"line {name}-{number} {'y' * (number % 90)} end"}))


def test_processes_lose_and_tear_no_line_across_rotation(tmp_path: Path) -> None:
    workers = [multiprocessing.Process(target=_chatter, args=(tmp_path / "log", name)) for name in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = [line for path in tmp_path.glob("log*") for line in path.read_text().splitlines()]
    found = Counter(re.findall(r'message="line (\d-\d+) y* ?end"$', line)[0] for line in lines)
    assert found == Counter(f"{name}-{number}" for name in range(4) for number in range(300))
    assert len(list(tmp_path.glob("log.*"))) > 3


# --- the command --------------------------------------------------------------------------------------


def log_of(place: Place) -> list[dict[str, Any]]:
    files = sorted(place.folder.glob("ciss.log*"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def actions(lines: list[dict[str, Any]]) -> Counter[str]:
    return Counter(line["event"]["action"] for line in lines if "action" in line.get("event", {}))


@pytest.mark.slow
@pytest.mark.core
def test_a_night_in_the_log(place: Place) -> None:
    place.configure("[ciss_log]\nfile = ciss.log\nformat = json\nlevel = DEBUG\n")
    text = place.merge(DATE).explained(0).text
    assert "command-begin" not in text
    assert "SELECT" not in text
    lines = log_of(place)
    count = actions(lines)
    assert count["command-begin"] == count["command-end"] == count["month-merged"] == 1
    assert count["step-begin"] == count["step-end"] == 3
    assert count["statement"] > 10
    assert len({line["trace"]["id"] for line in lines}) == 1
    (merged,) = [one for one in lines if one.get("event", {}).get("action") == "month-merged"]
    assert merged["labels"]["run_date"] == DATE
    assert merged["labels"]["step"] == "MergeMain"
    assert merged["labels"]["engine"] == "duckdb"
    assert merged["labels"]["run_id"] == place.read_marker(DATE, "MergeMain")["run_id"]
    assert merged["labels"]["rows"] == str(place.read_marker(DATE, "MergeMain")["months"][0]["rows"])
    (end,) = [one for one in lines if one.get("event", {}).get("action") == "command-end"]
    assert (end["process"]["exit_code"], end["event"]["outcome"]) == (0, "success")
    assert end["event"]["duration"] > 0
    (merge_end,) = [
        one
        for one in lines
        if one.get("event", {}).get("action") == "step-end" and one["labels"]["step"] == "MergeMain"
    ]
    assert merge_end["event"]["outcome"] == "success"


@pytest.mark.slow
def test_a_failing_night_in_the_log(place: Place) -> None:
    place.configure("[ciss_log]\nfile = ciss.log\nformat = json\n")
    place.query("UPDATE mnaas.usage_overage_charge SET currency = 'XXX'")
    place.merge(DATE).explained(30)
    lines = log_of(place)
    (end,) = [one for one in lines if one.get("event", {}).get("action") == "command-end"]
    assert (end["process"]["exit_code"], end["log.level"]) == (30, "error")
    failed = [one for one in lines if one.get("event", {}).get("outcome") == "failure" and "labels" in one]
    assert any("XXX" in one.get("error", {}).get("message", "") for one in failed)
    assert "statement" not in actions(lines)


@pytest.mark.slow
def test_two_commands_with_workers_write_one_log_across_rotation(place: Place) -> None:
    place.configure(
        "[ciss_log]\nfile = ciss.log\nformat = json\nlevel = DEBUG\nrotate_mb = 0.02\nkeep = 1000\n"
    )
    first = place.ranging("2016-11-10", "2016-11-14", "--workers", "2")
    second = place.ranging("2016-11-20", "2016-11-24", "--workers", "2")
    first.finish(300).explained(0)
    second.finish(300).explained(0)
    lines = log_of(place)
    assert len(list(place.folder.glob("ciss.log.*"))) > 2
    count = actions(lines)
    assert (count["command-begin"], count["command-end"]) == (2, 2)
    assert (count["step-begin"], count["step-end"]) == (24, 24)
    assert len({line["trace"]["id"] for line in lines}) == 2


@pytest.mark.slow
def test_a_quiet_terminal_shows_warnings_only(place: Place) -> None:
    place.configure("[ciss_log]\nfile = ciss.log\nterminal = quiet\n")
    place.query(f"INSERT INTO mnaas.{name_of('mapping')} (org_id) VALUES ('one')")  # none at all is a warning
    assert place.merge(DATE).expect(0).text == ""
    assert 'action="command-end"' in (place.folder / "ciss.log").read_text()
    assert "INFO" in (place.folder / "ciss.log").read_text()
    place.merge("2020-01-01").explained(20, "WARNING: ")


@pytest.mark.slow
def test_verbs_that_change_something_log_too(place: Place) -> None:
    place.configure("[ciss_log]\nfile = ciss.log\nformat = json\n")
    ciss(place.folder, "reset", "--date", DATE)
    ciss(place.folder, "status")
    ciss(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(1)
    lines = log_of(place)
    begun = [one["message"] for one in lines if one.get("event", {}).get("action") == "command-begin"]
    assert begun == [f"ciss reset --date {DATE}", f"ciss watch --by 00:00 --date {DATE}"]
    assert [one["process"]["exit_code"] for one in lines if "exit_code" in one["process"]][-1] == 1
    ended = [one["event"] for one in lines if one.get("event", {}).get("action") == "command-end"]
    assert len(ended) == 2
    assert all(one["duration"] > 0 for one in ended)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    write(tmp_path / "log", *(("x" * 1000, {}) for _ in range(100)), rotate_mb=0.02)
    made = {path.name: path.stat() for path in tmp_path.iterdir()}
    assert {".log.lock", "log", "log.1"} <= made.keys()
    assert {(one.st_uid, one.st_gid) for one in made.values()} == {(65534, 65534)}


@pytest.mark.slow
def test_a_sites_own_log_stays_as_it_was(place: Place) -> None:
    """A file of a logging_conf_file gets what its logger's level lets through, and no more."""
    (place.folder / "logging.cfg").write_text(LOGGING)
    place.configure("logging_conf_file = logging.cfg\n[ciss_log]\nfile = ciss.log\nlevel = DEBUG\n")
    place.merge(DATE).expect(0)
    place.merge("2020-01-01").expect(20)
    own = (place.folder / "own.log").read_text()
    assert "WARNING" in own
    assert "INFO" not in own
    assert 'level="INFO"' in (place.folder / "ciss.log").read_text()


LOGGING = """
[loggers]
keys = root, luigi
[handlers]
keys = own
[formatters]
keys = plain
[logger_root]
level = WARNING
handlers =
[logger_luigi]
level = WARNING
qualname = luigi-interface
handlers = own
[handler_own]
class = FileHandler
formatter = plain
args = ("own.log",)
[formatter_plain]
format = %(levelname)s %(message)s
"""

"""What is told, when, and once: the rules, on real records on disk."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ciss_luigi.alerts.door import anything_in
from ciss_luigi.alerts.failure import ClosedBy, Failure, Seen, What
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.alerts.outbox import Entry, Outbox
from ciss_luigi.alerts.records import KEPT_DAYS, Records
from ciss_luigi.locking.filelocks import FileLock, LocksUnusable
from ciss_luigi.plaintext import remember

NIGHT = dt.datetime(2016, 11, 23, 3, 0, tzinfo=dt.UTC)
RATES = """\
BuildTemp of {date}: the source rows break rules of the money
  - 2016-11: no rate for GBP -> USD (12 rows)
State: main was not touched; temp is rebuilt by the next run
Next:  luigi --module ciss_luigi MergeMain --date {date}"""


def seen(date: str = "2016-11-22", text: str = RATES, **more: object) -> Seen:
    made = Seen("BuildTemp failed", "BuildTemp", 30, "BillingFault", text.format(date=date), (date,))
    return replace(made, **more)  # type: ignore[arg-type]


class Desk:
    """Notices at some time, and what they put into the outbox."""

    def __init__(self, folder: Path, night: dt.datetime = NIGHT) -> None:
        self.folder = folder
        self.night = night
        self.records = Records(folder)
        self.outbox = Outbox(folder)

    def at(self, minutes: float = 0, channels: tuple[str, ...] = ("mail",), throttle: float = 60) -> Notices:
        now = self.night + dt.timedelta(minutes=minutes)
        return Notices(self.records, self.outbox, channels, dt.timedelta(minutes=throttle), now)

    def waiting(self) -> list[Entry]:
        return self.outbox.entries()

    def told(self) -> list[tuple[What, int]]:
        return [(entry.what, entry.number) for entry in self.waiting()]


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk(folder)


def test_a_failure_is_told_once_on_each_channel(desk: Desk) -> None:
    desk.at(channels=("mail", "desk")).fail([seen()])
    assert [(entry.channel, entry.what, entry.number) for entry in desk.waiting()] == [
        ("desk", What.FAILURE, 1),
        ("mail", What.FAILURE, 1),
    ]
    (entry, _) = desk.waiting()
    assert entry.subject == "ciss: BuildTemp failed for 2016-11-22 (exit code 30)"
    for words in ("no rate for GBP", "State: main was not touched", "Next:  luigi --module", "(once)"):
        assert words in entry.text


def test_thirty_dates_that_fail_alike_are_one_message(desk: Desk) -> None:
    dates = [f"2016-11-{day:02d}" for day in range(1, 31)]
    one = seen("2016-11-01", dates=tuple(dates))
    assert {seen(date).signature for date in dates} == {one.signature}
    desk.at().fail([one])
    (entry,) = desk.waiting()
    assert entry.subject == ("ciss: BuildTemp failed for 2016-11-01 to 2016-11-30 (30 dates) (exit code 30)")
    assert all(date in entry.text for date in dates)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 rows of 2016-11", "3,456 rows of 2017-01"),
        ("1 row with a wrong sum", "2 rows with a wrong sum"),
        ("months 2016-11, 2016-12", "months 2016-11"),
        ("run 3f2a9c01b2d3e4f5 of pid 12", "run 00112233aabbccdd of pid 99999"),
        ("row a\nrow b", "row b\nrow a\nrow b"),
        ("total 12.50 USD", "total 7 USD"),
    ],
)
def test_numbers_dates_months_ids_and_the_order_of_lines_make_no_other_failure(one: str, other: str) -> None:
    assert seen(text=one).signature == seen(text=other).signature


@pytest.mark.parametrize(
    "other",
    [
        seen(text=RATES.replace("GBP", "EUR")),
        seen(step="MergeMain"),
        seen(exit_code=35),
        seen(kind="TotalsDiffer"),
        seen(text=f"{RATES}\nand one line more"),
    ],
)
def test_another_step_code_kind_or_line_is_another_failure(desk: Desk, other: Seen) -> None:
    desk.at().fail([seen()])
    desk.at(1).fail([other])
    assert desk.told() == [(What.FAILURE, 1), (What.FAILURE, 1)]
    assert len(desk.records.open()) == 2


def test_a_repeat_is_silent_for_an_hour_and_then_says_how_often(desk: Desk) -> None:
    for minutes in (0, 20, 59):
        desk.at(minutes).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1)]
    desk.at(61).fail([seen("2016-11-23")])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2)]
    assert "4 times since" in desk.waiting()[-1].text
    assert "2016-11-22 and 2016-11-23" in desk.waiting()[-1].text
    again = desk.waiting()[-1]
    assert again.subject == desk.waiting()[0].subject, "or it would be another thread"
    first_line = again.text.splitlines()[0]
    assert first_line == "Again: BuildTemp failed for 2016-11-22 and 2016-11-23 (exit code 30)"
    desk.at(100).fail([seen()])
    assert len(desk.told()) == 2


def test_without_throttle_each_time_is_told(desk: Desk) -> None:
    for minutes in (0, 1, 2):
        desk.at(minutes, throttle=0).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2), (What.REPEAT, 3)]


def test_a_recovery_comes_once_all_dates_are_over(desk: Desk) -> None:
    desk.at().fail([seen("2016-11-22"), seen("2016-11-23")])
    assert desk.at(5).heal(lambda date, _: date == "2016-11-22") == []
    (closed,) = desk.at(6).heal(lambda *_: True)
    assert closed.healed == ("2016-11-22", "2016-11-23")
    assert desk.told() == [(What.FAILURE, 1), (What.RECOVERY, 2)]
    assert desk.waiting()[-1].text.startswith("Over: BuildTemp failed for 2016-11-22")
    assert desk.at(7).heal(lambda *_: True) == []
    assert desk.records.open() == []


def test_what_fails_again_after_its_recovery_is_a_new_failure(desk: Desk) -> None:
    desk.at().fail([seen()])
    desk.at(1).heal(lambda *_: True)
    desk.at(2).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1), (What.RECOVERY, 2), (What.FAILURE, 1)]
    assert len({entry.failure for entry in desk.waiting()}) == 2


def test_a_fault_of_the_configuration_ends_with_the_command_that_gets_past_it(desk: Desk) -> None:
    fault = seen(scope=ClosedBy.CONFIGURATION, dates=(), exit_code=40, step="", kind="ConfigurationError")
    desk.at().fail([fault])
    assert desk.at(1).heal(lambda *_: True) == []
    assert len(desk.at(2).heal(lambda *_: False, [ClosedBy.CONFIGURATION])) == 1
    assert desk.told() == [(What.FAILURE, 1), (What.RECOVERY, 2)]


def test_a_jump_is_told_once_and_has_no_recovery(desk: Desk) -> None:
    jump = seen(scope=ClosedBy.NEVER, exit_code=0, own_signature="jump run-1 2016-11")
    for minutes in (0, 100, 200):
        desk.at(minutes).fail([jump])
    desk.at(300).heal(lambda *_: True, [ClosedBy.CONFIGURATION])
    assert desk.told() == [(What.JUMP, 1)]


def test_what_watch_saw_and_a_command_then_says_is_one_failure(desk: Desk) -> None:
    late = seen(exit_code=0, kind="never started", own_signature="watch 2016-11-22", text="never started")
    desk.at().fail([late])
    desk.at(1).fail([late])
    assert desk.told() == [(What.FAILURE, 1)]
    desk.at(2).fail([replace(late, kind="running", error="running since 03:10")])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2)]
    desk.at(3).fail([seen()])
    desk.at(4).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2), (What.REPEAT, 3)]
    (failure,) = desk.records.open()
    assert (failure.step, failure.exit_code) == ("BuildTemp", 30)


def test_without_a_channel_the_failure_is_kept_and_told_when_there_is_one(desk: Desk) -> None:
    desk.at(channels=()).fail([seen()])
    assert desk.waiting() == []
    assert not desk.records.open()[0].is_told
    desk.at(1).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1)]


def test_a_failure_that_nobody_was_told_of_has_no_recovery(desk: Desk) -> None:
    desk.at(channels=()).fail([seen()])
    assert len(desk.at(1).heal(lambda *_: True)) == 1
    assert desk.waiting() == []


def test_a_kill_between_message_and_record_tells_no_one_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message gets the same name again, so that it is the same message."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    desk.at().fail([seen()])
    with monkeypatch.context() as patched:
        patched.setattr(Records, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.at(61).fail([seen()])
    desk.at(62).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2)]


@pytest.mark.parametrize("point", range(1, 6))
def test_a_kill_at_any_write_about_a_new_failure_makes_no_second_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, point: int
) -> None:
    """With two channels: a record, two messages, the record again, and once more when it is seen again."""
    writes = 0

    def dying(original: Callable[..., object]) -> Callable[..., object]:
        def write(*arguments: object) -> object:
            nonlocal writes
            writes += 1
            if writes == point:
                raise KeyboardInterrupt
            return original(*arguments)

        return write

    both = ("mail", "desk")
    with monkeypatch.context() as patched:
        patched.setattr(Records, "write", dying(Records.write))
        patched.setattr(Outbox, "write", dying(Outbox.write))
        with contextlib.suppress(KeyboardInterrupt):
            desk.at(channels=both).fail([seen()])
            desk.at(0.1, channels=both).fail([seen()])
    assert writes == point
    desk.at(1, channels=both).fail([seen()])
    assert desk.told() == [(What.FAILURE, 1), (What.FAILURE, 1)]
    assert {entry.failure for entry in desk.waiting()} == {one.id for one in desk.records.open()}
    assert len(desk.records.open()) == 1


def test_what_watch_sees_is_told_again_when_its_reason_changes_and_not_by_the_clock(desk: Desk) -> None:
    late = seen(exit_code=0, kind="never started", own_signature="watch 2016-11-22", text="never started")
    for minutes in range(0, 360, 15):
        desk.at(minutes).fail([late])
    assert desk.told() == [(What.FAILURE, 1)]
    desk.at(361).fail([replace(late, kind="running", error="running since 12:10")])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2)]
    assert "2 times since" in desk.waiting()[-1].text, "that it looked again is no other failure"


def test_a_fault_of_the_configuration_is_not_over_with_its_date(desk: Desk) -> None:
    """The date was merged before; what watch sees of it later is another failure."""
    desk.at().fail([seen(scope=ClosedBy.CONFIGURATION, exit_code=40)])
    assert desk.at(1).heal(lambda *_: True) == []
    desk.at(2).fail([seen(exit_code=0, kind="did not begin", own_signature="watch 2016-11-22")])
    assert len(desk.records.open()) == 2
    (closed,) = desk.at(3).heal(lambda *_: False, [ClosedBy.CONFIGURATION])
    assert closed.scope is ClosedBy.CONFIGURATION


def test_a_failure_of_no_date_is_over_only_with_the_dates_that_it_is_known_to_have(desk: Desk) -> None:
    away = seen(scope=ClosedBy.COMMAND, dates=(), kind="RPCError")
    desk.at().fail([away])
    desk.at(1).fail([replace(away, scope=ClosedBy.DATES, dates=("2016-11-25",))])
    (failure,) = desk.records.open()
    assert (failure.scope, failure.dates) == (ClosedBy.DATES, ("2016-11-25",))
    assert desk.at(2).heal(lambda *_: False, [ClosedBy.COMMAND]) == []
    assert len(desk.at(3).heal(lambda *_: True)) == 1


def test_what_watch_sees_after_a_command_has_told_is_the_same_failure(desk: Desk) -> None:
    desk.at().fail([seen()])
    killed = seen(exit_code=0, kind="killed", own_signature="watch 2016-11-22", text="it was killed")
    for minutes in (20, 35, 200):
        desk.at(minutes).fail([killed])
    assert desk.told() == [(What.FAILURE, 1), (What.REPEAT, 2)]
    assert "it was killed" in desk.waiting()[1].text
    desk.at(201).heal(lambda *_: True)
    assert desk.told()[2:] == [(What.RECOVERY, 3)]
    assert len(desk.records.closed()) == 1


def test_a_torn_or_foreign_file_is_passed_over(desk: Desk) -> None:
    desk.at().fail([seen()])
    for name, text in (("torn", '{"format": 1, "id'), ("other", '{"a": 1}'), ("list", "[]")):
        (desk.folder / "open" / f"{name}.json").write_text(text)
        (desk.folder / "outbox" / f"{name}.json").write_text(text)
    assert len(desk.records.open()) == len(desk.waiting()) == 1
    desk.at(61).fail([seen()])
    assert len(desk.told()) == 2


def test_a_record_of_a_newer_version_stays_readable(desk: Desk) -> None:
    desk.at().fail([seen()])
    (path,) = (desk.folder / "open").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2, "later": True}))
    desk.at(1).fail([seen()])
    assert desk.records.open()[0].count == 2


def test_closed_failures_are_forgotten_after_a_while(desk: Desk) -> None:
    desk.at().fail([seen()])
    desk.at(1).heal(lambda *_: True)
    desk.at(KEPT_DAYS * 24 * 60).heal(lambda *_: True)
    assert len(desk.records.closed()) == 1
    desk.at((KEPT_DAYS + 1) * 24 * 60).heal(lambda *_: True)
    assert desk.records.closed() == []


def test_nothing_of_it_is_there_while_nothing_happens(desk: Desk) -> None:
    assert not anything_in(desk.folder)
    desk.at().fail([seen()])
    assert anything_in(desk.folder)
    assert not (desk.folder / "nothing").exists()


def test_secrets_and_control_characters_are_in_no_message(desk: Desk) -> None:
    remember("hunter2-secret")
    text = "refused: hunter2-secret\x1b[2J\nBcc: x@y\r\nand \u202e more"
    desk.at().fail([seen(text=text, log="line \x07 hunter2-secret", headline="BuildTemp\nBcc: z@y failed")])
    (entry,) = desk.waiting()
    assert "hunter2" not in json.dumps(entry.__dict__)
    assert "\n" not in entry.subject
    assert all(character.isprintable() or character == "\n" for character in entry.text)


def test_a_subject_is_cut_where_it_is_too_long(desk: Desk) -> None:
    desk.at().fail([seen(headline="x" * 1000)])
    assert len(desk.waiting()[0].subject) == 200


def _fail_often(folder: Path, number: int) -> None:
    for turn in range(4):
        Desk(folder).at(turn, throttle=0).fail([seen(text=f"fault {'abcdefgh'[number]}"), seen()])


def test_several_processes_lose_no_failure_and_no_count(desk: Desk) -> None:
    workers = [multiprocessing.Process(target=_fail_often, args=(desk.folder, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    failures: list[Failure] = desk.records.open()
    assert sorted(failure.count for failure in failures) == [4, 4, 4, 12]
    assert all(failure.number == failure.count for failure in failures)


def test_a_process_that_hangs_over_the_records_keeps_no_command_from_its_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ciss_luigi.alerts.records._PATIENCE_SECONDS", 0.1)
    lock = FileLock(desk.folder / "records.lock")
    assert lock.try_acquire()
    with pytest.raises(LocksUnusable, match=r"is held by pid \d+ on .*, which hangs"):
        desk.at().fail([seen()])
    lock.release()
    desk.at().fail([seen()])
    assert desk.told() == [(What.FAILURE, 1)]

"""``ciss watch``: what no command can tell of itself."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.alerts import courier, today
from ciss_luigi.alerts.failure import Seen, What
from ciss_luigi.alerts.notice import Notices
from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.operator import watch
from ciss_luigi.operator.watch import NightVerdict
from ciss_luigi.state import alive, commandledger
from ciss_luigi.state.markers import Step
from tests.alerts.relay import Relay
from tests.alerts.test_commands import DATE, SLEEPING, mend, office, spoil, tell
from tests.command import Place
from tests.helpers import ciss, run, running, typed

pytestmark = pytest.mark.whole

SIX = dt.time(6)
ZONE = dt.datetime.now().astimezone().tzinfo
MAIL = "[ciss_alerts]\nmail_to = ops@example.com\n[smtp]\nport = 1\n"


def look(place: Place, hour: int = 7, minute: int = 0, date: str = DATE, hung: float = 0) -> NightVerdict:
    """Watch a date as if it were that time of its day."""
    day = RunDate.parse(date)
    now = dt.datetime.combine(day.date, dt.time(hour, minute), ZONE)
    return watch.watch(site.load({}, place.folder), SIX, day, hung, now)


def watch_at(place: Place, now: dt.datetime, hung: float, day: RunDate | None = None) -> NightVerdict:
    """Watch a date at some moment."""
    return watch.watch(site.load({}, place.folder), SIX, day or RunDate.parse(DATE), hung, now)


@pytest.fixture
def told(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with a mail address; nothing is sent, so that the outbox shows what would be."""
    place.configure(MAIL)
    monkeypatch.setattr(courier, "send", list)
    return place


def waiting(place: Place) -> list[What]:
    return [entry.what for entry in office(place).waiting()]


def test_a_date_after_tomorrow_is_refused(told: Place) -> None:
    answer = ciss(told.folder, "watch", "--by", "06:00", "--date", "2099-01-01")
    answer.explained(40, "2099-01-01 lies after tomorrow", "Next:  ")
    assert waiting(told) == []


def test_a_merged_date_is_well_and_so_is_one_that_has_time(told: Place) -> None:
    assert look(told, 5).sentence == f"{DATE} is not merged, and has time until 06:00"
    run(told.folder, DATE)
    verdict = look(told)
    assert (verdict.well, verdict.sentence) == (True, f"{DATE} is merged")
    assert waiting(told) == []


def test_a_night_that_never_began_is_told_once(told: Place) -> None:
    verdict = look(told)
    assert not verdict.well
    assert verdict.sentence == f"{DATE} is not merged by 06:00: no command for it ever began"
    for minute in (15, 30, 45):
        assert not look(told, minute=minute).well
    assert waiting(told) == [What.FAILURE]
    (entry,) = office(told).waiting()
    assert entry.subject == f"ciss: MergeMain is not done by 06:00: never started for {DATE}"
    assert f"Next:  luigi --module ciss_luigi MergeMain --date {DATE}" in entry.text


def test_a_date_that_was_reset_is_not_merged_and_nobody_to_tell_is_said(place: Place) -> None:
    place.merge(DATE).explained(0)
    place.merge(DATE).explained(0)
    typed(place.folder, "reset", "--date", DATE).expect(0)
    answer = typed(place.folder, "watch", "--by", "06:00", "--date", DATE).expect(1)
    assert "its last command ended well (exit code 0): but it ran an earlier step alone" in answer.err
    assert "nobody is told ([ciss_alerts] names nobody)" in answer.err


def test_another_reason_is_told_and_the_end_too(told: Place) -> None:
    look(told)
    with running(told.folder, DATE, Step.BUILD):
        assert "it is run by pid " in look(told, 7, 15).sentence
        assert "BuildTemp running" in look(told, 7, 30).sentence
    assert waiting(told) == [What.FAILURE, What.REPEAT]
    verdict = look(told, 7, 45)
    assert "BuildTemp was killed on " in verdict.sentence
    run(told.folder, DATE)
    assert look(told, 8).well
    assert waiting(told) == [What.FAILURE, What.REPEAT, What.REPEAT, What.RECOVERY]
    assert len({entry.failure for entry in office(told).waiting()}) == 1


def test_what_newer_dates_had_published_before_does_not_end_a_failure(told: Place) -> None:
    """Watched again and again it is told once; a newer date that is merged after that ends it."""
    run(told.folder, "2016-11-23")
    time.sleep(1.1)  # a failure is written down to the second
    for _ in range(3):
        assert not watch_at(told, dt.datetime.now().astimezone(), 0).well
    assert waiting(told) == [What.FAILURE]
    run(told.folder, "2016-11-24")
    watch_at(told, dt.datetime.now().astimezone(), 0, RunDate.parse("2016-11-24"))
    assert waiting(told) == [What.FAILURE, What.RECOVERY]


def test_what_was_told_is_written_where_cron_does_not_mail_it_again(told: Place) -> None:
    answer = typed(told.folder, "watch", "--by", "06:00", "--date", DATE).expect(
        1, "ever began", "is told now"
    )
    assert answer.err == ""
    again = typed(told.folder, "watch", "--by", "06:00", "--date", DATE).expect(1, "says who was told")
    assert again.err == ""


def test_a_past_date_is_due_at_once(told: Place) -> None:
    day = RunDate.parse(DATE)
    now = dt.datetime(2016, 11, 23, 0, 1, tzinfo=ZONE)
    assert not watch.watch(site.load({}, told.folder), SIX, day, 0, now).well


def test_a_run_without_a_sign_of_life_is_told_before_it_is_due(told: Place) -> None:
    now = dt.datetime.now().astimezone()
    tomorrow = RunDate(now.date() + dt.timedelta(days=1))
    with running(told.folder, str(tomorrow), Step.BUILD):
        state = site.load({}, told.folder).settings.state_dir
        sign = alive.SignOfLife(state, tomorrow)
        sign.begin()
        last = now + dt.timedelta(hours=1)
        os.utime(state / "alive" / str(tomorrow), (last.timestamp(), last.timestamp()))
        assert watch_at(told, last + dt.timedelta(minutes=9), 10, tomorrow).well
        verdict = watch_at(told, last + dt.timedelta(minutes=11), 10, tomorrow)
        sign.end()
    assert not verdict.well
    assert "left no sign of life for 11 minutes" in verdict.sentence
    assert waiting(told) == [What.FAILURE]


def test_the_sign_that_a_killed_run_left_is_none_of_the_next_run(told: Place) -> None:
    state = site.load({}, told.folder).settings.state_dir
    with running(told.folder, DATE, Step.BUILD):
        sign = alive.SignOfLife(state, RunDate.parse(DATE))
        sign.begin()
        old = dt.datetime(2016, 11, 22, 2, 0, tzinfo=ZONE).timestamp()
        os.utime(state / "alive" / DATE, (old, old))
        now = dt.datetime.now().astimezone() + dt.timedelta(minutes=5)
        assert "no sign of life" not in watch_at(told, now, 10).sentence
        assert "no sign of life" in watch_at(told, now + dt.timedelta(minutes=10), 10).sentence
        sign.end()


def test_a_run_that_is_killed_after_its_failure_was_told_is_news_once(told: Place) -> None:
    text = f"BuildTemp of {DATE}: no rate"
    failed = Seen("BuildTemp failed", "BuildTemp", 30, "BillingFault", text, (DATE,))
    before = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    Notices(office(told).records, office(told).outbox, ["mail"], dt.timedelta(hours=1), before).fail([failed])
    with running(told.folder, DATE, Step.BUILD):
        pass
    now = dt.datetime.now().astimezone()
    for minutes in (1, 16, 90):
        assert "was killed on" in watch_at(told, now + dt.timedelta(minutes=minutes), 0).sentence
    assert waiting(told) == [What.FAILURE, What.REPEAT]
    assert len({entry.failure for entry in office(told).waiting()}) == 1


def test_a_killed_run_of_another_date_is_told_and_changes_no_code(told: Place) -> None:
    other = "2016-12-02"
    with running(told.folder, other, Step.MERGE):
        pass
    run(told.folder, DATE)
    assert look(told).well
    (entry,) = office(told).waiting()
    assert entry.subject == f"ciss: MergeMain was killed for {other}"
    run(told.folder, other)
    look(told, 8)
    assert waiting(told) == [What.FAILURE, What.RECOVERY]


def test_a_killed_run_of_an_old_date_is_told_however_many_came_after_it(told: Place) -> None:
    old = "2016-10-12"
    with running(told.folder, old, Step.MERGE):
        pass
    here = site.load({}, told.folder)
    for day in range(1, 21):
        here.ledger.start(RunDate.parse(f"2016-12-{day:02d}"), "TruncateTemp")
    look(told, 5)
    assert f"ciss: MergeMain was killed for {old}" in [one.subject for one in office(told).waiting()]


def killed_command(place: Place, *arguments: str, process: int = 2**22 + 1) -> None:
    """The line that a command of Luigi's left which was killed since; no process has so high a number."""
    here = site.load({}, place.folder)
    path = here.commands.begin("killed", arguments)
    path.write_text(path.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {process}'))


@pytest.mark.parametrize("option", ["--date", "--MergeMain-date"])
@pytest.mark.parametrize("later", [0, 1])
def test_a_command_that_was_killed_before_its_first_step_is_told(
    later: int, option: str, told: Place
) -> None:
    """Of its own date, and by a look at another one."""
    day = dt.datetime.now().astimezone().date()
    killed_command(told, "MergeMain", option, str(day))
    words = look(told, 23 - 18 * later, date=str(day + dt.timedelta(days=later))).sentence
    (entry,) = office(told).waiting()
    if later:
        assert entry.subject == f"ciss: the command was killed for {day}"
    else:
        assert "its command was killed on" in words
        assert "before a step began" in words


def test_a_command_that_was_killed_between_two_steps_says_so(told: Place) -> None:
    run(told.folder, DATE, Step.TRUNCATE)
    (attempt,) = told.attempts(DATE)
    here = site.load({}, told.folder)
    path = here.commands.begin(attempt.command, ["MergeMain", "--date", DATE])
    path.write_text(path.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {2**22 + 1}'))
    now = dt.datetime.now().astimezone()
    found = watch_at(told, now, 0)
    assert "its command was killed on" in found.sentence
    assert "after TruncateTemp" in found.sentence


def test_a_command_that_ended_in_another_way_is_one_of_the_runbooks_reasons(told: Place) -> None:
    here = site.load({}, told.folder)
    path = here.commands.begin("other", ["MergeMan", "--date", DATE])
    path.write_text(path.read_text().replace(str(dt.datetime.now(dt.UTC).date()), DATE))
    path = path.rename(path.with_name(f"{DATE}.jsonl"))
    commandledger.end(path, "other", 1)
    look(told)
    (failure,) = office(told).records.open()
    assert failure.kind == watch.OTHER_END


def test_a_merged_date_whose_warehouse_is_gone_is_not_well(told: Place) -> None:
    run(told.folder, DATE)
    told.warehouse.unlink()
    found = look(told)
    assert not found.well
    assert f"there is no duckdb {told.warehouse}, in which {DATE} was built" in found.sentence


def test_that_the_warehouse_is_gone_is_told_once_and_is_over_when_it_is_back(told: Place) -> None:
    run(told.folder, DATE)
    aside = told.warehouse.rename(told.folder / "aside.duckdb")
    for minute in (0, 15, 30):
        assert not look(told, minute=minute).well
    assert waiting(told) == [What.FAILURE]
    early = look(told, 5)
    assert (early.well, watch.GONE in early.sentence) == (True, True)
    aside.rename(told.warehouse)
    assert look(told, minute=45).well
    assert waiting(told) == [What.FAILURE, What.RECOVERY]


def test_a_command_that_was_killed_before_its_first_step_is_one_failure_on_the_next_day_too(
    told: Place,
) -> None:
    day = dt.datetime.now().astimezone().date()
    killed_command(told, "MergeMain", "--date", str(day))
    look(told, 23, date=str(day))
    look(told, 5, date=str(day + dt.timedelta(days=1)))
    assert waiting(told) == [What.FAILURE]


def test_a_killed_range_without_an_end_is_not_blamed_for_nights_after_its_death() -> None:
    arguments = ("RangeDaily", "--of", "MergeMain", "--start", "2016-11-20")
    assert today.dates_of(arguments, "2016-11-22T12:00:00+00:00") == ("2016-11-20", "2016-11-21", DATE)
    assert today.dates_of((*arguments, "--stop", "2016-11-21"), "2016-11-22T12:00:00+00:00") == (
        "2016-11-20",
    )


def test_what_it_tells_and_sends_is_in_the_log_and_not_on_the_terminal(place: Place) -> None:
    place.configure(f"[ciss_log]\nfile = ciss.log\n{MAIL}")
    answer = ciss(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(1)
    log = (place.folder / "ciss.log").read_text()
    for action in ("alert-failure", "alert-kept"):
        assert f'action="{action}"' in log
    assert "to be told" not in answer.out + answer.err


@pytest.mark.slow
def test_what_a_command_has_told_is_not_told_again(place: Place, relay: Relay) -> None:
    tell(place, relay)
    spoil(place)
    place.merge(DATE).explained(30)
    answer = ciss(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(1, "BuildTemp failed: ")
    assert "XXX" in answer.out
    assert len(relay.post) == 1
    mend(place)
    run(place.folder, DATE)
    ciss(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(0, f"{DATE} is merged", "mail: took")
    assert relay.post[1].text.startswith("Over: ")


@pytest.mark.slow
def test_what_waits_is_said_with_source_and_month(place: Place, relay: Relay) -> None:
    tell(place, relay)
    place.merge("2020-01-01").explained(20)
    answer = ciss(place.folder, "watch", "--by", "00:00", "--date", "2020-01-01").expect(
        1, "waits for sources", "billable_sub_with_charge_and_limit", "2020-01"
    )
    assert "--date 2020-01-01" in answer.out
    assert len(relay.post) == 1


@pytest.mark.slow
def test_a_killed_command_is_found_and_told(place: Place, relay: Relay) -> None:
    tell(place, relay)
    command = place.merging(DATE, prelude=SLEEPING)
    place.wait_for_step(DATE, "BuildTemp")
    assert (place.state / "alive" / DATE).exists()
    command.send_group(signal.SIGKILL)
    command.process.wait()
    ciss(place.folder, "watch", "--by", "00:00", "--date", DATE).expect(1, "BuildTemp was killed on ")
    assert "was killed on" in relay.post[0].text


def test_a_time_that_is_none_is_a_mistake_of_usage(tmp_path: Path) -> None:
    (tmp_path / "luigi.cfg").write_text("[ciss]\n")
    typed(tmp_path, "watch", "--by", "25:00").expect(2)
    typed(tmp_path, "watch").expect(2)


def test_a_running_step_leaves_its_sign_and_takes_it_away(place: Place) -> None:
    state = place.state
    sign = alive.SignOfLife(state, RunDate.parse(DATE))
    sign.begin()
    assert alive.last(state, RunDate.parse(DATE)) is not None
    sign.end()
    assert alive.last(state, RunDate.parse(DATE)) is None

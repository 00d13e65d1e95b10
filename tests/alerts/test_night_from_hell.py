"""A night on which all goes wrong at once: what is told, what history and figures say of it after."""

from __future__ import annotations

import json
import signal

import pytest

from tests.alerts import servicedesk
from tests.alerts.relay import Relay, relaying
from tests.alerts.servicedesk import KEY, ServiceDesk, serving
from tests.alerts.test_commands import SLEEPING, mend, office, spoil
from tests.command import Place, free_port, wait_until
from tests.helpers import ciss
from tests.telemetry.test_metrics import values

DATES = [f"2016-11-{day:02d}" for day in range(10, 20)]
FIRST, STOP, LAST = DATES[0], "2016-11-20", DATES[-1]
SETTINGS = """
[ciss_alerts]
mail_to = ops@example.com
sdp_url = {desk}
sdp_token = ${{SDP_TOKEN}}
sdp_close = true
throttle_minutes = 0
[ciss_metrics]
textfile = ciss.prom
{smtp}
"""


TOKEN = {"SDP_TOKEN": KEY}


def ten_dates_fail_alike(place: Place, desk: ServiceDesk) -> None:
    """The relay is down, and the desk loses its answer."""
    desk.faults = [servicedesk.LOST]
    place.range(FIRST, STOP, "--workers", "2", **TOKEN).explained(30)
    assert len(desk.requests) == 1
    assert {(entry.channel, entry.number) for entry in office(place).waiting()} == {
        ("mail", 1),
        ("desk", 1),
    }


def the_next_command_is_killed_amid_a_step(place: Place) -> None:
    """Nobody is left to tell it."""
    mend(place)
    killed = place.merging(FIRST, prelude=SLEEPING, **TOKEN)
    wait_until(lambda: [one.step for one in place.attempts(FIRST)].count("BuildTemp") == 2)
    killed.send_group(signal.SIGKILL)
    killed.process.wait()
    spoil(place)


def the_relay_is_back(place: Place, relay: Relay) -> None:
    """What waited goes out first, then the failure comes again."""
    place.range(FIRST, STOP, **TOKEN).explained(30)
    assert [post.text.startswith("Again: ") for post in relay.post] == [False, True]


def the_cause_is_mended(place: Place) -> None:
    """The same command heals all."""
    mend(place)
    place.range(FIRST, STOP, "--workers", "2", **TOKEN).explained(0)
    assert place.marked(LAST) == ["TruncateTemp", "BuildTemp", "MergeMain"]
    ciss(place.folder, "watch", "--by", "00:00", "--date", LAST, **TOKEN).expect(0)


def the_mails_are_one_thread(relay: Relay) -> None:
    first, again, over = relay.post
    assert first.subject == f"ciss: BuildTemp failed for {FIRST} to {LAST} (10 dates) (exit code 30)"
    assert over.text.startswith("Over: ")
    for post in (again, over):
        assert post.mail["In-Reply-To"] == first.mail["Message-ID"]


def the_desk_has_one_request(place: Place, desk: ServiceDesk) -> None:
    (request,) = desk.requests
    assert request.status == "Closed"
    assert ["Again: " in note for note in request.notes] == [True, False]
    (failure,) = office(place).records.closed()
    assert (failure.count, failure.healed) == (2, tuple(DATES))
    assert office(place).waiting() == []
    assert office(place).records.open() == []


def history_tells_the_night(place: Place) -> None:
    document = json.loads(ciss(place.folder, "history", "--json", **TOKEN).expect(0).out)
    outcomes = [one["outcome"] for one in document["attempts"] if one["step"] == "BuildTemp"]
    assert (outcomes.count("done"), outcomes.count("failed")) == (10, 20)
    assert outcomes.count("killed") == 1
    assert [one["exit_code"] for one in document["commands"]] == [30, None, 30, 0]
    merged = {one["date"] for one in document["months"]}
    # two workers: a date that comes to merge after a newer one leaves the month alone
    newer_was_there = {day for day in DATES if place.read_marker(day, "MergeMain")["superseded"]}
    assert LAST in merged
    assert merged | newer_was_there == set(DATES)
    assert merged & newer_was_there == set()


def the_figures_tell_the_night(place: Place) -> None:
    found, marker = values(place.folder / "ciss.prom"), place.read_marker(LAST, "MergeMain")
    assert found['ciss_rows{month="2016-11"}'] == marker["months"][0]["rows"]
    assert found['ciss_failures{step="BuildTemp"}'] == 21
    assert (found["ciss_alerts_open"], found["ciss_alerts_waiting"]) == (0, 0)


def no_file_has_the_token(place: Place) -> None:
    kept = "".join(path.read_text() for path in place.state.rglob("*.json*"))
    assert KEY not in kept


@pytest.mark.slow
def test_a_night_from_hell_is_one_thread_and_one_request(place: Place) -> None:
    port = free_port()
    with serving() as desk:
        smtp = Relay(port).smtp_section(no_tls=True)
        place.configure(SETTINGS.format(desk=desk.url, smtp=smtp))
        spoil(place)
        ten_dates_fail_alike(place, desk)
        the_next_command_is_killed_amid_a_step(place)
        with relaying(port=port) as relay:
            the_relay_is_back(place, relay)
            the_cause_is_mended(place)

    the_mails_are_one_thread(relay)
    the_desk_has_one_request(place, desk)
    history_tells_the_night(place)
    the_figures_tell_the_night(place)
    no_file_has_the_token(place)

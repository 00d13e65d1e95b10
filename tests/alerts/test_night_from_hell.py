"""A night on which all goes wrong at once: what is told, what history and figures say of it after."""

from __future__ import annotations

import json
import signal

import pytest

from tests.alerts import servicedesk
from tests.alerts.relay import Relay, relaying
from tests.alerts.servicedesk import KEY, serving
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


@pytest.mark.slow
def test_a_night_from_hell_is_one_thread_and_one_request(place: Place) -> None:
    key, port = {"SDP_TOKEN": KEY}, free_port()
    with serving() as desk:
        smtp = Relay(port).smtp_section(no_tls=True)
        place.configure(SETTINGS.format(desk=desk.url, smtp=smtp))
        spoil(place)

        # ten dates fail alike, the relay is down, and the desk loses its answer
        desk.faults = [servicedesk.LOST]
        place.range(FIRST, STOP, "--workers", "2", **key).explained(30)
        assert len(desk.requests) == 1
        assert {(entry.channel, entry.number) for entry in office(place).waiting()} == {
            ("mail", 1),
            ("desk", 1),
        }

        # the next command is killed amid a step; nobody is left to tell it
        mend(place)
        killed = place.merging(FIRST, prelude=SLEEPING, **key)
        wait_until(lambda: [one.step for one in place.attempts(FIRST)].count("BuildTemp") == 2)
        killed.send_group(signal.SIGKILL)
        killed.process.wait()
        spoil(place)

        # the relay is back: what waited goes out first, then the failure comes again
        with relaying(port=port) as relay:
            place.range(FIRST, STOP, **key).explained(30)
            assert [post.text.startswith("Again: ") for post in relay.post] == [False, True]

            # the cause is mended, and the same command heals all
            mend(place)
            place.range(FIRST, STOP, "--workers", "2", **key).explained(0)
            assert place.marked(LAST) == ["TruncateTemp", "BuildTemp", "MergeMain"]
            ciss(place.folder, "watch", "--by", "00:00", "--date", LAST, **key).expect(0)

    first, again, over = relay.post
    assert first.subject == f"ciss: BuildTemp failed for {FIRST} to {LAST} (10 dates) (exit code 30)"
    assert over.text.startswith("Over: ")
    for post in (again, over):
        assert post.mail["In-Reply-To"] == first.mail["Message-ID"]

    (request,) = desk.requests
    assert request.status == "Closed"
    assert ["Again: " in note for note in request.notes] == [True, False]
    (failure,) = office(place).records.closed()
    assert (failure.count, failure.healed) == (2, tuple(DATES))
    assert office(place).waiting() == []
    assert office(place).records.open() == []

    document = json.loads(ciss(place.folder, "history", "--json", **key).expect(0).out)
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

    found, marker = values(place.folder / "ciss.prom"), place.read_marker(LAST, "MergeMain")
    assert found['ciss_rows{month="2016-11"}'] == marker["months"][0]["rows"]
    assert found['ciss_failures{step="BuildTemp"}'] == 21
    assert (found["ciss_alerts_open"], found["ciss_alerts_waiting"]) == (0, 0)
    kept = "".join(path.read_text() for path in place.state.rglob("*.json*"))
    assert KEY not in kept

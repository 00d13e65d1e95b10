"""ServiceDesk Plus: one request per failure, whatever the desk answers and whenever the job is killed."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.alerts.desk import Desk
from ciss_luigi.alerts.outbox import Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery, Round
from ciss_luigi.alerts.web import Web
from ciss_luigi.config.telling import Alerts
from tests.alerts import servicedesk
from tests.alerts.servicedesk import KEY, ServiceDesk, serving
from tests.alerts.test_notice import Desk as Office
from tests.alerts.test_notice import seen

pytestmark = pytest.mark.whole


@pytest.fixture
def office(folder: Path) -> Office:
    return Office(folder)


@pytest.fixture
def desk() -> Iterator[ServiceDesk]:
    with serving() as started:
        yield started


def send(office: Office, desk: ServiceDesk, seconds: float = 5, **more: Any) -> list[Delivery]:
    found: list[Delivery] = []
    _round(office, desk, found.append, seconds, **more)
    return found


def _round(
    office: Office, desk: ServiceDesk, report: Callable[[Delivery], None], seconds: float = 5, **more: Any
) -> None:
    auth = "oauth" if desk.cloud else "authtoken"
    alerts = Alerts(**{"sdp_url": desk.url, "sdp_token": KEY, "sdp_auth": auth, **more})
    records, outbox = Records(office.folder), Outbox(office.folder)
    Round(records, outbox, report).run([Desk(alerts, outbox, records, Web(seconds=seconds))], 30)


def fail(office: Office, minutes: float = 0, **more: object) -> None:
    office.at(minutes, channels=("desk",)).fail([seen(**more)])  # type: ignore[arg-type]


def heal(office: Office, minutes: float) -> None:
    office.at(minutes, channels=("desk",)).heal(lambda *_: True)


def tell_it_all(office: Office, desk: ServiceDesk, **more: Any) -> list[Delivery]:
    """A failure, a repeat and a recovery, each sent at once."""
    fail(office)
    found = send(office, desk, **more)
    fail(office, 61)
    found += send(office, desk, **more)
    heal(office, 62)
    return found + send(office, desk, **more)


@pytest.mark.parametrize("cloud", [False, True])
def test_one_request_gets_a_note_on_each_repeat_and_is_closed(office: Office, cloud: bool) -> None:
    with serving(cloud=cloud) as desk:
        outcomes = tell_it_all(office, desk, sdp_close=True, sdp_fields={"requester": {"name": "ciss"}})
    assert [outcome.error for outcome in outcomes] == ["", "", ""]
    (request,) = desk.requests
    (failure,) = office.records.closed()
    assert request.fields["subject"] == (
        f"ciss: BuildTemp failed for 2016-11-22 (exit code 30) [{failure.token}]"
    )
    assert request.fields["requester"] == {"name": "ciss"}
    assert "GBP -&gt; USD (12 rows)<br/>State" in request.fields["description"]
    assert ["Again: " in note for note in request.notes] == [True, False]
    assert "Over: " in request.notes[1]
    assert request.status == "Closed"
    assert failure.request == request.id
    assert [(sent.channel, sent.what) for sent in failure.sent] == [
        ("desk", "failure"),
        ("desk", "repeat"),
        ("desk", "recovery"),
    ]


def test_without_sdp_close_the_request_stays_open(office: Office, desk: ServiceDesk) -> None:
    tell_it_all(office, desk)
    assert [request.status for request in desk.requests] == ["Open"]
    assert len(desk.requests[0].notes) == 2


UNCLEAR = [servicedesk.LOST, servicedesk.LATE, servicedesk.PAGE, servicedesk.INTERNAL, servicedesk.NO_ID]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_after_an_answer_that_says_nothing_the_token_is_searched(
    office: Office, desk: ServiceDesk, fault: str
) -> None:
    fail(office)
    desk.faults = [fault]
    (outcome,) = send(office, desk, seconds=0.7)
    assert outcome.error
    assert office.waiting()[0].uncertain
    assert send(office, desk)[0].error == ""
    assert len(desk.requests) == 1
    assert office.records.open()[0].request == desk.requests[0].id
    assert desk.calls == ["POST /api/v3/requests", "GET /api/v3/requests"]


@pytest.mark.parametrize("fault", UNCLEAR[:-1])
def test_a_note_is_not_written_twice_either(office: Office, desk: ServiceDesk, fault: str) -> None:
    fail(office)
    send(office, desk)
    fail(office, 61)
    desk.faults = [fault]
    assert send(office, desk, seconds=0.7)[0].error
    send(office, desk)
    assert len(desk.requests[0].notes) == 1


@pytest.mark.parametrize("fault", UNCLEAR[:-1])
def test_a_close_that_said_nothing_is_looked_at(office: Office, desk: ServiceDesk, fault: str) -> None:
    fail(office)
    send(office, desk, sdp_close=True)
    heal(office, 1)
    desk.faults = ["", fault]
    send(office, desk, sdp_close=True, seconds=0.7)
    send(office, desk, sdp_close=True)
    assert (desk.requests[0].status, len(desk.requests[0].notes)) == ("Closed", 1)
    assert office.waiting() == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (servicedesk.REDIRECT, "answers with a redirect (302) to sso.example.com"),
        (servicedesk.LOGIN_PAGE, "HTTP 200, and a page of HTML"),
    ],
)
def test_what_never_reached_the_desk_makes_its_request_later(
    office: Office, desk: ServiceDesk, fault: str, words: str
) -> None:
    fail(office)
    desk.faults = [fault]
    (outcome,) = send(office, desk)
    assert words in outcome.error
    assert "secret" not in outcome.error
    assert desk.requests == []
    assert send(office, desk)[0].error == ""
    assert len(desk.requests) == 1


def test_a_desk_that_is_down_is_asked_again_later(office: Office) -> None:
    fail(office)
    with serving() as gone:
        pass
    (outcome,) = send(office, gone)
    assert outcome.error.startswith("the desk: ")
    assert not office.waiting()[0].uncertain
    with serving() as desk:
        send(office, desk)
    assert desk.calls == ["POST /api/v3/requests"]


def test_a_warning_of_the_desk_is_told_and_the_request_is_made(office: Office, desk: ServiceDesk) -> None:
    fail(office)
    desk.faults = [servicedesk.WARNING]
    (outcome,) = send(office, desk)
    assert (outcome.error, outcome.warning) == ("", "group is gone")
    assert len(desk.requests) == 1


def test_a_missing_field_is_named_and_nothing_is_uncertain(office: Office, desk: ServiceDesk) -> None:
    desk.mandatory = "category"
    fail(office)
    (outcome,) = send(office, desk)
    assert outcome.error == (
        "the desk said: HTTP 400, 4012 Value for the mandatory field is missing (category)"
    )
    assert not office.waiting()[0].uncertain
    assert send(office, desk, sdp_fields={"category": {"name": "Billing"}})[0].error == ""
    assert [call.split()[0] for call in desk.calls] == ["POST", "POST"]


def test_a_wrong_key_is_named_and_not_shown(office: Office, desk: ServiceDesk) -> None:
    fail(office)
    (outcome,) = send(office, desk, sdp_token="wrong-key-42")
    assert outcome.error == "the desk does not let the job in (sdp_token, sdp_auth): 401 Unauthorized"


LET_IN = "the desk does not let the job in (sdp_token, sdp_auth): "


@pytest.mark.parametrize(
    ("refusal", "words", "uncertain"),
    [
        ((401, servicedesk.failed("401", "Unauthorized")), f"{LET_IN}401 Unauthorized", False),
        ((401, "<html>Unauthorized</html>"), "HTTP 401, and a page of HTML", True),
        ((403, servicedesk.failed("4002", "No permission")), f"{LET_IN}4002 No permission", False),
        ((400, servicedesk.failed("4001", "Invalid", "group")), "HTTP 400, 4001 Invalid (group)", False),
        ((400, servicedesk.failed("4003", "Not valid")), "HTTP 400, 4003 Not valid", False),
        ((404, servicedesk.failed("4007", "Invalid URL")), "HTTP 404, 4007 Invalid URL", False),
        ((405, servicedesk.failed("4021", "Method")), "HTTP 405, 4021 Method", False),
        ((200, servicedesk.failed("4001", "Extra field", "urgency")), "4001 Extra field (urgency)", False),
        ((200, servicedesk.failed("4004", "Internal")), "HTTP 200, 4004 Internal", True),
        ((502, "Bad gateway"), "HTTP 502, and not an answer of a ServiceDesk Plus", True),
        ((429, "<p>Maximum access limit exceeded</p>"), "the limit of calls is reached", True),
        ((200, {"response_status": {"status_code": 9}}), "HTTP 200, no reason given", True),
        ((200, {"response_status": [], "request": 7}), "HTTP 200, no reason given", True),
    ],
)
def test_each_refusal_is_told_as_the_desk_means_it(
    office: Office, desk: ServiceDesk, refusal: tuple[int, Any], words: str, uncertain: bool
) -> None:
    """The body decides; only where it says that nothing was done the request is made without a search."""
    fail(office)
    desk.refusal = refusal
    (outcome,) = send(office, desk)
    assert words in outcome.error
    assert office.waiting()[0].uncertain is uncertain
    desk.refusal = None
    (entry,) = office.waiting()
    office.outbox.write(replace(entry, not_before=""))
    assert [one.error for one in send(office, desk)] == [""]
    assert [call.split()[0] for call in desk.calls] == ["POST", *["GET"] * uncertain, "POST"]
    assert len(desk.requests) == 1


def test_a_busy_desk_is_left_alone_for_a_quarter_of_an_hour(office: Office, desk: ServiceDesk) -> None:
    fail(office)
    desk.faults = [servicedesk.BUSY]
    (outcome,) = send(office, desk)
    assert "busy" in outcome.error
    assert send(office, desk) == []
    (entry,) = office.waiting()
    wait = dt.datetime.fromisoformat(entry.not_before) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=14) < wait <= dt.timedelta(minutes=15)


def test_the_key_goes_to_the_desk_alone_and_in_its_header(office: Office, desk: ServiceDesk) -> None:
    fail(office)
    send(office, desk)
    assert all(KEY not in call for call in desk.calls)
    (headers,) = desk.headers
    assert [value for value in headers.values() if KEY in value] == [KEY]


# --- kills --------------------------------------------------------------------------------------------

POINTS = (
    (Outbox, "write"),
    (Outbox, "remove"),
    (Records, "note_request"),
    (Records, "note_sent"),
    (Records, "write"),
    (Web, "call"),
)


def _killed_at(point: int, work: Callable[[], None]) -> bool:
    """Do some work in a process that is gone before or after its how manieth call; whether it was."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def die_here() -> None:
            nonlocal count
            count += 1
            if count == point:
                os._exit(9)

        def dying(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                die_here()
                result = original(*arguments, **named)
                die_here()
                return result

            return call

        for place, name in POINTS:
            setattr(place, name, dying(getattr(place, name)))
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9


STEPS: tuple[Callable[[Office], None], ...] = (
    fail,
    lambda office: fail(office, 61),
    lambda office: heal(office, 62),
)


def _survived(office: Office, desk: ServiceDesk, point: int, fault: str) -> bool:
    """Tell a failure, a repeat and its end, killed at some call of each; whether that call came at all."""
    killed = False
    for step in STEPS:
        step(office)
        desk.faults = [fault]
        killed |= _killed_at(point, lambda: _round(office, desk, lambda _: None, sdp_close=True))
        for _ in range(2):
            send(office, desk, sdp_close=True)
    return killed


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.parametrize(("fault", "at_least"), [("", 10), (servicedesk.LOST, 5)])
def test_a_kill_at_any_point_makes_no_second_request_note_or_close(
    tmp_path: Path, fault: str, at_least: int
) -> None:
    point, killed = 0, True
    while killed:
        point += 1
        office = Office(tmp_path / str(point))
        with serving() as desk:
            killed = _survived(office, desk, point, fault)
        (request,) = desk.requests
        assert (len(request.notes), request.status) == (2, "Closed"), f"killed at {point}"
        assert office.waiting() == []
        assert office.records.closed()[0].request == request.id
    assert point > at_least

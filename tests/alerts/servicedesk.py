"""A ServiceDesk Plus as its vendor describes it, on a real HTTP server; and what may go wrong with one.

Mocked: no ServiceDesk Plus can be had here. It keeps requests and notes, and judges calls as the vendor's
pages say: a form field ``input_data``, an ``Accept`` header, a key, codes in the body.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "desk-key-0123456789"
ACCEPT = "application/vnd.manageengine.sdp.v3+json"

LOST, LATE, PAGE, INTERNAL, BUSY, REDIRECT, NO_ID, WARNING, LOGIN_PAGE = (
    "the answer is lost",
    "the answer is late",
    "a page of HTML",
    "an internal error",
    "too many calls",
    "a redirect",
    "no id in the answer",
    "done with a warning",
    "a proxy's login page",
)


@dataclass
class Request:
    """One request at the desk."""

    id: str
    fields: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    status: str = "Open"


@dataclass
class ServiceDesk:
    """The desk's requests, what is wrong with it, and every call that came."""

    port: int = 0
    cloud: bool = False
    mandatory: str = ""
    """A field without which it refuses a request."""
    refusal: tuple[int, Any] | None = None
    """What it answers to everything, where that is set."""
    faults: list[str] = field(default_factory=list)
    """What goes wrong with the next POSTs or PUTs, one after the other; empty: nothing."""
    requests: list[Request] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """What goes into sdp_url."""
        return f"http://127.0.0.1:{self.port}" + ("/app/itdesk" if self.cloud else "")

    def answer(self, method: str, path: str, values: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """The HTTP code and the body of one call."""
        if self.refusal is not None:
            return self.refusal
        base = "/app/itdesk/api/v3/requests" if self.cloud else "/api/v3/requests"
        key = headers.get("Authorization") if self.cloud else headers.get("authtoken")
        if key != (f"Zoho-oauthtoken {KEY}" if self.cloud else KEY):
            return 400, failed("401", "Unauthorized")
        if headers.get("Accept") != ACCEPT or not path.startswith(base):
            return 404, failed("4007", "Invalid URL")
        parts = path.removeprefix(base).strip("/").split("/")
        if method == "POST" and parts == [""]:
            return self._create(values)
        if method == "GET" and parts == [""]:
            return self._find(values)
        return self._one(method, parts, values)

    def _create(self, values: Any) -> tuple[int, Any]:
        if not isinstance(values, dict) or "request" not in values:
            return 200, listed("requests", [])  # a JSON body makes nothing, and says so to nobody
        fields = values["request"]
        if self.mandatory and self.mandatory not in fields:
            return 400, failed("4012", "Value for the mandatory field is missing", self.mandatory)
        if len(fields["subject"]) > 250 or "\n" in fields["subject"]:
            return 400, failed("4001", "Invalid value", "subject")
        made = Request(str(10_001 + len(self.requests)), fields)
        self.requests.append(made)
        return 201, done("request", {"id": made.id, "subject": fields["subject"]})

    def _find(self, values: Any) -> tuple[int, Any]:
        (criterion,) = values["list_info"]["search_criteria"]
        assert (criterion["field"], criterion["condition"]) == ("subject", "contains")
        found = [
            {"id": one.id, "subject": one.fields["subject"]}
            for one in self.requests
            if criterion["value"] in one.fields["subject"]
        ]
        return 200, listed("requests", found[::-1])

    def _one(self, method: str, parts: list[str], values: Any) -> tuple[int, Any]:
        found = next((one for one in self.requests if one.id == parts[0]), None)
        if found is None:
            return 404, failed("4007", "Invalid id")
        if parts[1:] == ["notes"]:
            return self._notes(found, method, values)
        if parts[1:] == ["close"] and method == "PUT":
            if found.status == "Closed":
                return 400, failed("4001", "Request is already closed")
            found.status = "Closed"
        return 200, done("request", {"id": found.id, "status": {"name": found.status}})

    def _notes(self, request: Request, method: str, values: Any) -> tuple[int, Any]:
        name = "request_note" if self.cloud else "note"
        if method == "GET":
            return 200, listed("notes", [{"description": note} for note in request.notes])
        if name not in values:
            return 400, failed("4001", "Extra field", next(iter(values)))
        request.notes.append(values[name]["description"])
        return 201, done(name, {"id": str(len(request.notes))})


def done(name: str, values: Any) -> dict[str, Any]:
    return {name: values, "response_status": {"status_code": 2000, "status": "success"}}


def listed(name: str, values: list[Any]) -> dict[str, Any]:
    return {name: values, "response_status": [{"status_code": 2000, "status": "success"}]}


def failed(code: str, words: str, *fields: str) -> dict[str, Any]:
    message = {"status_code": code, "message": words, **({"fields": list(fields)} if fields else {})}
    return {"response_status": {"status_code": 4000, "status": "failed", "messages": [message]}}


class _Handler(BaseHTTPRequestHandler):
    """Takes calls for the desk that its server has."""

    @property
    def _desk(self) -> ServiceDesk:
        desk: ServiceDesk = self.server.desk  # type: ignore[attr-defined]
        return desk

    def do_GET(self) -> None:
        self._take("GET")

    def do_POST(self) -> None:
        self._take("POST")

    def do_PUT(self) -> None:
        self._take("PUT")

    def _take(self, method: str) -> None:
        desk, parts = self._desk, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        form = parse_qs(self.rfile.read(length).decode() if length else parts.query)
        values = json.loads(form["input_data"][0]) if "input_data" in form else None
        given = {name: self.headers.get(name, "") for name in ("Accept", "authtoken", "Authorization")}
        with desk.lock:
            desk.calls.append(f"{method} {parts.path}")
            desk.headers.append(dict(self.headers.items()))
            fault = desk.faults.pop(0) if desk.faults and method != "GET" else ""
            code, body = _EARLY.get(fault) or desk.answer(method, parts.path, values, given)
            self._send(*_spoilt(code, body, fault), fault)

    def _send(self, code: int, body: Any, fault: str) -> None:
        if fault == LOST:
            self.close_connection = True
            return
        if fault == LATE:
            threading.Event().wait(1.0)
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        with suppress(OSError):
            self.send_response(code)
            if fault == REDIRECT:
                self.send_header("Location", "https://sso.example.com/login?key=secret")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


_EARLY: dict[str, tuple[int, Any]] = {
    BUSY: (400, failed("4001", "Maximum access limit exceeded")),
    REDIRECT: (302, {}),
    LOGIN_PAGE: (200, "<html>Sign in</html>"),
}
"""What is answered before the desk has heard of the call."""


def _spoilt(code: int, body: Any, fault: str) -> tuple[int, Any]:
    """The answer as it arrives after the desk has done what it was asked."""
    if fault == PAGE:
        return 200, "<html>Bad gateway</html>"
    if fault == INTERNAL:
        return 500, failed("4004", "Internal error")
    if fault == NO_ID:
        return code, listed("requests", [{"id": "1"}])
    if fault == WARNING:
        warned = {"status_code": 3000, "messages": [{"message": "group is gone"}]}
        return code, {**body, "response_status": warned}
    return code, body


@contextmanager
def serving(**how: Any) -> Iterator[ServiceDesk]:
    """A desk that listens, for a block."""
    desk = ServiceDesk(**how)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.desk = desk  # type: ignore[attr-defined]
    desk.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()

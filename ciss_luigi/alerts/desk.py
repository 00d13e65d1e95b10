"""ServiceDesk Plus (REST v3): one request per failure, a note on each repeat, a closing note when it is over.

The desk has no way to make a repeated POST safe. So the intent is written down and synced before each POST,
and what is sent holds a token. After an unclear answer the desk is searched for the token before anything is
sent again.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ciss_luigi.alerts import deskanswers
from ciss_luigi.alerts.channel import NotTaken, Taken
from ciss_luigi.alerts.deskanswers import Said
from ciss_luigi.alerts.failure import Failure, What
from ciss_luigi.alerts.outbox import Entry, Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.web import NoAnswer, Web
from ciss_luigi.alerts.words import shortened
from ciss_luigi.config.telling import Alerts

NAME = "desk"
_ACCEPT = "application/vnd.manageengine.sdp.v3+json"
_FORM = "application/x-www-form-urlencoded"
_SUBJECT_LENGTH = 250


class Desk:
    """The requests at one desk."""

    name = NAME

    def __init__(self, alerts: Alerts, outbox: Outbox, records: Records, web: Web) -> None:
        self._base = f"{alerts.sdp_url}/api/v3/requests"
        self._oauth = alerts.sdp_auth == "oauth"
        self._token = alerts.sdp_token
        self._fields = alerts.sdp_fields
        self._close = alerts.sdp_close
        self._outbox = outbox
        self._records = records
        self._web = web

    def send(self, entry: Entry, failure: Failure | None) -> Taken:
        """Make, annotate or close the request of a failure; raises NotTaken."""
        known = failure.request if failure else ""
        # a first message that was never sent needs no search: nothing at the desk can have its token
        if not known and (entry.uncertain or entry.number > 1):
            known = self._found(entry)
        if not known:
            return self._created(entry)
        if entry.number > 1:
            return self._told_once_more(entry, known)
        self._note_request(entry, known)
        return Taken(request=known)

    def close(self) -> None:
        """Do nothing: no connection is kept open."""

    def _created(self, entry: Entry) -> Taken:
        if entry.what is What.RECOVERY:
            return Taken(warning="there is no request at the desk to close")
        subject = f"{shortened(entry.subject, _SUBJECT_LENGTH - 20)} [{_token(entry)}]"
        fields = {**self._fields, "subject": subject, "description": _html(entry.text)}
        said = self._post(entry, "", {"request": fields})
        request = _id(said.values.get("request"))
        if not request:
            raise NotTaken("the desk says that it is done, and names no request", uncertain=True, stop=True)
        self._note_request(entry, request)
        return Taken(request, said.warning)

    def _told_once_more(self, entry: Entry, request: str) -> Taken:
        warning = ""
        if not (entry.uncertain and self._has_note(entry, request)):
            warning = self._add_note(entry, request).warning
        if entry.what is What.RECOVERY and self._close:
            self._close_request(entry, request)
        return Taken(request, warning)

    def _add_note(self, entry: Entry, request: str) -> Said:
        """Add a note; the cloud and the on-premise desk have different names for it."""
        note = {"description": _html(f"{entry.text}\n{_note_token(entry)}"), "show_to_requester": False}
        names = ["request_note", "note"] if self._oauth else ["note", "request_note"]
        try:
            return self._post(entry, f"/{quote(request)}/notes", {names[0]: note})
        except NotTaken as error:
            if error.uncertain or "note" not in str(error):
                raise
        return self._post(entry, f"/{quote(request)}/notes", {names[1]: note})

    def _close_request(self, entry: Entry, request: str) -> None:
        """Close the request, unless it is closed already."""
        closure = {"closure_comments": shortened(entry.text, 1000), "requester_ack_resolution": True}
        try:
            self._call("PUT", f"/{quote(request)}/close", {"request": {"closure_info": closure}})
        except NotTaken as error:
            if not self._is_closed(request):
                # the note is at the desk: the next try must find it instead of adding it again
                raise NotTaken(str(error), uncertain=True, stop=error.stop) from None

    def _is_closed(self, request: str) -> bool:
        try:
            values = self._call("GET", f"/{quote(request)}").values.get("request")
        except NotTaken:
            return False
        status = values.get("status") if isinstance(values, dict) else None
        return isinstance(status, dict) and str(status.get("name", "")).lower() == "closed"

    def _found(self, entry: Entry) -> str:
        """The id of the request whose subject holds the token, or nothing; raises NotTaken."""
        criteria = [{"field": "subject", "condition": "contains", "value": _token(entry)}]
        order = {"sort_field": "created_time", "sort_order": "desc"}
        wanted = {"list_info": {"row_count": 100, "search_criteria": criteria, **order}}
        with_token = [
            _id(one)
            for one in self._listed("", wanted, "requests", entry)
            if _token(entry) in str(one.get("subject", ""))
        ]
        return with_token[-1] if with_token else ""

    def _has_note(self, entry: Entry, request: str) -> bool:
        path = f"/{quote(request)}/notes"
        wanted = {"list_info": {"row_count": 100, "sort_field": "created_time", "sort_order": "desc"}}
        notes = [
            *self._listed(path, wanted, "notes", entry, "request_notes"),
        ]
        return any(_note_token(entry) in str(one.get("description", "")) for one in notes)

    def _listed(
        self, path: str, wanted: Mapping[str, Any], key: str, entry: Entry, other: str = ""
    ) -> Iterator[Mapping[str, Any]]:
        """The entries of a list; if the desk gives no list, the message stays as uncertain as it was."""
        try:
            values = self._call("GET", path, wanted).values
        except NotTaken as error:
            error.uncertain = entry.uncertain
            raise
        found = values.get(key) or values.get(other) or ()
        return (one for one in found if isinstance(one, dict))

    def _post(self, entry: Entry, path: str, values: Mapping[str, Any]) -> Said:
        """Send what must not be sent twice: first its intent is written to the disk."""
        if entry.what is not What.TEST:
            self._outbox.write(replace(entry, uncertain=True))
        return self._call("POST", path, values)

    def _call(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Said:
        headers = {"Accept": _ACCEPT}
        if self._oauth:
            headers["Authorization"] = f"Zoho-oauthtoken {self._token}"
        else:
            headers["authtoken"] = self._token
        form = urlencode({"input_data": json.dumps(values)}) if values else ""
        url = f"{self._base}{path}"
        try:
            if method == "GET":
                answer = self._web.call(method, f"{url}?{form}" if form else url, headers)
            else:
                headers["Content-Type"] = _FORM
                answer = self._web.call(method, url, headers, form.encode())
        except NoAnswer as error:
            raise NotTaken(f"the desk: {error}", stop=True, uncertain=error.sent) from None
        return deskanswers.read(answer)

    def _note_request(self, entry: Entry, request: str) -> None:
        if entry.what is not What.TEST:
            self._records.note_request(entry.failure, request)


def _token(entry: Entry) -> str:
    return f"CISS-{entry.failure}"


def _note_token(entry: Entry) -> str:
    return f"[{_token(entry)}/{entry.number}]"


def _id(value: Any) -> str:
    """The id in what the desk says about a request; a number, or a text of digits."""
    found = str(value.get("id", "")) if isinstance(value, dict) else ""
    return found if found.isalnum() else ""


def _html(text: str) -> str:
    return html.escape(text).replace("\n", "<br/>")

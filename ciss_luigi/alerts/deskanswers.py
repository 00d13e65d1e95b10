"""Reading the answers of a ServiceDesk Plus: the body decides, not the HTTP code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ciss_luigi.alerts.channel import NotTaken
from ciss_luigi.alerts.web import Reply
from ciss_luigi.plaintext import one_line, without_secrets

_DONE, _DONE_WITH_WARNING, _FAILED = 2000, 3000, 4000
_INTERNAL = 4004
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)
_LOGIN_CODES = ("401", "4002")
_BUSY = "access limit exceeded"
_BUSY_MINUTES = 15.0
_SHOWN = 300


@dataclass(frozen=True)
class Said:
    """A good answer: its JSON, and a warning of the desk if there is one."""

    values: Mapping[str, Any]
    warning: str = ""


def read(answer: Reply) -> Said:
    """Read a good answer; raises NotTaken for any other.

    Its ``uncertain`` is False only if the desk itself says that it did nothing.
    """
    if answer.status in _REDIRECTS:
        where = answer.redirect or "nowhere"
        why = f"the desk answers with a redirect ({answer.status}) to {where}; sdp_url must name the desk"
        raise NotTaken(why, stop=True, uncertain=True)
    values = _json(answer)
    status = _status(values)
    code = status.get("status_code")
    messages = list(_messages(status))
    told = "; ".join(words for _, words in messages) or "no reason given"
    if code == _DONE:
        return Said(values)
    if code == _DONE_WITH_WARNING:
        return Said(values, one_line(without_secrets(told))[:_SHOWN])
    raise _refusal(answer, messages, one_line(without_secrets(told))[:_SHOWN], failed=code == _FAILED)


def _json(answer: Reply) -> Mapping[str, Any]:
    try:
        values = json.loads(answer.body)
    except (ValueError, RecursionError):
        values = None
    if isinstance(values, dict) and isinstance(values.get("response_status"), dict | list):
        return values
    what = "a page of HTML" if b"<" in answer.body[:200] else "not an answer of a ServiceDesk Plus"
    busy = _BUSY in answer.body[:5000].decode(errors="replace").lower()
    why = f"HTTP {answer.status}, and {what}" + (": the limit of calls is reached" if busy else "")
    raise NotTaken(why, stop=True, uncertain=True, wait_minutes=_BUSY_MINUTES if busy else 0)


def _status(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object for one thing and for errors, a list of one for lists."""
    status = values["response_status"]
    first = status[0] if isinstance(status, list) and status else status
    return first if isinstance(first, dict) else {}


def _messages(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The desk's messages: their codes, and in words with the fields that they are about."""
    for message in status.get("messages") or ():
        if isinstance(message, dict):
            code = str(message.get("status_code", ""))
            fields = message.get("fields") or [message.get("field")]
            named = ", ".join(str(one) for one in fields if one) if isinstance(fields, list) else ""
            words = str(message.get("message", "") or "")
            yield code, " ".join(filter(None, (code, words, named and f"({named})")))


def _refusal(answer: Reply, messages: list[tuple[str, str]], told: str, *, failed: bool) -> NotTaken:
    codes = {code for code, _ in messages}
    if _BUSY in told.lower():
        return NotTaken(f"the desk is busy: {told}", stop=True, wait_minutes=_BUSY_MINUTES)
    if codes.intersection(_LOGIN_CODES) or answer.status in (401, 403):
        return NotTaken(f"the desk does not let the job in (sdp_token, sdp_auth): {told}", stop=True)
    unclear = not failed or answer.status >= _SERVER_ERROR or str(_INTERNAL) in codes
    return NotTaken(f"the desk said: HTTP {answer.status}, {told}", uncertain=unclear, stop=unclear)

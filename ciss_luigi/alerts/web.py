"""Calls over HTTP by the standard library: no redirect is followed, and every certificate is checked."""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ciss_luigi.plaintext import one_line, without_secrets

_SECONDS = 10.0
_MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Reply:
    """What a server answered; ``redirect`` is the other host to which it pointed."""

    status: int
    body: bytes
    redirect: str = ""


class NoAnswer(Exception):
    """There was no answer; ``sent`` says whether the call may have arrived all the same."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a POST would become a GET, and the key would go to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


class Web:
    """Calls with one set of trusted authorities."""

    def __init__(self, ca_cert: Path | None = None, seconds: float = _SECONDS) -> None:
        self._ca_cert = ca_cert
        self._seconds = seconds

    @functools.cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context()
        if self._ca_cert is not None:
            context.load_verify_locations(self._ca_cert)
        return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirects())

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        """Make one call; raises NoAnswer. Every HTTP code is an answer."""
        request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                return Reply(answer.status, answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                return _with_error_code(error)
        except urllib.error.URLError as error:
            raise _no_answer(error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise _no_answer(error) from None


def _with_error_code(error: urllib.error.HTTPError) -> Reply:
    try:
        body = error.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException):
        body = b""
    location = error.headers.get("Location", "") if error.headers else ""
    return Reply(error.code, body, urlsplit(location).netloc or (location and "another path"))


def _no_answer(reason: object) -> NoAnswer:
    if isinstance(reason, ssl.SSLCertVerificationError):
        words = (
            f"its certificate is not trusted ({reason.verify_message}); "
            "a private authority goes into [ciss_alerts] ca_cert"
        )
        return NoAnswer(words, sent=False)
    if isinstance(reason, TimeoutError):  # urllib does not say whether connecting or sending took too long
        return NoAnswer("no answer in time", sent=True)
    text = one_line(without_secrets(str(reason))) or type(reason).__name__
    return NoAnswer(text, sent=not isinstance(reason, ConnectionRefusedError | socket.gaierror))

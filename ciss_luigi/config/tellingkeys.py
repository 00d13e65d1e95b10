"""The keys of ``[ciss_alerts]``, ``[ciss_log]`` and ``[ciss_metrics]``."""

from __future__ import annotations

import logging
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ciss_luigi.config import variables
from ciss_luigi.config.reading import Context, Key, Reader, flag, json_object, nearest, whole
from ciss_luigi.plaintext import remember

ALERTS, LOG, METRICS = "ciss_alerts", "ciss_log", "ciss_metrics"
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NAMED = re.compile(r"(?P<name>[^<>@,]*)<(?P<address>[^<>]+)>")
_SHORTEST_TOKEN = 8
_MOST_USD = 1e15


def mail_address(text: str) -> str:
    """A mail address, with or without a name before it; raises ValueError for anything else."""
    named = _NAMED.fullmatch(text)
    address = named["address"].strip() if named else text
    if not _ADDRESS.fullmatch(address) or not text.isprintable():
        raise ValueError(f"{text!r} is not a mail address")
    return text


def _addresses(text: str, _: Context) -> tuple[str, ...]:
    """Addresses with commas between them; a name may come before one in ``<>``."""
    if "\n" in text or "\r" in text:
        raise ValueError("addresses go on one line, with commas between them")
    return tuple(dict.fromkeys(mail_address(part.strip()) for part in text.split(",") if part.strip()))


def _one_address(text: str, context: Context) -> str:
    found = _addresses(text, context)
    if len(found) > 1:
        raise ValueError(f"{text!r} is more than one address")
    return found[0] if found else ""


def _secret(text: str, context: Context) -> str:
    value = variables.expand_secret(text, context.environment)
    if not value.isprintable() or not value.isascii():
        raise ValueError("holds characters that no HTTP header may have")
    remember(value)
    return value


def _http_url(text: str, context: Context) -> str:
    if not text:
        return ""
    url = variables.expand_url(text, context.environment)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise ValueError("is not a URL that begins with https:// or http:// and names a host")
    _ = parts.port  # raises ValueError
    if parts.username or parts.password:
        raise ValueError("holds a user or a password")
    if parts.query or parts.fragment:
        raise ValueError("holds more than scheme, host, port and path")
    return url.rstrip("/")


def _ping_url(text: str, context: Context) -> str:
    """The URL of the ping; its last part is a secret: whoever knows it can report a success."""
    url = _http_url(text, context)
    remember(urlsplit(url).path.rpartition("/")[2])
    return url


def _channels(text: str, context: Context) -> tuple[str, ...]:
    """Apprise's URLs. They hold tokens, so neither a whole URL nor a part of it may be shown."""
    # a comma parts only with a space after it: some URLs of Apprise hold commas
    urls = [line.strip().rstrip(",") for line in re.split(r"\n|, +", text) if line.strip()]
    if urls and find_spec("apprise") is None:
        raise ValueError("apprise is not installed: pip install 'ciss-luigi[alerts]'")
    return tuple(_channel(number, url, context) for number, url in enumerate(urls, 1))


def _channel(number: int, text: str, context: Context) -> str:
    url = variables.expand_url(text, context.environment)
    for part in re.split(r"[/?&=@:]+", url.partition("://")[2]):
        # words and short parts are no tokens: to hide "billing" would make holes in every message
        if len(part) >= _SHORTEST_TOKEN and not part.isalpha():
            remember(part)
    password = re.match(r"[^:/]*://[^/@]*:([^/@]*)@", url)
    if password:
        remember(password[1])  # a secret though it may be a word
    remember(url)
    if not re.match(r"[a-z][a-z0-9]*://[^\s/]", url):
        raise ValueError(f"line {number} is not a URL of a channel")
    return url


def _choice(*choices: str) -> Reader:
    def read(text: str, _: Context) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is none of {', '.join(choices)}{nearest(text, choices)}")
        return text

    return read


def _level(text: str, _: Context) -> int:
    levels = logging.getLevelNamesMapping()
    # not all of Python's levels: the job says nothing at CRITICAL, so the file would stay empty
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(f"{text!r} is none of DEBUG, INFO, WARNING, ERROR")
    return levels[text.upper()]


def _number(text: str, _: Context) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= _MOST_USD:  # also refuses nan and inf
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return number


def _file(text: str, context: Context) -> Path | None:
    """A file in a folder that exists; raises ValueError."""
    if not text:
        return None
    path = context.path(text)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, and must be a file")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}")
    return path


def _written(text: str, context: Context) -> Path | None:
    """A file that this process may write, or make; raises ValueError."""
    path = _file(text, context)
    if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"{path} cannot be written by this user")
    return path


def _ca_cert(text: str, context: Context) -> Path | None:
    path = _file(text, context)
    if path is not None and not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _textfile(text: str, context: Context) -> Path | None:
    path = _file(text, context)
    if path is not None and not os.access(path.parent, os.W_OK):
        raise ValueError(f"the folder {path.parent} cannot be written by this user")
    if path is not None and path.suffix != ".prom":
        raise ValueError(f"{path} does not end with .prom: node_exporter would ignore it")
    return path


def _fields(text: str, context: Context) -> dict[str, Any]:
    fields = json_object(text, context)
    own = [name for name in ("subject", "description") if name in fields]
    if own:
        raise ValueError(f"{own[0]!r} is written by the job itself")
    return fields


ALERT_KEYS = (
    Key("mail_to", "", _addresses, "ops@example.com, billing@example.com"),
    Key("mail_cc", "", _addresses, "lead@example.com"),
    Key("mail_verify", "true", flag, "true"),
    Key("channels", "", _channels, "slack://${SLACK_TOKEN}/#billing", plain=False, lines=True),
    Key("sdp_url", "", _http_url, "https://desk.example.com:8080", plain=False),
    Key("sdp_token", "", _secret, "${SDP_TOKEN}", plain=False),
    Key("sdp_auth", "authtoken", _choice("authtoken", "oauth"), "authtoken"),
    Key("sdp_fields", "{}", _fields, '{"requester": {"name": "ciss"}}', plain=False),
    Key("sdp_close", "false", flag, "false"),
    Key("sdp_mail", "", _one_address, "desk@example.com"),
    Key("ping_url", "", _ping_url, "https://hc.example.com/ping/${PING_KEY}", plain=False),
    Key("ca_cert", "", _ca_cert, "/etc/ssl/ca.pem", plain=False),
    Key("throttle_minutes", "60", whole(0, 100_000), "60"),
    Key("jump_percent", "0", _number, "20"),
    Key("jump_usd", "0", _number, "10000"),
)
LOG_KEYS = (
    Key("file", "", _written, "/var/log/ciss/ciss.log", plain=False),
    Key("format", "text", _choice("text", "json"), "json"),
    Key("level", "INFO", _level, "INFO"),
    Key("rotate_mb", "50", _number, "50"),
    Key("keep", "10", whole(1, 1000), "10"),
    Key("terminal", "normal", _choice("normal", "quiet"), "quiet"),
)
METRIC_KEYS = (Key("textfile", "", _textfile, "/var/lib/node_exporter/ciss.prom", plain=False),)

"""Reading the URL of an engine, without SQLAlchemy, so that a run with nothing to do stays quick."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ciss_luigi.config import variables
from ciss_luigi.config.enginekinds import BY_SCHEME, EngineKind
from ciss_luigi.plaintext import remember


@dataclass(frozen=True)
class Warehouse:
    """The engine that a URL names. ``place`` is safe to show; ``options`` may hold secrets.

    ``options`` are those of the URL; in a Settings, a server's ``connect_args`` hold them too, checked.
    """

    kind: EngineKind
    place: str
    host: str = ""
    port: int = 0
    transport: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    connect_args: Mapping[str, Any] = field(default_factory=dict, repr=False)
    session_settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


def parse(text: str, folder: Path, environment: Mapping[str, str]) -> Warehouse:
    """Read a URL of the configuration; raises ValueError, which shows no secret."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        if variables.expand_secret(text, environment) != text:
            raise ValueError("is not a URL; ${NAME} may stand for a part of it, such as the password")
        raise ValueError("is not a URL")
    if scheme not in BY_SCHEME:
        raise ValueError(f"there is no engine for {scheme!r}; there are {', '.join(BY_SCHEME)}")
    if BY_SCHEME[scheme].embedded:
        return _file(BY_SCHEME[scheme], rest, folder, environment)
    return _server(scheme, variables.expand_url(text, environment))


def postgresql(rest: str) -> str:
    """The URL of a PostgreSQL from what follows its ``://``; raises ValueError that shows no secret.

    User and password are encoded again: SQLAlchemy ends a password at its first ``@``, a browser at its last.
    """
    try:
        parts = urlsplit(f"postgresql://{rest}")
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL: host or port cannot be read") from None
    login, at, place = parts.netloc.rpartition("@")
    if at:
        user, colon, password = login.partition(":")
        remember(unquote(password))
        place = f"{_encoded(user)}{colon}{_encoded(password)}@{place}"
    return f"postgresql+psycopg://{place}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="")


def _file(kind: EngineKind, rest: str, folder: Path, environment: Mapping[str, str]) -> Warehouse:
    path, _, query = rest.removeprefix("/").partition("?")
    if not rest.startswith("/") or not path or "\0" in path or path.startswith((":memory:", "md:")):
        raise ValueError("names no DuckDB file; the tables must outlive the process")
    place = _real(Path(folder, Path(variables.expand(path, environment)).expanduser()))
    options = dict(parse_qsl(variables.expand_url(query, environment)))
    return Warehouse(kind, str(place), options=options)


def _real(path: Path) -> Path:
    """The file itself, without links and ``..``, as markers name it; it need not be there yet."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(f"{path} is a link that leads back to itself") from None
    return Path(os.path.realpath(path))


def _server(scheme: str, text: str) -> Warehouse:
    try:
        parts = urlsplit(text)
        port = parts.port or BY_SCHEME[scheme].ports[scheme]
    except ValueError:
        raise ValueError("is not a URL: host or port cannot be read") from None
    if not parts.hostname:
        raise ValueError("names no host")
    options: dict[str, Any] = dict(parse_qsl(parts.query))  # it may name the user and the rest, too
    before = {"username": _decoded(parts.username), "password": _decoded(parts.password)}
    before["database"] = unquote(parts.path.strip("/")) or None
    options |= {key: value for key, value in before.items() if value is not None}
    remember(options.get("password", ""))
    return Warehouse(
        BY_SCHEME[scheme],
        f"{parts.hostname}:{port}",
        host=parts.hostname,
        port=port,
        transport=scheme.partition("+")[2] or None,
        options=options,
    )


def _decoded(text: str | None) -> str | None:
    return None if text is None else unquote(text)

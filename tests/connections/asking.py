"""A site's own road to a server: its URL and connect_args, as they stand in the configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ciss_luigi.config import settings
from ciss_luigi.errors import EngineUnavailable
from ciss_luigi.site import Site

Rows = list[tuple[object, ...]]
DEFAULT: Rows = [("default",)]
"""What a new server answers."""


def ask(
    folder: Path, url: str, environment: Mapping[str, str] | None = None, /, **connect_args: object
) -> Rows:
    """Open a session by the site's engine and ask for the schemas."""
    section = {"warehouse_url": url, "connect_args": json.dumps(connect_args), "retries": "0"}
    site = Site(settings.read(section, folder, environment or {}), folder / "luigi.cfg")
    with site.engine().session() as session:
        return [tuple(row) for row in session.query("SHOW DATABASES")]


def refusal(
    folder: Path, url: str, environment: Mapping[str, str] | None = None, /, **connect_args: object
) -> str:
    """The same where there is no session to be had; gives the words of the error, which exits with 35."""
    with pytest.raises(EngineUnavailable) as caught:
        ask(folder, url, environment, **connect_args)
    return str(caught.value)

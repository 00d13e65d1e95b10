"""Relays and certificates for the tests of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.relay import Relay, relaying
from tests.connections.certificates import Certificate, authority, signed
from tests.servers import needs


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay without TLS or login."""
    with relaying() as started:
        yield started


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A private authority."""
    needs.require([needs.OPENSSL])
    return authority(tmp_path_factory.mktemp("ca"), "authority")


@pytest.fixture(scope="session")
def certificate(ca: Certificate) -> Certificate:
    """A certificate for localhost, signed by it."""
    return signed(ca, "relay", "localhost")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for failures and messages."""
    return tmp_path / "alerts"

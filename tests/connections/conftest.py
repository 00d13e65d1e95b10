"""What the tests of connections share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are on loopback, whatever way the machine has to others."""
    monkeypatch.setenv("no_proxy", "*")

"""What the tests of connections share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_proxy(no_proxy: None) -> None:
    """All of these tests ask servers on loopback."""

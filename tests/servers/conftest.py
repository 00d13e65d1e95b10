"""What the tests of the servers share."""

from __future__ import annotations

import pytest


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A name of the test's own: the servers are shared."""
    return "".join(letter if letter.isalnum() else "_" for letter in request.node.name.lower())

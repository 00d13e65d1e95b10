"""What every hostile test starts from."""

from __future__ import annotations

import pytest

from ciss_luigi import plaintext


@pytest.fixture(autouse=True)
def _own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken for a secret in one test is none in another."""
    monkeypatch.setattr(plaintext, "_secrets", set())

"""A night on which there is nothing to say pays for nothing of it."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.command import Place

MODULES = """
import atexit, sys
NAMES = ("smtplib", "apprise", "prometheus_client", "requests", "urllib3", "ecs_logging",
         "ciss_luigi.alerts.teller", "ciss_luigi.alerts.records", "ciss_luigi.alerts.mail",
         "ciss_luigi.alerts.notice", "ciss_luigi.engines", "ciss_luigi.queries", "ciss_luigi.steps",
         "sqlalchemy", "duckdb")
BY_LUIGI = set(sys.modules)
atexit.register(lambda: print("IMPORTED:", [name for name in NAMES if name in sys.modules.keys() - BY_LUIGI]))
"""
"""What a command imports beyond Luigi, which imports requests (and urllib3 with it) where they are."""
MAIL = "mail_to = ops@example.com\n"
CHANNELS = "channels =\n  json://127.0.0.1:1/key-one-two\n"


@pytest.mark.slow
@pytest.mark.parametrize("keys", [MAIL, CHANNELS])
def test_a_no_op_imports_neither_mail_nor_channels_nor_what_the_steps_need(place: Place, keys: str) -> None:
    """With all extras installed, as they are for the tests."""
    assert {
        name for name in ("apprise", "prometheus_client", "ecs_logging") if find_spec(name) is None
    } == set()
    place.configure(f"[ciss_alerts]\n{keys}[smtp]\nport = 1\n")
    place.merge("2016-11-22").explained(0)
    finished = place.merge("2016-11-22", prelude=MODULES).explained(0)
    (line,) = [line for line in finished.text.splitlines() if line.startswith("IMPORTED:")]
    assert line == "IMPORTED: []"
    assert list(place.state.glob("alerts/*/*")) == []

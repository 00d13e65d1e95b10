"""A night on which there is nothing to say pays for nothing of it."""

from __future__ import annotations

import pytest

from tests.command import Place

MODULES = """
import atexit, sys
NAMES = ("smtplib", "apprise", "prometheus_client", "urllib3", "ciss_luigi.alerts.teller",
         "ciss_luigi.alerts.records", "ciss_luigi.alerts.mail", "ciss_luigi.alerts.notice")
atexit.register(lambda: print("IMPORTED:", [name for name in NAMES if name in sys.modules]))
"""


@pytest.mark.slow
def test_a_no_op_imports_neither_mail_nor_channels(place: Place) -> None:
    place.configure("[ciss_alerts]\nmail_to = ops@example.com\n[smtp]\nport = 1\n")
    place.merge("2016-11-22").explained(0)
    finished = place.merge("2016-11-22", prelude=MODULES).explained(0)
    (line,) = [line for line in finished.text.splitlines() if line.startswith("IMPORTED:")]
    # urllib3 comes with requests, which Luigi imports where it is there, as it is beside Apprise
    assert line.replace("'urllib3'", "") == "IMPORTED: []"
    assert not (place.state / "alerts").exists()

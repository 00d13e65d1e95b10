"""What luigid remembers of a killed command answers 10, wherever the kill fell; then the command heals."""

from __future__ import annotations

import pytest

from tests.command import STEPS, Luigid, Place

pytestmark = pytest.mark.slow

DATE = "2016-11-10"
KILLED = """
import os, signal
from ciss_luigi.state.markers import Markers

write = Markers.write
def dying(self, marker):
    if marker.step == "{step}" and "{when}" == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, marker)
    if marker.step == "{step}":
        os.kill(os.getpid(), signal.SIGKILL)
Markers.write = dying
"""
"""A prelude: the command is killed beside a marker, and has told luigid nothing of its step."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["TruncateTemp", "BuildTemp"])
def test_the_same_command_is_10_until_luigid_forgets(
    place: Place, daemon: Luigid, step: str, when: str
) -> None:
    killed = place.merge(DATE, *daemon.options, prelude=KILLED.format(step=step, when=when))
    assert killed.code == -9
    finished = place.merge(DATE, *daemon.options)
    finished.explained(
        10, "luigid still remembers one that was killed", "Next:  ", "after two minutes at most"
    )
    daemon.kill()
    daemon.start()
    place.merge(DATE, *daemon.options).explained(0)
    assert place.marked(DATE) == list(STEPS)

"""Something is broken on purpose, and then what the program says is typed word for word until all is well."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.command import PYTHON

pytestmark = pytest.mark.slow

DATE = "2016-11-22"
MERGE = f"luigi --module ciss_luigi MergeMain --date {DATE} --local-scheduler"
MAIN = "mnaas.customer_invoice_summary_estimated"


class Stranger:
    """Somebody in an empty directory, without a luigid, who types what the README and the program say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "luigi.cfg").write_text("[ciss]\n[core]\nlog_level = INFO\n")
        self.said = ""

    def types(self, words: str) -> int:
        """Type a line into a shell; its exit code."""
        done = subprocess.run(
            ["bash", "-c", words],
            cwd=self.folder, env={"HOME": str(self.folder), "PATH": f"{PYTHON.parent}:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False,
        )  # fmt: skip
        self.said = done.stdout
        assert "Traceback" not in self.said, self.said
        return done.returncode

    def follows(self) -> int:
        """Type the last "Next:" that was said."""
        *_, following = re.findall(r"^ *Next:  (.*)$", self.said, re.MULTILINE)
        return self.types(following.replace(", then ", " && ").replace("the same command again", MERGE))

    def breaks(self, statement: str) -> None:
        """Change the warehouse behind the program's back."""
        import duckdb

        with duckdb.connect(str(self.folder / "var" / "ciss.duckdb")) as connection:
            connection.execute(statement)


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    """Somebody who has loaded the sample."""
    one = Stranger(tmp_path)
    assert one.types("ciss load --sample") == 0
    return one


def test_before_anything_is_loaded_the_program_says_how(tmp_path: Path) -> None:
    one = Stranger(tmp_path)
    assert one.types(MERGE) == 20
    assert "ciss load DIR makes it" in one.said
    assert one.types(f"ciss load --sample && {MERGE}") == 0


def test_a_row_that_breaks_the_rules_is_named_and_once_mended_the_same_command_goes_on(
    stranger: Stranger,
) -> None:
    stranger.breaks("UPDATE mnaas.usage_overage_charge SET currency = ' ' WHERE currency = 'GBP'")
    assert stranger.types(MERGE) == 30
    assert "2016-11: a charge has the blank currency ' '" in stranger.said
    assert "Next:  correct the source rows, then the same command again" in stranger.said
    stranger.breaks("UPDATE mnaas.usage_overage_charge SET currency = 'GBP' WHERE currency = ' '")
    assert stranger.types(MERGE) == 0
    assert stranger.types(f"ciss verify --date {DATE}") == 0


def test_a_main_that_somebody_changed_is_found_and_healed_by_what_verify_says(stranger: Stranger) -> None:
    assert stranger.types(MERGE) == 0
    stranger.breaks(f"UPDATE {MAIN} SET total_charge_usd = total_charge_usd + 1")
    assert stranger.types(f"ciss verify --date {DATE}") == 1
    assert stranger.follows() == 0
    assert stranger.types(f"ciss verify --date {DATE}") == 0


KILLED = f"""
import os, signal, sys
from luigi.cmdline import luigi_run
import ciss_luigi.tasks  # after Luigi's command, which is set up by this import
from ciss_luigi.steps import runner
from ciss_luigi.state.markers import Step
runner.steps.ACTIONS[Step.MERGE] = lambda job: os.kill(os.getpid(), signal.SIGKILL)
luigi_run("{MERGE}".split()[1:])
"""


def test_a_run_killed_half_way_is_finished_by_what_status_says(stranger: Stranger) -> None:
    (stranger.folder / "killed.py").write_text(KILLED)
    assert stranger.types("python killed.py") == -signal.SIGKILL
    assert stranger.types("ciss status") == 1
    assert "BuildTemp" in stranger.said
    assert stranger.follows() == 0
    assert stranger.types("ciss status") == 0

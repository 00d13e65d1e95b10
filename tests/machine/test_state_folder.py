"""A state folder that cannot be written, goes away, or stands on a filesystem without locks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import Place
from tests.helpers import CISS, process
from tests.machine.around import DATE, explained, needs_mounts

pytestmark = pytest.mark.whole

WITHOUT_LOCKS = """
import errno, fcntl, os
def refuse(*arguments):
    raise OSError(errno.{name}, os.strerror(errno.{name}))
fcntl.flock = refuse
"""
"""Mocked: no filesystem without flock can be had here."""

AT_A_STEP = """
import shutil, subprocess
from ciss_luigi.steps import runner
from ciss_luigi.steps import merge
from ciss_luigi.state.markers import Step

def before(place, name, what):
    original = place[name] if isinstance(place, dict) else getattr(place, name)
    def action(job, *rest, **named):
        what(job.settings.state_dir)
        return original(job, *rest, **named)
    if isinstance(place, dict):
        place[name] = action
    else:
        setattr(place, name, action)
"""
GONE = f"{AT_A_STEP}\nbefore(runner.steps.ACTIONS, Step('{{step}}'), shutil.rmtree)\n"
GONE_WHILE_PUBLISHING = f"{AT_A_STEP}\nbefore(merge, '_write_month', shutil.rmtree)\n"
NO_LONGER_OURS = f"""{AT_A_STEP}
def take_away(folder):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)

before(runner.steps.ACTIONS, Step("BuildTemp"), take_away)
"""
needs_setpriv = pytest.mark.usefixtures("setpriv")
AS_IF_NOT_ROOT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")


@pytest.mark.parametrize("step", [pytest.param("TruncateTemp", marks=pytest.mark.slow), "BuildTemp"])
def test_a_state_folder_that_is_removed_stops_the_run_before_its_next_step(
    place: Place, undisturbed: list[Any], step: str
) -> None:
    finished = place.merge(DATE, prelude=GONE.format(step=step))
    explained(finished, 30, f"date-{DATE}.lock was removed while it was held", "published nothing after")
    assert place.main() == []
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.slow
def test_one_that_is_removed_while_a_month_is_published_undoes_that(
    place: Place, undisturbed: list[Any]
) -> None:
    finished = place.merge(DATE, prelude=GONE_WHILE_PUBLISHING)
    explained(finished, 30, f"MergeMain of {DATE}: the lock ", "month-2016-11.lock was removed while")
    assert place.main() == []
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.slow
@needs_setpriv
def test_one_that_may_no_longer_be_written_in_the_middle(place: Place, undisturbed: list[Any]) -> None:
    finished = place.merge(DATE, prelude=NO_LONGER_OURS, before=AS_IF_NOT_ROOT)
    explained(finished, 30, f"BuildTemp of {DATE}: [Errno 13] Permission denied", "main was not touched")
    assert place.main() == []
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.slow
@needs_setpriv
def test_a_warehouse_that_the_user_may_not_see(place: Place, undisturbed: list[Any]) -> None:
    closed = place.folder / "closed"
    closed.mkdir()
    place.warehouse.rename(closed / "warehouse.duckdb")
    place.configure(warehouse_url="duckdb:///closed/warehouse.duckdb")
    closed.chmod(0o000)
    denied = ("closed/warehouse.duckdb cannot be opened", "Permission denied")
    place.merge(DATE, before=AS_IF_NOT_ROOT).explained(35, *denied, "no table was touched")
    for verb in (("check",), ("plan", "--date", DATE)):
        answer = process(place.folder, [*AS_IF_NOT_ROOT, str(CISS), *verb]).expect(35)
        assert all(text in answer.out + answer.err for text in denied)
    closed.chmod(0o755)
    place.merge(DATE).explained(0)
    (closed / "warehouse.duckdb").rename(place.warehouse)
    assert place.main() == undisturbed


@pytest.mark.slow
@needs_setpriv
def test_a_warehouse_with_dates_that_the_user_may_not_see(place: Place) -> None:
    closed = place.folder / "closed"
    closed.mkdir()
    place.warehouse.rename(closed / "warehouse.duckdb")
    place.configure(warehouse_url="duckdb:///closed/warehouse.duckdb")
    place.merge(DATE).explained(0)
    closed.chmod(0o000)
    denied = ("closed/warehouse.duckdb cannot be opened", "Permission denied", "no table was touched")
    place.merge("2016-11-11", before=AS_IF_NOT_ROOT).explained(35, *denied)
    closed.chmod(0o755)


@pytest.mark.slow
@needs_setpriv
def test_a_configuration_that_the_user_may_not_look_at(place: Place) -> None:
    closed = place.folder / "closed"
    closed.mkdir()
    hidden = closed / "luigi.cfg"
    place.config.rename(hidden)
    closed.chmod(0o000)
    words = f"{hidden} cannot be looked at: Permission denied"
    place.merge(DATE, before=AS_IF_NOT_ROOT, LUIGI_CONFIG_PATH=str(hidden)).explained(40, words)
    for verb in ((), ("check",), ("status",)):
        command = [*AS_IF_NOT_ROOT, str(CISS), *verb]
        answer = process(place.folder, command, environment={"LUIGI_CONFIG_PATH": str(hidden)}).expect(40)
        assert words in answer.out + answer.err
    closed.chmod(0o755)


@pytest.mark.slow
@needs_setpriv
def test_a_path_of_the_configuration_that_the_user_may_not_look_at(place: Place) -> None:
    closed = place.folder / "closed"
    (closed / "rules").mkdir(parents=True)
    place.configure("[ciss_log]\nfile = closed/logs/ciss.log", sql_dir="closed/rules")
    closed.chmod(0o000)
    finished = place.merge(DATE, before=AS_IF_NOT_ROOT)
    finished.explained(40, "[ciss_log] file: ", "[ciss] sql_dir: ", "Permission denied")
    closed.chmod(0o755)


@pytest.mark.slow
@needs_setpriv
def test_one_that_the_user_may_not_write(place: Place, undisturbed: list[Any]) -> None:
    place.state.mkdir(mode=0o555)
    denied = ("state/locks", "Permission denied", "State: nothing was touched", "Next:  ciss check")
    place.merge(DATE, before=AS_IF_NOT_ROOT).explained(40, *denied)
    place.range(DATE, "2016-11-12", before=AS_IF_NOT_ROOT).explained(40, *denied)
    place.state.chmod(0o755)
    place.merge(DATE).explained(0)
    for marker in (place.state / "markers" / DATE).iterdir():
        marker.chmod(0o000)
    place.merge(DATE, before=AS_IF_NOT_ROOT).explained(0, "is ignored", "Permission denied", "merged 2016-11")
    assert place.main() == undisturbed


@needs_mounts
@pytest.mark.slow
def test_a_warehouse_that_can_only_be_read(place: Place, undisturbed: list[Any]) -> None:
    read_only = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    place.configure(state_dir=place.folder.parent / "state")
    before = ("unshare", "-m", "sh", "-c", read_only, str(place.folder))
    explained(place.merge(DATE, before=before), 30, f"TruncateTemp of {DATE}: ", "Read-only file system")
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed


@pytest.mark.parametrize("name", ["ENOLCK", pytest.param("EOPNOTSUPP", marks=pytest.mark.slow)])
def test_a_filesystem_without_locks_is_refused_with_the_reason(place: Place, name: str) -> None:
    prelude = WITHOUT_LOCKS.format(name=name)
    refused = "this filesystem has no working locks; put state_dir on a local one"
    explained(place.merge(DATE, prelude=prelude), 40, "cannot be taken", refused)
    assert place.attempts(DATE) == []


@pytest.mark.slow
def test_so_it_is_in_a_range_and_ciss_check_says_it_beforehand(place: Place) -> None:
    prelude = WITHOUT_LOCKS.format(name="ENOLCK")
    refused = "this filesystem has no working locks"
    explained(place.range(DATE, "2016-11-11", prelude=prelude), 40, "cannot be taken", refused)
    assert place.attempts(DATE) == []
    check = f"{prelude}\nfrom ciss_luigi.cli import main\nmain()"
    answer = process(place.folder, [sys.executable, "-c", check, "check"])
    answer.expect(40, refused, "put [ciss] state_dir on a local disk")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["locks", "ledger", "markers"])
def test_a_file_in_the_place_of_a_folder_is_named(place: Place, undisturbed: list[Any], what: str) -> None:
    place.state.mkdir()
    (place.state / what).write_text("in the way")
    finished = place.merge(DATE)
    code = 40 if what == "locks" else 30
    explained(finished, code, str(Path("state") / what), "Next:  ")
    (place.state / what).unlink()
    place.merge(DATE).explained(0)
    assert place.main() == undisturbed

"""A run as root in a service user's state folder: what it makes belongs to that user."""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciss_luigi.engines.duckdb.beside import handing_over
from tests.command import Place
from tests.helpers import CISS, Answer, ciss, process, run, typed
from tests.machine.around import DATE
from tests.oddfiles import make_odd

USER = pwd.getpwnam("nobody")
USER_GROUP = grp.getgrgid(USER.pw_gid).gr_name
AS_USER = ("setpriv", f"--reuid={USER.pw_uid}", f"--regid={USER.pw_gid}", "--clear-groups")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def theirs(small_warehouse: Path) -> Iterator[Place]:
    """A site that belongs to another user, with a state folder that is empty.

    Not below pytest's own folder, which is for root alone.
    """
    with tempfile.TemporaryDirectory(prefix="ciss-owners-") as name:
        Path(name).chmod(0o755)
        place = Place(Path(name, "site"), small_warehouse)
        place.state.mkdir()
        for path in (place.folder, place.config, place.warehouse, place.state):
            os.chown(path, USER.pw_uid, USER.pw_gid)
        yield place
        place.end()


def of_root(folder: Path) -> list[Path]:
    """What belongs to root below a folder."""
    return [path for path in folder.rglob("*") if path.lstat().st_uid == 0]


def test_what_steps_and_verbs_make_belongs_to_the_folders_owner(theirs: Place) -> None:
    run(theirs.folder, DATE)
    typed(theirs.folder, "check").expect(0)
    made = list(theirs.state.rglob("*"))
    assert len(made) > 8
    assert of_root(theirs.state) == []
    assert {path.stat().st_gid for path in made} == {USER.pw_gid}


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
def test_after_a_run_as_root_the_user_goes_on(theirs: Place) -> None:
    theirs.merge(DATE).explained(0)
    assert of_root(theirs.state) == []
    theirs.merge("2016-11-11", before=AS_USER).explained(0)
    answer = process(theirs.folder, [*AS_USER, str(CISS), "reset", "--date", DATE])
    answer.expect(0, "removed the markers")


@pytest.mark.slow
def test_a_warehouse_that_root_loads_belongs_to_the_folders_owner(theirs: Place) -> None:
    theirs.configure(warehouse_url="duckdb:///state/new.duckdb")
    ciss(theirs.folder, "load", "--sample").expect(0)
    assert (theirs.state / "new.duckdb").stat().st_uid == USER.pw_uid


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
def test_what_may_not_be_opened_is_named_with_what_to_type(theirs: Place) -> None:
    lock = theirs.state / "locks" / f"date-{DATE}.lock"
    lock.parent.mkdir()
    os.chown(lock.parent, USER.pw_uid, USER.pw_gid)
    lock.touch(0o600)
    remedy = f"type: sudo chown -R {USER.pw_name}:nogroup {lock})"
    words = f"{lock} cannot be taken: Permission denied ({lock} belongs to root:root, mode 0600; {remedy}"
    theirs.merge(DATE, before=AS_USER).explained(40, words)
    checked = process(theirs.folder, [*AS_USER, str(CISS), "check"])
    checked.expect(40, f"{lock} belongs to root:root, mode 0600: may not be opened by this user")
    assert f"-> sudo chown -R {USER.pw_name}:nogroup {theirs.state}" in checked.out
    os.chown(lock, USER.pw_uid, USER.pw_gid)
    theirs.merge(DATE, before=AS_USER).explained(0)


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
def test_a_whole_folder_of_somebody_else_says_to_run_as_its_owner(theirs: Place) -> None:
    other = ("setpriv", "--reuid=1", "--regid=1", "--clear-groups")
    theirs.state.chmod(0o755)
    ended = theirs.merge(DATE, before=other).explained(40, "Permission denied", f"sudo -u {USER.pw_name} ...")
    assert "chown" not in ended.text
    run(theirs.folder, DATE)
    answer = process(theirs.folder, [*other, str(CISS), "check"]).expect(40, "may not be opened by this user")
    assert f"-> run this as its owner: sudo -u {USER.pw_name} ..." in answer.out
    assert "chown" not in answer.out


def checked(place: Place) -> Answer:
    return typed(place.folder, "check")


def test_check_names_what_belongs_to_somebody_else(theirs: Place) -> None:
    run(theirs.folder, DATE)
    for step in ("BuildTemp", "MergeMain"):
        os.chown(theirs.marker(DATE, step), 0, 0)
    answer = checked(theirs).expect(0, "2 warnings")
    assert (
        f"MergeMain.json belongs to root:root, mode 0644: the folder is {USER.pw_name}:nogroup's"
        in answer.out
    )


@pytest.mark.parametrize("odd", ["pipe", "sparse", "folder"])
def test_check_names_what_is_no_file_of_the_job(odd: str, place: Place) -> None:
    marker = place.marker(DATE, "MergeMain")
    marker.parent.mkdir(parents=True)
    make_odd(marker, odd)
    told = {"sparse": "holds 6,000,000,000 bytes"}.get(odd, "is not a plain file")
    checked(place).expect(40, f"{marker} {told}", f"-> remove it (rm -r {marker})")


def test_a_folder_in_the_place_of_a_marker_is_named_by_its_path(place: Place) -> None:
    marker = place.marker(DATE, "MergeMain")
    marker.parent.mkdir(parents=True)
    make_odd(marker, "folder")
    answer = typed(place.folder, "verify", "--date", DATE).expect(1)
    assert f"{marker} is ignored: it cannot be read (it is not a plain file)" in answer.err
    assert "Errno" not in answer.err


def test_check_tells_the_room(place: Place) -> None:
    out = checked(place).expect(0).out
    for what in ("state folder", "warehouse", "spill folder"):
        assert f"{what}: " in out
    assert out.count(" GB free (") == 3


KILLED_AFTER_A_WRITE = """
import os, signal
from ciss_luigi.engines.duckdb.session import DuckDbSession
original = DuckDbSession.execute
def executing(self, statement):
    original(self, statement)
    if statement == "COMMIT":
        os.kill(os.getpid(), signal.SIGKILL)
DuckDbSession.execute = executing
"""


def beside(place: Place) -> Path:
    return place.warehouse.with_name(f"{place.warehouse.name}.wal")


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
def test_the_journal_of_a_killed_run_as_root_keeps_nobody_out(theirs: Place) -> None:
    theirs.merge(DATE, prelude=KILLED_AFTER_A_WRITE)
    assert beside(theirs).stat().st_uid == USER.pw_uid
    theirs.merge(DATE, before=AS_USER).explained(0)


@pytest.mark.usefixtures("setpriv")
def test_nothing_is_given_away_through_a_link(theirs: Place, tmp_path: Path) -> None:
    """The folder is the user's: it could hold links to what is nobody's business."""
    secret = tmp_path / "roots" / "secret"
    secret.parent.mkdir()
    secret.write_text("root's")
    spill = theirs.warehouse.with_name(f"{theirs.warehouse.name}.tmp")
    hand_over = handing_over(theirs.warehouse)
    spill.symlink_to(secret.parent)
    hand_over()
    spill.unlink()
    spill.mkdir()
    (spill / "soft").symlink_to(secret)
    (spill / "hard").hardlink_to(secret)
    (spill / "own").write_text("")
    hand_over()
    assert secret.stat().st_uid == 0
    assert (spill / "own").stat().st_uid == USER.pw_uid


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_a_journal_of_root_is_named_with_what_to_type(theirs: Place, mode: int) -> None:
    theirs.merge(DATE, prelude=KILLED_AFTER_A_WRITE)
    os.chown(beside(theirs), 0, 0)
    beside(theirs).chmod(mode)
    remedy = f"sudo chown -R {USER.pw_name}:{USER_GROUP} {beside(theirs)}"
    finished = theirs.merge(DATE, before=AS_USER)
    assert finished.code in (30, 35)
    finished.explained(finished.code, f"belongs to root:root, mode {mode:04o}; type: {remedy}")
    os.chown(beside(theirs), 0, 0)
    answer = process(theirs.folder, [*AS_USER, str(CISS), "check"])
    assert answer.code in (1, 35)
    assert f"{beside(theirs)} belongs to root:root, mode {mode:04o}: may not be written" in answer.out
    assert f"-> {remedy}" in answer.out
    checked(theirs).expect(0, f"the warehouse is {USER.pw_name}:{USER_GROUP}'s", f"-> {remedy}")
    theirs.merge(DATE, before=AS_USER).explained(0)


@pytest.mark.usefixtures("setpriv")
def test_a_folder_of_the_warehouse_that_takes_no_journal_is_named(theirs: Place) -> None:
    theirs.folder.chmod(0o755)
    os.chown(theirs.folder, 0, 0)
    answer = process(theirs.folder, [*AS_USER, str(CISS), "check"])
    answer.expect(1, f"{theirs.folder} belongs to root:root, mode 0755: may not")


@pytest.mark.slow
@pytest.mark.usefixtures("setpriv")
@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_a_warehouse_that_root_has_made_its_own_is_named_with_its_owner(theirs: Place, mode: int) -> None:
    os.chown(theirs.warehouse, 0, 0)
    theirs.warehouse.chmod(mode)
    finished = theirs.merge(DATE, before=AS_USER)
    assert finished.code in (30, 35)
    remedy = f"sudo chown -R nobody:{USER_GROUP} {theirs.warehouse}"
    finished.explained(finished.code, f"belongs to root:root, mode {mode:04o}", remedy)

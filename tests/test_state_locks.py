"""File locks: held by one, named to the others, free when the holder is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.locking.filelocks import FileLock, LocksUnusable
from tests.command import wait_until
from tests.oddfiles import make_odd

HOLD = """
import os, sys, time
from pathlib import Path
from ciss_luigi.locking.filelocks import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.try_acquire()
print("taken", flush=True)
"""


@contextmanager
def held_elsewhere(path: Path, more: str = "time.sleep(60)") -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lock and then does something more."""
    command = [sys.executable, "-c", HOLD + more, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        try:
            yield process
        finally:
            process.kill()


def forked(action: Callable[[], object]) -> int:
    """Do something in a fork of this process, which then ends by itself; returns its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(0)
    return pid


def test_a_lock_is_held_by_one_descriptor(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "locks" / "a"), FileLock(tmp_path / "locks" / "a")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()


def test_the_holder_is_named_with_pid_host_and_time(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "a") as process:
        holder = FileLock(tmp_path / "a").holder()
    assert holder is not None
    assert (holder.pid, holder.host) == (process.pid, socket.gethostname())
    assert str(holder).startswith(f"pid {process.pid} on {socket.gethostname()} since 20")


def test_a_killed_holder_is_no_holder_and_his_lock_is_free(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "a") as process:
        process.kill()
        process.wait()
        assert FileLock(tmp_path / "a").holder() is None
        assert FileLock(tmp_path / "a").try_acquire()


def test_a_recycled_pid_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with FileLock(path).waited():
        values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "born": "1"}) + "\n")
    assert FileLock(path).holder() is None


def test_a_holder_on_another_host_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text('{"pid": 1, "host": "elsewhere", "since": "2016-11-03", "born": "1"}\n')
    assert str(FileLock(path).holder()) == "pid 1 on elsewhere since 2016-11-03"


@pytest.mark.parametrize("text", ["", "x", "null", "{}", '{"pid": 1}', "\xff"])
def test_an_unsigned_lock_has_no_holder(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text, encoding="latin-1")
    assert FileLock(tmp_path / "a").holder() is None


def test_a_fork_that_works_on_signs_below_its_parent_and_holds_the_lock_after_him(tmp_path: Path) -> None:
    child = "lock_pid = os.fork()\nif lock_pid == 0:\n    lock.sign()\ntime.sleep(60)"
    other = FileLock(tmp_path / "a")
    with held_elsewhere(tmp_path / "a", child) as process:
        wait_until(lambda: len((tmp_path / "a").read_text().splitlines()) == 2)
        holder = other.holder()
        assert holder is not None
        assert holder.pid == process.pid
        process.kill()
        process.wait()
        orphan = other.holder()
        assert orphan is not None
        assert orphan.pid != process.pid
        assert not other.try_acquire()
        os.kill(orphan.pid, signal.SIGKILL)
        other.acquire()


def test_waiting_ends_when_the_holder_lets_go(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "a"), FileLock(tmp_path / "a")
    first.acquire()
    waiting = threading.Thread(target=second.acquire)
    waiting.start()
    first.release()
    waiting.join(10)
    assert second.held


def test_a_released_lock_names_nobody(tmp_path: Path) -> None:
    with FileLock(tmp_path / "a").waited():
        assert FileLock(tmp_path / "a").holder() is not None
    assert (tmp_path / "a").read_text() == ""


def test_a_folder_that_cannot_be_made_is_an_explained_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for action in (FileLock.try_acquire, FileLock.require_usable):
        with pytest.raises(LocksUnusable, match="Not a directory") as raised:
            action(FileLock(tmp_path / "file" / "locks" / "a"))
        assert raised.value.state == "", "only whoever wants the lock knows what it has touched"


def test_to_try_whether_a_lock_can_be_opened_takes_nothing(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "locks" / "a")
    lock.require_usable()
    other = FileLock(lock.path)
    assert other.try_acquire()
    lock.require_usable()


# --- a file that nobody needs any more ----------------------------------------------------------------


def test_a_lock_that_is_discarded_leaves_no_file(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "a.lock")
    assert lock.try_acquire()
    lock.discard()
    assert not lock.path.exists()
    assert not lock.held
    FileLock(tmp_path / "b.lock").discard()  # never held: nothing to remove


def test_whether_a_lock_is_usable_leaves_no_file_where_there_was_none(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "locks" / "a.lock")
    lock.require_usable()
    assert not lock.path.exists()
    assert lock.try_acquire()
    FileLock(lock.path).require_usable()
    assert lock.path.exists()
    lock.require_in_place()


def test_of_two_who_wait_while_the_file_is_removed_only_one_gets_the_lock(tmp_path: Path) -> None:
    """The second has opened the file that goes; what he then holds would keep nobody out."""
    path = tmp_path / "a.lock"
    first, second, third = (FileLock(path) for _ in range(3))
    assert first.try_acquire()
    opened = os.open(path, os.O_RDWR)
    real, calls = os.open, []

    def late(*arguments: Any, **named: Any) -> int:
        calls.append(arguments)
        return opened if len(calls) == 1 else real(*arguments, **named)

    first.discard()
    assert third.try_acquire()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ciss_luigi.locking.filelocks.os.open", late)
        assert not second.try_acquire()
    assert len(calls) == 2
    third.require_in_place()


@pytest.mark.parametrize("odd", ["pipe", "folder"])
def test_an_odd_file_in_the_place_of_a_lock_is_refused_at_once(odd: str, tmp_path: Path) -> None:
    make_odd(tmp_path / "a.lock", odd)
    with pytest.raises(LocksUnusable, match=r"cannot be taken: [Ii]s "):
        FileLock(tmp_path / "a.lock").try_acquire()
    assert FileLock(tmp_path / "a.lock").holder() is None

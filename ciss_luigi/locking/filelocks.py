"""Exclusive locks as files: ``flock``, released by the kernel however the holder ends.

A lock file is signed by its holder, so that whoever finds it taken can name him. Forked children inherit
the descriptor: a worker whose parent was killed still holds the lock, so it signs below its parent.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ciss_luigi.errors import MACHINE_LACKS, CissError, ConfigurationError, EngineUnavailable, StepFailed
from ciss_luigi.plaintext import printable
from ciss_luigi.processes import born
from ciss_luigi.state.files import OddFile, make_folder, read_plain
from ciss_luigi.state.owners import hand_over, words

Fence = Callable[[], None]
"""To be passed right before publishing: raises when the right to publish is lost."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: process, host, since when (UTC); ``born`` tells a recycled pid apart."""

    pid: int
    host: str
    since: str
    born: str

    def __str__(self) -> str:
        return f"pid {self.pid} on {printable(self.host)} since {printable(self.since)}"

    @classmethod
    def read(cls, line: str) -> Holder:
        """A signature as it stands in a lock file; raises ValueError or TypeError for anything else."""
        holder = cls(**json.loads(line))
        if type(holder.pid) is not int or not all(
            isinstance(text, str) for text in (holder.host, holder.since, holder.born)
        ):
            raise TypeError("is not a signature")
        return holder

    @classmethod
    def me(cls) -> Holder:
        """The holder that this process is, now."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return cls(os.getpid(), socket.gethostname(), now, born(os.getpid()))

    def lives(self) -> bool:
        """Whether the holder still runs; a holder on another host is believed."""
        if self.host != socket.gethostname():
            return True
        return born(self.pid) == self.born


class LocksUnusable(StepFailed):
    """The folder of the locks cannot be written, or its filesystem has no working locks."""

    number = 0
    """The system's number of the error (errno), where it is one."""

    def before_a_step(self, place: str = "") -> CissError:
        """The same for a command that has not begun a step; ``place`` goes before what failed.

        Where the machine lacks something (a full disk) it is an EngineUnavailable, for it may pass; anything
        else somebody must set right, and is a ConfigurationError.
        """
        what = f"{place}{self.what}"
        if self.number in MACHINE_LACKS and self.number != errno.EROFS:  # mounted so, and stays so
            again = "give it what it lacks (df, ulimit -n), then the same command again"
            return EngineUnavailable(what, state="nothing was touched", next_command=again)
        return ConfigurationError(what, next_command=self.next_command or "ciss check")


class FileLock:
    """One lock file; held by at most one open descriptor (and the forks of its process)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._signed_by = 0
        self._signed_bytes = 0

    @property
    def held(self) -> bool:
        """Whether this process (or the one it was forked from) holds the lock."""
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock if it is free; raises LocksUnusable."""
        descriptor = self._taken()
        if descriptor is None:
            return False
        self._descriptor = descriptor
        self._signed_by = self._signed_bytes = 0
        try:
            self.sign()
        except LocksUnusable:
            self.release()
            raise
        return True

    def _taken(self) -> int | None:
        """A descriptor that holds the lock, or None where another one does.

        A holder may remove the file when he lets go (``discard``): a lock on a file that has just gone from
        its folder would keep nobody out, so the file that is there then is tried.
        """
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_in_place(descriptor):
                    return descriptor
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError as error:
                os.close(descriptor)
                raise self._unusable(error) from error
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def require_usable(self) -> None:
        """Make sure that the lock could be taken, by whoever holds it not; raises LocksUnusable.

        Leaves no file where there was none.
        """
        if self.path.exists():
            os.close(self._open())
        elif self.try_acquire():
            self.discard()

    def discard(self) -> None:
        """Let the lock go and remove its file, which nobody needs any more; only for its holder."""
        if self._descriptor is not None and self._is_in_place(self._descriptor):
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.release()

    def acquire(self) -> None:
        """Wait for the lock, however long its holder takes."""
        while not self.try_acquire():
            time.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """Let the lock go; a fork of this process may still hold it."""
        if self._descriptor is None:
            return
        if self._signed_by == os.getpid():
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None

    def sign(self) -> None:
        """Write down who holds the lock: the process that took it, then the fork of it at work."""
        if self._descriptor is None or self._signed_by == os.getpid():
            return
        line = json.dumps(asdict(Holder.me())).encode() + b"\n"
        try:
            os.ftruncate(self._descriptor, self._signed_bytes)
            os.pwrite(self._descriptor, line, self._signed_bytes)
        except OSError as error:
            raise self._unusable(error) from error
        self._signed_by = os.getpid()
        self._signed_bytes += len(line)

    def require_in_place(self) -> None:
        """Make sure that others still find this lock; raises LocksUnusable when its file was removed.

        A lock on a file that is gone from its folder keeps nobody out.
        """
        if self._descriptor is None:
            return
        if not self._is_in_place(self._descriptor):
            raise LocksUnusable(
                f"the lock {printable(str(self.path))} was removed while it was held: it keeps nobody out",
                state="what this step wrote in main before that was proven; it published nothing after",
            )

    def _is_in_place(self, descriptor: int) -> bool:
        """Whether others who open the lock's path find the file that a descriptor has open."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except OSError:
            return False

    def holder(self) -> Holder | None:
        """The first who signed the lock and still runs; reads only, never takes the lock to look."""
        try:
            lines = read_plain(self.path).splitlines()
            holders = [Holder.read(line) for line in lines]
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        return next((holder for holder in holders if holder.lives()), None)

    @contextmanager
    def waited(self) -> Iterator[None]:
        """Hold the lock for a block, waiting for it first."""
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _open(self) -> int:
        try:
            make_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o664)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OddFile(errno.EINVAL, "is not a plain file", str(self.path))
            hand_over(self.path)
            return descriptor
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> LocksUnusable:
        what = f"the lock {printable(str(self.path))} cannot be taken: {error.strerror}{words(error)}"
        if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            what += " (this filesystem has no working locks; put state_dir on a local one)"
        unusable = LocksUnusable(what)
        unusable.number = error.errno or 0
        return unusable

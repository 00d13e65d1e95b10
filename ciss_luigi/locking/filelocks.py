"""Exclusive locks as files (``flock``); the kernel frees them, in whatever way the holder ends.

The holder signs the lock file, so that whoever finds it taken can name the holder. Forked children inherit
the open file: a worker whose parent was killed still holds the lock, so it signs below its parent.

``lockf`` would not do: a fork does not inherit its locks, and they are gone as soon as the process closes any
other descriptor of the same file.
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

from ciss_luigi import commands
from ciss_luigi.errors import (
    GIVE_IT,
    MACHINE_LACKS,
    CissError,
    ConfigurationError,
    EngineUnavailable,
    StepFailed,
)
from ciss_luigi.plaintext import printable
from ciss_luigi.processes import born
from ciss_luigi.state.files import OddFile, make_folder, read_plain
from ciss_luigi.state.owners import hand_over, words

Fence = Callable[[], None]
"""Call it right before publishing: it raises if the right to publish is lost."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: process, host, since when (UTC); ``born`` shows whether the pid was used again."""

    pid: int
    host: str
    since: str
    born: str

    def __str__(self) -> str:
        return f"pid {self.pid} on {printable(self.host)} since {printable(self.since)}"

    @classmethod
    def read(cls, line: str) -> Holder:
        """Read a signature from a lock file; raises ValueError or TypeError for anything else."""
        holder = cls(**json.loads(line))
        if type(holder.pid) is not int or not all(
            isinstance(text, str) for text in (holder.host, holder.since, holder.born)
        ):
            raise TypeError("is not a signature")
        return holder

    @classmethod
    def me(cls) -> Holder:
        """The holder that this process is, from now on."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return cls(os.getpid(), socket.gethostname(), now, born(os.getpid()))

    def lives(self) -> bool:
        """Whether the holder still runs; one on another host cannot be seen, and counts as running."""
        if self.host != socket.gethostname():
            return True
        return born(self.pid) == self.born


class LocksUnusable(StepFailed):
    """The folder of the locks cannot be written, or its filesystem has no working locks."""

    number = 0
    """The system's number of the error (errno); 0 if there is none."""

    def before_a_step(self, place: str = "") -> CissError:
        """The same error for a command that has not begun a step; ``place`` goes before what failed.

        If the machine lacks something (a full disk) it is an EngineUnavailable, since it may pass. Everything
        else somebody must put right: it is a ConfigurationError.
        """
        what = f"{place}{self.what}"
        if self.number in MACHINE_LACKS and self.number != errno.EROFS:  # a read-only mount stays one
            again = f"{GIVE_IT} the same command again"
            return EngineUnavailable(what, state="nothing was touched", next_command=again)
        return ConfigurationError(what, next_command=self.next_command or commands.check())


class FileLock:
    """One lock file; at most one process and its forks hold it."""

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
        """An open file that holds the lock, or None if somebody else holds it.

        A holder may remove the file when it lets go (``discard``). A lock on a removed file would keep nobody
        out, so then the file that is there is tried.
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
        """Make sure that the lock could be taken, unless this process holds it; raises LocksUnusable.

        Leaves no new file behind.
        """
        if self.path.exists():
            os.close(self._open())
        elif self.try_acquire():
            self.discard()

    def discard(self) -> None:
        """Free the lock and remove its file, which nobody needs any more; only the holder may call it."""
        if self._descriptor is not None and self._is_in_place(self._descriptor):
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.release()

    def acquire(self) -> None:
        """Wait for the lock, however long its holder takes; raises LocksUnusable."""
        # not a flock that waits: the holder may remove the file, and then the next file is the lock
        while not self.try_acquire():
            time.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """Free the lock; a fork of this process may still hold it."""
        if self._descriptor is None:
            return
        # only by whoever signed last: a parent that ends must not wipe the name of its worker, which works on
        if self._signed_by == os.getpid():
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None

    def sign(self) -> None:
        """Write down who holds the lock: the process that took it, and below it the fork that works.

        Does nothing if the lock is not held; raises LocksUnusable.
        """
        if self._descriptor is None or self._signed_by == os.getpid():
            return
        line = json.dumps(asdict(Holder.me())).encode() + b"\n"
        try:
            # below the lines of this process's parents; what another child of theirs left there is gone
            os.ftruncate(self._descriptor, self._signed_bytes)
            os.pwrite(self._descriptor, line, self._signed_bytes)
        except OSError as error:
            raise self._unusable(error) from error
        self._signed_by = os.getpid()
        self._signed_bytes += len(line)

    def require_in_place(self) -> None:
        """Make sure that others still find this lock; raises LocksUnusable if its file was removed.

        A lock on a file that was removed from its folder keeps nobody out.
        """
        if self._descriptor is None:
            return
        if not self._is_in_place(self._descriptor):
            raise LocksUnusable(
                f"the lock {printable(str(self.path))} was removed while it was held: it keeps nobody out",
                state="each month that this step wrote in main is proven; it published nothing after that",
            )

    def _is_in_place(self, descriptor: int) -> bool:
        """Whether the lock's path still leads to the file that is open here."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except OSError:
            return False

    def holder(self) -> Holder | None:
        """The first who signed the lock and still runs, or None; only reads, and never takes the lock."""
        try:
            lines = read_plain(self.path).splitlines()
            holders = [Holder.read(line) for line in lines]
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        return next((holder for holder in holders if holder.lives()), None)

    @contextmanager
    def waited(self) -> Iterator[None]:
        """Wait for the lock, and hold it for a block; raises LocksUnusable."""
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _open(self) -> int:
        try:
            make_folder(self.path.parent)
            # without O_NONBLOCK a pipe in the lock's place would wait for a writer
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

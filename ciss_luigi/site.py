"""One installation: its settings, its state on disk and its engine, put together.

``settings()`` is the only way to the configuration; it reads the environment and the files once.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.config import file as configfile
from ciss_luigi.config import settings as settings_module
from ciss_luigi.config.keys import SECTION
from ciss_luigi.config.reading import Context
from ciss_luigi.config.sections import CISS
from ciss_luigi.config.settings import Settings
from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.config.urls import Warehouse
from ciss_luigi.errors import ConfigurationError, EngineUnavailable
from ciss_luigi.locking.filelocks import Fence, FileLock
from ciss_luigi.locking.turns import Turn
from ciss_luigi.plainfile import is_there, read_plain
from ciss_luigi.state.commandledger import CommandLedger
from ciss_luigi.state.files import write_whole
from ciss_luigi.state.ledger import Ledger
from ciss_luigi.state.markers import Markers, Place
from ciss_luigi.state.writes import Nowhere, OpenWrites, Writes

if TYPE_CHECKING:
    from ciss_luigi.engines.base import Engine, Progress
    from ciss_luigi.locking.leasebook import LeaseBook
    from ciss_luigi.state.javaruns import JavaRuns

Queue = Callable[[], AbstractContextManager[None]]
Watch = Callable[["Progress"], None]


def ignore(progress: Progress) -> None:
    """Do nothing with how far a statement is."""


@dataclass(frozen=True)
class Site:
    """One installation, as Luigi's tasks and the verbs of ``ciss`` use it."""

    settings: Settings
    config_path: Path

    @functools.cached_property
    def markers(self) -> Markers:
        """The markers of this warehouse and these tables."""
        settings = self.settings
        warehouse = f"{settings.warehouse.kind} {settings.warehouse.place}"
        place = Place(warehouse, settings.database, settings.main_table, settings.temp_table)
        return Markers(settings.state_dir / "markers", place, warehouse)

    @functools.cached_property
    def ledger(self) -> Ledger:
        """The run ledger."""
        return Ledger(self.settings.state_dir / "ledger")

    @functools.cached_property
    def commands(self) -> CommandLedger:
        """The ledger of commands."""
        return command_ledger(self.settings.state_dir)

    def require_warehouse(self, date: RunDate | None = None) -> None:
        """Make sure that an embedded warehouse is there if markers speak of it; only files are read.

        ``date`` is one whose markers are known. Raises EngineUnavailable: if the disk is not mounted, nobody
        may make a second, empty warehouse, or treat a date as done.
        """
        warehouse = self.settings.warehouse
        if self.has_warehouse():
            return
        known = date or self.markers.newest()
        if known is None:
            return
        named = f"{warehouse.kind} {warehouse.place}, in which {known} was built"
        is_empty = is_there(Path(warehouse.place))
        raise EngineUnavailable(
            f"{named}, is empty" if is_empty else f"there is no {named}",
            state="nothing was touched",
            next_command="mount its disk, or put the file back, then the same command; "
            f"if it is gone for good: {commands.load()} --new",
        )

    def has_warehouse(self) -> bool:
        """Whether an embedded warehouse's file is there, and not an empty one; a server is not asked."""
        warehouse = self.settings.warehouse
        if not warehouse.kind.embedded:
            return True
        path = Path(warehouse.place)
        if is_there(path, larger_than=warehouse.kind.empty_bytes):
            return True
        # beside an empty file a journal may hold all of it; alone it is nothing, the engine would remove it
        return is_there(path) and is_there(path.with_name(path.name + warehouse.kind.journal))

    def has_state(self, date: RunDate) -> bool:
        """Whether any step of a date has left anything in the state folder, valid or not."""
        folder = self.settings.state_dir
        return (folder / "markers" / str(date)).exists() or (folder / "ledger" / f"{date}.jsonl").exists()

    def date_lock(self, date: RunDate) -> FileLock:
        """The lock of one run date."""
        return FileLock(self._locks / f"date-{date}.lock")

    @property
    def temp_turn(self) -> Turn:
        """A date's turn at the temp of the old Java classes, which is one table for all dates."""
        note = self.settings.state_dir / "java" / "turn.json"
        return Turn(self._locks / "java-temp.lock", note, self.settings.temp)

    @property
    def java_runs(self) -> JavaRuns:
        """What the old Java classes left running, on this host and, where there are leases, on others."""
        from ciss_luigi.state.javaruns import JavaRuns

        # Nowhere: on this host JavaRuns keeps the record itself
        seen = self.leases.writes(Nowhere(), "java") if self.leases else None
        return JavaRuns(self.settings.state_dir, seen, self.settings.temp)

    @contextmanager
    def month_locks(self, months: Sequence[Month]) -> Iterator[Fence]:
        """Wait for the locks of some months and hold them; oldest first, so no two runs block each other.

        Gives a fence to call before publishing: it raises LocksUnusable if a lock file has been removed, and
        LeaseLost if a lease has run out.
        """
        targets = [self.settings.main_target(month) for month in sorted(months)]
        locks = [FileLock(self._locks / f"month-{month}.lock") for month in sorted(months)]
        with ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock.waited())
            if self.leases:
                for target in targets:
                    stack.enter_context(self.leases.waited(target))
            yield partial(self._fence, locks, targets)

    def _fence(self, locks: Sequence[FileLock], targets: Sequence[str]) -> None:
        for lock in locks:
            lock.require_in_place()
        if self.leases:
            self.leases.check(targets)

    @functools.cached_property
    def leases(self) -> LeaseBook | None:
        """The leases that keep out other hosts; None without ``lease_url``."""
        from ciss_luigi.locking.leasebook import LeaseBook
        from ciss_luigi.locking.leases import Leases

        if not self.settings.lease_url:
            return None
        # Hosts may know one cluster by several names, or by several of its servers; a file has one path.
        warehouse = self.settings.warehouse
        scope = warehouse.place if warehouse.kind.embedded else "cluster"
        return LeaseBook(Leases(self.settings.lease_url, scope))

    @contextmanager
    def worker_queue(self) -> Iterator[None]:
        """The queue in which the workers of one command wait for an embedded file, without a limit.

        The engine's own wait for the file has a limit, and the step of another worker may take longer. Raises
        LocksUnusable.
        """
        with FileLock(self._locks / "workers.lock").waited():
            yield

    def engine(self, queue: Queue = nullcontext, progress: Watch = ignore) -> Engine:
        """The engine of ``warehouse_url``; nothing is opened yet."""
        return self._make(self.settings.warehouse, queue, progress)

    def build_engine(self, progress: Watch = ignore) -> Engine | None:
        """The engine of ``build_url``; None if BuildTemp uses the warehouse's."""
        warehouse = self.settings.build_warehouse
        return self._make(warehouse, nullcontext, progress) if warehouse else None

    def impalas(self) -> tuple[Engine, ...]:
        """The engines that must be made to see what others wrote."""
        settings = self.settings
        engines = (settings.warehouse, settings.build_warehouse, settings.refresh_warehouse)
        places = {one.place: one for one in engines if one is not None and one.kind.needs_refresh}
        return tuple(self._make(one, nullcontext, ignore) for one in places.values())

    def _make(self, warehouse: Warehouse, queue: Queue, progress: Watch) -> Engine:
        from ciss_luigi.engines import factory
        from ciss_luigi.engines.hiveserver2.client import Policy

        settings = self.settings
        policy = Policy(
            deadline_seconds=settings.statement_deadline_minutes * 60,
            retries=settings.retries,
            retry_wait_seconds=settings.retry_wait_seconds,
            orphan_wait_seconds=settings.orphan_wait_minutes * 60,
        )
        folder = settings.state_dir / "writes"

        def writes(engine: str) -> Writes:
            own = OpenWrites(folder, engine)
            return self.leases.writes(own, engine) if self.leases else own

        return factory.make(warehouse, factory.Circumstances(policy, writes, queue, progress))

    @property
    def _locks(self) -> Path:
        return self.settings.state_dir / "locks"


@functools.lru_cache(maxsize=1)
def current() -> Site:
    """The site of this process; raises ConfigurationError that names every fault."""
    try:
        folder = Path.cwd()
    except FileNotFoundError as error:
        what = "the current directory, which may hold a luigi.cfg, has been removed"
        raise ConfigurationError(
            what, next_command="cd to one that is there, then the same command"
        ) from error
    return load(os.environ, folder)


def load(environment: Mapping[str, str], folder: Path) -> Site:
    """The site that a command in a folder sees; raises ConfigurationError."""
    file = configfile.find(environment, folder)
    settings = settings_module.read(
        file.sections[SECTION], file.path.parent, environment, file.faults, file.sections
    )
    if settings.others[ALERTS].channels:
        _require_known(settings.others[ALERTS].channels, settings.state_dir)
    return Site(settings, file.path)


def _require_known(urls: Sequence[str], state_dir: Path) -> None:
    """Raise ConfigurationError for channels that Apprise does not know.

    Apprise is asked once for a set of URLs, and a digest of them is kept: asking takes half a second, which a
    night on which nobody is told should not cost.
    """
    from ciss_luigi.config import channelurls

    kept, digest = state_dir / "alerts" / "channels-known", channelurls.digest(urls)
    with suppress(OSError):
        if read_plain(kept, errors="replace") == digest:
            return
    fault = channelurls.fault(urls)
    if fault is not None:
        raise ConfigurationError("the configuration has faults", (fault,))
    with suppress(OSError):
        write_whole(kept, digest)


def command_ledger(state_dir: Path) -> CommandLedger:
    """The ledger of commands of a state folder."""
    return CommandLedger(state_dir / "ledger" / "commands")


def state_dir_in_spite_of_faults() -> Path | None:
    """The state folder of this process, even if the configuration has faults.

    None if that cannot be found out, or if a faulty configuration names a folder that does not exist.
    """
    try:
        return current().settings.state_dir
    except ConfigurationError:
        pass
    try:
        file = configfile.find(os.environ, Path.cwd())
    except (ConfigurationError, FileNotFoundError):
        return None
    values, _ = CISS.read(file.sections[SECTION], Context(file.path.parent, os.environ))
    folder: Path | None = values.get("state_dir")
    return folder if folder is not None and folder.is_dir() else None

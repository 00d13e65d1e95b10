"""What is shown while something takes longer than a moment, and only on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ciss_luigi.cli.output import console, safe
from ciss_luigi.loading import LoadProgress

SHOWN_AFTER_SECONDS = 1.0


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Say what is being waited for."""
    if not _is_watched():
        yield
        return
    status = console(stderr=True).status(safe(words))
    with _late(status.start, status.stop):
        yield


@contextmanager
def progress_bar() -> Iterator[Callable[[LoadProgress], None]]:
    """A bar of the bytes loaded; until the first file begins, it says that the warehouse is being opened."""
    if not _is_watched():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), DownloadColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console(stderr=True), transient=True)
    task = progress.add_task("opening the warehouse", total=None)

    def tell(told: LoadProgress) -> None:
        progress.update(task, description=safe(told.table), completed=told.bytes_done, total=told.bytes_total)

    with _late(progress.start, progress.stop):
        yield tell


def _is_watched() -> bool:
    """Whether there is a terminal to show something; standard error may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def _late(start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Start a display when the block has taken long enough; stop it at the end if it was started."""
    shown = threading.Event()

    def begin() -> None:
        shown.set()
        start()

    timer = threading.Timer(SHOWN_AFTER_SECONDS, begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown.is_set():
            stop()

"""Workers that may die at any moment without taking the command with them.

Luigi's workers report through one queue. If one is killed while it writes, the queue stays locked: no other
report arrives, and the command waits for ever. Here each worker has its own pipe to the command; when the
pipe ends, its worker is gone.
"""

from __future__ import annotations

import logging
import pickle
import queue
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe, connection
from typing import Any

import luigi

from ciss_luigi import commands
from ciss_luigi.scheduling import luigiprivate
from ciss_luigi.scheduling.command import current

logger = logging.getLogger("luigi-interface.ciss_luigi")

_DONE, _FAILED = "DONE", "FAILED"
_GONE_SECONDS = 10.0

Result = tuple[str, str, Any, list[Any], list[Any]]
"""A task's id, status, explanation, missing tasks and new ones, as Luigi's workers report them."""


class Reports:
    """What Luigi uses as its queue of results."""

    def __init__(self) -> None:
        self._own: deque[Result] = deque()
        self._workers: dict[connection.Connection, Any] = {}
        self._unstarted: list[connection.Connection] = []

    def connect(self, worker: Any) -> None:
        """Give a worker that has not begun a pipe of its own."""
        reading, writing = Pipe(duplex=False)
        worker.result_queue = _ToCommand(writing)
        self._workers[reading] = worker
        self._unstarted.append(writing)

    def begun(self) -> None:
        """Close the worker's end of the pipe here once the worker has begun, or the pipe would never end."""
        while self._unstarted:
            self._unstarted.pop().close()

    def put(self, result: Result, *_: object) -> None:
        """Take a result of the command itself, such as that of a step that it did in its own process."""
        self._own.append(result)

    def get(self, timeout: float | None = None, **_: object) -> Result:
        """The next result, also a dead worker's; raises queue.Empty after ``timeout`` seconds without one."""
        if self._own:
            return self._own.popleft()
        for reading in self._ready(timeout):  # the first one: the next call finds the others still ready
            return self._receive(reading)
        raise queue.Empty

    def forget(self, worker: Any) -> None:
        """Stop waiting for results of a worker."""
        for reading in [one for one, of in self._workers.items() if of is worker]:
            del self._workers[reading]
            reading.close()

    def close(self) -> None:
        """Close all pipes."""
        for reading in list(self._workers):
            self.forget(self._workers[reading])

    def _ready(self, timeout: float | None) -> Iterator[connection.Connection]:
        """The pipes that have something to say, or whose worker is gone."""
        ends = {worker.sentinel: reading for reading, worker in self._workers.items()}
        found = connection.wait([*self._workers, *ends], timeout)
        yield from (one if isinstance(one, connection.Connection) else ends[one] for one in found)

    def _receive(self, reading: connection.Connection) -> Result:
        worker = self._workers[reading]
        result = None
        if reading.poll():
            # a message that was cut off ends early, or cannot be read
            with suppress(EOFError, OSError, pickle.UnpicklingError, ValueError):
                result, failures = reading.recv()
                current().failures.extend(failures)
        self.forget(worker)
        return result or _of_the_dead(worker)


class _ToCommand:
    """A worker's own end of its pipe."""

    def __init__(self, writing: connection.Connection) -> None:
        self._writing = writing
        self._known = len(current().failures)  # the worker begins as a copy of the command

    def put(self, result: Result) -> None:
        """Report a result, with the errors that this worker has said; if the command is gone, do nothing."""
        with suppress(OSError):
            self._writing.send((result, current().failures[self._known :]))


def _of_the_dead(worker: Any) -> Result:
    """The result for a worker that ended without one: done if its step's marker says so, else failed."""
    worker.join(_GONE_SECONDS)
    task = worker.task
    what = f"the process that worked on {task} {_how(worker.exitcode)}"
    if task.complete():
        logger.warning("%s, after the step was done", what)
        return task.task_id, _DONE, "", [], []
    words = f"{what}\nState: the step has no marker; what it left is repeated or repaired by the next run"
    logger.error("%s\nNext:  %s", words, commands.again())
    task.trigger_event(luigi.Event.PROCESS_FAILURE, task, what)
    return task.task_id, _FAILED, what, [], []


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code} and told no result"


class PatientWorker(luigiprivate.Worker):
    """Luigi's worker, with these reports instead of its queue."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)  # type: ignore[no-untyped-call]
        self._task_result_queue.close()  # Luigi's, which its own constructor has made
        self._reports = Reports()
        self._task_result_queue = self._reports  # type: ignore[assignment]

    def add(self, task: luigi.Task, multiprocess: bool = False, processes: int = 0) -> Any:
        """Schedule a task in this process only: Luigi would wait for ever for a helper that was killed."""
        if multiprocess:
            logger.info("parallel_scheduling is left out: Luigi waits for ever for a helper that is killed")
        return super().add(task)  # type: ignore[no-untyped-call]

    def _create_task_process(self, task: luigi.Task) -> Any:
        process = super()._create_task_process(task)  # type: ignore[no-untyped-call]
        if process.use_multiprocessing:
            self._reports.connect(process)
        return process

    def _run_task(self, task_id: str) -> None:
        super()._run_task(task_id)  # type: ignore[no-untyped-call]
        self._reports.begun()

    def _purge_children(self) -> None:
        """End workers that take longer than ``[worker] timeout``; the pipes tell of those that have ended."""
        for task_id, process in self._running_tasks.items():
            late = process.timeout_time is not None and time.time() > float(process.timeout_time)
            if late and process.is_alive():
                process.terminate()
                self._reports.forget(process)  # or the end of its pipe would be told as a second failure
                words = f"{process.task} took longer than {process.worker_timeout} s and was ended"
                process.task.trigger_event(luigi.Event.TIMEOUT, process.task, words)
                logger.error("%s ([worker] timeout)\nNext:  %s", words, commands.again())
                self._reports.put((task_id, _FAILED, words, [], []))


class Factory(luigiprivate.WorkerFactory):
    """Makes such workers for Luigi's command."""

    def create_worker(self, scheduler: Any, worker_processes: int, assistant: bool = False) -> PatientWorker:
        """A worker of this command."""
        return PatientWorker(scheduler=scheduler, worker_processes=worker_processes, assistant=assistant)

"""What is put before the command so that it kills itself at a chosen boundary, or tells each that it passes.

A boundary lies before and after each statement that is sent, around each step of writing a file of the state
(before it, between flushing and renaming, and after), around each line that is logged, and before, amid and
after each report of a worker to the command. A worker that was forked counts on from the command.
"""

from __future__ import annotations

PRELUDE = """
import logging, multiprocessing, os, signal
from multiprocessing.connection import Connection
from ciss_luigi.engines.duckdb import session as duckdb_session
from ciss_luigi.engines.hiveserver2 import session as hiveserver2_session
from ciss_luigi.state import files, jsonlines

passed = 0

def boundary(name):
    global passed
    victim = os.environ["CRASH_WHOM"]
    is_worker = multiprocessing.parent_process() is not None
    if (victim == "worker" and not is_worker) or (victim == "command" and is_worker):
        return
    passed += 1
    chosen = int(os.environ["CRASH_AT"])
    if chosen == 0:
        with open(os.environ["CRASH_FILE"], "w") as file:
            file.write(name)
    if passed == chosen:
        try:
            file = os.open(os.environ["CRASH_FILE"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:  # another worker was killed at its boundary of this number
            return
        who = "a worker" if is_worker else "the command"
        os.write(file, f"{who}: {name}".encode())
        if victim == "group":
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

def around(place, attribute, describe):
    original = getattr(place, attribute)
    def bounded(*arguments, **named):
        what = describe(*arguments)
        boundary("before " + what)
        result = original(*arguments, **named)
        boundary("after " + what)
        return result
    setattr(place, attribute, bounded)

def statement(session, text, *rest):
    lines = [line for line in text.split("*/")[-1].splitlines() if not line.startswith("--")]
    return " ".join(" ".join(lines).split()[:4])

def reporting(self, data, send=Connection._send):
    boundary("before a report")
    half = len(data) // 2
    send(self, data[:half])
    boundary("amid a report")
    send(self, data[half:])
    boundary("after a report")

around(duckdb_session.DuckDbSession, "_send", statement)
around(hiveserver2_session.HiveServer2Session, "_run", statement)
around(files.os, "fsync", lambda *a: "flushing a file of the state")
around(files.Path, "rename", lambda beside, target: "renaming " + target.name)
around(jsonlines, "append", lambda path, entry, *rest: "ledger " + entry["event"])
around(logging.StreamHandler, "emit", lambda self, record: "a line of the log")
Connection._send = reporting
"""

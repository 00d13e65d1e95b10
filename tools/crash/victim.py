"""What is put before the command so that it kills itself at a chosen boundary, or tells each that it passes.

A boundary lies before and after each statement that is sent, and around each step of writing a file of
the state: before it, between flushing and renaming, and after. A worker that was forked counts on from its
parent.
"""

from __future__ import annotations

PRELUDE = """
import os, signal
from ciss_luigi.engines import embedded, hiveserver2
from ciss_luigi.state import files, ledger

passed = 0

def boundary(name):
    global passed
    passed += 1
    chosen = int(os.environ["CRASH_AT"])
    if chosen in (0, passed):
        with open(os.environ["CRASH_FILE"], "w") as file:
            file.write(name)
    if passed == chosen:
        victim = os.environ["CRASH_WHOM"]
        os.killpg(0, signal.SIGKILL) if victim == "group" else os.kill(os.getpid(), signal.SIGKILL)

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

around(embedded.DuckDbSession, "_send", statement)
around(hiveserver2.HiveServer2Session, "_run", statement)
around(files.os, "fsync", lambda *a: "flushing a file of the state")
around(files.Path, "rename", lambda beside, target: "renaming " + target.name)
around(ledger.Ledger, "_append", lambda self, date, entry: "ledger " + entry["event"])
"""

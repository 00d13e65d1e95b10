"""The process that sends. The courier starts it with one word, the task; it answers in lines of JSON.

It reads the configuration itself, so its command line holds no secret.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import threading
from dataclasses import asdict

from ciss_luigi.alerts import reach, ways
from ciss_luigi.alerts.channel import Channel, NotTaken
from ciss_luigi.alerts.failure import What
from ciss_luigi.alerts.outbox import Entry, Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Outcome, Round
from ciss_luigi.alerts.words import plain, shortened

SEND, TEST = "send", "test"
SECONDS = 27.0
"""A little less than the command that started it waits."""
_out = threading.Lock()
_TEST_TEXT = """\
This is a test of who is told when the nightly run fails.
Nothing has failed, and there is nothing to do."""


def main(task: str) -> None:
    """Do one round, or send a test to every channel; then end, even if a call still hangs."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever waits for it ends it
    here = reach.find()
    if here is not None:
        try:
            _work(task, here)
        except Exception as error:  # a section of Luigi's that cannot be read, or a bad certificate
            why = shortened(f"{type(error).__name__}: {error}", 300)
            for name in ways.names(here.alerts):
                report(Outcome(name, "", task, f"nothing can be sent: {why}"))
    sys.stdout.flush()
    os._exit(0)  # a thread that hangs in a call must not keep the process


def _work(task: str, here: reach.Reach) -> None:
    outbox, records = Outbox(here.folder), Records(here.folder)
    channels = list(ways.make(here.alerts, outbox, records))
    if task == TEST:
        _test(channels)
        return
    for entry in outbox.drop_old(dt.datetime.now(dt.UTC), ways.names(here.alerts)):
        report(Outcome(entry.channel, entry.subject, entry.what, f"dropped: {entry.error}"))
    Round(records, outbox, report).run(channels, SECONDS)


def report(outcome: Outcome) -> None:
    """Tell the command that started this process."""
    with _out:
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
        sys.stdout.flush()


def _test(channels: list[Channel]) -> None:
    threads = [threading.Thread(target=_test_one, args=(one,), daemon=True) for one in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)


def _test_one(channel: Channel) -> None:
    now = dt.datetime.now(dt.UTC)
    name = f"TEST{now:%H%M%S}"
    entry = Entry(
        channel.name,
        name,
        1,
        What.TEST,
        "ciss: a test of the alerts",
        _TEST_TEXT,
        now.isoformat(timespec="microseconds"),
    )
    try:
        taken = channel.send(entry, None)
        report(Outcome(channel.name, entry.subject, What.TEST, warning=taken.warning))
    except NotTaken as error:
        report(Outcome(channel.name, entry.subject, What.TEST, shortened(plain(str(error)), 500)))
    finally:
        channel.close()


if __name__ == "__main__":
    main(sys.argv[1])

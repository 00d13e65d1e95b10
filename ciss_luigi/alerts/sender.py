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
import time
from collections.abc import Sequence
from dataclasses import asdict

from ciss_luigi import site
from ciss_luigi.alerts import reach, ways
from ciss_luigi.alerts.channel import Channel, NotTaken, tried
from ciss_luigi.alerts.failure import What
from ciss_luigi.alerts.outbox import Entry, Outbox
from ciss_luigi.alerts.records import Records
from ciss_luigi.alerts.rounds import Delivery, Round
from ciss_luigi.alerts.words import Message, harmless, shortened
from ciss_luigi.errors import ConfigurationError

SEND, TEST, UNWRITTEN = "send", "test", "unwritten"
SECONDS = 27.0
_out = threading.Lock()
_TEST_TEXT = """\
This is a test of who is told when the nightly run fails.
Nothing has failed, and there is nothing to do."""


def main(task: str, seconds: float = SECONDS) -> None:
    """Do one round, or send a test to every channel; then end, even if a call still hangs."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever waits for it ends it
    here = reach.find()
    if here is not None:
        try:
            _work(task, here, seconds)
        except Exception as error:  # one of Luigi's sections that cannot be read, a certificate that is none
            why = shortened(f"{type(error).__name__}: {error}", 300)
            for name in ways.names(here.alerts):
                report(Delivery(name, "", task, f"nothing can be sent: {why}"))
    sys.stdout.flush()
    os._exit(0)  # a thread that hangs in a call must not keep the process


def _work(task: str, here: reach.Reach, seconds: float) -> None:
    outbox, records = Outbox(here.folder), Records(here.folder)
    channels = list(ways.make(here.alerts, outbox, records))
    if task == TEST:
        _send_now(channels, [Message("ciss: a test of the alerts", _TEST_TEXT)], What.TEST, seconds)
        return
    if task == UNWRITTEN:
        # not at the desk: without its intent on disk a request could be made twice
        told = [one for one in channels if one.name != ways.DESK]
        _send_now(told, [Message(**one) for one in json.load(sys.stdin)], What.FAILURE, seconds)
        return
    # unlike the channels, which are made of the good part: what is dropped cannot be brought back
    known = ways.names(here.alerts) if _is_sound() else None
    for entry, why in outbox.drop_old(dt.datetime.now(dt.UTC), known):
        report(Delivery(entry.channel, entry.subject, entry.what, why, dropped=True))
    Round(records, outbox, report).run(channels, seconds)


def _is_sound() -> bool:
    """Whether the whole configuration is: a channel that it does not name may be a slip."""
    try:
        site.current()
    except ConfigurationError:
        return False
    return True


def report(outcome: Delivery) -> None:
    """Tell the command that started this process."""
    with _out:
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
        sys.stdout.flush()


def _send_now(channels: Sequence[Channel], messages: Sequence[Message], what: What, seconds: float) -> None:
    """Send to every channel at once what no outbox holds."""
    threads = [
        threading.Thread(target=_send_all, args=(one, messages, what), daemon=True) for one in channels
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _send_all(channel: Channel, messages: Sequence[Message], what: What) -> None:
    now = dt.datetime.now(dt.UTC)
    for number, message in enumerate(messages):
        name = f"{what.upper()}{now:%H%M%S}{number or ''}"
        at = now.isoformat(timespec="microseconds")
        entry = Entry(channel.name, name, 1, what, message.subject, message.text, at)
        try:
            taken = tried(channel, entry, None)
            report(Delivery(channel.name, entry.subject, what, warning=taken.warning))
        except NotTaken as error:
            why = shortened(harmless(str(error)), 500)
            report(Delivery(channel.name, entry.subject, what, why, dropped=True))
    channel.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))

"""``ciss alerts``: who was told what, and whether the channels work."""

from __future__ import annotations

import click

from ciss_luigi import commands, site
from ciss_luigi.alerts import reach
from ciss_luigi.alerts.failure import Failure, span
from ciss_luigi.alerts.outbox import Entry
from ciss_luigi.alerts.rounds import Delivery
from ciss_luigi.alerts.words import moment
from ciss_luigi.cli.output import say, say_json
from ciss_luigi.counting import counted
from ciss_luigi.errors import ConfigurationError, Refused
from ciss_luigi.exitcodes import DONE, NO
from ciss_luigi.operator import alerts


@click.command(
    "alerts",
    epilog=f"\b\nExample: {commands.alerts()}",
)
@click.option("--test", "as_test", is_flag=True, help="Send a test to every channel, and say which took it.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def command(context: click.Context, as_test: bool, as_json: bool) -> None:
    """Show open failures, what was sent and what waits to be sent.

    With a faulty configuration this is shown as far as the rest can be read; then the faults are named, and
    the exit code is 40.

    With --test: exit code 0 when every channel took the test, 1 when one did not or there is none.
    """
    try:
        here = site.current()
    except ConfigurationError:
        found = None if as_test else reach.find()
        if found is not None:
            _show(found, as_json=as_json)
        raise
    if as_test:
        outcomes = alerts.test(here)
        if not outcomes:
            raise Refused(
                "nobody is told: [ciss_alerts] names no channel",
                state="nothing was sent",
                next_command=f"add mail_to to [ciss_alerts] in {here.config_path}, "
                f"then: {commands.alerts_test()}",
            )
        _say_test(outcomes, as_json=as_json)
        context.exit(NO if any(outcome.error for outcome in outcomes) else DONE)
    _show(reach.Reach(here.settings.state_dir, alerts.settings(here)), as_json=as_json)


def _show(where: reach.Reach, *, as_json: bool) -> None:
    found = alerts.look(where)
    if as_json:
        say_json(_document(found))
    else:
        _say(found)


def _say_test(outcomes: list[Delivery], *, as_json: bool) -> None:
    if as_json:
        channels = [{"channel": one.channel, "error": one.error, "warning": one.warning} for one in outcomes]
        say_json({"format": 1, "channels": channels})
        return
    for one in outcomes:
        say(f"{one.channel:<12}  {one.error or 'took it'}{f' (it says: {one.warning})' * bool(one.warning)}")


def _say(found: alerts.Told) -> None:
    say(f"Told: {', '.join(found.channels) or 'nobody ([ciss_alerts] names no channel)'}")
    _say_all("Open", found.open)
    _say_all(f"Over in the last {alerts.SHOWN_DAYS} days", found.over)
    say()
    say("Waiting to be sent:" if found.waiting else "Nothing waits to be sent.")
    for entry in found.waiting:
        say(f"  {entry.channel:<12}  {moment(entry.created_at)}  {entry.what}: {entry.subject}")
        if entry.error:
            say(f"  {'':<12}  {_tries(entry)}: {entry.error}")


def _say_all(head: str, failures: list[Failure]) -> None:
    say()
    say(f"{head}:" if failures else f"{head}: none")
    for one in failures:
        say(f"  {one.token}  {one.subject.removeprefix('ciss: ')}")
        times = "once" if one.count == 1 else f"{one.count} times"
        over = f", over {moment(one.closed_at)}" if one.closed_at else ""
        say(f"    since {moment(one.since)}, {times}{over}")
        if one.dates:
            say(f"    dates: {span(one.dates)}")
        told = [f"{sent.channel} {sent.what} {moment(sent.at)}" for sent in one.sent]
        say(f"    sent: {'; '.join(told) or 'nothing yet'}")
        if one.request:
            say(f"    request at the desk: {one.request}")


def _tries(entry: Entry) -> str:
    return counted(entry.tries, "try", "tries")


def _document(found: alerts.Told) -> dict[str, object]:
    return {
        "format": 1,
        "channels": found.channels,
        "open": [_without_log(one) for one in found.open],
        "over": [_without_log(one) for one in found.over],
        "waiting": [
            {
                "channel": entry.channel,
                "failure": entry.failure,
                "what": str(entry.what),
                "subject": entry.subject,
                "created_at": entry.created_at,
                "tries": entry.tries,
                "error": entry.error,
            }
            for entry in found.waiting
        ],
    }


def _without_log(failure: Failure) -> dict[str, object]:
    values = failure.to_json()
    return {key: value for key, value in values.items() if key not in ("log", "format")}

"""The verbs of ``ciss``: a table, so that help and spelling mistakes import no verb."""

from __future__ import annotations

import importlib
import os
from difflib import get_close_matches
from typing import Any

import click

from ciss_luigi import commands, exitcodes
from ciss_luigi.cli.ending import ending
from ciss_luigi.cli.logged import logged
from ciss_luigi.cli.unreadable import refuse_unreadable
from ciss_luigi.version import VERSION

VERBS = {
    "load": "Load a folder of CSV or Parquet files into the embedded warehouse.",
    "init": "Make the schema and the two output tables.",
    "check": "Check configuration, engines, permissions and sources.",
    "plan": "Print the SQL that a run of a date would send.",
    "status": "Show which dates are done, failed, running or missing.",
    "history": "Show every attempt, and what each night merged.",
    "reset": "Remove a date's markers, so that it can be run again.",
    "report": "Write a month's report, one page that works offline.",
    "explain": "Show how a customer's figure came about.",
    "watch": "Tell people when a date is not merged in time.",
    "alerts": "Show who was told what; test every channel.",
    "adopt": "Let markers count again after the warehouse has moved.",
    "verify": "Compare main with what a run published.",
    "compare": "Compare main with another table, such as the old job's.",
    "import-properties": "Make a luigi.cfg from the old job's properties.",
}
"""Each verb and its line of help; a verb is ``command`` in the module of its name (with ``_`` for ``-``)."""


class Verbs(click.Group):
    """A group that imports a verb only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which they are needed."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        if cmd_name not in VERBS:
            return None
        module: Any = importlib.import_module(f"ciss_luigi.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; for an unknown one name the nearest spelling."""
        if not {"-h", "--help"}.intersection(args):
            refuse_unreadable()
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            near = get_close_matches(name, VERBS, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"There is no verb {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; in any case it ends with its exit code and in plain words."""
        # click keeps the verb's name there until it runs the verb
        typed = [*getattr(ctx, "_protected_args", ()), *ctx.args]
        with ending(debug=ctx.params["debug"]), logged(typed):
            return super().invoke(ctx)


_HELP = f"""Look after the nightly rebuild of Customer Invoice Summary - Estimated.

\b
To run the job:
  {commands.merge("YYYY-MM-DD")}

ciss alone says what to do next in this folder.
"""
_CODES = ", ".join(f"{row.number} {row.meaning}" for row in exitcodes.TABLE if row.verbs)


@click.group(
    cls=Verbs,
    help=_HELP,
    subcommand_metavar="VERB [ARGS]...",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"Exit codes: {_CODES}; 128+n stopped by signal n.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(VERSION, prog_name="ciss")
@click.pass_context
def ciss(ctx: click.Context, debug: bool) -> None:
    """What every verb has in common; without a verb it says what to do next in this folder."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    if ctx.invoked_subcommand is None:
        from ciss_luigi.cli import alone

        refuse_unreadable()
        alone.say_next()

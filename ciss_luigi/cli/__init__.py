"""The operator's command, ``ciss``."""

from __future__ import annotations

import sys
from typing import NoReturn

from ciss_luigi.cli.ending import discard_stdout, unwritable
from ciss_luigi.cli.group import ciss
from ciss_luigi.exitcodes import NO


def main() -> NoReturn:
    """Run ``ciss`` with the arguments of the command line, and end with its exit code."""
    try:
        ciss.main(prog_name="ciss")
    except OSError as error:  # the help cannot be written; verbs handle that themselves (ending.py)
        sys.stderr.write(f"{unwritable(error)}\n")
        discard_stdout()
        sys.exit(NO)
    raise AssertionError("click leaves by itself")

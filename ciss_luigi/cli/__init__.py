"""The operator's command, ``ciss``."""

from __future__ import annotations

from typing import NoReturn

from ciss_luigi.cli.group import ciss


def main() -> NoReturn:
    """Run ``ciss`` with the arguments of the command line, and leave with its exit code."""
    ciss.main(prog_name="ciss")
    raise AssertionError("click leaves by itself")

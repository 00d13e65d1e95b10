"""The command lines of the old job's two Java classes.

What they are given, and in which order, is what the old shell script gave them (docs/migration.md, "The old
Java classes"). Those programs do not change, so nothing here may change either.
"""

from __future__ import annotations

import shlex

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.config.legacy import Java
from ciss_luigi.plaintext import without_secrets


def temp_command(java: Java, date: RunDate) -> list[str]:
    """The command line of the class that fills temp, one item for each argument."""
    return [*_start(java), java.temp_class, str(java.properties_file), _day(date), str(java.log_file)]


def main_command(java: Java, date: RunDate) -> list[str]:
    """The command line of the class that puts temp's rows into main, one item for each argument."""
    first, before = f"{date.month}-01", str(date.month.minus(1))
    given = [str(java.properties_file), first, str(java.log_file), _day(date), before]
    return [*_start(java), java.main_class, *given]


def command_lines(java: Java, date: RunDate) -> list[str]:
    """Both command lines as they would be typed, without secrets."""
    return [without_secrets(shlex.join(one(java, date))) for one in (temp_command, main_command)]


def _start(java: Java) -> list[str]:
    return [java.java, *java.options, f"-Dname={java.name}", "-cp", java.classpath]


def _day(date: RunDate) -> str:
    return f"{date.date.day:02d}"

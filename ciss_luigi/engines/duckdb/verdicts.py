"""What DuckDB's errors mean, and what its parser says about a text."""

from __future__ import annotations

import errno
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ciss_luigi import commands
from ciss_luigi.errors import EngineUnavailable, Fault, OutOfMemory, StatementFailed
from ciss_luigi.state import owners

if TYPE_CHECKING:
    import duckdb

LOCKED = re.compile(
    r"Could not set lock on file.*?Conflicting lock is held in (?:(.+?) ?\(PID (\d+)\)|PID \d+)", re.DOTALL
)
"""DuckDB does not name a program that it cannot see: one outside the container, or of another user."""
_DENIED = re.compile(r'"([^"]+)": Permission denied')
_UNFINISHED = "Failure while replaying WAL file"
_OPTION_EXAMPLES = {
    "warehouse_url": "duckdb:///var/ciss.duckdb?threads=2",
    "connect_args": '{"config": {"threads": 2}}',
}
_FOREIGN = (
    (b"SQLite format 3\0", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip or Excel file"),
    (b"\x1f\x8b", "a gzip file"),
)
_SIGN, _SIGN_AT = b"DUCK", 8
"""What stands in the head of every file of DuckDB's, after a checksum; of an encrypted one, too."""


def refuse_foreign(path: Path) -> None:
    """Raise EngineUnavailable for what DuckDB must not be given; the error says what the file is.

    Opening a pipe would wait for a writer; for a SQLite file DuckDB would fetch an extension.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _foreign(path, "is a folder, not a database of DuckDB")
        if not stat.S_ISREG(mode):
            raise _foreign(path, "is not a plain file")
        with path.open("rb") as file:
            head = file.read(max(len(magic) for magic, _ in _FOREIGN))
    except OSError:  # DuckDB says what is wrong, or makes the file
        return
    if head[_SIGN_AT:].startswith(_SIGN):
        return
    known = next((words for magic, words in _FOREIGN if head.startswith(magic)), "")
    what = known or ("another kind of file" if head else "an empty file")
    raise _foreign(path, f"is {what}, not a database of DuckDB")


def _foreign(path: Path, what: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"{path} {what}",
        next_command=f"name another file in [ciss] warehouse_url, then: {commands.load()}",
    )


def is_left_unfinished(error: BaseException | None) -> bool:
    """Whether a killed program left work that is finished when the file is opened for writing."""
    return _UNFINISHED in str(error)


def refused(error: BaseException) -> StatementFailed:
    """The error for a statement that DuckDB did not execute, in its own words."""
    words = f"DuckDB: {first_words(error)}"
    if type(getattr(error, "orig", None)).__name__ == "OutOfMemoryException":
        return OutOfMemory(words, next_command=f"{OutOfMemory.remedy}, then the same command again")
    return StatementFailed(words + whose_file(words))


def whose_file(words: str) -> str:
    """Who owns a file that DuckDB could not open in the middle of its work, and what to type."""
    denied = _DENIED.search(words)
    return owners.words(PermissionError(errno.EACCES, "", denied[1])) if denied else ""


def refused_options(
    words: str, options: Mapping[str, str], arguments: Mapping[str, Any]
) -> tuple[Fault, ...]:
    """DuckDB's words under the key that gave the option; for a wrong value they do not say which it is."""
    given = {
        "warehouse_url": options,
        "connect_args": {**arguments.get("config", {}), **arguments.get("url_config", {})},
    }
    named = [key for key, options in given.items() if any(f'"{name}"' in words for name in options)]
    return tuple(
        Fault("ciss", key, words, _OPTION_EXAMPLES[key])
        for key, options in given.items()
        if options and key in (named or given)
    )


def why_no_query(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Why DuckDB does not read a text as exactly one SELECT; empty if it does. Nothing is run."""
    import duckdb

    try:
        found = connection.extract_statements(text)
    except duckdb.Error as error:
        return f"DuckDB: {first_words(error)}"
    if len(found) != 1:
        return f"DuckDB reads {len(found)} statements in it"
    kind = found[0].type
    return "" if kind == duckdb.StatementType.SELECT else f"DuckDB calls it {kind.name}, not SELECT"


def holder_words(holder: re.Match[str]) -> str:
    """Who holds the file, as far as DuckDB could see."""
    return f"{holder[1]} (pid {holder[2]})" if holder[2] else "one that cannot be seen from here"


def is_refusal(error: Exception) -> bool:
    """Whether DuckDB refuses the options, and not the file."""
    return type(getattr(error, "orig", None)).__name__ not in ("IOException", "NoneType")


def first_words(error: BaseException) -> str:
    """The engine's own words, without the statement that SQLAlchemy adds."""
    cause = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(cause).splitlines()]
    return next((line for line in lines if line), type(cause).__name__)

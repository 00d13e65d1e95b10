"""Text of others made plain: what data, files and servers say must not act on whoever reads it.

A terminal obeys escapes, and a log takes a newline for the end of an entry. So what comes from outside is
escaped before it is shown.
"""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

_SHORTEST_SECRET = 4
_secrets: set[str] = set()


def printable(text: str) -> str:
    """Text with everything escaped that a terminal would not show, or would obey."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """The same, its lines kept: for texts of our own whose parts may be others'."""
    return "\n".join(map(printable, text.split("\n")))


def one_line(text: str) -> str:
    """Text in one printable line, for words that were never meant to begin one of ours."""
    return " ".join(printable(line.strip()) for line in text.splitlines() if line.strip())


def without_secrets(text: str) -> str:
    """A text with ``***`` for every value of ``${NAME}`` and every password that stands in a URL or JSON."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def remember(value: str) -> None:
    """Hide a value from now on, as it is and as URLs, JSON, Python and SQL write it."""
    if len(value) < _SHORTEST_SECRET:  # to hide "1" or "on" would make every text unreadable
        return
    _secrets.update({value, quote(value), quote(value, safe=""), quote_plus(value)})
    _secrets.update({json.dumps(value)[1:-1], repr(value)[1:-1], repr(f"'{value}")[2:-1]})
    _secrets.update({value.replace("'", "''"), value.replace("\\", "\\\\").replace("'", "\\'")})


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        # How Python keeps a byte that is no UTF-8.
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")

"""Text of others made plain: what data, files and servers say must not act on whoever reads it.

A terminal obeys escapes, and a log takes a newline for the end of an entry. So what comes from outside is
escaped before it is shown.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """Text with everything escaped that a terminal would not show, or would obey."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """The same, its lines kept: for texts of our own whose parts may be others'."""
    return "\n".join(map(printable, text.split("\n")))


def one_line(text: str) -> str:
    """Text in one printable line, for words that were never meant to begin one of ours."""
    return " ".join(printable(line.strip()) for line in text.splitlines() if line.strip())


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        # How Python keeps a byte that is no UTF-8.
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")

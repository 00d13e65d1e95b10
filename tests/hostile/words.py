"""Texts that mean harm, and how to tell that they did none."""

from __future__ import annotations

from ciss_luigi.plaintext import remember, without_secrets

FORGED = "INFO: merged 2016-11: 99 rows"
SCRIPT = '<img src=x onerror="window.ran = true"><script>window.ran = true</script>'
NASTY = f"X\n\x1b[2J{FORGED}\r\n{SCRIPT}'; DROP TABLE mnaas.canary; --\x85\u2028\u202e/*"
"""A newline and an entry of a log, escapes of a terminal, HTML, SQL, and lines and writing directions."""

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
"""Every printable character of ASCII."""


def tame(text: str) -> str:
    """Check that a text commands no terminal and forges no entry of a log; gives it back."""
    strange = {character for character in text if not character.isprintable() and character != "\n"}
    assert not strange, (strange, text)
    assert not [line for line in text.split("\n") if line.startswith(FORGED)], text
    return text


def silent(secret: str, *texts: str) -> None:
    """Check that a secret stands in none of some texts, as it is or as URLs, JSON and SQL write it."""
    remember(secret)
    for text in texts:
        assert secret not in text, text
        assert without_secrets(text) == text, text

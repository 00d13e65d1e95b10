"""Making texts from outside harmless: what data, files and servers say must not act on whoever reads it.

A terminal obeys escape sequences, and for a log a newline ends an entry. So what comes from outside is
escaped before it is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from urllib.parse import quote, quote_plus, unquote

_SHORTEST_SECRET = 4
_SHORTEST_PART = 3
_secrets: set[str] = set()
_OWN_WORDS = ("luigi", "ciss", "ciss_luigi")

_SECRET_OPTION = re.compile(r"--[\w-]*(?:pass|pwd|secret|token|key)[\w-]*(=.*)?", re.IGNORECASE | re.DOTALL)
_PASSWORD_IN_URL = re.compile(r"(://[^/@\s:]*:)([^/\s]+)@")
_NAME = (
    r"(?:(?-i:PASS|PWD|SECRET|TOKEN|KEY)"  # as in the environment: anywhere in the name
    r"|password|passwd|passphrase|passcode|pwd|secret|token"
    r"|(?<!com)(?<!by)(?<!tres)pass(?![a-z])|(?<=[_.\"'-])keys?(?![a-z])|api_?keys?(?![a-z])"
    r"|(?<![a-z])key(?![a-z])|(?-i:(?<=[a-z])Key(?![a-z])))[\w.-]*+"
)
"""A name that says that its value is a secret, from the word in it that says so (not ``passed``)."""
_QUOTED = r"""(?:"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$))"""  # closed or not
_VALUE = (
    r"""(?:\\+(["']).*?(?:\\+\2|$)"""  # in quotes that are escaped, as JSON in JSON
    r"""|[\[{][^\]}]*[\]}]?"""
    rf"""|{_QUOTED}(?:{_QUOTED}|[^\s,;&<>"'}}\])/])*"""  # what follows a quote may still belong to it
    rf"""|[^\s;&<"']+(?:{_QUOTED}|[^\s;&<"']+)*)"""
)
_SECRET_FORMS = (
    rf"""({_NAME}(?:\\*["'])?\s*[=:]>?\s*){_VALUE}""",
    rf"""({_NAME}\\*["']\s*,?\s*(?:\\*["'])?value(?:\\*["'])?\s*[=:]\s*){_VALUE}""",
    rf"((?:^|\s)-{{1,2}}(?:[\w.-]{{0,80}}?{_NAME}|(?-i:p))\s+(?!-)){_VALUE}",
    rf"(<[^<>]{{0,80}}?{_NAME}[^<>]{{0,200}}>)()(?:<!\[CDATA\[.*?(?:\]\]>|$)|[^<]+)",
    rf"({_NAME}\s*</name>\s*<value>)()[^<]+",
    r"(://[^/@\s:]*:)()[^/\s]+(?=@)",
)
"""How programs print a secret: each form has what comes before the value."""


def printable(text: str) -> str:
    """A text in which everything is escaped that a terminal would not show, or would obey."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """The same, but with its lines: for texts of our own with parts from outside."""
    return "\n".join(map(printable, text.split("\n")))


def one_line(text: str) -> str:
    """A text in one printable line, for words from outside that must not begin a line of ours."""
    return " ".join(printable(line.strip()) for line in text.splitlines() if line.strip())


def shortened(text: str, longest: int) -> str:
    """The beginning of a text, with three dots where something was left out."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def without_secrets(text: str) -> str:
    """A text with ``***`` for every value of ``${NAME}`` and every password in a URL or JSON."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def without_named_secrets(text: str) -> str:
    """A line of another program, with ``***`` for what follows the name of a secret.

    ``NAME=value`` and ``NAME: value``, in quotes or not, JSON, XML, ``--name value``, ``-p value``, and
    the password in a URL. It rather hides too much than too little.
    """
    for form in _secret_forms():
        text = form.sub(r"\1***", text)
    return text


@cache
def _secret_forms() -> tuple[re.Pattern[str], ...]:
    """The forms, compiled when they are needed: that takes longer than the rest of this module."""
    return tuple(re.compile(form, re.IGNORECASE) for form in _SECRET_FORMS)


def without_parts(text: str, value: str) -> str:
    """Words about a value, with ``***`` also for a part of a secret that they repeat.

    An engine that splits a value repeats a part of it, in capitals or not: of ``12Word`` DuckDB says that
    ``word`` is not a unit. Use it only for words about that one value: a part may be an ordinary word.
    """
    for secret in [one for one in _secrets if one in value]:
        text = _without_parts(without_secrets(text), secret.lower())
    return text


def _without_parts(text: str, secret: str) -> str:
    kept, at = "", 0
    while at < len(text):
        end = at
        while end < len(text) and text[at : end + 1].lower() in secret:
            end += 1
        is_part = end - at >= _SHORTEST_PART
        kept += "***" if is_part else text[at]
        at = end if is_part else at + 1
    return kept


def remember(value: str) -> None:
    """Hide a value from now on, unchanged and in the forms of URLs, JSON, Python and SQL."""
    if len(value) < _SHORTEST_SECRET:  # hiding "1" or "on" would make every text unreadable
        return
    _secrets.update({value, quote(value), quote(value, safe=""), quote_plus(value)})
    # the second repr: Python takes other quotes, and so other escapes, if the text around it has a quote
    _secrets.update({json.dumps(value)[1:-1], repr(value)[1:-1], repr(f"'{value}")[2:-1]})
    _secrets.update({value.replace("'", "''"), value.replace("\\", "\\\\").replace("'", "\\'")})


def masked(arguments: Sequence[str]) -> list[str]:
    """A command line with ``***`` for what may be a secret, also before a configuration says what is one."""
    found, hide = [], False
    for argument in arguments:
        option = _SECRET_OPTION.fullmatch(argument)
        if hide or (option and option[1]):
            found.append("***" if hide else argument.partition("=")[0] + "=***")
        else:
            found.append(_PASSWORD_IN_URL.sub(r"\1***@", without_secrets(argument)))
        hide = not hide and option is not None and not option[1]
    return found


def remember_typed(arguments: Sequence[str]) -> None:
    """Hide from now on what may be a secret in a command line, or in a URL alone."""
    for value in _typed_secrets(arguments):
        if value not in _OWN_WORDS:  # or no command of ours could be read any more
            remember(value)
            remember(unquote(value))


def _typed_secrets(arguments: Sequence[str]) -> Iterator[str]:
    is_value = False
    for argument in arguments:
        option = _SECRET_OPTION.fullmatch(argument)
        if is_value or (option and option[1]):
            yield argument if is_value else argument.partition("=")[2]
        is_value = not is_value and option is not None and not option[1]
        yield from (found[2] for found in _PASSWORD_IN_URL.finditer(argument))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        # How Python keeps a byte that is not UTF-8.
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")

"""How to write a number that a file has in a wrong form."""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_EXPONENT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}")
_SIGNED = re.compile(r"\+[0-9]+(\.[0-9]+)?")
_BARE_POINT = re.compile(r"-?([0-9]+\.|\.[0-9]+)")


def no_number(text: str, example: str = "-12.5") -> str:
    """What to write instead of a text that is not a number: the number that is meant, if that is clear."""
    right, why = _right(text)
    return f"write {right} ({why})" if right else f"not a number; write one such as {example}"


def _right(text: str) -> tuple[str, str]:
    """How the number has to be written, and what was wrong; empty if that would be a guess."""
    ways = (
        (_without_thousands(text), "no thousands separators, no parentheses"),
        (format(Decimal(text), "f") if _EXPONENT.fullmatch(text) else "", "no exponent"),
        (text[1:] if _SIGNED.fullmatch(text) else "", "no plus sign"),
        (_pointed(text) if _BARE_POINT.fullmatch(text) else "", "a digit on each side of the point"),
        (text.strip(" ") if _DIGITS.fullmatch(text.strip(" ")) else "", "no spaces"),
    )
    return next(((right, why) for right, why in ways if right), ("", ""))


def _without_thousands(text: str) -> str:
    """A number without thousands separators and without the parentheses that mean a minus."""
    if text.startswith("(") and text.endswith(")") and not text.startswith("(-"):
        inner = _without_commas(text[1:-1])
        return f"-{inner}" if inner else ""
    return _without_commas(text) if _THOUSANDS.fullmatch(text) else ""


def _without_commas(text: str) -> str:
    """A number without its thousands separators; empty for anything else."""
    number = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    return number if _DIGITS.fullmatch(number) else ""


def _pointed(text: str) -> str:
    return text.removesuffix(".") if text.endswith(".") else text.replace(".", "0.")

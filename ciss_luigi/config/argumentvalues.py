"""Readers of single values of ``connect_args``: each takes JSON's type or the text of a URL.

A reader raises ValueError that says what is wrong and does not repeat the value.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ciss_luigi.plaintext import remember
from ciss_luigi.sql.files import NAME

Reader = Callable[[Any, Path], Any]

_FLAGS = {"true": True, "false": False}


def text(value: Any, _: Path) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("is not text")
    return value


def secret(value: Any, folder: Path) -> str:
    """A text that no error may repeat, even if the configuration holds it openly."""
    plain = text(value, folder)
    remember(plain)
    return plain


def flag(value: Any, _: Path) -> bool:
    """True or false; also as text, since a URL has nothing else, but not any text."""
    truth = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
    if truth is None:
        raise ValueError("is neither true nor false")
    return truth


def seconds(value: Any, _: Path) -> float:
    """A time in seconds."""
    try:
        number = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < 1e6:  # noqa: PLR2004 - also refuses nan and inf
        raise ValueError("is not a number of seconds above 0")
    return number


def whole(value: Any, _: Path) -> int:
    """A whole number above 0."""
    digits = str(value)
    # isdigit alone also takes "²", which int refuses with words of its own
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()) or int(digits) == 0:
        raise ValueError("is not a whole number above 0")
    return int(digits)


def certificates(value: Any, folder: Path) -> str:
    """A PEM file of authorities, relative to the configuration's folder; read once to be sure."""
    import ssl

    path = Path(folder, Path(text(value, folder)).expanduser())
    try:
        ssl.create_default_context(cafile=str(path))
    except ssl.SSLError:
        raise ValueError("is not a PEM file of certificates (a Java keystore has to be converted)") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    return str(path)


def database(value: Any, _: Path) -> str:
    """The name of a schema; it becomes part of a statement."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError("is not a plain SQL name (letters, digits, _)")
    return value


def one_of(*allowed: str) -> Reader:
    """One of some words, in capitals or not."""

    def read(value: Any, _: Path) -> str:
        if str(value).upper() not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}")
        return str(value).upper()

    return read


def mapping(value: Any, folder: Path) -> dict[str, str]:
    """Names, each with a text."""
    return {str(name): str(item) for name, item in json_object(value, folder).items()}


def json_object(value: Any, _: Path) -> dict[str, Any]:
    """A JSON object, its values as they are."""
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def json_list(value: Any, _: Path) -> list[Any]:
    """A JSON list, its values as they are."""
    if not isinstance(value, list):
        raise ValueError("is not a JSON list")
    return value


def names(value: Any, _: Path) -> Any:
    """A name or a list of names."""
    if not isinstance(value, str | list):
        raise ValueError("is neither text nor a list")
    return value

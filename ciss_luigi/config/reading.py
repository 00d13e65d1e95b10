"""The keys of a section: default, how the text is read, and an example; and the common ways to read one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ciss_luigi.config import variables
from ciss_luigi.plaintext import without_secrets

_TRUE = {"true", "yes", "on", "1"}
_MOST = 1_000_000.0
"""About two years in minutes: a limit far beyond use, and far below what timers accept."""
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Context:
    """What a value may refer to: the folder of its file, and the environment."""

    folder: Path
    environment: Mapping[str, str]

    def path(self, text: str) -> Path:
        """A path; a relative one is taken from the folder of the configuration file. Raises ValueError."""
        path = variables.expand(text, self.environment)
        if not path.strip() or "\0" in path:
            raise ValueError(f"{path!r} is not a path")
        if path[0] in "\"'$":
            raise ValueError(
                f"{path!r} is not a path: quotes are not removed, and only ${{NAME}} is a variable"
            )
        return Path(self.folder, Path(path).expanduser()).absolute()


Reader = Callable[[str, Context], Any]


@dataclass(frozen=True)
class Key:
    """One key of a section; ``read`` raises ValueError with what is wrong."""

    name: str
    default: str
    read: Reader
    example: str
    plain: bool = True
    """``${NAME}`` is replaced before the text is read; paths, URLs and JSON do that in their own way."""
    lines: bool = False
    """The value may have several lines, with one item on each."""

    def value(self, text: str, context: Context) -> Any:
        """The value of a text; raises ValueError that shows no secret."""
        try:
            return self.read(variables.expand(text, context.environment) if self.plain else text, context)
        except variables.UnsetVariable:
            raise
        except (ValueError, RuntimeError, OSError) as error:
            # RuntimeError: "~" of a user without a home; OSError: a folder that this user may not enter
            if self.plain:  # a good name or number is not a secret; a password in its place is one
                variables.expand_secret(text, context.environment)
            raise ValueError(without_secrets(str(error))) from None


def flag(text: str, _: Context) -> bool:
    """True or false; raises ValueError."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in _TRUE


def whole(low: int, high: int) -> Reader:
    """How to read a whole number between two bounds, both allowed."""

    def read(text: str, _: Context) -> int:
        # isdigit alone also takes "²", which int refuses with words of its own
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return read


def positive(text: str, _: Context) -> float:
    """A number above 0; raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MOST:  # also refuses nan and inf
        raise ValueError(f"{text!r} is not a number above 0 and up to {_MOST:,.0f}")
    return number


def zero_or_more(text: str, context: Context) -> float:
    """A number from 0 on; raises ValueError."""
    try:
        return 0.0 if float(text) == 0 else positive(text, context)
    except ValueError:
        raise ValueError(f"{text!r} is not a number from 0 to {_MOST:,.0f}") from None


def one_of(*words: str) -> Reader:
    """How to read one of some words, in any case."""

    def read(text: str, _: Context) -> str:
        if text.lower() not in words:
            raise ValueError(f"{text!r} is neither {' nor '.join(words)}{nearest(text, words)}")
        return text.lower()

    return read


def json_object(text: str, context: Context) -> dict[str, Any]:
    """A JSON object, values of the environment in its strings; raises ValueError."""
    return variables.expand_json(text, context.environment)


def path(text: str, context: Context) -> Path:
    """A path; raises ValueError."""
    return context.path(text)


def nearest(word: str, known: Sequence[str]) -> str:
    """``; did you mean ...?`` with the known word most like a given one; empty if none is like it."""
    near = nearest_word(word, known)
    return f"; did you mean {near}?" if near else ""


def nearest_word(word: str, known: Sequence[str]) -> str:
    """The known word most like a given one; empty if none is like it."""
    return next(iter(get_close_matches(word.lower().replace("-", "_"), known, 1)), "")

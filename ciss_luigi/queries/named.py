"""SQL texts with a name, so that nobody has to read the SQL to know what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


class Statement(str):
    """SQL text as it is sent; an engine sees no difference from any other text.

    ``name`` is the method of ``Statements`` that made it, ``arguments`` are what the method was given, and
    ``place`` is its position in the list that the method returned, from 0.
    """

    name: str
    arguments: tuple[Any, ...]
    place: int

    @classmethod
    def of(cls, text: str, name: str, arguments: tuple[Any, ...] = (), place: int = 0) -> Statement:
        """Give a text its name."""
        statement = cls(text)
        statement.name, statement.arguments, statement.place = name, arguments, place
        return statement

    @property
    def body(self) -> str:
        """The SQL without the comment in front of it, which names step and run."""
        return self.partition("*/\n")[2] if self.startswith("/*") else str(self)


def tagged(statement: str, *words: str) -> str:
    """A statement with a comment in front of it, by which it can be found on the server.

    ``words`` say what sends it: as a rule step, run date and run id; empty ones are left out.
    """
    return f"/* {' '.join(word for word in ('ciss_luigi', *words) if word)} */\n{statement}"


def named(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let the text, or the list of texts, that a method of ``Statements`` returns carry the method's name."""

    @wraps(method)
    def naming(maker: S, *args: P.args, **kwargs: P.kwargs) -> R:
        answer: Any = method(maker, *args, **kwargs)
        arguments = (*args, *kwargs.values())
        if isinstance(answer, str):
            return cast(R, Statement.of(answer, method.__name__, arguments))
        texts = [Statement.of(text, method.__name__, arguments, place) for place, text in enumerate(answer)]
        return cast(R, texts)

    return cast(Callable[Concatenate[S, P], R], naming)

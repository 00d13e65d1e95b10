"""Statements that bear a name, so that a reader of what is sent need not parse SQL to know what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


class Statement(str):
    """A statement as it is sent; to an engine it is a text like any other.

    ``name`` is that of the method of ``Statements`` which made it, ``arguments`` what the method was given,
    ``place`` which of the method's statements it is, from 0.
    """

    name: str
    arguments: tuple[Any, ...]
    place: int

    @classmethod
    def of(cls, text: str, name: str, arguments: tuple[Any, ...] = (), place: int = 0) -> Statement:
        """The text with its name."""
        statement = cls(text)
        statement.name, statement.arguments, statement.place = name, arguments, place
        return statement

    @property
    def body(self) -> str:
        """The statement without the comment in front of it, which names step and run."""
        return self.partition("*/\n")[2] if self.startswith("/*") else str(self)


def tagged(statement: str, *words: str) -> str:
    """A statement behind the comment by which it is found on the server."""
    return f"/* {' '.join(word for word in ('ciss_luigi', *words) if word)} */\n{statement}"


def named(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method of ``Statements`` whose text, or list of texts, bears its name."""

    @wraps(method)
    def naming(maker: S, *args: P.args, **kwargs: P.kwargs) -> R:
        answer: Any = method(maker, *args, **kwargs)
        arguments = (*args, *kwargs.values())
        if isinstance(answer, str):
            return cast(R, Statement.of(answer, method.__name__, arguments))
        texts = [Statement.of(text, method.__name__, arguments, place) for place, text in enumerate(answer)]
        return cast(R, texts)

    return cast(Callable[Concatenate[S, P], R], naming)

"""What the old job's properties hold: variables, and what was not understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_SECRET = ("PASS", "PWD", "SECRET", "TOKEN", "KEY")


@dataclass(frozen=True)
class Remark:
    """A remark about one line of a file."""

    file: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}: {self.text}" if self.number else f"{self.file}: {self.text}"


@dataclass(frozen=True)
class Variable:
    """A variable as bash would have it after the last line, and where it was set last."""

    name: str
    value: str
    file: Path
    line: int
    secret: bool
    """Whether its name says that it is a secret, or it holds the value of a variable with such a name."""


@dataclass
class Properties:
    """What the files say, and what in them was not understood."""

    variables: dict[str, Variable] = field(default_factory=dict)
    not_understood: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """The variables from which others take their value."""


def is_secret(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    return any(word in name.upper() for word in _SECRET)

"""``${NAME}`` in a configuration value stands for an environment variable's plain text.

Such values may be passwords. Those in URLs and JSON are remembered, and so are passwords that are written
there openly, so that they can be removed from an engine's error that repeats one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ciss_luigi.plaintext import remember

_REFERENCE = re.compile(r"\$\{([^}]*)\}")


class UnsetVariable(ValueError):
    """A ``${NAME}`` names a variable that is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set")
        self.name = name


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace variables by their values, in texts that may be shown, such as paths; raises UnsetVariable."""
    return _REFERENCE.sub(lambda match: _value(match[1], environment), text)


def expand_secret(text: str, environment: Mapping[str, str]) -> str:
    """Replace variables by their values, and remember these as secrets; raises UnsetVariable."""
    return _REFERENCE.sub(lambda match: _secret(match[1], environment), text)


def expand_url(text: str, environment: Mapping[str, str]) -> str:
    """Replace variables by their values, percent-encoded, so that ``@``, ``/`` and ``%`` do no harm."""
    return _REFERENCE.sub(lambda match: quote(_secret(match[1], environment), safe=""), text)


def expand_json(text: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Read a JSON object, then replace variables in its strings, so that a quote in a password does no harm.

    Raises ValueError for anything but a JSON object, and UnsetVariable.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return {str(key): _expand_deep(item, environment) for key, item in value.items()}


def _expand_deep(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return expand_secret(value, environment)
    if isinstance(value, list):
        return [_expand_deep(item, environment) for item in value]
    if isinstance(value, dict):
        return {key: _expand_deep(item, environment) for key, item in value.items()}
    return value


def _secret(name: str, environment: Mapping[str, str]) -> str:
    value = _value(name, environment)
    remember(value)
    return value


def _value(name: str, environment: Mapping[str, str]) -> str:
    try:
        return environment[name]
    except KeyError:
        raise UnsetVariable(name) from None

"""The ``[ciss*]`` sections: each a table of keys. Reading one gives its values, or every fault at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ciss_luigi.config import keys, legacy, telling
from ciss_luigi.config.reading import Context, Key, nearest, nearest_word
from ciss_luigi.config.tellingkeys import ALERT_KEYS, ALERTS, LOG, LOG_KEYS, METRIC_KEYS, METRICS
from ciss_luigi.errors import Fault

_COMMENT = re.compile(r"\s[#;]")


@dataclass(frozen=True)
class Section:
    """One section: its name and its keys."""

    name: str
    keys: tuple[Key, ...]
    make: Callable[..., Any] = dict
    """Makes the result of the values by key, once there is no fault anywhere."""
    check: Callable[[Mapping[str, Any]], list[Fault]] = lambda _values: []
    """Finds values that contradict each other; it does not get values that have a fault."""

    def read(self, given: Mapping[str, str], context: Context) -> tuple[dict[str, Any], list[Fault]]:
        """The values by key, without those that have a fault; and the faults, also for unknown keys."""
        faults = [self._unknown(name) for name in given if name not in self._by_name]
        broken = self._broken_lines(given)
        faults += broken.values()
        values: dict[str, Any] = {}
        for key in self.keys:
            if key.name in broken:
                continue
            try:
                values[key.name] = key.value(given.get(key.name, key.default).strip(), context)
            except ValueError as error:
                faults.append(Fault(self.name, key.name, str(error), key.example))
        return values, faults + self.check(values)

    @property
    def _by_name(self) -> dict[str, Key]:
        return {key.name: key for key in self.keys}

    def _unknown(self, name: str) -> Fault:
        """The fault for an unknown key, with the nearest known one."""
        known = self._by_name
        near = nearest_word(name, list(known))
        example = known[near] if near else self.keys[0]
        problem = "unknown key" + nearest(name, list(known))
        return Fault(self.name, name, problem, f"{example.name} = {example.example}")

    def _broken_lines(self, given: Mapping[str, str]) -> dict[str, Fault]:
        """Faults, by key, for values of several lines or with a comment after them: nobody intends those.

        For Luigi's parser an indented line continues the value. JSON may have several lines, and says itself
        what is wrong; so may a key whose value is a list with one item on each line.
        """
        known, found = self._by_name, {}
        for name, text in given.items():
            problem = self._broken(text.strip(), lines=name in known and known[name].lines)
            if problem:
                found[name] = Fault(self.name, name, problem, known[name].example if name in known else "")
        return found

    def _broken(self, text: str, *, lines: bool) -> str:
        first, _, rest = text.partition("\n")
        if first.startswith("{"):
            return ""
        if any(_COMMENT.search(line) for line in (text.splitlines() if lines else [first])):
            return "a comment needs a line of its own: here it is part of the value"
        if not rest or lines:
            return ""
        problem = "the next line is indented and so belongs to this value"
        swallowed = re.split("[=:]", rest)[0].strip()  # never the rest of a line: it may be a password
        return problem + (
            f"; begin {swallowed} at the start of its line" if swallowed in self._by_name else ""
        )


CISS = Section(keys.SECTION, keys.KEYS)
OTHERS: tuple[Section, ...] = (
    Section(ALERTS, ALERT_KEYS, telling.Alerts, telling.contradictions),
    Section(LOG, LOG_KEYS, telling.Log),
    Section(METRICS, METRIC_KEYS, telling.Metrics),
    Section(legacy.JAVA, legacy.JAVA_KEYS, legacy.Java),
    Section(legacy.LEGACY, legacy.LEGACY_KEYS, legacy.Legacy),
)
SECTIONS = (CISS, *OTHERS)
"""Every section that the job knows; any other name that begins with ``ciss`` is a fault."""

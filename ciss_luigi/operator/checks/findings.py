"""What a check finds: ok, worth knowing, a warning, or a fault that a run would end at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from ciss_luigi.errors import CissError, ConfigurationError, EngineUnavailable

FILL = "fill it (the embedded warehouse: ciss load DIR)"
FAULT = 1
ENGINE_AWAY = EngineUnavailable.exit_code
CONFIGURATION = ConfigurationError.exit_code


class Level(StrEnum):
    """How much a finding weighs; only a fault makes the answer "no"."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """One line of the answer; ``remedy`` is what to type or to change."""

    group: str
    level: Level
    text: str
    remedy: str = ""


@dataclass
class Report:
    """All that was found, in the order of asking."""

    findings: list[Finding] = field(default_factory=list)
    exit_code: int = 0

    def of(self, level: Level) -> list[Finding]:
        """The findings of one level."""
        return [finding for finding in self.findings if finding.level is level]

    def groups(self) -> Iterator[tuple[str, list[Finding]]]:
        """The findings by group, groups in the order of their first finding."""
        for name in dict.fromkeys(finding.group for finding in self.findings):
            yield name, [finding for finding in self.findings if finding.group == name]

    def to_json(self) -> dict[str, Any]:
        """The answer for programs."""
        return {"exit_code": self.exit_code, "findings": [asdict(finding) for finding in self.findings]}


@dataclass(frozen=True)
class Group:
    """Where one subject's findings go."""

    report: Report
    name: str

    def ok(self, text: str) -> None:
        """Something is as it must be."""
        self._add(Level.OK, text)

    def note(self, text: str, remedy: str = "") -> None:
        """Something to know; nothing is wrong."""
        self._add(Level.NOTE, text, remedy)

    def warn(self, text: str, remedy: str = "") -> None:
        """Something that a run passes over, and somebody should look at."""
        self._add(Level.WARNING, text, remedy)

    def fault(self, text: str, remedy: str, *, code: int = FAULT) -> None:
        """Something that a run would end at; the greatest code of all faults is the answer's."""
        self._add(Level.FAULT, text, remedy)
        self.report.exit_code = max(self.report.exit_code, code)

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Around a question: an engine that refuses it is a fault, an absent one ends the check."""
        try:
            yield
        except EngineUnavailable:
            raise
        except CissError as error:
            self.fault(f"{what}: {error.what}", error.next_command or "mend what the engine names")

    def _add(self, level: Level, text: str, remedy: str = "") -> None:
        self.report.findings.append(Finding(self.name, level, text, remedy))

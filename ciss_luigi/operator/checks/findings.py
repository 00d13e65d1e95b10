"""What a check finds: ok, worth knowing, a warning, or a fault that would stop a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from ciss_luigi import commands, exitcodes
from ciss_luigi.errors import CissError, ConfigurationError, EngineUnavailable

FILL = f"fill it (the embedded warehouse: {commands.load()})"
GRANT = 'have it granted to the job\'s user (docs/clusters.md, "What to grant")'
_MISSING_RIGHT = re.compile(
    r"AccessControlException|AuthorizationException|does not have (?:the )?(?:following )?privilege"
)
"""How Hive, Impala and what guards a Spark name a missing right."""
FAULT = exitcodes.NO
ENGINE_AWAY = EngineUnavailable.exit_code
CONFIGURATION = ConfigurationError.exit_code


class Level(StrEnum):
    """How serious a finding is; only a fault makes the answer "no"."""

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
class Findings:
    """All that was found, in the order of the checks."""

    findings: list[Finding] = field(default_factory=list)
    exit_code: int = exitcodes.DONE

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

    report: Findings
    name: str

    def ok(self, text: str) -> None:
        """Something is as it must be."""
        self._add(Level.OK, text)

    def note(self, text: str, remedy: str = "") -> None:
        """Something to know; nothing is wrong."""
        self._add(Level.NOTE, text, remedy)

    def warn(self, text: str, remedy: str = "") -> None:
        """Something that does not stop a run, but that somebody should look at."""
        self._add(Level.WARNING, text, remedy)

    def fault(self, text: str, remedy: str, *, code: int = FAULT) -> None:
        """Something that would stop a run; the greatest exit code of all faults is that of the answer."""
        self._add(Level.FAULT, text, remedy)
        self.report.exit_code = max(self.report.exit_code, code)

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """A block that asks an engine: if it refuses, that is a fault; if it is away, the check ends."""
        try:
            yield
        except EngineUnavailable:
            raise
        except CissError as error:
            self.refused(what, error, error.next_command or "correct what the engine names")

    def refused(self, what: str, error: CissError, otherwise: str) -> None:
        """An engine refuses a statement: grant the right that it names, or else do as ``otherwise`` says."""
        self.fault(f"{what}: {error.what}", GRANT if names_missing_right(error) else otherwise)

    def _add(self, level: Level, text: str, remedy: str = "") -> None:
        self.report.findings.append(Finding(self.name, level, text, remedy))


def names_missing_right(error: CissError) -> bool:
    """Whether an engine says that the job's user lacks a right."""
    return _MISSING_RIGHT.search(error.what) is not None

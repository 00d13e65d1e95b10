"""How people are told: the settings of ``[ciss_alerts]``, ``[ciss_log]`` and ``[ciss_metrics]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ciss_luigi.config.tellingkeys import ALERTS
from ciss_luigi.errors import Fault


@dataclass(frozen=True)
class Alerts:
    """All of ``[ciss_alerts]``. Its ``repr`` shows no secret.

    ``jump_usd`` is in US dollars. What each key does: ``docs/operations.md``, section "Who is told when".
    """

    mail_to: tuple[str, ...] = ()
    mail_cc: tuple[str, ...] = ()
    mail_verify: bool = True
    channels: tuple[str, ...] = field(default=(), repr=False)
    sdp_url: str = ""
    sdp_token: str = field(default="", repr=False)
    sdp_auth: str = "authtoken"
    sdp_fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sdp_close: bool = False
    sdp_mail: str = ""
    ping_url: str = field(default="", repr=False)
    ca_cert: Path | None = None
    throttle_minutes: int = 60
    jump_percent: float = 0
    jump_usd: float = 0

    @property
    def tell_anybody(self) -> bool:
        """Whether a message would go anywhere (a ping is not a message)."""
        return bool(self.mail_to or self.channels or self.sdp_url or self.sdp_mail)

    @property
    def watch_jumps(self) -> bool:
        """Whether people are told of a month whose total moves far."""
        return self.jump_percent > 0 or self.jump_usd > 0


@dataclass(frozen=True)
class Log:
    """All of ``[ciss_log]``; ``level`` is a number of ``logging``."""

    file: Path | None = None
    format: str = "text"
    level: int = 20
    rotate_mb: float = 50
    keep: int = 10
    terminal: str = "normal"


@dataclass(frozen=True)
class Metrics:
    """All of ``[ciss_metrics]``."""

    textfile: Path | None = None


def contradictions(values: Mapping[str, Any]) -> list[Fault]:
    """Settings that make no sense without another one."""
    needs = (
        ("mail_cc", "mail_to", "ops@example.com"),
        ("sdp_url", "sdp_token", "${SDP_TOKEN}"),
        ("sdp_token", "sdp_url", "https://desk.example.com:8080"),
        ("sdp_fields", "sdp_url", "https://desk.example.com:8080"),
        ("sdp_close", "sdp_url", "https://desk.example.com:8080"),
    )
    found = [
        Fault(ALERTS, one, f"needs {other} as well", f"{other} = {example}")
        for one, other, example in needs
        if values.get(one) and other in values and not values[other]  # absent: it has a fault of its own
    ]
    if values.get("sdp_url") and values.get("sdp_mail"):
        problem = "the desk gets its requests by sdp_url already: each would come twice"
        found.append(Fault(ALERTS, "sdp_mail", problem, "sdp_mail ="))
    return found

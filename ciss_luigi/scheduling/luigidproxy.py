"""A proxy from the environment that stands between the command and luigid, even one on this host."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import luigi.interface


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the host that is asked through it."""

    variable: str
    place: str
    host: str

    def __str__(self) -> str:
        return f"proxy {self.place} ({self.variable})"


def of_luigid() -> Proxy | None:
    """The proxy through which luigid is asked, without the password in its URL; None if there is none."""
    core = luigi.interface.core()  # type: ignore[no-untyped-call]
    url = urlsplit(core.scheduler_url or f"http://{core.scheduler_host}:{core.scheduler_port}")
    host = url.hostname or ""
    proxies = getproxies_environment()
    for scheme in (url.scheme, "all"):
        if scheme in proxies and not proxy_bypass(host):
            return Proxy(f"{scheme}_proxy", proxies[scheme].rpartition("@")[2], host)
    return None

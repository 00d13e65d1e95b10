"""Writing this site's figures for monitoring into their file."""

from __future__ import annotations

from pathlib import Path

from ciss_luigi.operator import monitored
from ciss_luigi.site import Site
from ciss_luigi.telemetry import metrics


def write(site: Site, path: Path) -> str:
    """Write the figures; returns why that failed, empty if it did not."""
    try:
        metrics.write(path, monitored.look(site))
    except ImportError:
        return (
            "the figures for monitoring are not written: prometheus-client is not installed "
            "(pip install 'ciss-luigi[metrics]')"
        )
    except OSError as error:
        return f"the figures for monitoring are not written: {path}: {error.strerror or error}"
    return ""

"""At its end a command writes the figures for monitoring, if a file for them is configured."""

from __future__ import annotations

import logging

from ciss_luigi import site
from ciss_luigi.config.telling import Metrics
from ciss_luigi.config.tellingkeys import METRICS
from ciss_luigi.errors import ConfigurationError
from ciss_luigi.observers import CommandEnd, Observer

logger = logging.getLogger("luigi-interface.ciss_luigi")


class MetricsFile(Observer):
    """Writes the file after all messages have been sent, because it also says how many wait."""

    def command_ends(self, end: CommandEnd) -> None:
        """Write it; a file that cannot be written is a warning."""
        try:
            here = site.current()
        except ConfigurationError:
            return
        settings: Metrics = here.settings.others[METRICS]
        if settings.textfile is None:
            return
        from ciss_luigi.operator import metricsfile

        trouble = metricsfile.write(here, settings.textfile)
        if trouble:
            logger.warning("%s", trouble)

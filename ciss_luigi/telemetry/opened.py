"""The log file of this process, where one is configured: opened once, for what the job and Luigi say."""

from __future__ import annotations

import logging
from typing import ClassVar

from ciss_luigi import events
from ciss_luigi.config.telling import Log
from ciss_luigi.telemetry import context

_INTERFACE = "luigi-interface"
_QUIET = "quiet"


class _Opened:
    """The handler, and the settings that it was made of."""

    handler: ClassVar[logging.Handler | None] = None
    settings: ClassVar[Log] = Log()


def begin(settings: Log, trace: str) -> None:
    """Write what is said from now on into the log file, if there is to be one."""
    _Opened.settings = settings
    context.put(trace_id=trace)
    if settings.file is None or _Opened.handler is not None:
        return
    from ciss_luigi.telemetry.log import LogFile

    _Opened.handler = LogFile(settings)
    logging.getLogger(_INTERFACE).addHandler(_Opened.handler)
    events.LOGGER.addHandler(_Opened.handler)
    events.LOGGER.setLevel(settings.level)


def settle() -> None:
    """Have the terminal show what it is to show, now that Luigi has set up its log, and the file the rest.

    A logger drops what is below its level before any handler sees it: so the level goes to the terminal's
    handlers, and the logger lets through what the file wants.
    """
    logger = logging.getLogger(_INTERFACE)
    least = logging.WARNING if _Opened.settings.terminal == _QUIET else logging.NOTSET
    for handler in (*logger.handlers, *logging.getLogger().handlers):
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setLevel(max(handler.level, logger.getEffectiveLevel(), least))
    wanted = _Opened.settings.level if _Opened.handler is not None else logging.INFO
    logger.setLevel(min(logger.getEffectiveLevel(), wanted, logging.INFO))


def end() -> None:
    """Let the file go; what is said later is not written."""
    handler, _Opened.handler = _Opened.handler, None
    if handler is not None:
        logging.getLogger(_INTERFACE).removeHandler(handler)
        events.LOGGER.removeHandler(handler)
        events.LOGGER.setLevel(logging.CRITICAL + 1)
        handler.close()

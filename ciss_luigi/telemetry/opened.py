"""The log file of this process, if one is configured: opened once, for what the job and Luigi say."""

from __future__ import annotations

import logging
from typing import ClassVar

from ciss_luigi import events
from ciss_luigi.config.telling import Log
from ciss_luigi.telemetry import context
from ciss_luigi.telemetry.tail import Tail

_INTERFACE = "luigi-interface"
_QUIET = "quiet"


class _Opened:
    """The handler, and the settings that it was made from."""

    handler: ClassVar[logging.Handler | None] = None
    settings: ClassVar[Log] = Log()


def begin(settings: Log, trace: str) -> None:
    """Write what is said from now on into the log file, if there is to be one."""
    _Opened.settings = settings
    context.put(trace_id=trace)
    if settings.file is None or _Opened.handler is not None:
        return
    # here: without a log file nobody pays for importing the forms of its lines
    from ciss_luigi.telemetry.log import LogFile

    _Opened.handler = LogFile(settings)
    logging.getLogger(_INTERFACE).addHandler(_Opened.handler)
    events.LOGGER.addHandler(_Opened.handler)
    events.LOGGER.setLevel(settings.level)


def settle() -> None:
    """Set what the terminal shows and what the file gets, now that Luigi has set up its log.

    A logger drops what is below its level before any handler sees it. So the logger lets through what the
    file and the mails need, and handlers that are not ours get the level that the logger had.
    """
    logger = logging.getLogger(_INTERFACE)
    level = logger.getEffectiveLevel()
    on_terminal = max(level, logging.WARNING) if _Opened.settings.terminal == _QUIET else level
    for handler in (*logger.handlers, *logging.getLogger().handlers):
        if handler is not _Opened.handler and not isinstance(handler, Tail):
            handler.addFilter(_Least(on_terminal if _is_terminal(handler) else level))
    wanted = _Opened.settings.level if _Opened.handler is not None else logging.INFO
    logger.setLevel(min(level, wanted, logging.INFO))


class _Least(logging.Filter):
    """Lets through what Luigi and the job say at or above a level, and all that others say."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record passes."""
        return record.levelno >= self._level or not record.name.startswith(_INTERFACE)


def _is_terminal(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)


def end() -> None:
    """Close the file; what is said later is not written."""
    handler, _Opened.handler = _Opened.handler, None
    if handler is not None:
        logging.getLogger(_INTERFACE).removeHandler(handler)
        events.LOGGER.removeHandler(handler)
        events.LOGGER.setLevel(logging.CRITICAL + 1)
        handler.close()

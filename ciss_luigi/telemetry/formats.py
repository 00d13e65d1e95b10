"""The two forms of a log line: text that Splunk takes as it is, and JSON in the Elastic Common Schema."""

from __future__ import annotations

import datetime as dt
import logging
import socket
from collections.abc import Iterator
from typing import Any

from ciss_luigi.plaintext import printable_lines, without_secrets
from ciss_luigi.telemetry import context

SERVICE = "ciss_luigi"
_LEFT_OUT = (
    "log.original",
    "log.origin",
    "log.logger",
    "process.thread",
    "process.name",
    "error.type",
)


def plain_copy(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """A record's words and fields, without secrets and without anything that a terminal would obey.

    An error's own text and traceback may hold values, so the text that the log's filter made is used.
    """
    words = printable_lines(without_secrets(record.getMessage()))
    own = getattr(record, "ciss", {})
    fields = {**context.fields(), **own}
    if record.exc_text:
        fields["error.stack_trace"] = printable_lines(without_secrets(record.exc_text))
    return words, {
        name: printable_lines(without_secrets(value)) if isinstance(value, str) else value
        for name, value in fields.items()
    }


class SplunkText(logging.Formatter):
    """ISO time with offset first, then ``key="value"`` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        words, fields = plain_copy(record)
        time = dt.datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        pairs = {"level": record.levelname, **dict(_short(fields)), "pid": record.process, "message": words}
        return " ".join([time, *(f'{name}="{_escaped(str(value))}"' for name, value in pairs.items())])


def _short(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The same fields: labels by their last names, and ``_`` for the dots of the others."""
    for name, value in fields.items():
        yield name.removeprefix("labels.").removeprefix("event.").replace(".", "_"), value


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")


def json_formatter() -> logging.Formatter:
    """A formatter for JSON in the Elastic Common Schema, one object a line."""
    from ecs_logging import StdlibFormatter

    class Ecs(StdlibFormatter):
        """Our own fields in addition to those of ecs-logging."""

        def format(self, record: logging.LogRecord) -> str:
            words, fields = plain_copy(record)
            plain = logging.makeLogRecord(
                {**record.__dict__, "msg": words, "args": (), "exc_info": None, "exc_text": None}
            )
            plain.__dict__.pop("ciss", None)  # ecs-logging writes each attribute that it does not know
            plain.__dict__.update(fields)
            text: str = super().format(plain)
            return text

    return Ecs(extra={"service.name": SERVICE, "host.name": socket.gethostname()}, exclude_fields=_LEFT_OUT)

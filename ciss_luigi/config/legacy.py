"""What is left of the old job: the settings of ``[ciss_java]`` and ``[ciss_legacy]``."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from ciss_luigi.config import variables
from ciss_luigi.config.reading import Context, Key, path

JAVA, LEGACY = "ciss_java", "ciss_legacy"
_CLASS = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)
_NAME = re.compile(r"[\w.-]+", re.ASCII)


@dataclass(frozen=True)
class Java:
    """All of ``[ciss_java]``: how the old job's two classes are started. Its ``repr`` shows no option."""

    java: str = "java"
    classpath: str = ""
    temp_class: str = ""
    main_class: str = ""
    properties_file: Path | None = None
    name: str = ""
    log_file: Path | None = None
    options: tuple[str, ...] = field(default=(), repr=False)
    working_dir: Path = Path()


@dataclass(frozen=True)
class Legacy:
    """All of ``[ciss_legacy]``."""

    status_file: Path | None = None


def _file(text: str, context: Context) -> Path | None:
    return context.path(text) if text else None


def _class(text: str, _: Context) -> str:
    if text and not _CLASS.fullmatch(text):
        raise ValueError(f"{text!r} is not a name of a Java class")
    return text


def _name(text: str, _: Context) -> str:
    if text and not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a plain name (letters, digits, _ . -)")
    return text


def _program(text: str, context: Context) -> str:
    """A program: its name, looked for in PATH, or its path."""
    return str(context.path(text)) if "/" in text else text


def _classpath(text: str, context: Context) -> str:
    parts = [part for part in variables.expand(text, context.environment).split(":") if part]
    return ":".join(str(context.path(part)) for part in parts)


def _options(text: str, context: Context) -> tuple[str, ...]:
    """Options, split as a shell would; variables are replaced after that, so that no value is split."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"cannot be split as a shell would: {error}") from None
    return tuple(variables.expand_secret(word, context.environment) for word in words)


JAVA_KEYS = (
    Key("java", "java", _program, "/usr/lib/jvm/java-8/bin/java"),
    Key("classpath", "", _classpath, "/app/jars/hive/*:/app/jars/billing.jar", plain=False),
    Key("temp_class", "", _class, "com.example.billing.summary_temp"),
    Key("main_class", "", _class, "com.example.billing.summary"),
    Key("properties_file", "", _file, "/app/conf/summary.properties", plain=False),
    Key("name", "", _name, "customer_invoice_summary_estimated"),
    Key("log_file", "", _file, "/app/logs/summary.log", plain=False),
    Key("options", "", _options, "-Xmx2g -Duser.timezone=UTC", plain=False),
    Key("working_dir", ".", path, "/app", plain=False),
)
LEGACY_KEYS = (Key("status_file", "", _file, "/app/conf/summary_ProcessStatusFile", plain=False),)

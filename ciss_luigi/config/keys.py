"""The keys of ``[ciss]``: each with its default, how its text is read, and an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.config import urls, variables
from ciss_luigi.config.urls import Warehouse
from ciss_luigi.errors import Fault
from ciss_luigi.plaintext import without_secrets
from ciss_luigi.sql.files import NAME, read_build

SECTION = "ciss"
_TRUE = {"true", "yes", "on", "1"}
_MOST = 1_000_000.0
"""Two years of minutes; timers take no more than a few centuries."""
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Context:
    """What a value may refer to: the folder of its file, and the environment."""

    folder: Path
    environment: Mapping[str, str]

    def path(self, text: str) -> Path:
        """A path, relative ones taken from the folder of the configuration file; raises ValueError."""
        path = variables.expand(text, self.environment)
        if not path.strip() or "\0" in path:
            raise ValueError(f"{path!r} is no path")
        if path[0] in "\"'$":
            raise ValueError(
                f"{path!r} is no path: quotes are not taken off, and only ${{NAME}} is a variable"
            )
        return Path(self.folder, Path(path).expanduser()).absolute()


Reader = Callable[[str, Context], Any]


@dataclass(frozen=True)
class Key:
    """One key of the section; ``read`` raises ValueError with what is wrong."""

    name: str
    default: str
    read: Reader
    example: str
    plain: bool = True
    """Values of ``${NAME}`` are put in place before reading; paths, URLs and JSON do that their own way."""

    def value(self, text: str, context: Context) -> Any:
        """The value of a text; raises ValueError that shows no secret."""
        try:
            return self.read(variables.expand(text, context.environment) if self.plain else text, context)
        except variables.UnsetVariable:
            raise
        except (ValueError, RuntimeError) as error:  # RuntimeError: "~" of a user without a home
            if self.plain:  # a good name or number is no secret; a password in its place is one
                variables.expand_secret(text, context.environment)
            raise ValueError(without_secrets(str(error))) from None


def _warehouse(text: str, context: Context) -> Warehouse:
    return urls.parse(text, context.folder, context.environment)


def _other_engine(text: str, context: Context) -> Warehouse | None:
    if not text:
        return None
    warehouse = _warehouse(text, context)
    if warehouse.kind.embedded:
        raise ValueError("an embedded file cannot share its tables with another engine")
    return warehouse


def _name(text: str, _: Context) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no plain SQL name (letters, digits, _)")
    return text


def _flag(text: str, _: Context) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in _TRUE


def _whole(low: int, high: int) -> Reader:
    def read(text: str, _: Context) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is no whole number from {low} to {high}")
        return int(text)

    return read


def _positive(text: str, _: Context) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MOST:  # also refuses nan and inf
        raise ValueError(f"{text!r} is no number above 0 and up to {_MOST:,.0f}")
    return number


def _json(text: str, context: Context) -> dict[str, Any]:
    return variables.expand_json(text, context.environment)


def _session_settings(text: str, context: Context) -> dict[str, Any]:
    values = _json(text, context)
    for name, value in values.items():
        if not all(NAME.fullmatch(part) for part in name.split(".")):
            raise ValueError(f"{name!r} is no name of a session setting")
        if not isinstance(value, str | int | float):
            raise ValueError(f"the value of {name!r} is neither text, number nor true/false")
    return values


def _sources(text: str, _: Context) -> tuple[str, ...]:
    roles = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    known = [table.role for table in schema.CHARGE_SOURCES]
    wrong = [role for role in roles if role not in known]
    if wrong:
        raise ValueError(
            f"{', '.join(map(repr, wrong))} is none of {', '.join(known)}{_nearest(wrong[0], known)}"
        )
    return roles


def _sql_dir(text: str, context: Context) -> Path | None:
    if not text:
        return None
    folder = context.path(text)
    read_build(folder)
    return folder


def _lease_url(text: str, context: Context) -> str:
    if not text:
        return ""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("postgresql", "postgresql+psycopg"):
        raise ValueError("is no URL of a PostgreSQL")
    if find_spec("psycopg") is None:
        raise ValueError("psycopg is not installed: pip install 'ciss-luigi[lease]'")
    return urls.postgresql(variables.expand_url(rest, context.environment))


def _path(text: str, context: Context) -> Path:
    return context.path(text)


REFRESH_EXAMPLE = "impala://impalad.example.net:21050/mnaas"
_LEASE = "postgresql://ciss:${LEASE_PASSWORD}@db.example.net/ciss"

KEYS = (
    Key("warehouse_url", "duckdb:///var/ciss.duckdb", _warehouse, "duckdb:///var/ciss.duckdb", plain=False),
    Key("build_url", "", _other_engine, "impala://impalad.example.net:21050/mnaas", plain=False),
    Key("refresh_url", "", _other_engine, REFRESH_EXAMPLE, plain=False),
    Key("connect_args", "{}", _json, '{"use_ssl": true, "ca_cert": "/etc/ssl/ca.pem"}', plain=False),
    Key("build_connect_args", "{}", _json, '{"auth_mechanism": "LDAP"}', plain=False),
    Key("refresh_connect_args", "{}", _json, '{"auth_mechanism": "LDAP"}', plain=False),
    Key("session_settings", "{}", _session_settings, '{"memory_limit": "4GB"}', plain=False),
    Key("statement_deadline_minutes", "240", _positive, "240"),
    Key("orphan_wait_minutes", "20", _positive, "20"),
    Key("month_partition", "month_year", _name, "month_year"),
    Key("database", "mnaas", _name, "mnaas"),
    Key("temp_table", "customer_invoice_summary_estimated_temp", _name, "invoice_summary_temp"),
    Key("main_table", "customer_invoice_summary_estimated", _name, "invoice_summary"),
    *(Key(f"{table.role}_table", table.default_name, _name, table.default_name) for table in schema.SOURCES),
    Key("sql_dir", "", _sql_dir, "sql", plain=False),
    Key("state_dir", "var", _path, "var", plain=False),
    Key("lease_url", "", _lease_url, _LEASE, plain=False),
    Key("grace_days", "5", _whole(0, 31), "5"),
    Key("required_sources", "billable", _sources, "billable, register"),
    Key("rate_fallback_months", "1", _whole(0, 120), "1"),
    Key("allow_older", "false", _flag, "false"),
    Key("temp_keep_days", "7", _whole(0, 36_500), "7"),
    Key("retries", "3", _whole(0, 100), "3"),
    Key("retry_wait_seconds", "5", _positive, "5"),
)


DEFAULTS = {key.name: key.default for key in KEYS}


def unknown(name: str) -> Fault:
    """The fault of a key that is none, with the nearest that is one."""
    known = {key.name: key for key in KEYS}
    near = _near(name, list(known))
    example = known[near] if near else KEYS[0]
    return Fault(
        SECTION, name, "unknown key" + _nearest(name, list(known)), f"{example.name} = {example.example}"
    )


def _near(word: str, known: list[str]) -> str:
    return next(iter(get_close_matches(word.lower().replace("-", "_"), known, 1)), "")


def _nearest(word: str, known: list[str]) -> str:
    near = _near(word, known)
    return f"; did you mean {near}?" if near else ""

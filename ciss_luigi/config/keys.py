"""The keys of ``[ciss]``: each with its default, how its text is read, and an example."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ciss_luigi.billing import schema
from ciss_luigi.config import urls, variables
from ciss_luigi.config.reading import (
    Context,
    Key,
    flag,
    json_object,
    nearest,
    one_of,
    path,
    positive,
    whole,
    zero_or_more,
)
from ciss_luigi.config.urls import Warehouse
from ciss_luigi.sql.files import NAME, read_build

SECTION = "ciss"


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
        raise ValueError(f"{text!r} is not a plain SQL name (letters, digits, _)")
    return text


def _session_settings(text: str, context: Context) -> dict[str, Any]:
    values = json_object(text, context)
    for name, value in values.items():  # the name becomes part of a statement
        if not all(NAME.fullmatch(part) for part in name.split(".")):
            raise ValueError(f"{name!r} is not a name of a session setting")
        if not isinstance(value, str | int | float):
            raise ValueError(f"the value of {name!r} is neither text, number nor true/false")
    return values


def _sources(text: str, _: Context) -> tuple[str, ...]:
    roles = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    known = [table.role for table in schema.CHARGE_SOURCES]
    wrong = [role for role in roles if role not in known]
    if wrong:
        raise ValueError(
            f"{', '.join(map(repr, wrong))} is none of {', '.join(known)}{nearest(wrong[0], known)}"
        )
    return roles


def _sql_dir(text: str, context: Context) -> Path | None:
    if not text:
        return None
    folder = context.path(text)
    read_build(folder)  # for its faults alone: they are to be named before a run begins
    return folder


def _loader(text: str, _: Context) -> str:
    if text not in LOADERS:
        raise ValueError(f"{text!r} is none of {', '.join(LOADERS)}")
    return text


def _lease_url(text: str, context: Context) -> str:
    if not text:
        return ""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("postgresql", "postgresql+psycopg"):
        raise ValueError("is not a URL of a PostgreSQL")
    if find_spec("psycopg") is None:
        raise ValueError("psycopg is not installed: pip install 'ciss-luigi[lease]'")
    return urls.postgresql(variables.expand_url(rest, context.environment))


LOADERS = ("sql", "java")
REFRESH_EXAMPLE = "impala://impalad.example.net:21050/mnaas"
_LEASE = "postgresql://ciss:${LEASE_PASSWORD}@db.example.net/ciss"

KEYS = (
    Key("warehouse_url", "duckdb:///var/ciss.duckdb", _warehouse, "duckdb:///var/ciss.duckdb", plain=False),
    Key("build_url", "", _other_engine, "impala://impalad.example.net:21050/mnaas", plain=False),
    Key("refresh_url", "", _other_engine, REFRESH_EXAMPLE, plain=False),
    Key("connect_args", "{}", json_object, '{"use_ssl": true, "ca_cert": "/etc/ssl/ca.pem"}', plain=False),
    Key("build_connect_args", "{}", json_object, '{"auth_mechanism": "LDAP"}', plain=False),
    Key("refresh_connect_args", "{}", json_object, '{"auth_mechanism": "LDAP"}', plain=False),
    Key("session_settings", "{}", _session_settings, '{"memory_limit": "4GB"}', plain=False),
    Key("refresh_sources", "false", flag, "true"),
    Key("statement_deadline_minutes", "240", positive, "240"),
    Key("orphan_wait_minutes", "20", positive, "20"),
    Key("month_partition", "month_year", _name, "month_year"),
    Key("database", "mnaas", _name, "mnaas"),
    Key("temp_table", "customer_invoice_summary_estimated_temp", _name, "invoice_summary_temp"),
    Key("main_table", "customer_invoice_summary_estimated", _name, "invoice_summary"),
    *(Key(f"{table.role}_table", table.default_name, _name, table.default_name) for table in schema.SOURCES),
    Key("sql_dir", "", _sql_dir, "sql", plain=False),
    Key("state_dir", "var", path, "var", plain=False),
    Key("lease_url", "", _lease_url, _LEASE, plain=False),
    Key("grace_days", "5", whole(0, 31), "5"),
    Key("required_sources", "billable", _sources, "billable, register"),
    Key("rate_fallback_months", "1", whole(0, 120), "1"),
    Key("allow_older", "false", flag, "false"),
    Key("odd_rows", "warn", one_of("warn", "fail"), "fail"),
    Key("future_dates", "false", flag, "false"),
    Key("temp_keep_days", "7", whole(0, 36_500), "7"),
    Key("loader", "sql", _loader, "sql"),
    Key("retries", "3", whole(0, 100), "3"),
    Key("retry_wait_seconds", "5", zero_or_more, "5"),
)


DEFAULTS = {key.name: key.default for key in KEYS}

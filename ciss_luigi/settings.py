"""The settings of ``[ciss]``: every key with its default, what it takes and an example.

Reading is all or nothing: a Settings is whole and valid, or all faults are reported at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ciss_luigi import connectargs, schema, urls, variables
from ciss_luigi.errors import ConfigurationError, Fault
from ciss_luigi.sqlfiles import NAME, read_build
from ciss_luigi.urls import Warehouse

SECTION = "ciss"
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Settings:
    """All of ``[ciss]``, checked. Its ``repr`` shows no secret."""

    folder: Path
    warehouse: Warehouse
    build_warehouse: Warehouse | None
    refresh_warehouse: Warehouse | None
    statement_deadline_minutes: float
    orphan_wait_minutes: float
    month_partition: str
    database: str
    temp_table: str
    main_table: str
    source_tables: Mapping[str, str]
    sql_dir: Path | None
    state_dir: Path
    lease_url: str = field(repr=False)
    grace_days: int
    required_sources: tuple[str, ...]
    rate_fallback_months: int
    allow_older: bool
    temp_keep_days: int
    retries: int
    retry_wait_seconds: float

    def source(self, role: str) -> str:
        """A source table's name with its database."""
        return f"{self.database}.{self.source_tables[role]}"

    @property
    def temp(self) -> str:
        """Temp's name with its database."""
        return f"{self.database}.{self.temp_table}"

    @property
    def main(self) -> str:
        """Main's name with its database."""
        return f"{self.database}.{self.main_table}"


@dataclass(frozen=True)
class Context:
    """What a value may refer to: the folder of its file, and the environment."""

    folder: Path
    environment: Mapping[str, str]

    def path(self, text: str) -> Path:
        """A path, relative ones taken from the folder of the configuration file; raises ValueError."""
        if not text or "\0" in text:
            raise ValueError(f"{text!r} is no path")
        return Path(self.folder, Path(variables.expand(text, self.environment)).expanduser()).absolute()


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
            return self.read(
                variables.expand_secret(text, context.environment) if self.plain else text, context
            )
        except (ValueError, RuntimeError) as error:  # RuntimeError: "~" of a user without a home
            raise ValueError(variables.without_secrets(str(error))) from None


def _warehouse(text: str, context: Context) -> Warehouse:
    return urls.parse(text, context.folder, context.environment)


def _other_engine(text: str, context: Context) -> Warehouse | None:
    if not text:
        return None
    warehouse = _warehouse(text, context)
    if warehouse.kind == "duckdb":
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
    if not 0 < number < 1e9:  # noqa: PLR2004 - also refuses nan and inf
        raise ValueError(f"{text!r} is no number above 0")
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


_REFRESH = "impala://impalad.example.net:21050/mnaas"
_LEASE = "postgresql://ciss:${LEASE_PASSWORD}@db.example.net/ciss"

KEYS = (
    Key("warehouse_url", "duckdb:///var/ciss.duckdb", _warehouse, "duckdb:///var/ciss.duckdb", plain=False),
    Key("build_url", "", _other_engine, "impala://impalad.example.net:21050/mnaas", plain=False),
    Key("refresh_url", "", _other_engine, _REFRESH, plain=False),
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


_DEFAULTS = {key.name: key.default for key in KEYS}


def read(
    section: Mapping[str, str],
    folder: Path,
    environment: Mapping[str, str],
    found: Sequence[Fault] = (),
) -> Settings:
    """Check a ``[ciss]`` section as it stands in its file (no interpolation).

    Raises ConfigurationError that names every fault at once, those ``found`` before among them.
    """
    context = Context(folder, environment)
    faults = [*found]
    faults += [_unknown(name) for name in section if name not in {key.name for key in KEYS}]
    values: dict[str, Any] = {}
    for key in KEYS:
        try:
            values[key.name] = key.value(section.get(key.name, key.default).strip(), context)
        except ValueError as error:
            faults.append(Fault(SECTION, key.name, str(error), key.example))
    faults += _clashes(values) + _connection_faults(values, folder) + _idle_settings(values)
    if faults:
        raise ConfigurationError("the configuration has faults", tuple(faults))
    values["source_tables"] = {table.role: values.pop(f"{table.role}_table") for table in schema.SOURCES}
    settings = values.pop("session_settings")
    engines: dict[str, Any] = {
        name: _whole_engine(values.pop(url), values.pop(arguments), settings, folder)
        for name, url, arguments in _ENGINES
    }
    return Settings(folder=folder, **engines, **values)


_ENGINES = (
    ("warehouse", "warehouse_url", "connect_args"),
    ("build_warehouse", "build_url", "build_connect_args"),
    ("refresh_warehouse", "refresh_url", "refresh_connect_args"),
)


def _whole_engine(
    warehouse: Warehouse | None, arguments: Mapping[str, Any], settings: Mapping[str, Any], folder: Path
) -> Warehouse | None:
    """An engine with its connect_args and those session settings that are meant for it."""
    if warehouse is None:
        return None
    mine = {name: value for name, value in settings.items() if _is_meant_for(warehouse.kind, name)}
    values, _ = connectargs.read(warehouse.kind, _given(warehouse, arguments), folder)
    return replace(warehouse, connect_args=values, session_settings=mine)


def _given(warehouse: Warehouse, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What URL and connect_args say together; of an embedded file the URL's part goes another way."""
    return dict(arguments) if warehouse.kind == "duckdb" else {**warehouse.options, **arguments}


def _connection_faults(values: Mapping[str, Any], folder: Path) -> list[Fault]:
    """Faults of how the engines are to be reached, each under the key that says so."""
    faults = []
    for _, url, key in _ENGINES:
        warehouse, arguments = values.get(url), values.get(key)
        if warehouse is None or arguments is None:
            continue
        good, wrong = connectargs.read(warehouse.kind, _given(warehouse, arguments), folder)
        faults += [Fault(SECTION, key if name in arguments else url, text) for name, text in wrong.items()]
        faults += [
            Fault(SECTION, url, text)
            for text in connectargs.clashes(warehouse.kind, warehouse.transport, good)
        ]
    return faults


def _idle_settings(values: Mapping[str, Any]) -> list[Fault]:
    """Session settings that would go to no engine: their names say which kind they are meant for."""
    kinds = {warehouse.kind for _, url, _ in _ENGINES if (warehouse := values.get(url)) is not None}
    if "warehouse_url" not in values:
        return []
    return [
        Fault(
            SECTION,
            "session_settings",
            f"{name!r} goes to no engine here: a name with a dot is Hive's or Spark's, one without is not",
            '{"hive.query.name": "ciss"} or {"memory_limit": "4GB"}',
        )
        for name in values.get("session_settings", ())
        if not any(_is_meant_for(kind, name) for kind in kinds)
    ]


def _is_meant_for(kind: str, name: str) -> bool:
    """Hive's and Spark's names have dots in them, those of Impala and DuckDB have none."""
    return ("." in name) == (kind == "hive")


def _unknown(name: str) -> Fault:
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


def _clashes(values: Mapping[str, Any]) -> list[Fault]:
    """Faults of values that are right alone and wrong together."""
    faults = _engine_clashes(values)
    seen: dict[str, str] = {}
    for name in ("temp_table", "main_table", *(f"{table.role}_table" for table in schema.SOURCES)):
        table = str(values.get(name, name)).lower()
        if table in seen:
            problem = f"names the same table as {seen[table]}: {table!r}"
            faults.append(Fault(SECTION, name, problem, _DEFAULTS[name]))
        seen.setdefault(table, name)
    taken = {column.name for column in schema.SUMMARY_COLUMNS} | {"run_date"}
    if str(values.get("month_partition", "")).lower() in taken:
        problem = f"{values['month_partition']!r} is a column of main"
        faults.append(Fault(SECTION, "month_partition", problem, _DEFAULTS["month_partition"]))
    return faults


def _engine_clashes(values: Mapping[str, Any]) -> list[Fault]:
    warehouse, refreshed = values.get("warehouse_url"), values.get("refresh_url")
    found = [
        Fault(SECTION, key, "goes only with a Hive or Impala warehouse_url", "warehouse_url = hive://...")
        for key in ("build_url", "refresh_url")
        if values.get(key) is not None and warehouse is not None and warehouse.kind == "duckdb"
    ]
    if refreshed is not None and refreshed.kind != "impala":
        found.append(Fault(SECTION, "refresh_url", "names no Impala; only Impala has to be told", _REFRESH))
    return found

"""Broken files for each parser, ten thousand in the long form: an answer or words, never a traceback.

(CSV and Parquet have theirs in tests/loading.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.config import file as configfile
from ciss_luigi.config import settings as settings_module
from ciss_luigi.config.keys import KEYS
from ciss_luigi.config.settings import Settings
from ciss_luigi.errors import BadRunDate, ConfigurationError
from ciss_luigi.state.ledger import Ledger, Outcome
from ciss_luigi.state.markers import Marker, Place, Step
from tests.test_state_markers import DATE, PLACE, marker, markers

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[2]
ENVIRONMENT = {"PASSWORD": "se'cr%et@/", "EMPTY": "", "HOME": "/nowhere"}
SECRET = ENVIRONMENT["PASSWORD"]
KEY_NAMES = [key.name for key in KEYS]
# Pieces that mean something to one parser or another, between pieces that mean nothing.
MEANING = (
    *("[ciss]", "[ciss", "[core]", "[DEFAULT]", "[ciss_logs]", "=", ":", "#", ";", "\n", "\r\n", " ", "\t"),
    *("${PASSWORD}", "${EMPTY}", "${nobody}", "${", "}", "%(x)s", "%", "{", "}", '"', "'", "\\", "[", "]"),
    *("duckdb:///", "hive://", "hive+https://", "impala://", "postgresql://", "@", "/", "?", "&", "[::1]"),
    *("true", "0", "-1", "1e400", "nan", "\uff19", "\0", "\x1b[2J", "\ud800", "\u2028", "~nobody/x", ".."),
    *("2016-11-22", "null", "[[", '{"use_ssl": true}', "billable", ",", "'''", '"""', "0x10", "1_0"),
)
texts = st.lists(st.sampled_from((*MEANING, *KEY_NAMES)) | st.text(max_size=8), max_size=12).map("".join)


@pytest.fixture(params=[1_000, pytest.param(10_000, marks=pytest.mark.long)])
def many(request: pytest.FixtureRequest) -> settings:
    """How many cases."""
    return settings(
        max_examples=request.param, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )


def broken(whole: str) -> st.SearchStrategy[bytes]:
    """A good file, of which parts were cut out, doubled, or replaced by others."""
    position = st.integers(0, len(whole))
    cuts = st.lists(st.tuples(position, position, texts), min_size=1, max_size=3)

    def cut(where: list[tuple[int, int, str]]) -> bytes:
        text = whole
        for begin, end, instead in where:
            text = text[:begin] + instead + text[end:]
        return text.encode(errors="surrogatepass")

    return cuts.map(cut) | st.binary(max_size=200)


def attempt(read: Callable[[], Settings]) -> type:
    """Whether a configuration is read or refused; what it shows holds no secret in either case."""
    shown: object
    try:
        shown = read()
    except ConfigurationError as error:
        shown = error
    assert SECRET not in f"{shown!r} {shown}"
    return type(shown)


def read_configuration(file: Path) -> Settings:
    """What a command makes of a file."""
    sections = configfile.find({**ENVIRONMENT, "LUIGI_CONFIG_PATH": str(file)}, file.parent).sections
    return settings_module.read(sections["ciss"], file.parent, ENVIRONMENT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one file after the other."""
    return tmp_path_factory.mktemp("parsers")


TOML = '[ciss]\nwarehouse_url = "hive://ann:${PASSWORD}@h/x"\ngrace_days = 5\n[core]\nlog_level = "INFO"\n'


@pytest.mark.parametrize(
    ("name", "whole"),
    [("luigi.cfg", (TOP / "luigi.cfg").read_text().replace("\n#", "\n")), ("luigi.toml", TOML)],
    ids=["cfg", "toml"],
)
def test_any_configuration_file_is_read_or_refused_in_words(
    folder: Path, many: settings, name: str, whole: str
) -> None:
    file = folder / name
    seen = set()

    @given(broken(whole))
    @example(whole.encode())
    @many
    def examples(content: bytes) -> None:
        file.write_bytes(content)
        seen.add(attempt(lambda: read_configuration(file)))

    examples()
    file.unlink()
    assert ConfigurationError in seen


def test_any_values_of_keys_are_taken_or_refused_in_words(folder: Path, many: settings) -> None:
    seen = set()

    @given(st.dictionaries(st.sampled_from(KEY_NAMES) | texts, texts, max_size=4))
    @example({})
    @many
    def examples(section: dict[str, str]) -> None:
        seen.add(attempt(lambda: settings_module.read(section, folder, ENVIRONMENT)))

    examples()
    assert seen == {Settings, ConfigurationError}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside a JSON value."""
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*way, key))


def _replaced(value: Any, way: tuple[Any, ...], instead: Any) -> Any:
    if not way:
        return instead
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = _replaced(value[way[0]], way[1:], instead)
    return copy


def test_any_marker_is_a_proof_of_what_it_says_or_none(folder: Path, many: settings) -> None:
    here = markers(folder)
    here.write(marker())
    path = here.path(DATE, Step.MERGE)
    good = path.read_text()
    values = json.loads(good)
    ways = st.sampled_from(list(_places(values)))
    changed = st.builds(lambda way, new: json.dumps(_replaced(values, way, new)).encode(), ways, JSON_VALUES)
    seen: set[type] = set()

    @given(changed | broken(good))
    @example(good.encode())
    @many
    def examples(content: bytes) -> None:
        path.write_bytes(content)
        read = here.read(DATE, Step.MERGE)
        seen.add(type(read))
        if read is not None:
            assert_says(read, json.loads(content))

    examples()
    assert seen == {Marker, type(None)}


def assert_says(read: Marker, values: dict[str, Any]) -> None:
    """A marker that counts is about this date and these tables, and its money is that of its text."""
    assert (values["task"], values["date"]) == (read.step, str(DATE))
    assert Place(**{key: values[key] for key in vars(PLACE)}) == PLACE
    told = {month["month"]: month["totals"] for month in values["months"]}
    for month in read.months:
        for currency, amounts in month.totals.items():
            assert amounts.to_json().items() <= told[month.month][currency].items()
        assert told[month.month].keys() == month.totals.keys()


def test_any_ledger_tells_what_can_be_told(folder: Path, many: settings) -> None:
    ledger = Ledger(folder / "ledger")
    attempt = ledger.start(DATE, "MergeMain")
    ledger.end(DATE, attempt, Outcome.FAILED, "why")
    (path,) = (folder / "ledger").iterdir()
    good = path.read_text()

    @given(broken(good))
    @many
    def examples(content: bytes) -> None:
        path.write_bytes(content)
        for one in ledger.attempts(DATE):
            assert one.outcome in {None, *Outcome}
        written = ledger.start(DATE, "BuildTemp")
        assert written in {one.id for one in ledger.attempts(DATE)}

    examples()


def _read_back(text: str) -> str | None:
    try:
        return str(RunDate.parse(text))
    except (BadRunDate, ValueError):
        return None


def test_a_run_date_is_read_back_or_refused(many: settings) -> None:
    @given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\n?") | texts)
    @many
    def examples(text: str) -> None:
        assert _read_back(text) in {None, text}

    examples()

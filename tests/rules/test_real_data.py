"""Real months, to the last digit: the shared data against its oracle, the sample against our reference."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.billing.rundate import RunDate
from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from ciss_luigi.errors import SourcesMissing
from tests import reference
from tests.reference import ReferenceFault, Tables, read_tables
from tests.rules.harness import MAIN, SAMPLE, SHARED, Bench, in_order
from tests.rules.verdict import assert_same_reasons

needs_shared = pytest.mark.skipif(
    not (SHARED / "oracle.py").exists(),
    reason="needs shared/oracle.py and shared/data beside the repository: they are no part of the project",
)
SHARED_MONTHS = (
    *("2010-12", "2011-01", "2011-02", "2013-04", "2016-04", "2016-05", "2016-06"),
    *(f"2016-{number:02}" for number in range(7, 13)),
    *(f"2017-{number:02}" for number in range(1, 7)),
)
SAMPLE_MONTHS = ("2010-12", "2011-01", "2011-02", "2016-11", "2016-12", "2017-01", "2017-02")


def run_dates(months: tuple[str, ...]) -> list[str]:
    """The 3rd and the 20th of each month, and the 3rd of each month after one of them."""
    after = map(_next, months)
    return sorted(
        {f"{month}-{day}" for month in months for day in ("03", "20")} | {f"{month}-03" for month in after}
    )


def _next(month: str) -> str:
    last = dt.date.fromisoformat(reference.last_day(month))
    return f"{last + dt.timedelta(days=1):%Y-%m}"


def months_of(tables: Tables) -> set[str]:
    """The months of which any charge source holds a row."""
    return {charge.month or "" for charge in reference.all_charges(tables)}


def scope(date: str) -> list[str]:
    """The months in scope of a run date."""
    return [str(month) for month in RunDate.parse(date).months_in_scope(5)]


# --- the shared data -------------------------------------------------------------------------------------


@functools.cache
def oracle() -> Any:
    """The oracle, reading each file once."""
    spec = importlib.util.spec_from_file_location("oracle", SHARED / "oracle.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    read = module.rows
    module.rows = functools.cache(lambda data, table: list(read(data, table)))
    return module


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The shared data in a file."""
    bench = Bench(tmp_path_factory.mktemp("real"))
    bench.fill(read_tables(SHARED / "data"))
    yield bench
    bench.warehouse.close()


@needs_shared
@pytest.mark.slow
def test_these_are_all_the_months_of_the_shared_data() -> None:
    assert months_of(read_tables(SHARED / "data")) == set(SHARED_MONTHS)


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("date", run_dates(SHARED_MONTHS))
def test_every_month_of_the_shared_data_equals_the_oracle(real: Bench, date: str) -> None:
    real.forget()
    expected = oracle().expected(SHARED / "data", dt.date.fromisoformat(date))
    real.run(date, required_sources="")
    assert len(expected) > 0
    assert real.result() == in_order({name: str(value) for name, value in row.items()} for row in expected)


@needs_shared
@pytest.mark.slow
def test_a_whole_year_run_by_run_holds_the_newest_estimate_of_each_month(real: Bench) -> None:
    real.forget()
    dates = [date for date in run_dates(SHARED_MONTHS) if date > "2016-07"]
    expected = {}
    for date in dates:
        real.run(date, required_sources="")
        for row in oracle().expected(SHARED / "data", dt.date.fromisoformat(date)):
            key = tuple(row[name] for name in ("month_year", *reference.KEY, "currency"))
            expected[key] = {name: str(value) for name, value in row.items()} | {"as_of_date": date}
    assert real.rows(without=("run_id",)) == in_order(expected.values())


# --- the sample ------------------------------------------------------------------------------------------


@functools.cache
def sample() -> Tables:
    """The sample's tables."""
    return read_tables(SAMPLE)


@pytest.fixture(scope="module")
def sampled(swift_folder: Path) -> Iterator[Bench]:
    """The sample in a file."""
    folder = swift_folder / "sample"
    folder.mkdir()
    bench = Bench(folder)
    bench.fill(sample())
    yield bench
    bench.warehouse.close()


def test_these_are_all_the_months_of_the_sample() -> None:
    assert months_of(sample()) == set(SAMPLE_MONTHS)


@pytest.mark.parametrize("required", ["billable", "register"])
@pytest.mark.parametrize("date", [*run_dates(SAMPLE_MONTHS), "2017-02-01", "2017-02-05", "2017-02-06"])
def test_the_sample_equals_the_reference(sampled: Bench, date: str, required: str) -> None:
    sampled.forget()
    try:
        ready, left_out = reference.readiness(sample(), scope(date), [], [required])
    except ReferenceFault as fault:
        with pytest.raises(SourcesMissing) as raised:
            sampled.run(date, required_sources=required)
        assert_same_reasons(fault, raised.value)
        assert sampled.rows() == []
        return
    sampled.run(date, required_sources=required)
    marker = sampled.marker(date)
    assert sampled.result() == in_order(row.texts() for row in reference.build(sample(), ready, 1))
    assert marker is not None
    assert list(marker.left_out) == left_out


def test_a_month_of_which_main_holds_a_row_is_not_left_out(sampled: Bench) -> None:
    sampled.forget()
    sampled.run("2016-12-20", required_sources="register")
    with pytest.raises(SourcesMissing, match="billable_sub_with_charge_and_limit has no row for 2016-12"):
        sampled.run("2017-01-03", required_sources="billable")


def test_main_reads_back_the_same_in_plain_duckdb(tmp_path: Path) -> None:
    """Opened by the job alone, closed, then read without any of our code between."""
    import duckdb

    bench = Bench(tmp_path)
    bench.fill(sample())
    bench.warehouse.close()
    site = bench.site()
    assert isinstance(site.engine(), DuckDbEngine)
    bench.run("2016-11-22")
    names = [field.name for field in dataclasses.fields(reference.Row)]
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        answer = connection.execute(
            f"SELECT {', '.join(f'CAST({name} AS VARCHAR)' for name in names)} FROM {MAIN}"
        )
        rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    assert in_order(rows) == in_order(row.texts() for row in reference.build(sample(), ["2016-11"], 1))

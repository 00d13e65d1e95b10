"""Every type that pyarrow can write: it comes through exactly, or is refused by its name."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.loading.loader import COLUMNS, DATABASE, NAMES, Warehouse

RATES = (Decimal("1.24313131"), Decimal("-9999999999.99999999"), Decimal("0.00000001"), None)
LARGEST = {8: 2**7 - 1, 16: 2**15 - 1, 32: 2**31 - 1, 64: 9_999_999_999}
AMOUNT_DIGITS = 18


def write(there: Warehouse, role: str, column: str, array: Any, **options: Any) -> Path:
    """A Parquet file of a table with one column as given."""
    cells = {name: pa.nulls(len(array), pa.string()) for name in COLUMNS[role]} | {column: array}
    path = there.folder / f"{NAMES[role]}.parquet"
    pq.write_table(pa.table(cells), path, **options)
    return path


def loaded(there: Warehouse, role: str, column: str) -> list[Any]:
    """What stands in the column after the load, in the file's order."""
    there.load(role)
    return [value for (value,) in there.session.query(f"SELECT {column} FROM {DATABASE}.{NAMES[role]}")]


@pytest.mark.whole
@pytest.mark.parametrize("integers", [False, True], ids=["as bytes", "as integers"])
@pytest.mark.parametrize("dictionary", [False, True], ids=["plain", "dictionary"])
def test_decimals_of_every_width_come_through(there: Warehouse, integers: bool, dictionary: bool) -> None:
    for precision in range(1, 39):
        for scale in {0, min(precision, 8)}:
            largest = Decimal(10 ** min(precision, AMOUNT_DIGITS - 8 + scale) - 1).scaleb(-scale)
            values = [largest, -largest, Decimal(0), None, Decimal(1).scaleb(-scale)]
            kind = pa.decimal128(precision, scale)
            options = {"store_decimal_as_integer": integers, "use_dictionary": dictionary}
            write(there, "rate", "avg_conv_rate", pa.array(values, kind), **options)
            assert loaded(there, "rate", "avg_conv_rate") == values, (precision, scale)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("sign", ["int", "uint"])
def test_whole_numbers_come_through(there: Warehouse, sign: str, bits: int) -> None:
    values = [LARGEST[bits], 0, 1, None, *([-LARGEST[bits]] if sign == "int" else [])]
    write(there, "rate", "avg_conv_rate", pa.array(values, getattr(pa, f"{sign}{bits}")()))
    assert loaded(there, "rate", "avg_conv_rate") == [None if one is None else Decimal(one) for one in values]


@pytest.mark.parametrize("sign", ["int", "uint"])
def test_the_largest_counts_come_through_or_are_refused(there: Warehouse, sign: str) -> None:
    limit = 2**63 - 1
    write(there, "billable", "billable_subs", pa.array([limit], getattr(pa, f"{sign}64")()))
    assert loaded(there, "billable", "billable_subs") == [limit]
    write(there, "billable", "billable_subs", pa.array([2**64 - 1], pa.uint64()))
    assert there.refused().value == str(2**64 - 1)


def test_texts_come_through(there: Warehouse) -> None:
    values = ["", "a", None, "é\0\U0001f642", " ", "x" * 100_000]
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        write(there, "rate", "from_curr", pa.array(values, kind))
        assert loaded(there, "rate", "from_curr") == values
    write(there, "rate", "from_curr", pa.array(values).dictionary_encode())
    assert loaded(there, "rate", "from_curr") == values


def test_doubles_come_through_into_a_double(fresh: Warehouse) -> None:
    values = [0.1, 1e300, 5e-324, -0.0, None, 335.397005355]
    write(fresh, "rate", "avg_conv_rate", pa.array(values, pa.float64()))
    assert loaded(fresh, "rate", "avg_conv_rate") == values
    for kind in (pa.float32(), pa.float16()):
        write(fresh, "rate", "avg_conv_rate", pa.array([1.5], kind))
        assert "and must be DOUBLE, DECIMAL or a whole number" in fresh.refused().what


def refused_types() -> dict[str, Any]:
    """Arrays of a type that is not taken, by the name that the refusal gives it."""
    return {
        "DECIMAL(55,8)": pa.array([None, *RATES], pa.decimal256(55, 8)),
        "DECIMAL(39,8)": pa.array([None, *RATES], pa.decimal256(39, 8)),
        "DECIMAL(76,8)": pa.array([None, *RATES], pa.decimal256(76, 8)),
        "FLOAT": pa.array([None, 1.1], pa.float32()),
        "FLOAT16": pa.array([None, 1.5], pa.float16()),
        "DOUBLE": pa.array([None, 1.1], pa.float64()),
        "BOOLEAN": pa.array([None, True]),
        "DATE": pa.array([None, dt.date(2016, 11, 22)]),
        "TIMESTAMP_MICROS": pa.array([None, dt.datetime(2016, 11, 22)], pa.timestamp("us")),  # noqa: DTZ001
        "TIMESTAMP": pa.array([None, 1], pa.timestamp("ns")),
        "TIME": pa.array([None, 1], pa.time32("ms")),
        "BYTE_ARRAY": pa.array([None, b"1.5"]),
        "FIXED_LEN_BYTE_ARRAY": pa.array([None, b"ab"], pa.binary(2)),
        "nested": pa.array([None, [1]]),
    }


@pytest.mark.parametrize("name", list(refused_types()))
def test_every_other_type_is_refused_by_its_name(there: Warehouse, name: str) -> None:
    path = write(there, "rate", "avg_conv_rate", refused_types()[name])
    error = there.refused()
    assert (error.file, error.line, error.column) == (path, 2, "avg_conv_rate")
    assert f"the type is {name} and must be DECIMAL or a whole number" in error.what
    assert not error.odd_row


@pytest.mark.parametrize("name", list(refused_types()))
def test_a_column_without_any_value_may_have_any_type(there: Warehouse, name: str) -> None:
    write(there, "rate", "avg_conv_rate", refused_types()[name].slice(0, 1))
    assert loaded(there, "rate", "avg_conv_rate") == [None]


def test_a_decimal_that_would_be_misread_shows_no_number(there: Warehouse) -> None:
    write(there, "rate", "avg_conv_rate", refused_types()["DECIMAL(55,8)"])
    error = there.refused()
    assert error.value is None
    assert "318" not in error.what


def test_texts_that_are_none_are_refused(there: Warehouse) -> None:
    for name, array in refused_types().items():
        write(there, "rate", "cal_month", array.slice(1))
        assert f"the type is {name} and must be text" in there.refused(odd_rows=False).what


def test_nested_columns_are_passed_over_in_counting(there: Warehouse) -> None:
    cells = {name: pa.array(["x"]) for name in COLUMNS["overage"] if name != "charge"}
    inner = pa.array([{"charge": [{"a": 1}], "b": 2}])
    table = pa.table({"more": inner, **cells, "charge": pa.array([Decimal("1.5000")])})
    pq.write_table(table, there.folder / f"{NAMES['overage']}.parquet")
    assert "'more' is not a column of the table" in there.refused().what


def test_two_columns_of_one_name_are_named(there: Warehouse) -> None:
    arrays = [pa.array(["x"]) for _ in range(5)]
    names = ["cal_month", "from_curr", "to_curr", "avg_conv_rate", "to_curr"]
    pq.write_table(pa.Table.from_arrays(arrays, names), there.folder / f"{NAMES['rate']}.parquet")
    assert "column to_curr is there 2 times" in there.refused().what

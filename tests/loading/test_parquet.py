"""Parquet: what fits the columns exactly is taken."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.loading.loader import COLUMNS, DATABASE, NAMES, RATES, Warehouse


class TestParquet:
    def copy(self, there: Warehouse, select: str, role: str = "rate") -> Path:
        path = there.folder / (NAMES[role] + ".parquet")
        there.session.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        return path

    @pytest.mark.parametrize(
        ("number", "loaded"),
        [
            ("1.5::DECIMAL(18,8)", "1.5"),
            ("1.50000000::DECIMAL(38,20)", "1.5"),
            ("-9999999999.99999999::DECIMAL(38,10)", "-9999999999.99999999"),
            ("7::TINYINT", "7"),
            ("7::UBIGINT", "7"),
            ("NULL::DATE", None),
        ],
    )
    def test_taken(self, there: Warehouse, number: str, loaded: str | None) -> None:
        self.copy(there, f"SELECT {number} avg_conv_rate, 'USD' to_curr, '' cal_month, chr(0) from_curr")
        there.load()
        assert there.rows("rate") == [("", "\0", "USD", loaded if loaded is None else Decimal(loaded))]

    def test_every_load_reads_its_file_again(self, there: Warehouse) -> None:
        setting = "SELECT current_setting('enable_external_file_cache')"
        before = there.session.query(setting)
        for scale in range(10, 18):
            # Same name, same size, same second: only the type differs, and a stale type shifts the point.
            there.clear()
            number = f"{scale}::DECIMAL(38,{scale})"
            self.copy(there, f"SELECT 'a' cal_month, 'b' from_curr, 'c' to_curr, {number} avg_conv_rate")
            there.load("rate")
            assert there.rows("rate") == [("a", "b", "c", Decimal(scale))]
        assert there.session.query(setting) == before

    @pytest.mark.parametrize(
        ("number", "row", "value"),
        [
            ("1.123456789::DECIMAL(18,9)", 3, "1.123456789"),
            ("10000000000::BIGINT", 3, "10000000000"),
            ("1.5::DOUBLE", 1, "1.5"),
            ("'1.5'", 1, "1.5"),
            ("DATE '2017-01-01'", 1, "2017-01-01"),
        ],
    )
    def test_refused_numbers(self, there: Warehouse, number: str, row: int, value: str) -> None:
        first = number if row == 1 else "1"
        numbers = f"SELECT * FROM (VALUES ({first}), (NULL), ({number}), ({number})) v(n)"
        path = self.copy(
            there, f"SELECT 'a' cal_month, 'b' from_curr, 'c' to_curr, n avg_conv_rate FROM ({numbers})"
        )
        error = there.refused()
        assert (error.file, error.line, error.column, error.value) == (path, row, "avg_conv_rate", value)
        assert f", row {row}, column avg_conv_rate: " in error.what

    def test_refused_columns(self, there: Warehouse) -> None:
        self.copy(there, "SELECT 'a' cal_month, 'b' from_curr, 1 avg_conv_rate, 1 file_row_number")
        assert "column to_curr is missing; 'file_row_number' is not a column" in there.refused().what
        self.copy(there, "SELECT DATE '2017-01-01' cal_month, 'b' from_curr, 'c' to_curr, 1 avg_conv_rate")
        assert "the type is DATE and must be text" in there.refused().what

    def test_counts(self, there: Warehouse) -> None:
        listed = ", ".join(
            f"'x' {name}" for name in COLUMNS["billable"] if name not in ("billable_subs", "charge")
        )
        self.copy(
            there, f"SELECT {listed}, 1 charge, 9223372036854775807::DECIMAL(38,0) billable_subs", "billable"
        )
        there.load()
        self.copy(
            there, f"SELECT {listed}, 1 charge, 9223372036854775808::DECIMAL(38,0) billable_subs", "billable"
        )
        assert there.refused().column == "billable_subs"

    def test_doubles_into_a_double(self, fresh: Warehouse) -> None:
        fresh.session.execute(f"CREATE SCHEMA {DATABASE}")
        fresh.session.execute(
            f"CREATE TABLE {DATABASE}.{NAMES['rate']} "
            "(cal_month VARCHAR, from_curr VARCHAR, to_curr VARCHAR, avg_conv_rate DOUBLE)"
        )
        select = "SELECT 'a' cal_month, 'b' from_curr, 'c' to_curr, {}::DOUBLE avg_conv_rate"
        self.copy(fresh, select.format("1e-300"))
        fresh.load()
        assert fresh.rows("rate") == [("a", "b", "c", 1e-300)]
        self.copy(fresh, select.format("'NaN'"))
        assert fresh.refused().value == "nan"

    def test_an_absent_table_of_rates_is_made_double_as_its_file_is(self, fresh: Warehouse) -> None:
        select = "SELECT 'a' cal_month, 'b' from_curr, 'c' to_curr, {} avg_conv_rate"
        self.copy(fresh, select.format("'NaN'::DOUBLE"))
        assert fresh.refused().value == "nan"
        self.copy(fresh, select.format("1.5::FLOAT"))
        assert "the type is FLOAT and must be DECIMAL or a whole number" in fresh.refused().what
        assert fresh.tables() == frozenset()
        self.copy(fresh, select.format("1.2345678901::DOUBLE"))
        fresh.load()
        assert fresh.rows("rate") == [("a", "b", "c", 1.2345678901)]
        assert dict(fresh.columns("rate"))["avg_conv_rate"] == "DOUBLE"
        assert dict(fresh.columns("overage"))["charge"] == "DECIMAL(18,4)"

    def test_doubles_are_no_amounts_in_an_absent_table_either(self, fresh: Warehouse) -> None:
        others = ", ".join(f"'x' {name}" for name in COLUMNS["overage"] if name != "charge")
        self.copy(fresh, f"SELECT {others}, 1.5::DOUBLE charge", "overage")
        assert "column charge: 1.5: the type is DOUBLE and must be DECIMAL" in fresh.refused().what

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all, not even nearly", RATES.encode()])
    def test_no_parquet(self, there: Warehouse, content: bytes) -> None:
        path = there.folder / (NAMES["rate"] + ".parquet")
        path.write_bytes(content)
        what = there.refused().what
        assert what.startswith(f"{path}: cannot be read as Parquet (")
        assert "/dev/fd" not in what

    def test_damaged_parquet(self, there: Warehouse) -> None:
        select = (
            "SELECT i::VARCHAR cal_month, 'b' from_curr, 'c' to_curr, 1 avg_conv_rate FROM range(5000) r(i)"
        )
        path = self.copy(there, select)
        whole = path.read_bytes()
        path.write_bytes(whole[:200] + bytes(1000) + whole[1200:])
        assert "cannot be read as Parquet" in there.refused().what
        path.write_bytes(whole[:-300])
        assert "cannot be read as Parquet" in there.refused().what

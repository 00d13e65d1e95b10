"""What is taken, and what becomes of it."""

from __future__ import annotations

import csv
import os
from decimal import Decimal
from pathlib import Path

import pytest

from ciss_luigi.loading import LoadProgress, load_folder
from ciss_luigi.loading.csvfile import CsvPlan
from tests.loading.loader import COLUMNS, DATABASE, NAMES, RATES, Warehouse, billable, csv_text, rates


class TestWhatIsTaken:
    def test_makes_all_tables_and_fills_those_with_a_file(self, fresh: Warehouse) -> None:
        path = fresh.put("rate", rates("2017-01,GBP,USD,1.23", "2016-13,EUR,USD,"))
        loaded = {table.role: (table.rows, table.file) for table in fresh.load()}
        assert loaded == dict.fromkeys(NAMES, (0, None)) | {"rate": (2, path)}
        assert fresh.rows("rate") == [
            ("2016-13", "EUR", "USD", None),
            ("2017-01", "GBP", "USD", Decimal("1.23000000")),
        ]
        assert fresh.columns("billable")[-1] == ("partition_date", "VARCHAR")
        assert ("charge", "DECIMAL(18,4)") in fresh.columns("billable")

    def test_replaces_a_table_and_leaves_the_others(self, there: Warehouse) -> None:
        before = there.contents()
        there.put("rate", rates("2017-01,GBP,USD,1.5"))
        assert [(table.role, table.rows) for table in there.load()] == [("rate", 1)]
        assert there.rows("rate") == [("2017-01", "GBP", "USD", Decimal("1.5"))]
        assert there.contents() | {"rate": before["rate"]} == before

    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    @pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    def test_the_ways_to_write_a_csv(
        self, there: Warehouse, suffix: str, line_end: str, mark: str, quoting: int
    ) -> None:
        text = csv_text(RATES.split(","), [["a\r\nb\nc", 'x"y"', "", "2"]], line_end, quoting)
        there.put("rate", mark + text, suffix)
        there.load()
        assert there.rows("rate") == [("a\r\nb\nc", 'x"y"', None, Decimal(2))]

    def test_columns_in_any_order(self, there: Warehouse) -> None:
        there.put("rate", "to_curr,avg_conv_rate,cal_month,from_curr\nUSD,1,2017-01,GBP\n")
        there.load()
        assert there.rows("rate") == [("2017-01", "GBP", "USD", Decimal(1))]

    @pytest.mark.parametrize("content", [RATES, RATES + "\n", RATES + "\r\n", RATES + "\n\n\n"])
    def test_a_header_alone_empties_the_table(self, there: Warehouse, content: str) -> None:
        there.put("rate", content)
        assert [table.rows for table in there.load()] == [0]
        assert there.rows("rate") == []

    def test_blank_lines_and_a_missing_last_line_end(self, there: Warehouse) -> None:
        there.put("rate", RATES + "\n\na,b,c,1\n\n\nd,e,f,2")
        there.load()
        assert [row[0] for row in there.rows("rate")] == ["a", "d"]

    def test_an_empty_field_is_null_quoted_or_not(self, there: Warehouse) -> None:
        there.put("rate", rates('"",,"",""', ",,,", '" ", ,NULL,'))
        there.load()
        assert there.rows("rate") == [(" ", " ", "NULL", None), (None,) * 4, (None,) * 4]

    def test_an_existing_table_keeps_its_definition(self, fresh: Warehouse) -> None:
        fresh.session.execute(f"CREATE SCHEMA {DATABASE}")
        fresh.session.execute(
            f"CREATE TABLE {DATABASE}.{NAMES['rate'].upper()} "
            "(avg_conv_rate DOUBLE, To_Curr VARCHAR, from_curr VARCHAR, cal_month VARCHAR)"
        )
        fresh.put("rate", rates("2017-01,GBP,USD,1.12345678901", "2017-02,GBP,USD,"))
        fresh.load()
        assert fresh.columns("rate")[0] == ("avg_conv_rate", "DOUBLE")
        assert fresh.rows("rate") == [
            ("2017-01", "GBP", "USD", 1.12345678901),
            ("2017-02", "GBP", "USD", None),
        ]

    def test_numbers_at_their_limits(self, there: Warehouse) -> None:
        good = [
            ("9223372036854775807", "99999999999999.9999"),
            ("-9223372036854775808", "-99999999999999.9999"),
            ("-0", "-0.0"),
            ("000000000000000000000000000000000000000000001", "000000000000000000000000000012.5"),
        ]
        rows = [billable(billable_subs=subs, charge=charge) for subs, charge in good]
        there.put("billable", csv_text(COLUMNS["billable"], rows))
        there.load()
        assert [(row[5], row[6]) for row in there.rows("billable")] == sorted(
            ((int(subs), Decimal(charge).quantize(Decimal("0.0001"))) for subs, charge in good), key=repr
        )

    def test_first_quoted_field_after_the_sniffers_sample(self, there: Warehouse) -> None:
        lines = [f"2017-01,GBP,{number},1" for number in range(20_500)]
        there.put("rate", rates(*lines, '2017-01,GBP,"a, ""b""",1'))
        there.load()
        assert ("2017-01", "GBP", 'a, "b"', Decimal(1)) in there.rows("rate")

    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
    @pytest.mark.parametrize(
        "name",
        ["it's", "g[a]", "g*", "**", "wh?t", "a b", "é 中", "cal_month=7", "back\\slash[*]", "{a,b}", "%s:x"],
    )
    def test_a_folder_with_any_name(self, there: Warehouse, tmp_path: Path, name: str, suffix: str) -> None:
        for other in ("ga", "gb", "what"):
            (tmp_path / other).mkdir()
            (tmp_path / other / (NAMES["rate"] + suffix)).write_bytes(b"no such file")
        there.put("rate", rates("2017-01,GBP,USD,1"), ".csv" if suffix == ".parquet" else suffix)
        if suffix == ".parquet":
            there.load()
            there.clear()
            path = there.folder / (NAMES["rate"] + suffix)
            there.session.execute(f"COPY {DATABASE}.{NAMES['rate']} TO '{path}' (FORMAT parquet)")
        there.folder.rename(tmp_path / name)
        try:
            load_folder(there.session, DATABASE, NAMES, tmp_path / name)
        finally:
            (tmp_path / name).rename(there.folder)
        assert there.rows("rate") == [("2017-01", "GBP", "USD", Decimal(1))]

    def test_a_name_that_is_no_unicode(self, there: Warehouse, tmp_path: Path) -> None:
        there.put("rate", rates("2017-01,GBP,USD,1"))
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
        there.folder.rename(folder)
        try:
            load_folder(there.session, DATABASE, NAMES, folder)
        finally:
            folder.rename(there.folder)
        assert there.rows("rate") == [("2017-01", "GBP", "USD", Decimal(1))]

    def test_progress_is_told_before_and_after_each_file(self, there: Warehouse) -> None:
        first = there.put("overage", ",".join(COLUMNS["overage"]))
        second = there.put("rate", rates("2017-01,GBP,USD,1"))
        told: list[LoadProgress] = []
        load_folder(there.session, DATABASE, NAMES, there.folder, progress=told.append)
        sizes = first.stat().st_size, second.stat().st_size
        assert [(told.file, told.rows, told.bytes_done) for told in told] == [
            (first, None, 0),
            (first, 0, sizes[0]),
            (second, None, sizes[0]),
            (second, 1, sum(sizes)),
        ]
        assert {each.bytes_total for each in told} == {sum(sizes)}

    def test_an_interruption_keeps_nothing(self, there: Warehouse) -> None:
        before = there.contents()
        for role in ("overage", "rate"):
            there.put(role, ",".join(COLUMNS[role]))

        def stop(progress: LoadProgress) -> None:
            if progress.table == NAMES["rate"] and progress.rows is not None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            load_folder(there.session, DATABASE, NAMES, there.folder, progress=stop)
        assert there.contents() == before

    def test_what_one_thread_has_to_read(self, there: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ciss_luigi.loading.csvfile._WORTH_SHARING_BYTES", 10)
        shared: list[bool] = []
        load = CsvPlan.load

        def spied(plan: CsvPlan, session: object, *, share: bool) -> int:
            shared.append(share)
            return load(plan, session, share=share)  # type: ignore[arg-type]

        monkeypatch.setattr(CsvPlan, "load", spied)
        there.put("rate", rates('"a\nb",GBP,USD,1', "c,GBP,USD,2"))
        there.load()
        assert shared == [True, False]
        assert [row[0] for row in there.rows("rate")] == ["a\nb", "c"]
        there.put("rate", rates("c,GBP,USD,2e1"))
        assert there.refused().line == 2

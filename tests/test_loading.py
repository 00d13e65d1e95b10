"""``ciss load``: what is taken, what is refused and where, and that nothing of a refused load stays."""

from __future__ import annotations

import csv
import gzip
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ciss_luigi.engines.embedded import DuckDbEngine
from ciss_luigi.loading import LoadError, LoadProgress, csvrecords, load_folder, near_misses
from ciss_luigi.loading.csvfile import CsvPlan
from tests.loading_fixtures import COLUMNS, DATABASE, NAMES, Warehouse, csv_text, warehouse

RATES = "cal_month,from_curr,to_curr,avg_conv_rate"
REAL = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with warehouse(tmp_path_factory.mktemp("loading")) as opened:
        yield opened


@pytest.fixture
def there(shared: Warehouse) -> Iterator[Warehouse]:
    """A filled warehouse that several tests share, and an empty folder."""
    shared.clear()
    yield shared
    shared.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse of the test's own, without any table."""
    with warehouse(tmp_path, filled=False) as opened:
        yield opened


def rates(*lines: str) -> str:
    return "".join(line + "\n" for line in (RATES, *lines))


class TestWhatIsTaken:
    def test_makes_all_tables_and_fills_those_with_a_file(self, fresh: Warehouse) -> None:
        path = fresh.put("rate", rates("2017-01,GBP,USD,1.23", "2016-13,EUR,USD,"))
        loaded = {table.role: (table.rows, table.file) for table in fresh.load()}
        assert loaded == dict.fromkeys(NAMES, (0, None)) | {"rate": (2, path)}
        assert fresh.rows("rate") == [
            ("2016-13", "EUR", "USD", None),
            ("2017-01", "GBP", "USD", Decimal("1.23000000")),
        ]
        assert fresh.session.columns(DATABASE, NAMES["billable"])[-1] == ("partition_date", "VARCHAR")
        assert ("charge", "DECIMAL(18,4)") in fresh.session.columns(DATABASE, NAMES["billable"])

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
        assert fresh.session.columns(DATABASE, NAMES["rate"])[0] == ("avg_conv_rate", "DOUBLE")
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
        rows = [_billable(billable_subs=subs, charge=charge) for subs, charge in good]
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


def _billable(**values: str) -> list[str]:
    row = dict.fromkeys(COLUMNS["billable"], "x") | {"billable_subs": "1", "charge": "1"} | values
    return list(row.values())


# What stands in the file of rates; line, column and value of the error; words that it must hold.
MALFORMED: dict[str, tuple[bytes, int | None, str | None, str | None, str]] = {
    "empty": (b"", None, None, None, "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", 1, None, None, "blank"),
    "blank header": (b"\n" + RATES.encode(), 1, None, None, "blank"),
    "missing column": (b"cal_month,from_curr,to_curr\na,b,c\n", 1, "avg_conv_rate", None, "missing"),
    "extra column": (RATES.encode() + b",note\na,b,c,1,x\n", 1, "note", None, "no column of the table"),
    "duplicate column": (RATES.encode() + b",to_curr\na,b,c,1,x\n", 1, "to_curr", None, "2 times"),
    "misspelt column": (
        b"cal_month,from_curr,to_curr,Avg_conv_rate\n",
        1,
        "avg_conv_rate",
        None,
        "'Avg_conv_rate' is no column of the table (did you mean avg_conv_rate?)",
    ),
    "semicolons": (RATES.replace(",", ";").encode(), 1, "cal_month", None, "separated by ';'"),
    "header not UTF-8": (b"cal_month,from_curr,to_curr,caf\xe9\n", 1, None, "caf\\xe9", "not UTF-8"),
    "UTF-16": (RATES.encode("utf-16"), 1, None, None, "not UTF-8"),
    "gzip without its suffix": (gzip.compress(RATES.encode()), 1, None, None, "name the file .csv.gz"),
    "carriage returns": (RATES.encode() + b"\ra,b,c,1\r", 1, None, None, "carriage return"),
    "header quote not closed": (b'"cal_month,from_curr\n', 1, None, '"cal_month', "never closed"),
    "no number": (rates("a,b,c,1", "a,b,c,1x").encode(), 3, "avg_conv_rate", "1x", "no number"),
    "exponent": (rates("a,b,c,1e5").encode(), 2, "avg_conv_rate", "1e5", "no exponent"),
    "plus sign": (rates("a,b,c,+1").encode(), 2, "avg_conv_rate", "+1", "no plus sign"),
    "space before": (rates("a,b,c, 1").encode(), 2, "avg_conv_rate", " 1", "no spaces"),
    "space inside quotes": (rates('a,b,c,"1 "').encode(), 2, "avg_conv_rate", "1 ", "no spaces"),
    "only spaces": (rates("a,b,c, ").encode(), 2, "avg_conv_rate", " ", "no number"),
    "comma for a point": (rates('a,b,c,"1,5"').encode(), 2, "avg_conv_rate", "1,5", "no number"),
    "no digit after the point": (rates("a,b,c,1.").encode(), 2, "avg_conv_rate", "1.", "no number"),
    "no digit before the point": (rates("a,b,c,.5").encode(), 2, "avg_conv_rate", ".5", "no number"),
    "other digits": (rates("a,b,c,\u0661").encode(), 2, "avg_conv_rate", "\u0661", "no number"),
    "not a number": (rates("a,b,c,NaN").encode(), 2, "avg_conv_rate", "NaN", "no number"),
    "newline in a number": (rates('a,b,c,"1\n"').encode(), 2, "avg_conv_rate", "1\\n", "no number"),
    "NUL in a number": (rates("a,b,c,1\0").encode(), 2, "avg_conv_rate", "1\\x00", "no number"),
    "too many decimals": (
        rates("a,b,c,1.123456789").encode(),
        2,
        "avg_conv_rate",
        "1.123456789",
        "9 decimals, and the column has 8",
    ),
    "too many zeros": (rates("a,b,c,1.000000000").encode(), 2, "avg_conv_rate", "1.000000000", "9 decimals"),
    "too large": (rates("a,b,c,10000000000").encode(), 2, "avg_conv_rate", "10000000000", "too large"),
    "very long number": (
        rates("a,b,c," + "9" * 5000).encode(),
        2,
        "avg_conv_rate",
        "9" * 77 + "...",
        "too large",
    ),
    "ragged, short": (rates("a,b,c,1", "a,b").encode(), 3, "to_curr", "a,b", "2 fields"),
    "ragged, short by one": (rates("a,b,c").encode(), 2, "avg_conv_rate", "a,b,c", "3 fields"),
    "ragged, long": (rates("a,b,c,1,x,y").encode(), 2, None, "x", "6 fields, and the header has 4"),
    "ragged, long and empty": (rates("a,b,c,1,").encode(), 2, None, "", "5 fields"),
    "ragged, long and all empty": (rates(",,,,,").encode(), 2, None, "", "6 fields"),
    "a line of spaces": (rates("a,b,c,1", "  ").encode(), 3, "from_curr", "  ", "1 field,"),
    "quote never closed": (
        rates("a,b,c,1", 'a,"b,c,1', "d,e,f,2").encode(),
        3,
        "from_curr",
        '"b',
        "never closed",
    ),
    "text after a quote": (rates('a,"b"x,c,1').encode(), 2, "from_curr", '"b"x', "closing quote"),
    "space after a quote": (rates('a,"b" ,c,1').encode(), 2, "from_curr", '"b" ', "closing quote"),
    "space after a last quote": (rates('a,b,c,"1" ').encode(), 2, "avg_conv_rate", '"1" ', "closing quote"),
    "space after the file's last quote": (
        rates("a,b,c,1").encode() + b'a,b,c,"1" ',
        3,
        "avg_conv_rate",
        '"1" ',
        "closing quote",
    ),
    "space before a quote": (
        rates('a, "b",c,1').encode(),
        2,
        "from_curr",
        ' "b"',
        "before the opening quote",
    ),
    "spaces before a first quote": (
        rates('   "a",b,c,1').encode(),
        2,
        "cal_month",
        '   "a"',
        "opening quote",
    ),
    "spaces before a quoted comma": (
        rates('a,  "b,b",c,1').encode(),
        2,
        "from_curr",
        '  "b',
        "opening quote",
    ),
    "not UTF-8": (rates("a,b,c,1").encode() + b"a,caf\xe9,c,1\n", 3, "from_curr", "caf\\xe9", "not UTF-8"),
    "half a surrogate": (rates("a,b,c,1").encode() + b"a,\xed\xa0\x80,c,1\n", 3, "from_curr", None, "UTF-8"),
    "not UTF-8 and ragged": (RATES.encode() + b"\na,b,c,1,\xff\n", 2, None, "\\xff", "not UTF-8"),
    "line ends mixed": (
        RATES.encode() + b"\na,b,c,1\r\n",
        2,
        None,
        None,
        "the line ends with carriage return",
    ),
    "line ends mixed otherwise": (
        RATES.encode() + b"\r\na,b,c,1\r\na,b,c,1\nb,b,c,1\r\n",
        3,
        None,
        None,
        "the line ends with a line feed",
    ),
    "carriage return outside quotes": (
        rates("a,b,c,1", "a,b\rb,c,1").encode(),
        3,
        "from_curr",
        "b\\rb",
        "carriage return",
    ),
    "carriage return for a line end": (
        rates("a,b,c,1\rd,e,f,2", "").encode(),
        2,
        "avg_conv_rate",
        "1\\rd",
        "carriage return",
    ),
    "carriage return at the end": (
        rates("a,b,c,1").encode() + b"a,b,c,2\r",
        3,
        None,
        None,
        "carriage return",
    ),
    "carriage return twice": (
        RATES.encode() + b"\r\na,b,c,1\r\r\na,b,c,2\r\n",
        2,
        None,
        None,
        "a stray carriage return",
    ),
    "carriage return twice on a blank line": (
        RATES.encode() + b"\r\na,b,c,1\r\n\r\r\na,b,c,2\r\n",
        3,
        None,
        None,
        "a stray carriage return",
    ),
    "quote never closed on the last line": (
        rates("a,b,c,1", '"x').encode(),
        3,
        "cal_month",
        '"x',
        "never closed",
    ),
    "quote never closed in a field too many": (rates('a,b,c,1,"x').encode(), 2, None, '"x', "never closed"),
    "control characters": (rates("a,b,c,\x1b[31m\u202e").encode(), 2, None, "\\x1b[31m\\u202e", "no number"),
    "after fields that span lines": (
        rates('"a\n\n",b,c,1', '"a\nb",b,"c\n\nd",x').encode(),
        5,
        "avg_conv_rate",
        "x",
        "no number",
    ),
    "after a blank line": (
        rates("", "a,b,c,1", "", "a,b,c,x").encode(),
        5,
        "avg_conv_rate",
        "x",
        "no number",
    ),
    "after a byte order mark": (b"\xef\xbb\xbf" + rates("a,b,c,x").encode(), 2, None, "x", "no number"),
    "record too long": (
        rates("a,b,c,1", f"a,{'b' * 2_000_000},c,1").encode(),
        3,
        None,
        "a," + "b" * 75 + "...",
        "2,000,000 bytes",
    ),
    "quote never closed in a long file": (
        rates('a,"b,c,1', *["d,e,f,2"] * 300_000).encode(),
        2,
        None,
        None,
        "never closed",
    ),
}


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("case", "suffix"),
        [(case, ".csv") for case in MALFORMED]
        + [
            (case, ".csv.gz")
            for case in MALFORMED
            if case.startswith(("after", "empty", "quote", "not UTF-8"))
        ],
    )
    def test_malformed(self, there: Warehouse, case: str, suffix: str) -> None:
        content, line, column, value, words = MALFORMED[case]
        # A good file before it must not stay either.
        there.put("overage", ",".join(COLUMNS["overage"]) + "\n")
        path = there.put("rate", content, suffix)
        error = there.refused()
        assert (error.file, error.line) == (path, line)
        assert column in (None, error.column)
        assert value in (None, error.value)
        assert words in error.what
        assert "DuckDB" not in error.what
        place = [str(path), f"line {line}"] if line else [str(path)]
        assert error.what.startswith(", ".join(place))
        assert error.next_command == f"correct the file, then: ciss load {there.folder}"

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("billable_subs", "9223372036854775808", "too large for BIGINT"),
            ("billable_subs", "-9223372036854775809", "too large for BIGINT"),
            ("billable_subs", "1" * 5000, "too large for BIGINT"),
            ("billable_subs", "1.0", "no whole number"),
            ("billable_subs", "1 ", "no whole number"),
            ("charge", "100000000000000", "too large for DECIMAL(18,4)"),
            ("charge", "0.12345", "5 decimals, and the column has 4"),
        ],
    )
    def test_counts_and_amounts(self, there: Warehouse, column: str, value: str, words: str) -> None:
        rows = [_billable(), _billable(**{column: value}), _billable()]
        there.put("billable", csv_text(COLUMNS["billable"], rows))
        error = there.refused()
        assert (error.line, error.column) == (3, column)
        assert words in error.what

    @pytest.mark.parametrize("value", ["1e5", "inf", "9" * 400, "0x10", " 1", "1."])
    def test_a_double_takes_the_same_form(self, fresh: Warehouse, value: str) -> None:
        fresh.session.execute(f"CREATE SCHEMA {DATABASE}")
        fresh.session.execute(
            f"CREATE TABLE {DATABASE}.{NAMES['rate']} "
            "(cal_month VARCHAR, from_curr VARCHAR, to_curr VARCHAR, avg_conv_rate DOUBLE)"
        )
        fresh.put("rate", rates("a,b,c,1", f"a,b,c,{value}"))
        assert fresh.refused().line == 3

    @pytest.mark.parametrize("cut", [1, 4, 8, 9, 2000])
    def test_torn_gzip(self, there: Warehouse, cut: int) -> None:
        rng = random.Random(1)
        text = rates(*(f"2017-01,GBP,{rng.random()},1" for _ in range(3000)))
        path = there.put("rate", text, ".csv.gz")
        path.write_bytes(path.read_bytes()[:-cut])
        error = there.refused()
        assert "torn" in error.what
        assert error.line is not None
        assert (error.line <= 3001) if cut == 2000 else (error.line == 3002)

    def test_damaged_gzip(self, there: Warehouse) -> None:
        path = there.put("rate", rates(*["2017-01,GBP,USD,1"] * 3000), ".csv.gz")
        whole = path.read_bytes()
        for content in (
            whole[:-8] + b"\0\0\0\0" + whole[-4:],
            whole[:-4] + b"\0\0\0\0",
            whole + b"rest",
            whole[:20] + b"\xff\xff\xff" + whole[23:],
            b"no gzip at all",
        ):
            path.write_bytes(content)
            error = there.refused()
            assert "damaged" in error.what or "torn" in error.what
            assert error.line is not None
        path.write_bytes(whole + gzip.compress(b"2017-02,GBP,USD,2\n"))
        assert [table.rows for table in there.load()] == [3001]

    @pytest.mark.parametrize("second", [".csv.gz", ".parquet"])
    def test_two_files_for_one_table(self, there: Warehouse, second: str) -> None:
        there.put("rate", rates())
        (there.folder / (NAMES["rate"] + second)).touch()
        error = there.refused()
        assert f"{NAMES['rate']}.csv and {NAMES['rate']}{second}" in error.what
        assert error.next_command.startswith("remove one of them")

    def test_no_file_at_all(self, there: Warehouse) -> None:
        (there.folder / "usage_overage_charges.csv").touch()
        (there.folder / "GBS_CURR_AVGCONV_RATE.CSV").touch()
        (there.folder / "holiday.jpg").touch()
        what = there.refused().what
        assert all(f"- {name}.csv, .csv.gz or .parquet" in what for name in NAMES.values())
        assert "usage_overage_charges.csv is not loaded; did you mean usage_overage_charge.csv?" in what
        assert "GBS_CURR_AVGCONV_RATE.CSV is not loaded; did you mean gbs_curr_avgconv_rate.csv?" in what
        assert "holiday" not in what

    def test_near_misses_beside_good_files(self, there: Warehouse) -> None:
        there.put("rate", rates())
        assert near_misses(there.folder, NAMES) == []
        (there.folder / "service_based_charge.csv").touch()
        assert len(near_misses(there.folder, NAMES)) == 1
        there.load()

    def test_no_folder(self, there: Warehouse) -> None:
        for folder in (there.folder / "absent", there.put("rate", rates())):
            with pytest.raises(LoadError, match="cannot be read"):
                load_folder(there.session, DATABASE, NAMES, folder)

    def test_no_regular_file(self, there: Warehouse) -> None:
        path = there.folder / (NAMES["rate"] + ".csv")
        path.mkdir()
        assert "this is a directory" in there.refused().what
        path.rmdir()
        os.mkfifo(path)
        assert "no regular file" in there.refused().what
        path.unlink()
        path.symlink_to(path)
        assert "cannot be read: Too many levels" in there.refused().what
        path.unlink()
        path.symlink_to(there.folder / "gone")
        assert "cannot be read: No such file" in there.refused().what

    def test_no_permission(self, there: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
        path = there.put("rate", rates())

        def denied(*args: object, **kwargs: object) -> object:
            raise PermissionError(13, "Permission denied", str(path))

        # Mode bits do not keep root out.
        monkeypatch.setattr(Path, "open", denied)
        error = there.refused()
        assert error.what == f"{path}: cannot be read: Permission denied"
        assert error.next_command.startswith("make it readable, then: ciss load ")

    def test_a_table_that_the_job_cannot_use(self, fresh: Warehouse) -> None:
        fresh.session.execute(f"CREATE SCHEMA {DATABASE}")
        fresh.session.execute(f"CREATE TABLE {DATABASE}.{NAMES['rate']} (cal_month VARCHAR)")
        fresh.put("overage", ",".join(COLUMNS["overage"]))
        with pytest.raises(LoadError, match="has no column from_curr, to_curr, avg_conv_rate"):
            fresh.load()
        fresh.session.execute(f"DROP TABLE {DATABASE}.{NAMES['rate']}")
        fresh.session.execute(
            f"CREATE TABLE {DATABASE}.{NAMES['rate']} "
            "(cal_month DATE, from_curr VARCHAR, to_curr VARCHAR, avg_conv_rate DOUBLE)"
        )
        with pytest.raises(
            LoadError, match=r"column cal_month of the table mnaas\.gbs_curr_avgconv_rate is DATE"
        ):
            fresh.load()
        assert fresh.session.tables(DATABASE) == {NAMES["rate"]}

    def test_what_only_the_engine_knows(self, fresh: Warehouse) -> None:
        fresh.session.execute(f"CREATE SCHEMA {DATABASE}")
        fresh.session.execute(
            f"CREATE TABLE {DATABASE}.{NAMES['rate']} "
            "(cal_month VARCHAR NOT NULL, from_curr VARCHAR, to_curr VARCHAR, avg_conv_rate DOUBLE)"
        )
        path = fresh.put("rate", rates(",b,c,1"))
        assert fresh.refused().what.startswith(
            f"{path}: DuckDB: Constraint Error: NOT NULL constraint failed"
        )
        fresh.put("rate", rates("a,b,c,1"))
        fresh.load()

    def test_a_reader_that_loses_rows_is_caught(
        self, there: Warehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ciss_luigi.loading.csvfile._no_more_fields", lambda padding: "from_curr <> 'b'")
        there.put("rate", rates("a,b,c,1", "d,e,f,2"))
        assert there.refused().what.endswith("holds 2 records, and DuckDB read 1 rows of it")


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

    def test_every_load_reads_its_file_anew(self, there: Warehouse) -> None:
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
        assert "column to_curr is missing; 'file_row_number' is no column" in there.refused().what
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


anything = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\",\n\r\\\0%:'; "), max_size=12
)
amounts = st.none() | st.decimals(-(10**9), 10**9, places=8, allow_nan=False, allow_infinity=False)


class TestRoundTrip:
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        rows=st.lists(st.tuples(anything, anything, anything, amounts), max_size=8),
        line_end=st.sampled_from(["\n", "\r\n"]),
        quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        suffix=st.sampled_from([".csv", ".csv.gz"]),
    )
    def test_what_python_writes_comes_back(
        self,
        there: Warehouse,
        rows: list[tuple[str, str, str, Decimal | None]],
        line_end: str,
        quoting: int,
        suffix: str,
    ) -> None:
        if any("\r" in text for row in rows for text in row[:3]):
            # Python before 3.13 leaves a carriage return unquoted where lines end with a line feed.
            quoting = csv.QUOTE_ALL
        texts = [[*row[:3], "" if row[3] is None else f"{row[3]:f}"] for row in rows]
        there.clear()
        there.put("rate", csv_text(RATES.split(","), texts, line_end, quoting), suffix)
        there.load("rate")
        expected = [(*(text or None for text in row[:3]), row[3]) for row in rows]
        assert there.rows("rate") == sorted(expected, key=repr)

    def test_text_survives_the_file(self, tmp_path: Path) -> None:
        odd = ["\0", "a\0b", "\ufeff", "\uffff", "\U0010ffff", "e\u0301", "\u202e", "'\\%", " ", "\t", "''"]
        with warehouse(tmp_path, filled=False) as opened:
            opened.put("rate", csv_text(RATES.split(","), [[text, text * 999, "", ""] for text in odd]))
            opened.load()
            opened.session.execute("CHECKPOINT")
        with DuckDbEngine(tmp_path / "ciss.duckdb").session() as session:
            rows = Warehouse(session, tmp_path).rows("rate")
        assert rows == sorted(((text, text * 999, None, None) for text in odd), key=repr)


def _by_python(data: bytes) -> list[tuple[object, ...]] | None:
    """What a strict reading of the CSV gives, or None where there is none."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
        numbered = [line + "\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
        records = [record for record in csv.reader(numbered, strict=True) if record]
    except (UnicodeDecodeError, csv.Error):
        return None
    if any(len(record) != 4 for record in records):
        return None
    order = [records[0].index(name) for name in RATES.split(",")]
    rows = [[record[index] or None for index in order] for record in records[1:]]
    return [(*row[:3], row[3] and Decimal(row[3]).quantize(Decimal("0.00000001"))) for row in rows]


def _mutated(rng: random.Random) -> bytes:
    alphabet = ["a", "é", ",", ",", ",", '"', '"', "\n", "\r\n", " ", "\0", "\t", "1", ".5", "-", "\r", "\\"]
    weights = [4, 1, 6, 6, 6, 3, 3, 6, 0.2, 0.5, 0.5, 0.5, 3, 1, 1, 0.1, 0.5]
    rows = []
    for _ in range(rng.randint(0, 4)):
        fields = ["".join(rng.choices(alphabet, weights, k=rng.randint(0, 4))) for _ in range(3)]
        quoted = [
            f'"{field.replace(chr(34), chr(34) * 2)}"' if rng.random() < 0.8 else field for field in fields
        ]
        rows.append(",".join([*quoted, rng.choice(["", "1", "-1.5", '"2"'])]))
    data = bytearray("\n".join([RATES, *rows, ""]).encode())
    if rng.random() < 0.2:
        data = bytearray(data.replace(b"\n", b"\r\n"))
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        at = rng.randrange(min(len(RATES), len(data)) if rng.random() < 0.95 else 0, len(data) + 1)
        change = rng.choice(["flip", "cut", "insert"])
        if change == "flip":
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == "cut":
            del data[at : at + rng.randint(1, 3)]
        else:
            data[at:at] = "".join(rng.choices(alphabet, weights, k=2)).encode()
    return bytes(data) if rng.random() < 0.98 else rng.randbytes(50)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_any_bytes_load_exactly_or_are_refused(there: Warehouse, seed: int) -> None:
    rng = random.Random(seed)
    loaded = 0
    for _ in range(1000):
        data = _mutated(rng)
        suffix = rng.choice([".csv", ".csv", ".csv.gz"])
        there.clear()
        path = there.put("rate", data, suffix)
        if suffix == ".csv.gz" and rng.random() < 0.2:
            packed = bytearray(path.read_bytes())
            packed[rng.randrange(len(packed))] = rng.randrange(256)
            path.write_bytes(packed)
        try:
            there.load("rate")
        except LoadError as error:
            if "DuckDB" in error.what:
                raise AssertionError(f"{data!r}: the exact reader found nothing") from error
            continue
        loaded += 1
        expected = _by_python(data)
        assert expected is not None, data
        assert there.rows("rate") == sorted(expected, key=repr), data
    assert loaded > 100


@pytest.mark.slow
def test_any_parquet_bytes_load_or_are_refused(there: Warehouse) -> None:
    path = there.folder / (NAMES["rate"] + ".parquet")
    there.session.execute(
        f"COPY (SELECT i::VARCHAR cal_month, 'b' from_curr, 'é' to_curr, i::DECIMAL(18,8) avg_conv_rate "
        f"FROM range(50) r(i)) TO '{path}' (FORMAT parquet)"
    )
    whole = path.read_bytes()
    rng = random.Random(1)
    for _ in range(1000):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            there.load("rate")
        except LoadError:
            continue


@pytest.mark.slow
def test_large_files_across_read_buffers(there: Warehouse) -> None:
    """Several threads and buffers, lines that span buffers: as many rows and the same sum as written."""
    rng = random.Random(2)
    lines = [f'2017-01,"GBP, {number}",{"x" * rng.randrange(120)},{number}.5' for number in range(700_000)]
    path = there.put("rate", rates(*lines))
    assert path.stat().st_size > 50_000_000
    for spanning in ("", '2017-01,"a\nb",c,0.5'):
        with path.open("a") as file:
            file.write(spanning + "\n" if spanning else "")
        there.load()
        count = 700_000 + bool(spanning)
        ((rows, total),) = there.session.query(
            f"SELECT COUNT(*), SUM(avg_conv_rate) FROM {DATABASE}.{NAMES['rate']}"
        )
        assert (rows, total) == (count, Decimal(sum(range(700_000))) + Decimal("0.5") * count)
    with path.open("a") as file:
        file.write("2017-01,a,b,1e5\n")
    error = there.refused()
    assert (error.line, error.value) == (700_004, "1e5")


@pytest.mark.skipif(not REAL.is_dir(), reason="no real data: ../shared/data is not beside the project")
def test_real_data(fresh: Warehouse) -> None:
    loaded = load_folder(fresh.session, DATABASE, NAMES, REAL)
    expected = {}
    for role, name in NAMES.items():
        with gzip.open(REAL / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            expected[role] = sum(1 for _ in csv.DictReader(file))
    assert {table.role: table.rows for table in loaded} == expected
    assert expected["billable"] == 28_020


def test_the_field_limit_of_the_process_stays(there: Warehouse) -> None:
    before = csv.field_size_limit()
    there.put("rate", rates(f"a,{'b' * 200_000},c,x"))
    assert there.refused().value == "x"
    assert csv.field_size_limit() == before < csvrecords.RECORD_BYTES


def test_importing_needs_no_driver() -> None:
    code = "import ciss_luigi.loading, sys; sys.exit('duckdb' in sys.modules or 'sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

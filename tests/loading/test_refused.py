"""What is refused: one error that names file, line, column and value."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from ciss_luigi.loading import LoadError, load_folder, not_taken
from tests.loading.loader import COLUMNS, DATABASE, NAMES, RATES, Warehouse, billable, csv_text, rates

# What stands in the file of rates; line, column and value of the error; words that it must hold.
MALFORMED: dict[str, tuple[bytes, int | None, str | None, str | None, str]] = {
    "empty": (b"", None, None, None, "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", 1, None, None, "blank"),
    "blank header": (b"\n" + RATES.encode(), 1, None, None, "blank"),
    "missing column": (b"cal_month,from_curr,to_curr\na,b,c\n", 1, "avg_conv_rate", None, "missing"),
    "extra column": (RATES.encode() + b",note\na,b,c,1,x\n", 1, "note", None, "not a column of the table"),
    "duplicate column": (RATES.encode() + b",to_curr\na,b,c,1,x\n", 1, "to_curr", None, "2 times"),
    "misspelt column": (
        b"cal_month,from_curr,to_curr,Avg_conv_rate\n",
        1,
        "avg_conv_rate",
        None,
        ": Avg_conv_rate: header names are in lower case: avg_conv_rate",
    ),
    "semicolons": (RATES.replace(",", ";").encode(), 1, "cal_month", None, "separated by ';'"),
    "header not UTF-8": (b"cal_month,from_curr,to_curr,caf\xe9\n", 1, None, "caf\\xe9", "not UTF-8"),
    "UTF-16": (RATES.encode("utf-16"), None, None, None, "this is UTF-16 text, not UTF-8"),
    "Excel": (
        b"PK\x03\x04\x14\x00\x06\x00\n",
        None,
        None,
        None,
        "this is an Excel or zip file; save it as CSV",
    ),
    "Parquet": (b"PAR1\x15\n", None, None, None, "this is a Parquet file; name it .parquet"),
    "capitals": (
        RATES.upper().encode(),
        1,
        None,
        None,
        "header names are in lower case: cal_month; FROM_CURR",
    ),
    "gzip without its suffix": (
        gzip.compress(RATES.encode()),
        None,
        None,
        None,
        "this is a gzip file; name it .csv.gz",
    ),
    "carriage returns": (RATES.encode() + b"\ra,b,c,1\r", 1, None, None, "carriage return"),
    "header quote not closed": (b'"cal_month,from_curr\n', 1, None, '"cal_month', "never closed"),
    "no number": (rates("a,b,c,1", "a,b,c,1x").encode(), 3, "avg_conv_rate", "1x", "not a number"),
    "exponent": (rates("a,b,c,1e5").encode(), 2, "avg_conv_rate", "1e5", "1e5: write 100000 (no exponent)"),
    "plus sign": (rates("a,b,c,+1").encode(), 2, "avg_conv_rate", "+1", "+1: write 1 (no plus sign)"),
    "space before": (rates("a,b,c, 1").encode(), 2, "avg_conv_rate", " 1", "' 1': write 1 (no spaces)"),
    "space inside quotes": (
        rates('a,b,c,"1 "').encode(),
        2,
        "avg_conv_rate",
        "1 ",
        "'1 ': write 1 (no spaces)",
    ),
    "only spaces": (rates("a,b,c, ").encode(), 2, "avg_conv_rate", " ", "not a number"),
    "thousands": (
        rates('a,b,c,"1,234.50"').encode(),
        2,
        "avg_conv_rate",
        "1,234.50",
        "1,234.50: write 1234.50 (no thousands separators, no parentheses)",
    ),
    "parentheses": (
        rates('a,b,c,"(1,234.50)"').encode(),
        2,
        "avg_conv_rate",
        "(1,234.50)",
        "(1,234.50): write -1234.50 (no thousands separators, no parentheses)",
    ),
    "comma for a point": (rates('a,b,c,"1,5"').encode(), 2, "avg_conv_rate", "1,5", "not a number"),
    "no digit after the point": (
        rates("a,b,c,1.").encode(),
        2,
        "avg_conv_rate",
        "1.",
        "1.: write 1 (a digit on each side of the point)",
    ),
    "no digit before the point": (
        rates("a,b,c,.5").encode(),
        2,
        "avg_conv_rate",
        ".5",
        ".5: write 0.5 (a digit on each side of the point)",
    ),
    "other digits": (rates("a,b,c,\u0661").encode(), 2, "avg_conv_rate", "\u0661", "not a number"),
    "not a number": (rates("a,b,c,NaN").encode(), 2, "avg_conv_rate", "NaN", "not a number"),
    "newline in a number": (rates('a,b,c,"1\n"').encode(), 2, "avg_conv_rate", "1\\n", "not a number"),
    "NUL in a number": (rates("a,b,c,1\0").encode(), 2, "avg_conv_rate", "1\\x00", "not a number"),
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
    "control characters": (
        rates("a,b,c,\x1b[31m\u202e").encode(),
        2,
        None,
        "\\x1b[31m\\u202e",
        "not a number",
    ),
    "after fields that span lines": (
        rates('"a\n\n",b,c,1', '"a\nb",b,"c\n\nd",x').encode(),
        5,
        "avg_conv_rate",
        "x",
        "not a number",
    ),
    "after a blank line": (
        rates("", "a,b,c,1", "", "a,b,c,x").encode(),
        5,
        "avg_conv_rate",
        "x",
        "not a number",
    ),
    "after a byte order mark": (b"\xef\xbb\xbf" + rates("a,b,c,x").encode(), 2, None, "x", "not a number"),
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
        assert error.advice == "correct the file"

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("billable_subs", "9223372036854775808", "too large for BIGINT"),
            ("billable_subs", "-9223372036854775809", "too large for BIGINT"),
            ("billable_subs", "1" * 5000, "too large for BIGINT"),
            ("billable_subs", "1.0", "not a whole number"),
            ("billable_subs", "1 ", "write 1 (no spaces)"),
            ("billable_subs", "x", "x: not a number; write one such as -12"),
            ("charge", "100000000000000", "too large for DECIMAL(18,4)"),
            ("charge", "0.12345", "5 decimals, and the column has 4"),
        ],
    )
    def test_counts_and_amounts(self, there: Warehouse, column: str, value: str, words: str) -> None:
        rows = [billable(), billable(**{column: value}), billable()]
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
        assert error.advice == "remove one of them"

    def test_no_file_at_all(self, there: Warehouse) -> None:
        (there.folder / "usage_overage_charges.csv").touch()
        (there.folder / "GBS_CURR_AVGCONV_RATE.CSV").touch()
        (there.folder / "holiday.jpg").touch()
        what = there.refused().what
        assert all(f"- {name}.csv, .csv.gz or .parquet" in what for name in NAMES.values())
        none = "is not loaded: no table has that name"
        assert f"usage_overage_charges.csv {none}; did you mean usage_overage_charge.csv?" in what
        assert f"GBS_CURR_AVGCONV_RATE.CSV {none}; did you mean gbs_curr_avgconv_rate.csv?" in what
        assert f"holiday.jpg {none}\n" in f"{what}\n"

    def test_files_that_are_taken_for_no_table(self, there: Warehouse) -> None:
        there.put("rate", rates())
        (there.folder / ".hidden").touch()
        (there.folder / "folder").mkdir()
        assert not_taken(there.folder, NAMES) == []
        (there.folder / "service_based_charge.csv").touch()
        (there.folder / "notes\x1b.txt").touch()
        assert not_taken(there.folder, NAMES) == [
            "notes\\x1b.txt is not loaded: no table has that name",
            "service_based_charge.csv is not loaded: no table has that name; "
            "did you mean service_based_charges.csv?",
        ]
        for number in range(30):
            (there.folder / f"{number}.txt").touch()
        assert not_taken(there.folder, NAMES)[-1] == "12 more files are not loaded either"
        there.load()

    @pytest.mark.parametrize("content", [b"no gzip at all", b"PK\x03\x04"])
    def test_what_is_no_gzip_file_is_called_by_its_name(self, there: Warehouse, content: bytes) -> None:
        path = there.put("rate", "", ".csv.gz")
        path.write_bytes(content)
        words = (
            "this is an Excel or zip file"
            if content.startswith(b"PK")
            else "this is not a gzip file; name it .csv"
        )
        assert words in there.refused().what

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
        assert "not a plain file" in there.refused().what
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
        assert error.advice == "make it readable"

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
        assert fresh.tables() == {NAMES["rate"]}

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
        assert there.refused().what.endswith("holds 2 records, and DuckDB read 1 row of it")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_too_little_memory_is_not_the_files_fault(fresh: Warehouse, suffix: str) -> None:
    path = fresh.put("rate", rates(*(f"2017-01,{'x' * 90_000}{number},USD,1" for number in range(200))))
    if suffix == ".parquet":
        fresh.load("rate")
        parquet = path.with_suffix(suffix)
        fresh.session.execute(f"COPY {DATABASE}.{NAMES['rate']} TO '{parquet}' (FORMAT parquet)")
        path.unlink()
    fresh.session.execute("SET memory_limit = '4MB'")
    with pytest.raises(LoadError, match="Out of Memory") as raised:
        fresh.load("rate")
    assert raised.value.file is None
    assert raised.value.next_command.startswith("set a larger memory_limit, such as [ciss] session_settings")


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_sparse_file_of_6_gigabytes_is_refused_at_once(there: Warehouse, suffix: str) -> None:
    with (there.folder / (NAMES["rate"] + suffix)).open("wb") as file:
        file.truncate(6_000_000_000)
    words = {".csv": "2,000,000 bytes", ".csv.gz": "not a gzip file", ".parquet": "cannot be read as Parquet"}
    assert words[suffix] in there.refused().what

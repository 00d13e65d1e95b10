"""Months and dates: what the job can place is loaded, all else is named, with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciss_luigi.loading import FileFate, LoadError, load_folder
from tests.loading.loader import COLUMNS, DATABASE, NAMES, Warehouse, csv_text

GOOD_MONTHS = ("2016-01", "2016-12", "9999-12", "0001-01")
BAD_MONTHS = (
    *("", " ", "2016-00", "2016-13", "2016-1", "2016-11-01", "11/2016", "2016-11 ", " 2016-11", "201611"),
    *("\u0662016-11", "2016\u201311", "2016-11\n", "x", "Nov 2016", "2016-1a"),
)
GOOD_DATES = (
    *("2016-11-22", "2016-02-29", "9999-12-31", "0001-01-01", "2016-11-22 23:59", "2016-11-22T23:59:59"),
    *("2016-11-22 23:59:59.123456", "2016-11-22T23:59:59Z", "2016-11-22 00:00:00+01:00"),
)
BAD_DATES = (
    *(" ", "22/11/2016", "05/11/2016", "2016-11", "2016-11-", "2016-11-31", "2015-02-29", "2016-13-01"),
    *("2016-00-10", "0000-01-01", "2016-11-22x", "2016-11-22 ", " 2016-11-22", "20161122", "2016-1-22"),
    *("2016-11-22 later", "2016-11-\u0662\u0662", "22.11.2016", "2016-11-22\n", "2016/11/22"),
)
DATED = [(role, "partition_date") for role in ("billable", "overage", "service")]
MONTHS = [*DATED, ("rate", "cal_month")]
ENDS = [("mapping", "co_mapping_start_date"), ("mapping", "co_mapping_end_date")]

CASES = [
    *((role, column, text, True) for role, column in MONTHS for text in GOOD_MONTHS),
    *((role, column, text, False) for role, column in MONTHS for text in BAD_MONTHS),
    *(("register", "invoice_date", text, True) for text in GOOD_DATES),
    *(("register", "invoice_date", text, False) for text in (*BAD_DATES, "")),
    *((*end, text, True) for end in ENDS for text in (*GOOD_DATES, "", " ", "   ")),
    *((*end, text, False) for end in ENDS for text in BAD_DATES if text.strip(" ")),
]


def record(role: str, column: str, text: str) -> list[str]:
    """A record of a table with a text in one column."""
    usual = {"partition_date": "2016-11", "cal_month": "2016-11", "invoice_date": "2016-11-22"}
    return [text if name == column else usual.get(name, "") for name in COLUMNS[role]]


def put(there: Warehouse, role: str, column: str, *texts: str, suffix: str = ".csv") -> Path:
    """A file of a table with these texts in one column; as Parquet an empty text is NULL."""
    content = csv_text(COLUMNS[role], [record(role, column, text) for text in texts])
    if suffix == ".csv":
        return there.put(role, content)
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [record(role, column, text) for text in texts]
    columns = {name: [row[index] or None for row in rows] for index, name in enumerate(COLUMNS[role])}
    path = there.folder / (NAMES[role] + suffix)
    pq.write_table(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_every_text_is_loaded_or_named(there: Warehouse, suffix: str) -> None:
    for role, column, text, good in CASES:
        there.clear()
        usual = record(role, "", "")[COLUMNS[role].index(column)]
        path = put(there, role, column, usual, text, suffix=suffix)
        if good:
            there.load(role, odd_rows=False)
            index = COLUMNS[role].index(column)
            assert (text or None) in {row[index] for row in there.rows(role)}, (column, text)
            continue
        with pytest.raises(LoadError) as caught:
            there.load(role, odd_rows=False)
        error = caught.value
        assert (error.file, error.line, error.column) == (path, 2 if suffix == ".parquet" else 3, column), (
            text
        )
        assert "write YYYY-MM" in str(error), (column, text, str(error))
        assert error.odd_row
        there.load(role)
        assert (text or None) in {row[COLUMNS[role].index(column)] for row in there.rows(role)}


@pytest.mark.parametrize(
    ("role", "column", "text", "words"),
    [
        (
            "register",
            "invoice_date",
            "22/11/2016",
            "22/11/2016: not a date; write YYYY-MM-DD, such as 2016-11-22",
        ),
        ("register", "invoice_date", "", "'': the date is missing; write YYYY-MM-DD, such as 2016-11-22"),
        (
            "register",
            "invoice_date",
            "2016-11-31",
            "2016-11-31: the calendar has no such day; write YYYY-MM-DD",
        ),
        ("overage", "partition_date", "2016-13", "2016-13: not a month; write YYYY-MM, such as 2016-11"),
        ("rate", "cal_month", "", "'': the month is missing; write YYYY-MM, such as 2016-11"),
    ],
)
def test_the_words_say_what_to_write(there: Warehouse, role: str, column: str, text: str, words: str) -> None:
    path = put(there, role, column, "2016-11-22" if role == "register" else "2016-11", text)
    assert f"{path}, line 3, column {column}: {words}" in there.refused(odd_rows=False).what


def test_an_empty_date_of_a_parquet_mapping_is_blank(there: Warehouse) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = {name: [""] for name in COLUMNS["mapping"]}
    pq.write_table(pa.table(cells), there.folder / f"{NAMES['mapping']}.parquet")
    there.load("mapping", odd_rows=False)
    assert there.rows("mapping") == [("",) * 7]


def test_a_load_says_what_became_of_every_table(there: Warehouse) -> None:
    held = {role: len(there.rows(role)) for role in NAMES}
    put(there, "overage", "partition_date", "2016-11", "2016-12")
    there.session.execute(f"DROP TABLE {DATABASE}.{NAMES['service']}")
    loaded = load_folder(there.session, DATABASE, NAMES, there.folder)
    assert [(one.role, one.rows, one.fate) for one in loaded] == [
        ("billable", held["billable"], FileFate.KEPT),
        ("overage", 2, FileFate.LOADED),
        ("service", 0, FileFate.MADE),
        ("register", held["register"], FileFate.KEPT),
        ("rate", held["rate"], FileFate.KEPT),
        ("mapping", held["mapping"], FileFate.KEPT),
    ]

"""``ciss compare`` on the embedded warehouse: what it says, in words, as JSON and as a page."""

from __future__ import annotations

import json
import re
import shutil
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.operator.compare import Request
from tests.alerts.relay import relaying
from tests.helpers import Answer, run, typed
from tests.sample import MAIN, make_sample, make_site

DATE = "2016-11-22"
OLD = "mnaas.old"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a merged night and the old job's table, which holds the same."""
    folder = tmp_path_factory.mktemp("compare")
    make_site(folder, make_sample(folder / "sample.duckdb"))
    run(folder, DATE)
    change(folder, f"CREATE TABLE {OLD} AS SELECT * FROM {MAIN}")
    shutil.copyfile(folder / "var" / "ciss.duckdb", folder / "as_it_was.duckdb")
    return folder


@pytest.fixture
def folder(template: Path) -> Path:
    """The folder, its warehouse as it was; markers name the file, so a copy of the folder would not do."""
    shutil.copyfile(template / "as_it_was.duckdb", template / "var" / "ciss.duckdb")
    return template


def change(folder: Path, *statements: str) -> list[Any]:
    import duckdb

    with duckdb.connect(str(folder / "var" / "ciss.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
        return connection.fetchall()


def compare(folder: Path, *options: str, table: str = "old") -> Answer:
    return typed(folder, "compare", "--date", DATE, "--with", table, *options)


def document(folder: Path, *options: str, code: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(compare(folder, "--json", *options).expect(code).out)
    return found


def test_a_copy_is_equal(folder: Path) -> None:
    compare(folder).expect(0, f"2016-11: {MAIN} and {OLD} hold the same rows\n")
    found = document(folder, code=0)
    (rows,) = change(folder, f"SELECT COUNT(*) FROM {MAIN}")[0]
    none = dict.fromkeys(("only_here", "only_there", "twice_here", "twice_there", "differ"), 0)
    assert found["rows"] == {"here": rows, "there": rows, **none}
    assert (found["equal"], found["columns"], found["samples"], found["in_common"]) == (True, [], [], [])


def test_the_sums_and_what_the_rows_share_are_exact(folder: Path) -> None:
    change(folder, f"UPDATE {OLD} SET overage_charge = overage_charge + 0.0001 WHERE currency = 'GBP'")
    sums = "COUNT(*), SUM(overage_charge), SUM(overage_charge + 0.0001)"
    ((count, here, there),) = change(folder, f"SELECT {sums} FROM {MAIN} WHERE currency = 'GBP'")
    found = document(folder, "--samples", "2")
    assert found["columns"] == [
        {
            "column": "overage_charge", "rows": count, "sum_here": f"{here:f}", "sum_there": f"{there:f}",
            "greatest_difference": "0.0001",
        }
    ]  # fmt: skip
    shared = {(one["column"], one["side"]): one for one in found["in_common"]}
    assert shared["currency", None] == {
        "column": "currency", "side": None, "value": "GBP", "rows": count, "of": count, "percent": "100.0",
    }  # fmt: skip
    assert shared["overage_charge", "difference"]["value"] == "-0.0001"
    assert [list(one["columns"]) for one in found["samples"]] == [["overage_charge"]] * 2
    compare(folder, "--tolerance", "0.0001").expect(0, "hold the same rows within 0.0001")
    compare(folder, "--tolerance", "0.00009").expect(1)
    compare(folder, "--ignore", "Overage_Charge").expect(0)


def test_a_row_moved_between_two_customers_is_found(folder: Path) -> None:
    """No total of any currency sees it."""
    ids = [row[0] for row in change(folder, f"SELECT DISTINCT org_id FROM {MAIN} ORDER BY 1 LIMIT 2")]
    swap = f"CASE org_id WHEN '{ids[0]}' THEN '{ids[1]}' WHEN '{ids[1]}' THEN '{ids[0]}' ELSE org_id END"
    change(folder, f"UPDATE {OLD} SET org_id = {swap}")
    rows = document(folder)["rows"]
    assert rows["here"] == rows["there"]
    assert rows["only_here"] + rows["only_there"] + rows["differ"] > 0


def test_rows_that_are_gone_added_and_doubled_are_told_apart(folder: Path) -> None:
    change(
        folder,
        f"INSERT INTO {OLD} SELECT * FROM {OLD} ORDER BY org_id, currency LIMIT 2",
        f"INSERT INTO {OLD} SELECT * REPLACE ('new one' AS org_id) FROM {OLD} LIMIT 1",
        f"DELETE FROM {OLD} WHERE currency = 'SEK'",
    )
    ((lost,),) = change(folder, f"SELECT COUNT(*) FROM {MAIN} WHERE currency = 'SEK'")
    rows = document(folder)["rows"]
    assert rows["only_here"] == lost
    assert (rows["only_there"], rows["twice_there"], rows["twice_here"], rows["differ"]) == (1, 2, 0, 0)
    compare(folder).expect(1, f"1 row only in {OLD}", f"2 keys more than once in {OLD}", "new one")


def test_columns_of_one_side_are_told_and_are_no_difference(folder: Path) -> None:
    change(folder, f"ALTER TABLE {OLD} ADD COLUMN remark VARCHAR", f"ALTER TABLE {OLD} DROP COLUMN org_name")
    compare(folder).expect(0, f"columns only in {MAIN}, not compared: org_name", "remark")
    assert document(folder, code=0)["only_in_schema"] == {"here": ["org_name"], "there": ["remark"]}


def test_a_later_night_that_wrote_the_month_since_is_said(folder: Path) -> None:
    change(folder, f"UPDATE {MAIN} SET as_of_date = '2016-11-23'")
    compare(folder).expect(0, "2016-11: main holds a newer estimate, of 2016-11-23")


def test_the_page_shows_the_same_and_loads_nothing(folder: Path) -> None:
    change(
        folder, f"UPDATE {OLD} SET contract_offer_group = '<script>alert(1)</script>' WHERE currency = 'GBP'"
    )
    page = folder / "drift.html"
    compare(folder, "--html", str(page)).expect(1)
    text = page.read_text()
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))

    Reader().feed(text)
    tags = {tag for tag, _ in seen}
    assert {"html", "table"} <= tags
    assert not {"script", "link", "img", "iframe"} & tags
    assert not any("src" in attributes or "href" in attributes for _, attributes in seen)
    assert "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "contract_offer_group" in text


def test_text_in_the_other_table_cannot_command_the_terminal(folder: Path) -> None:
    change(folder, f"UPDATE {OLD} SET org_name = chr(27) || '[2J'")
    answer = compare(folder).expect(1, "\\x1b[2J")
    assert "\x1b" not in answer.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--key", "org_idd"), "has no column org_idd (--key); did you mean org_id?"),
        (("--columns", "org_id=organisation"), f"{OLD} has no column organisation (--columns)"),
        (("--ignore", "overage"), "has no column overage (--ignore)"),
        (("--other-month", "bill_month"), f"{OLD} has no column bill_month (--other-month)"),
    ],
)
def test_a_column_that_is_not_there_is_usage(folder: Path, options: tuple[str, ...], words: str) -> None:
    compare(folder, *options).explained(2, words, "nothing was compared")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--ignore", "Org_Id"), "org_id is in the key, by which rows find each other"),
        (("--key", "org_id,run_id"), "run_id says who wrote a row"),
        (("--columns", "month_year=currency"), "month_year is main's month column"),
        (("--columns", "as_of_date=currency"), "as_of_date is not compared"),
        (("--columns", "org_name=currency", "--ignore", "org_name"), "org_name is not compared"),
    ],
)
def test_what_would_have_no_effect_is_refused(folder: Path, options: tuple[str, ...], words: str) -> None:
    compare(folder, *options).explained(2, words, "nothing was compared")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--tolerance", "-1"), "'-1' is not a number from 0 on"),
        (("--tolerance", "nan"), "is not a number"),
        (("--columns", "a"), "'a' is not NEW=OLD"),
        (("--with", "a.b.c"), "is not a TABLE or DATABASE.TABLE"),
        (("--with", "old; DROP TABLE x"), "is not a TABLE"),
        (("--months", "2016-13"), "'2016-13' is not a month"),
        (("--months", "2016-11"), "give either --date"),
    ],
)
def test_a_mistake_of_usage_is_named(folder: Path, options: tuple[str, ...], words: str) -> None:
    answer = compare(folder, *options)
    assert answer.code == 2
    assert words in answer.err


def test_what_cannot_be_compared_is_a_no_with_the_next_command(folder: Path) -> None:
    compare(folder, table="older").explained(1, "there is no table mnaas.older")
    typed(folder, "compare", "--date", "2016-11-21", "--with", "old").explained(
        1, "2016-11-21 has no valid marker", "luigi --module ciss_luigi MergeMain --date 2016-11-21"
    )
    typed(folder, "compare", "--months", "2030-01", "--with", "old").explained(1, "holds a row of 2030-01")


def test_a_warehouse_that_is_gone_is_away(folder: Path) -> None:
    (folder / "var" / "ciss.duckdb").unlink()
    compare(folder).explained(35, "there is no duckdb", "in which 2016-11-22 was built")


def test_it_writes_nothing(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    compare(folder).expect(0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_a_message_names_the_command_with_all_that_the_other_table_needs() -> None:
    date, month = RunDate.parse(DATE), Month.parse("2016-11")
    assert Request("old", date).command() == f"ciss compare --date {DATE} --with old"
    assert Request("old", months=(month,)).command() == "ciss compare --months 2016-11 --with old"
    full = Request(
        "mnaas.old", date, key=("org_id", "currency"), renamed={"org_id": "org", "currency": "it's"},
        ignored=("org_name", "rate_month"), tolerance=Decimal("1E-2"), other_month="bill month",
    )  # fmt: skip
    options = (
        "--with mnaas.old --key org_id,currency --columns 'org_id=org,currency=it'\"'\"'s' "
        "--ignore org_name,rate_month --tolerance 0.01 --other-month 'bill month'"
    )
    assert full.command() == f"ciss compare --date {DATE} {options}"
    assert full.command(["2016-10", "2016-11"]) == f"ciss compare --months 2016-10,2016-11 {options}"


def test_drift_is_told_once_a_date(folder: Path) -> None:
    """By mail that a real relay takes."""
    change(folder, f"UPDATE {OLD} SET overage_charge = overage_charge + 1 WHERE currency = 'GBP'")
    plain = (folder / "luigi.cfg").read_text()
    try:
        compare(folder, "--tell").explained(40, "[ciss_alerts] mail_to: is needed to tell drift")
        with relaying() as relay:
            smtp = relay.smtp_section(no_tls=True)
            (folder / "luigi.cfg").write_text(f"{plain}\n[ciss_alerts]\nmail_to = ops@example.com\n{smtp}")
            told = compare(folder, "--tell")
            assert (told.code, told.err) == (1, "told: mail\n")
            (post,) = relay.post
            assert post.subject == f"ciss: {MAIN} and {OLD} differ for {DATE} (exit code 1)"
            assert "rows that differ" in post.text
            assert "have currency = GBP" in post.text
            assert compare(folder, "--tell").code == 1
            assert len(relay.post) == 1
            shown = typed(folder, "alerts").out
            assert "Open:\n" in shown
            assert f"{MAIN} and {OLD} differ for {DATE}" in shown
            assert re.search(rf"^Next: +ciss compare --date {DATE} --with \S+$", post.text, re.MULTILINE)
            change(folder, f"UPDATE {OLD} SET overage_charge = overage_charge - 1 WHERE currency = 'GBP'")
            for _ in range(2):
                assert compare(folder, "--tell").code == 0
            _, over = relay.post
            assert over.text.startswith(f"Over: {MAIN} and {OLD} differ")
            assert "The last comparison found no difference." in over.text
            assert "Open: none" in typed(folder, "alerts").out
    finally:
        (folder / "luigi.cfg").write_text(plain)


def test_a_column_with_a_quote_in_its_name_is_told(folder: Path) -> None:
    change(
        folder, f'ALTER TABLE {OLD} ADD COLUMN "re""mark" VARCHAR', f'ALTER TABLE {OLD} ADD COLUMN "a`b" INT'
    )
    compare(folder).expect(0, f'columns only in {OLD}, not compared: re"mark, a`b')
    assert document(folder, code=0)["only_in_schema"] == {"here": [], "there": ['re"mark', "a`b"]}
    left_out = document(folder, "--ignore", "a`b", code=0)
    assert left_out["only_in_schema"]["there"] == ['re"mark']
    change(folder, f'ALTER TABLE {MAIN} ADD COLUMN "a`b" INT')
    compare(folder).expect(0, "not compared because of their types or names: a`b")
    compare(folder, "--key", "org_id,a`b").explained(2, "has no column a`b (--key)")

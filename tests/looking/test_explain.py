"""``ciss explain`` as a billing clerk types it, on the packaged sample."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from ciss_luigi import site
from tests.helpers import typed
from tests.sample import MAIN, change

README = Path(__file__).parents[2] / "README.md"


def explained(folder: Path, *arguments: str) -> Any:
    """The answer in JSON."""
    return json.loads(typed(folder, "explain", *arguments, "--json").expect(0).out)


def test_the_readme_shows_the_first_customer_as_it_is_told(sample: Path) -> None:
    text = README.read_text(encoding="utf-8")
    shown = re.search(r"^    \$ ciss (explain .*)\n((?:    .*\n|\n)+?)(?=^\S)", text, re.MULTILINE)
    assert shown is not None
    words = [one.strip("'") for one in re.findall(r"'[^']*'|\S+", shown[1])]
    told = typed(sample, *words).expect(0).out
    assert re.sub(r"^    ", "", shown[2], flags=re.MULTILINE).strip() == told.strip()
    assert words[words.index("--org") + 1] == "C-1001"


def test_the_same_facts_as_a_document(sample: Path) -> None:
    found = explained(sample, "--org", "C-1001", "--month", "2016-11")
    assert found["format"] == 1
    assert [row["commercial_offer"] for row in found["rows"]] == ["Alarm line", "Fleet tracking 50 MB"]
    row = found["rows"][1]
    sums = {kind: Decimal(of["sum"]) for kind, of in row["charges"].items()}
    assert sum(sums.values()) == Decimal(row["arithmetic"]["total_charge"])
    for kind, of in row["charges"].items():
        assert sum(Decimal(one["amount"]) for one in of["source_rows"]) == sums[kind]
    product = Decimal(row["arithmetic"]["total_charge"]) * Decimal(row["rate"]["rate"])
    assert Decimal(row["arithmetic"]["product"]) == product
    assert row["rate"]["rate_month"] == "2016-10"
    assert [one["rate_month"] for one in row["rate"]["passed_over"]] == ["2016-11"]
    assert row["mapping"]["chosen"]["contract_offer_group"] == "Fleet"
    assert len(row["mapping"]["passed_over"]) == 4
    assert row["now"]["agrees"] is True


def test_where_the_sources_have_moved_both_sides_are_shown(sample: Path) -> None:
    change(
        site.load({}, sample),
        "INSERT INTO mnaas.usage_overage_charge VALUES "
        "('C-1001', 'Sverige', 'Alarm line', '2016-11-21', 'SEK', 100, '2016-11')",
        "INSERT INTO mnaas.service_based_charges VALUES "
        "('C-1001', 'Sverige', 'Lift telephone', 'x', NULL, 'SEK', NULL, '2016-11')",
        "DELETE FROM mnaas.billable_sub_with_charge_and_limit WHERE org_id = 'C-1001' AND charge > 70000",
    )
    answer = typed(sample, "explain", "--org", "C-1001").expect(
        0,
        "overage_charge is 0.0000 in main, 100.0000 by the sources",
        "not in main yet",
        "NULL, counts as 0",
        "the next run of the month takes it up",
    )
    assert "subscription_charge is 73200.0000 in main, 0.0000 by the sources" in answer.out


def test_what_main_holds_and_no_source_does_any_more(sample: Path) -> None:
    change(
        site.load({}, sample),
        *(f"DELETE FROM mnaas.{table} WHERE org_id = 'C-1017'" for table in (
            "billable_sub_with_charge_and_limit", "usage_overage_charge", "service_based_charges",
            "sebs_chn_dtl_invce_reg",
        )),
    )  # fmt: skip
    typed(sample, "explain", "--org", "C-1017").expect(0, "source_rows is 2 in main, 0 by the sources")


def test_only_the_largest_rows_are_shown_until_all_are_wanted(sample: Path) -> None:
    change(
        site.load({}, sample),
        "INSERT INTO mnaas.usage_overage_charge SELECT 'C-1001', 'Sverige', 'Alarm line', "
        "CAST(DATE '2016-11-01' + CAST(n % 28 AS INTEGER) AS VARCHAR), 'SEK', -n, '2016-11' "
        "FROM range(1, 31) numbers(n)",
    )
    few = explained(sample, "--org", "C-1001", "--offer", "Alarm line")["rows"][0]["charges"]["overage"]
    assert (few["rows"], few["sum"]) == (30, "-465.0000")
    assert [int(float(one["amount"])) for one in few["source_rows"]] == [-n for n in range(30, 10, -1)]
    every = explained(sample, "--org", "C-1001", "--offer", "Alarm line", "--all")["rows"][0]
    assert len(every["charges"]["overage"]["source_rows"]) == 30
    typed(sample, "explain", "--org", "C-1001").expect(0, "and 10 smaller rows (--all shows them)")


def test_a_customer_that_main_does_not_hold_gets_the_nearest_spellings(sample: Path) -> None:
    answer = typed(sample, "explain", "--org", "c-1001").explained(1, "C-1001 (Caldsjö Vatten AB)")
    assert "Next:  ciss explain --org C-1001 --month 2016-11\n" in answer.err
    typed(sample, "explain", "--org", "caldsjö").explained(1, "C-1001 (Caldsjö Vatten AB)")
    typed(sample, "explain", "--org", "").explained(1, "main holds no customer '' in 2016-11")
    answer = typed(sample, "explain", "--org", "C-1001", "--offer", "fleet").explained(1, "not with this")
    assert "Next:  ciss explain --org C-1001 --month 2016-11\n" in answer.err
    typed(sample, "explain", "--org", "C-1001", "--month", "2016-01").explained(1, "in 2016-01")


def test_an_unknown_customer_and_a_date_and_hostile_words(sample: Path) -> None:
    typed(sample, "explain", "--org", "UNKNOWN", "--date", "2016-11-22").expect(
        0, "UNMAPPED", "services, 1 row"
    )
    change(
        site.load({}, sample), f"UPDATE {MAIN} SET org_id = 'x'' OR 1=1 --\x1b[31m' WHERE org_id = 'C-1002'"
    )
    answer = typed(sample, "explain", "--org", "x' OR 1=1 --\x1b[31m").expect(0, "source_rows is")
    assert "\x1b" not in answer.out


def test_mistakes_of_the_command_line(sample: Path, tmp_path: Path) -> None:
    both = typed(sample, "explain", "--org", "A", "--month", "2016-11", "--date", "2016-11-22").expect(2)
    assert "Give --month or --date, not both." in both.err
    typed(sample, "explain", "--org", "A", "--month", "2016-13").expect(2)
    (tmp_path / "luigi.cfg").write_text("[ciss]\n")
    typed(tmp_path, "explain", "--org", "A").explained(1, "no run has merged a month yet")
    typed(tmp_path, "load", "--sample").expect(0)
    typed(tmp_path, "explain", "--org", "A").explained(1, "MergeMain --date 2016-11-30 ")
    (tmp_path / "var" / "ciss.duckdb").unlink()
    typed(tmp_path, "explain", "--org", "A", "--month", "2016-11").explained(35, "there is no duckdb")


def test_the_old_java_classes_rows_are_not_explained(sample: Path) -> None:
    (sample / "luigi.cfg").write_text(
        "[ciss]\nloader = java\n[ciss_java]\nclasspath = /opt/x.jar\ntemp_class = a.B\nmain_class = a.C\n"
        "properties_file = x.properties\nname = x\nlog_file = x.log\n"
    )
    (sample / "x.properties").write_text("")
    for verb in (
        ["explain", "--org", "C-1001", "--month", "2016-11"],
        ["report", "--month", "2016-11", "--out", "r"],
    ):
        typed(sample, *verb).explained(1, "loader = java")


RATES = "mnaas.gbs_curr_avgconv_rate"


def add_rate(folder: Path, month: str, rate: str, currency: str = "SEK") -> None:
    columns = "(from_curr, to_curr, cal_month, avg_conv_rate)"
    change(
        site.load({}, folder),
        f"INSERT INTO {RATES} {columns} VALUES ('{currency}', 'USD', '{month}', {rate})",
    )


def explained_with_faulty_rates(folder: Path, *told: str) -> dict[str, Any]:
    """The customer's first row, where the next run of the month would fail for its rates."""
    failing = "a run of the month would fail until the rate table is corrected"
    answer = typed(folder, "explain", "--org", "C-1001").expect(0, failing, *told)
    assert "the table has no rate" not in answer.out
    assert "takes it up" not in answer.out
    row: dict[str, Any] = explained(folder, "--org", "C-1001")["rows"][0]
    assert row["now"]["next_run_fails"] is True
    return row


def test_a_rate_that_cannot_be_used_is_named_with_the_rule(sample: Path) -> None:
    add_rate(sample, "2016-11", "-5")
    row = explained_with_faulty_rates(
        sample,
        "2016-11 has no usable rate; that of 2016-10 counts",
        "not 2016-11: -5.00000000 cannot be used: zero, negative, not a number or beyond DECIMAL(18,8)",
        "- 2016-11: the rate 'SEK' -> USD is -5.00000000: zero, negative",
    )
    assert "cannot be used" in row["rate"]["passed_over"][0]["why"]
    assert len(row["now"]["rate_faults"]) == 1


def test_two_different_rates_count_for_nothing(sample: Path) -> None:
    add_rate(sample, "2016-11", "0.1")
    add_rate(sample, "2016-11", "0.2")
    row = explained_with_faulty_rates(
        sample,
        "two different rates for 2016-11: none counts, and a run now would fail and name them",
        "not 2016-11: 0.10000000: the month has another rate that differs",
        "not 2016-11: 0.20000000: the month has another rate that differs",
        "- 2016-11: two different rates 'SEK' -> USD, 0.10000000 and 0.20000000",
        "by the sources",
    )
    assert row["rate"]["rate"] is None
    assert [one["rate"] for one in row["rate"]["passed_over"]][:2] == ["0.10000000", "0.20000000"]


def test_faulty_rates_beside_the_one_that_counts_are_named_too(sample: Path) -> None:
    add_rate(sample, "2016-10", "0", "GBP")
    add_rate(sample, "2016-10", "0.5")
    told = typed(sample, "explain", "--org", "C-1001").expect(
        0, "would fail until the rate table is corrected"
    )
    assert "- 2016-10: the rate 'GBP' -> USD is 0" in told.out, (
        "a run fails for it, whoever has that currency"
    )
    assert "two different rates for 2016-10: none counts" in told.out


def test_a_missing_rate_is_not_taken_up_by_the_next_run(sample: Path) -> None:
    change(site.load({}, sample), f"DELETE FROM {RATES} WHERE from_curr = 'SEK'")
    told = typed(sample, "explain", "--org", "C-1001").expect(0, "no rate: a run now would fail and name it")
    assert "takes it up" not in told.out
    assert "a run of the month would fail until the rate table is corrected" in told.out


def test_a_date_that_is_none_is_shown_with_its_blanks(sample: Path) -> None:
    change(
        site.load({}, sample),
        "INSERT INTO mnaas.bl_cust_bu_co_cogrp_mapping (org_id, business_unit, commercial_offer, "
        "contract_offer_group, org_name, co_mapping_start_date, co_mapping_end_date) "
        "SELECT org_id, business_unit, commercial_offer, 'G', 'N', ' 2016-01-01', NULL "
        "FROM mnaas.bl_cust_bu_co_cogrp_mapping WHERE org_id = 'C-1001' LIMIT 1",
    )
    typed(sample, "explain", "--org", "C-1001").expect(
        0, "not G, ' 2016-01-01' to no end: its start is not a date"
    )

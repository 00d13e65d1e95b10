"""The output tables and the source tables."""

from __future__ import annotations

import pytest

from ciss_luigi.billing import schema
from ciss_luigi.billing.rundate import Month
from ciss_luigi.operator.checks.findings import Level
from ciss_luigi.operator.checks.sources import spans
from ciss_luigi.operator.checks.tables import can_hold, can_read
from ciss_luigi.state.markers import Step
from tests.check.looking import OVERAGE, RATE, REGISTER, TEMP, count, found, run, texts
from tests.sample import MAIN, Make, change

pytestmark = pytest.mark.whole


def test_a_main_of_the_old_job_gets_the_statements_that_mend_it(make: Make) -> None:
    here = make()
    run(here, "2016-11-22")
    lacking = ("source_rows", "as_of_date", "run_id")
    change(here, *(f"ALTER TABLE {MAIN} DROP COLUMN {name}" for name in lacking))
    (fault,) = found(here).of(Level.FAULT)
    assert fault.text == f"{MAIN} has no column source_rows, as_of_date, run_id"
    change(here, fault.remedy)
    assert found(here, "2016-11-22").exit_code == 0
    run(here, "2016-11-23")


def test_other_column_orders_and_more_columns_are_fine(make: Make) -> None:
    here = make(month_partition="partition_date")
    columns = [f"{column.name} {column.type}" for column in reversed(schema.SUMMARY_COLUMNS)]
    more = "loaded_at TIMESTAMP DEFAULT now()"
    change(
        here,
        f"CREATE TABLE {MAIN} ({', '.join([*columns, 'partition_date VARCHAR', more])})",
        f"CREATE TABLE {TEMP} ({', '.join(['month_year VARCHAR', 'run_date VARCHAR', *columns, more])})",
    )
    assert found(here, "2016-11-22").exit_code == 0
    run(here, "2016-11-22")


@pytest.mark.parametrize(
    ("table", "change_to", "expected"),
    [
        (MAIN, "ALTER total_charge TYPE DOUBLE", f"{MAIN}.total_charge is DOUBLE, and must be DECIMAL(18,4)"),
        (MAIN, "ALTER conversion_rate TYPE DECIMAL(18,4)", "and must be DECIMAL(18,8)"),
        (MAIN, "ALTER as_of_date TYPE DATE USING NULL", "as_of_date is DATE, and must be STRING"),
        (MAIN, "ALTER billable_subs TYPE INTEGER", "billable_subs is INTEGER, and must be BIGINT"),
        (MAIN, "DROP COLUMN org_name", f"{MAIN} has no column org_name"),
        (MAIN, "RENAME month_year TO month", f"{MAIN} has no column month_year (month_partition)"),
        (TEMP, "DROP COLUMN run_date", f"{TEMP} has no column run_date"),
        (TEMP, "ALTER month_year TYPE DATE USING NULL", f"{TEMP}.month_year is DATE, and must be STRING"),
    ],
)
def test_an_output_table_that_cannot_be_written_right_is_a_fault(
    make: Make, table: str, change_to: str, expected: str
) -> None:
    here = make()
    run(here, "2016-11-22", until=Step.TRUNCATE)
    change(here, f"ALTER TABLE {table} {change_to}")
    report = found(here, "2016-11-22")
    assert report.exit_code == 1
    assert [text for text in texts(report, Level.FAULT) if expected in text]


def test_an_absent_source_table_is_a_fault_and_the_others_are_still_looked_at(make: Make) -> None:
    here = make()
    change(here, f"DROP TABLE {OVERAGE}")
    report = found(here, "2017-01-20")
    assert texts(report, Level.FAULT) == [f"there is no table {OVERAGE}"]
    assert any(REGISTER in text for text in texts(report, Level.OK))
    assert "not checked: the tables have faults that come first" in texts(report, Level.NOTE)


@pytest.mark.parametrize(
    ("table", "change_to", "expected"),
    [
        (OVERAGE, "ALTER charge TYPE DOUBLE", f"{OVERAGE}.charge is DOUBLE, and must be DECIMAL(18,4)"),
        (OVERAGE, "ALTER charge TYPE DECIMAL(18,6)", "charge is DECIMAL(18,6), and must be DECIMAL(18,4)"),
        (REGISTER, "ALTER invoice_date TYPE DATE USING NULL", "invoice_date is DATE, and must be STRING"),
        (REGISTER, "DROP COLUMN currency", f"{REGISTER} has no column currency"),
        (RATE, "ALTER avg_conv_rate TYPE FLOAT", "avg_conv_rate is FLOAT, and must be DECIMAL(18,8)"),
    ],
)
def test_a_source_column_of_another_type_is_a_fault(
    make: Make, table: str, change_to: str, expected: str
) -> None:
    here = make()
    change(here, f"ALTER TABLE {table} {change_to}")
    report = found(here)
    assert report.exit_code == 1
    assert [text for text in texts(report, Level.FAULT) if expected in text]


@pytest.mark.parametrize(
    ("table", "change_to"),
    [
        (RATE, "ALTER avg_conv_rate TYPE DOUBLE"),
        (OVERAGE, "ALTER charge TYPE DECIMAL(12,2)"),
        ("mnaas.billable_sub_with_charge_and_limit", "ALTER billable_subs TYPE INTEGER"),
        (OVERAGE, "ADD COLUMN more TIMESTAMP"),
    ],
)
def test_a_source_column_that_holds_less_is_fine(make: Make, table: str, change_to: str) -> None:
    here = make()
    change(here, f"ALTER TABLE {table} {change_to}")
    assert found(here, "2017-01-20").exit_code == 0
    run(here, "2017-01-20")


def test_types_are_read_as_each_engine_writes_them() -> None:
    assert can_read("varchar(20)", schema.TEXT)
    assert can_read("decimal(10,2)", schema.MONEY)
    assert can_read("int", schema.MONEY)
    assert not can_read("bigint", schema.MONEY)
    assert not can_read("char(20)", schema.TEXT)
    assert can_hold("string", schema.TEXT)
    assert can_hold("decimal(20, 4)", schema.MONEY)
    assert not can_hold("varchar(20)", schema.TEXT)
    assert not can_hold("decimal(18,2)", schema.MONEY)
    assert not can_hold("struct<a:int>", schema.TEXT)


def test_rows_of_no_month_are_counted_and_summed_by_table_and_currency(make: Make) -> None:
    here = make()
    change(
        here,
        f"UPDATE {OVERAGE} SET partition_date = '2016-13', charge = 1.5 WHERE partition_date = '2016-11'",
        f"INSERT INTO {OVERAGE} (partition_date, currency, charge) "
        "VALUES (NULL, NULL, -2), ('2016-1', 'EUR', NULL)",
        f"UPDATE {REGISTER} SET invoice_date = '05/11/2016', amount = 0.0001 "
        "WHERE invoice_date LIKE '2017-02-%'",
    )
    report = found(here)
    assert report.exit_code == 0
    assert texts(report, Level.WARNING) == [
        f"{OVERAGE}: 6 rows have an invalid partition_date (such as '2016-1') and are in no estimate: "
        "-2.0000 '', 0.0000 'EUR', 6.0000 'GBP'",
        f"{REGISTER}: 70 rows have an invalid invoice_date (such as '05/11/2016') and are in no estimate: "
        "0.0070 'GBP'",
    ]


def test_odd_rows_are_a_fault_where_they_refuse_the_run(make: Make) -> None:
    here = make(odd_rows="fail")
    assert found(here).exit_code == 0
    change(
        here,
        f"UPDATE {RATE} SET cal_month = 'x' WHERE cal_month = '2016-11' "
        "AND from_curr = 'GBP' AND to_curr = 'USD'",
    )
    report = found(here)
    assert report.exit_code == 1
    assert texts(report, Level.FAULT) == [
        f"{RATE}: 1 row has an invalid cal_month ('x') and is never used; odd_rows = fail refuses every run"
    ]


def test_a_source_that_stops_having_rows_is_a_warning(make: Make) -> None:
    here = make(required_sources="register")
    change(
        here,
        f"DELETE FROM {OVERAGE}",
        f"INSERT INTO {OVERAGE} (partition_date) VALUES ('2016-11')",
    )
    assert f"{OVERAGE} has no row for 2016-12, though it has rows for 2016-11" in texts(
        found(here, "2016-12-20"), Level.WARNING
    )
    assert f"{OVERAGE} has no row for 2017-01" in texts(found(here, "2017-01-20"), Level.NOTE)


MONTHS = ("2016-01", "2016-12", "0000-01", "9999-12")
NO_MONTHS = (
    *("", " ", "2016", "2016-00", "2016-13", "2016-1", "2016-011", "16-11", "2016/11", "2016-11 "),
    *(" 2016-11", "2016-1a", "201a-11", "2016-11-05", "\u0662\u0660\u0661\u0666-11", "2016\u201311", "x"),
)


@pytest.mark.slow
@pytest.mark.parametrize("text", [*MONTHS, *NO_MONTHS])
def test_what_is_a_month_and_what_is_none(make: Make, text: str) -> None:
    here = make()
    change(here, f"DELETE FROM {OVERAGE}", f"INSERT INTO {OVERAGE} (partition_date) VALUES ('{text}')")
    warned = [
        line for line in texts(found(here), Level.WARNING) if "1 row has an invalid partition_date" in line
    ]
    assert bool(warned) == (text in NO_MONTHS)


def test_an_empty_required_source_and_rates_of_no_month_are_warnings(make: Make) -> None:
    here = make(required_sources="register, overage")
    wrong = f"UPDATE {RATE} SET cal_month = '2016/11' WHERE cal_month = '2016-11'"
    rates = count(here, f"{RATE} WHERE cal_month = '2016-11'")
    change(here, f"DELETE FROM {OVERAGE}", wrong)
    assert texts(found(here), Level.WARNING) == [
        f"{OVERAGE} has no row for any month",
        f"{RATE}: {rates} rows have an invalid cal_month (such as '2016/11') and are never used",
    ]


def test_months_without_gaps_are_one_span() -> None:
    months = [Month.parse(text) for text in ("2016-12", "2017-01", "2016-11", "2017-03")]
    assert spans(months) == "2016-11 to 2017-01, 2017-03"

"""Rows that no estimate holds stand in the run's log, in ``ciss status`` and in the report of the month."""

from __future__ import annotations

import html

import pytest

from tests.command import Place, name_of
from tests.helpers import typed

pytestmark = pytest.mark.slow

DATE = "2016-11-10"


def test_odd_rows_stand_wherever_a_run_is_looked_at(place: Place) -> None:
    columns = "invoice_no, invoice_date, org_id, currency, amount"
    values = "'1', '22/11/2016', 'o', 'GBP', 12.5"
    register = f"mnaas.{name_of('register')}"
    place.query(f"INSERT INTO {register} ({columns}) VALUES ({values})")
    what = "1 row has an invalid invoice_date ('22/11/2016') and is in no estimate"
    sentence = f"{register}: {what}: 12.5000 'GBP'"
    place.merge(DATE).explained(0, f"{DATE}: {sentence}")
    typed(place.folder, "status").expect(0, sentence)
    typed(place.folder, "check").expect(0, sentence)
    typed(place.folder, "report", "--month", "2016-11", "--out", "r.html").expect(0)
    assert f"<li>{sentence}</li>" in html.unescape((place.folder / "r.html").read_text(encoding="utf-8"))

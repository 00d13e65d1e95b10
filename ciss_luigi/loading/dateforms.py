"""Months and dates: text columns that the job reads as one of them (docs/tables.md, "Odd rows")."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import ClassVar

from ciss_luigi.billing import schema
from ciss_luigi.loading.forms import CellForm

_MONTH = "[0-9]{4}-(0[1-9]|1[0-2])"
_TIME = r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?( ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?"
_DATE = f"{_MONTH}-[0-9]{{2}}{_TIME}"
_DATE_CHARACTERS = 10
_WRITE_DATE = "write YYYY-MM-DD, such as 2016-11-22"


@dataclass(frozen=True)
class MonthText(CellForm):
    """A month, ``YYYY-MM``. A row without a valid one is in no estimate."""

    wanted = "text"
    odd_row: ClassVar[bool] = True
    may_be_empty: ClassVar[bool] = False

    def problem(self, text: str) -> str | None:
        """The form."""
        if re.fullmatch(_MONTH, text):
            return None
        return ("not a month" if text else "the month is missing") + "; write YYYY-MM, such as 2016-11"

    def matches(self, column: str) -> str:
        """The form."""
        return f"regexp_full_match({column}, '{_MONTH}')"

    def takes(self, column: str, source_type: str) -> str | None:
        """Text of the form."""
        return self.matches(column) if source_type == "VARCHAR" else None


@dataclass(frozen=True)
class DateText(CellForm):
    """A date, ``YYYY-MM-DD``, and after it a time or nothing."""

    wanted = "text"
    odd_row: ClassVar[bool] = True
    may_be_empty: ClassVar[bool] = False

    def problem(self, text: str) -> str | None:
        """The form, then whether the calendar has that day."""
        if not text.strip(" ") and self.may_be_empty:
            return None
        if not re.fullmatch(_DATE, text):
            return ("not a date" if text else "the date is missing") + f"; {_WRITE_DATE}"
        try:
            dt.date.fromisoformat(text[:_DATE_CHARACTERS])
        except ValueError:
            return f"the calendar has no such day; {_WRITE_DATE}"
        return None

    def matches(self, column: str) -> str:
        """The same in SQL."""
        # DuckDB has a year 0, Python has none
        day = (
            f"TRY_CAST(left({column}, {_DATE_CHARACTERS}) AS DATE) IS NOT NULL AND left({column}, 4) > '0000'"
        )
        return f"(regexp_full_match({column}, '{_DATE}') AND {day})"

    def takes(self, column: str, source_type: str) -> str | None:
        """Text of the form."""
        return self.matches(column) if source_type == "VARCHAR" else None


@dataclass(frozen=True)
class DateOrBlank(DateText):
    """A date, or only spaces: a mapping without a start or an end."""

    may_be_empty: ClassVar[bool] = True

    def matches(self, column: str) -> str:
        """The same in SQL; an empty field of a CSV does not get here."""
        return f"(regexp_full_match({column}, ' +') OR {super().matches(column)})"

    def takes(self, column: str, source_type: str) -> str | None:
        """Text of the form; that of a typed file may be empty as well."""
        return f"({column} = '' OR {self.matches(column)})" if source_type == "VARCHAR" else None


_FORMS: dict[tuple[str, str], type[MonthText | DateText]] = {
    **{(table.role, "partition_date"): MonthText for table in schema.SOURCES if table.partitions},
    (schema.RATES.role, "cal_month"): MonthText,
    (schema.REGISTER.role, "invoice_date"): DateText,
    (schema.MAPPING.role, "co_mapping_start_date"): DateOrBlank,
    (schema.MAPPING.role, "co_mapping_end_date"): DateOrBlank,
}


def dated(role: str, column: str, form: CellForm) -> CellForm:
    """The form of a column; a stricter one if the job reads it as a month or a date."""
    kind = _FORMS.get((role, column))
    return kind(form.type) if kind and form.any_text else form

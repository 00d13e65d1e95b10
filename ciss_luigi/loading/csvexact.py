"""Checking a CSV exactly and slowly, to find the line, column and value that the engine refused.

The dialect is the whole of RFC 4180 and no more: commas, ``"`` around a field, ``""`` inside one, one kind
of line end. A quote inside a field that does not begin with one is text, as for every CSV reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ciss_luigi.counting import counted
from ciss_luigi.loading.csvrecords import Record, records, wide_fields
from ciss_luigi.loading.faults import LoadError
from ciss_luigi.loading.files import SourceFile
from ciss_luigi.loading.forms import CellForm

_FIELD = re.compile(
    r'(?:"[^"]*(?:""[^"]*)*"|(?! +")[^",\r\n][^,\r\n]*|)'  # quoted, or plain, or nothing
    r"(?:,|\r?\n\Z|\Z)"
)
_PROBLEMS = {
    "',' expected": "there is something between the closing quote and the next comma",
    "unexpected end of data": "a quote is opened here and never closed",
    "new-line character": "there is a carriage return outside quotes",
}
"""By how messages of the csv module begin; one that is not here is shown as it is."""
_LINE_ENDS = {"\n": "a line feed", "\r\n": "carriage return and line feed"}


def header(file: SourceFile) -> list[str]:
    """The names in the first line; raises LoadError if there is none, or if it cannot be read."""
    with wide_fields():
        record = next(records(file), None)
    if record is None:
        raise file.fault("the file is empty; its first line must name the columns")
    _check_record(file, record, (), "")
    if not record.fields:
        raise file.fault("the header line is blank; it must name the columns", line=1)
    return record.fields


def check(file: SourceFile, columns: Sequence[str], forms: Mapping[str, CellForm]) -> int:
    """Read all records below a good header and count them; raises LoadError at the first fault.

    Values are checked only in columns that have a form.
    """
    numbers = [
        (index, forms[name])
        for index, name in enumerate(columns)
        if name in forms and not forms[name].any_text
    ]
    rows = 0
    with wide_fields():
        below = records(file)
        line_end = _line_end(next(below))
        for record in below:
            _check_record(file, record, columns, line_end)
            if record.fields:
                rows += 1
                _check_numbers(file, record, columns, numbers)
    return rows


def is_record(raw: str) -> bool:
    """Whether a text splits into fields by the rules, however many."""
    return _odd_field(raw) is None


def _check_numbers(
    file: SourceFile, record: Record, columns: Sequence[str], numbers: Sequence[tuple[int, CellForm]]
) -> None:
    for index, form in numbers:
        text = record.fields[index]
        if (text or not form.may_be_empty) and (problem := form.problem(text)):
            raise file.fault(
                problem, line=record.line, column=columns[index], value=text, odd_row=form.odd_row
            )


def _check_record(file: SourceFile, record: Record, columns: Sequence[str], line_end: str) -> None:
    """Check everything in a record but its values; the header is checked without columns."""
    if not record.utf8:
        raise _not_utf8(file, record, columns)
    if record.error or _may_be_spaced(record.raw):
        _check_quotes(file, record, columns)
    ending = _line_end(record)
    if ending and ending not in ((line_end,) if line_end else _LINE_ENDS):
        ends = _LINE_ENDS.get(ending, "a stray carriage return")
        header_ends = f", the header line with {_LINE_ENDS[line_end]}" if line_end else ""
        raise file.fault(f"the line ends with {ends}{header_ends}", line=record.line)
    if columns and record.fields and len(record.fields) != len(columns):
        raise _ragged(file, record, columns)


def _may_be_spaced(raw: str) -> bool:
    """Whether a field may begin with spaces and a quote; a single expression would take six times as long."""
    return ' "' in raw and (', "' in raw or ",  " in raw or raw.startswith(" "))


def _line_end(record: Record) -> str:
    """How the last line of the record ends; nothing at the end of the file."""
    return record.raw[len(record.raw.rstrip("\r\n")) :]


def _check_quotes(file: SourceFile, record: Record, columns: Sequence[str]) -> None:
    odd = _odd_field(record.raw)
    if not (record.error or odd):
        return
    problem = "there are spaces before the opening quote"
    if record.error:
        problem = next(
            (text for start, text in _PROBLEMS.items() if record.error.startswith(start)), record.error
        )
    index, value = odd or (len(columns), None)
    raise file.fault(problem, line=record.line, column=_name(columns, index), value=value)


def _odd_field(raw: str) -> tuple[int, str] | None:
    """The first field that breaks the rules: its index, and its text up to the next comma or line end."""
    at = index = 0
    while at < len(raw):
        field = _FIELD.match(raw, at)
        if field is None or field.end() == at:
            return index, re.split(r"[,\n]", raw[at:], maxsplit=1)[0]
        at = field.end()
        index += 1
    return None


def _ragged(file: SourceFile, record: Record, columns: Sequence[str]) -> LoadError:
    count = len(record.fields)
    problem = f"the line has {counted(count, 'field')}, and the header has {len(columns)}"
    if count > len(columns):
        extra = record.fields[len(columns)]
        return file.fault(f"{problem}; this is the first one too many", line=record.line, value=extra)
    line = record.raw.rstrip("\r\n")
    return file.fault(problem, line=record.line, column=columns[count], value=line)


def _not_utf8(file: SourceFile, record: Record, columns: Sequence[str]) -> LoadError:
    problem = "this is not UTF-8; save the file as CSV in UTF-8"
    odd = [index for index, field in enumerate(record.fields) if not _encodable(field)]
    if not odd:
        return file.fault(problem, line=record.line, value=record.raw.rstrip("\r\n"))
    return file.fault(problem, line=record.line, column=_name(columns, odd[0]), value=record.fields[odd[0]])


def _name(columns: Sequence[str], index: int) -> str | None:
    return columns[index] if index < len(columns) else None


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

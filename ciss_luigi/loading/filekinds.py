"""Recognising files that are not CSV by their first bytes, so that a message can say what they are."""

from __future__ import annotations

_GZIP = b"\x1f\x8b"
_KINDS = (
    (b"PK\x03\x04", "this is an Excel or zip file; save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "this is an old Excel file; save it as CSV"),
    (b"PAR1", "this is a Parquet file; name it .parquet"),
    (b"Obj\x01", "this is an Avro file; save it as CSV or Parquet"),
    (_GZIP, "this is a gzip file; name it .csv.gz"),
    (b"\xff\xfe", "this is UTF-16 text, not UTF-8; save it as CSV in UTF-8"),
    (b"\xfe\xff", "this is UTF-16 text, not UTF-8; save it as CSV in UTF-8"),
    (b"%PDF", "this is a PDF file; save it as CSV"),
)


LONGEST = max(len(magic) for magic, _ in _KINDS)


def kind_of(beginning: bytes) -> str:
    """What a file with these first bytes is, and what to do; empty if it may be a CSV."""
    return next((words for magic, words in _KINDS if beginning.startswith(magic)), "")


def no_gzip(beginning: bytes) -> str:
    """What a file named .gz with these first bytes is, and what to do; empty for a gzip file."""
    if not beginning or beginning.startswith(_GZIP):
        return ""
    return kind_of(beginning) or "this is not a gzip file; name it .csv"

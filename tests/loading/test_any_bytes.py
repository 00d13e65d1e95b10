"""Whatever stands in the file: loaded exactly, or refused; nothing in between."""

from __future__ import annotations

import csv
import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ciss_luigi.engines.duckdb.engine import DuckDbEngine
from ciss_luigi.loading import LoadError
from tests.loading.loader import DATABASE, NAMES, RATES, Warehouse, csv_text, rates, warehouse

anything = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\",\n\r\\\0%:'; "), max_size=12
)
amounts = st.none() | st.decimals(-(10**9), 10**9, places=8, allow_nan=False, allow_infinity=False)


class TestRoundTrip:
    @pytest.mark.slow
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
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 10))])
def test_any_bytes_load_exactly_or_are_refused(there: Warehouse, seed: int) -> None:
    rng = random.Random(seed)
    loaded = 0
    for _ in range(1000 if seed else 300):
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
    loaded = 0
    for _ in range(1000):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            there.load("rate")
        except LoadError:
            continue
        loaded += 1
        assert len(there.rows("rate")) == 50
    assert 100 < loaded < 900


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

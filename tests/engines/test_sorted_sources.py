"""What sorting by key does to a source's files (docs/scale.md, "Sort order and compression")."""

from __future__ import annotations

from pathlib import Path

ROWS = 20_000
"""Of one row group. The carrier's tables have 400 rows a key, of 2 x 10^7 keys."""

SORTED, AS_THEY_COME = "i // 400", "CAST(hash(i) % 20000000 AS BIGINT)"


def bytes_a_row(file: Path, key: str, codec: str) -> float:
    """The size of such a row group of usage overage, by row."""
    import duckdb

    query = f"""
        SELECT 'GB-council-' || key % 9973 AS org_id,
               'Business unit ' || key % 17 AS business_unit,
               'Supplier ' || key % 997 || ' / Telephone line rental ' || key AS commercial_offer,
               '2016-11-' || CAST(10 + hash(i * 3) % 18 AS STRING) AS usage_date,
               (['GBP', 'GBP', 'USD', 'EUR', 'SEK'])[1 + key % 5] AS currency,
               CAST(CAST(hash(i * 7) % 1000000 AS BIGINT) / 100 AS DECIMAL(18,4)) AS charge
        FROM (SELECT i, {key} AS key FROM range({ROWS}) numbers(i))"""
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION {codec})")
    return file.stat().st_size / ROWS


def test_sources_that_are_sorted_by_key_take_less_than_half_the_room(tmp_path: Path) -> None:
    file = tmp_path / "overage.parquet"
    for codec in ("snappy", "zstd"):
        assert bytes_a_row(file, SORTED, codec) < bytes_a_row(file, AS_THEY_COME, codec) / 2


def test_zstandard_takes_less_room_than_snappy(tmp_path: Path) -> None:
    file = tmp_path / "overage.parquet"
    for key in (SORTED, AS_THEY_COME):
        assert bytes_a_row(file, key, "zstd") < 0.9 * bytes_a_row(file, key, "snappy")

"""How a table is stored, as each engine tells it, and what ``ciss check`` makes of a view."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciss_luigi.engines.base import Storage
from ciss_luigi.engines.hive.storage import storage
from tests.helpers import typed
from tests.sample import MAIN, change, make_sample, make_site

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
HIVES = [
    ("# col_name", "data_type", "comment"),
    ("org_id", "string", ""),
    ("", None, None),
    ("# Partition Information", None, None),
    ("# col_name", "data_type", "comment"),
    ("month_year", "string", ""),
    ("", None, None),
    ("# Detailed Table Information", None, None),
    ("Table Type:         ", "EXTERNAL_TABLE      ", None),
    ("InputFormat:        ", PARQUET, None),
]
SPARKS = [
    ("org_id", "string", None),
    ("region", "string", None),
    ("month_year", "string", None),
    ("# Partition Information", "", ""),
    ("# col_name", "data_type", "comment"),
    ("region", "string", None),
    ("month_year", "string", None),
    ("", "", ""),
    ("# Detailed Table Information", "", ""),
    ("Type", "MANAGED", ""),
    ("InputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", ""),
]
VIEW = [
    ("org_id", "string", ""),
    ("# Detailed Table Information", None, None),
    ("Table Type:", "VIRTUAL_VIEW", None),
]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (HIVES, Storage(("month_year",), "PARQUET")),
        (SPARKS, Storage(("region", "month_year"), "ORC")),
        (VIEW, Storage(is_view=True)),
        ([("InputFormat:", "com.example.OddInputFormat", None)], Storage(format="OddInputFormat")),
    ],
)
def test_each_engines_words_are_read(rows: list[tuple[object, ...]], said: Storage) -> None:
    assert storage(rows) == said


def test_a_view_in_mains_place_is_found_before_temp_is_there(tmp_path: Path) -> None:
    here = make_site(tmp_path, make_sample(tmp_path / "sample.duckdb"))
    typed(tmp_path, "init").expect(0)
    change(here, f"ALTER TABLE {MAIN} RENAME TO kept", f"CREATE VIEW {MAIN} AS FROM mnaas.kept")
    change(here, f"DROP TABLE {MAIN}_temp")

    typed(tmp_path, "check").expect(1, f"{MAIN} is a view, and must be a table")


def test_a_view_with_too_few_columns_is_called_a_view_and_not_to_be_altered(tmp_path: Path) -> None:
    here = make_site(tmp_path, make_sample(tmp_path / "sample.duckdb"))
    typed(tmp_path, "init").expect(0)
    change(here, f"ALTER TABLE {MAIN} RENAME TO kept", f"CREATE VIEW {MAIN} AS SELECT org_id FROM mnaas.kept")

    out = typed(tmp_path, "check").expect(1, f"{MAIN} is a view, and must be a table", "1 fault").out
    assert "-> give [ciss] main_table a new name" in out
    assert "ALTER TABLE" not in out

"""What the documents say is checked against what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ciss_luigi.billing import schema
from ciss_luigi.config import file as configfile
from ciss_luigi.config.keys import KEYS
from ciss_luigi.config.settings import read
from ciss_luigi.queries.statements import MONTH, SUMMARY
from ciss_luigi.scheduling.defaults import RETCODES
from ciss_luigi.sql.files import BUILD_PLACEHOLDERS

TOP = Path(__file__).parents[1]
DOCUMENTS = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]


def text(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def test_luigi_cfg_explains_every_key_with_its_default() -> None:
    stated = dict(re.findall(r"^#?(\w+) =[ ]?(.*)$", text("luigi.cfg").split("[core]")[0], re.MULTILINE))

    assert stated == {key.name: key.default for key in KEYS}


def test_luigi_cfg_is_valid_as_it_stands() -> None:
    section = configfile.read(TOP / "luigi.cfg")["ciss"]

    assert read(section, TOP, {}).warehouse.place == str(TOP / "var" / "ciss.duckdb")


def test_sql_page_lists_every_placeholder_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `\{(\w+)\}` \| (.*) \|$", text("docs/sql.md"), re.MULTILINE))

    assert {name: meaning.replace("`", "") for name, meaning in rows.items()} == BUILD_PLACEHOLDERS


def test_sql_page_lists_every_column_that_a_build_must_return() -> None:
    listed = re.search(r"    org_id, org_name,.*?month_year\n", text("docs/sql.md"), re.DOTALL)

    assert listed is not None
    assert tuple(re.findall(r"\w+", listed[0])) == (*SUMMARY, MONTH)


@pytest.mark.parametrize("table", schema.SOURCES, ids=lambda table: table.role)
def test_tables_page_lists_every_source_column(table: schema.Table) -> None:
    row = re.search(rf"^\| `{table.default_name}` \| (.*) \|$", text("docs/tables.md"), re.MULTILINE)

    assert row is not None
    assert row[1].split(", ") == [column.name for column in table.all_columns]


def test_tables_page_names_every_output_column() -> None:
    part = text("docs/tables.md").split("## What comes out")[1].split("## The rules")[0]

    assert set(SUMMARY) <= set(re.findall(r"\w+", part))


def test_readme_states_the_exit_codes_in_force() -> None:
    stated = {int(code) for code in re.findall(r"^\| (\d+) \|", text("README.md"), re.MULTILINE)}

    assert stated == {0, *RETCODES.values()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []

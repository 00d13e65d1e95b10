"""What the documents say is checked against what the code does."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from ciss_luigi.billing import schema
from ciss_luigi.cli.group import VERBS
from ciss_luigi.config import file as configfile
from ciss_luigi.config.sections import SECTIONS, Section
from ciss_luigi.config.settings import read
from ciss_luigi.exitcodes import RETCODES
from ciss_luigi.queries.statements import MONTH, SUMMARY
from ciss_luigi.sql.files import BUILD_PLACEHOLDERS
from ciss_luigi.version import VERSION
from tests.servers.hivejars import DOWNLOAD

TOP = Path(__file__).parents[1]
DOCUMENTS = [*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").glob("*.md"))]


def text(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_luigi_cfg_explains_every_key_with_its_default(section: Section) -> None:
    part = re.split(r"^\[", text("luigi.cfg").split(f"\n[{section.name}]\n")[1], flags=re.MULTILINE)[0]
    stated = dict(re.findall(r"^#?(\w+) =[ ]?(.*)$", part, re.MULTILINE))

    assert stated == {key.name: key.default for key in section.keys}


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


def test_the_newest_changes_are_those_of_this_version() -> None:
    versions = re.findall(r"^## (\S+) \(", text("CHANGELOG.md"), re.MULTILINE)

    assert versions[0] == VERSION
    assert versions == sorted(versions, key=lambda version: [*map(int, version.split("."))], reverse=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_a_page_names_is_there(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))

    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", document.read_text("utf-8"), re.MULTILINE)) <= targets


def test_make_help_names_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) - {"help"} <= set(
        re.findall(r"^([a-z-]+):.* ## ", text("Makefile"), re.MULTILINE)
    )


def test_the_hooks_before_a_commit_are_the_linters_of_make_check() -> None:
    recipe = re.search(r"^check:.*?\n\n", text("Makefile"), re.MULTILINE | re.DOTALL)

    assert recipe is not None
    linters = [
        line.removeprefix("\t$(BIN)/").removesuffix(" .") for line in recipe[0].splitlines()[1:] if line
    ]
    hooks = re.findall(r"entry: \.venv/bin/(.*)$", text(".pre-commit-config.yaml"), re.MULTILINE)
    assert hooks == linters


def test_the_page_of_the_rooms_names_files_that_are_there() -> None:
    """In its last part, from the package or from the top; before that, from the top."""
    before, table = text("docs/architecture.md").split("Paths are below `ciss_luigi/`")
    from_top, from_either = (
        re.findall(r"`([\w./]+(?:\.(?:py|sql|md|cfg)|/))`", part) for part in (before, table)
    )

    assert len(from_top) > 10
    assert len(from_either) > 40
    assert [path for path in from_top if not (TOP / path).exists()] == []
    either = (TOP, TOP / "ciss_luigi")
    assert [path for path in from_either if not any((top / path).exists() for top in either)] == []


CHANGES = [
    *(f"a new {one}" for one in ("exit code", "source table", "column in main", "engine", "setting", "verb")),
    *("a new check", "a new money rule", "another wording on luigid's page", "another way to tell people"),
    *("another retry rule", "another marker key", "a Luigi upgrade"),
]


def test_the_page_of_the_rooms_says_where_a_change_goes() -> None:
    table = text("docs/architecture.md").split("## Where a change goes")[1]
    assert re.findall(r"^\| (an?(?:other)? [^|]*?) \|", table, re.MULTILINE) == CHANGES


def test_the_page_of_operations_lists_every_event_of_the_log() -> None:
    listed = set(re.findall(r"`([a-z-]+)`", text("docs/operations.md").split("| `event.action` | when |")[1]))
    code = "".join(path.read_text(encoding="utf-8") for path in (TOP / "ciss_luigi").rglob("*.py"))
    told = set(re.findall(r'events\.(?:tell|fields)\(\s*"([a-z-]+)"', code))

    assert len(told) > 8
    assert told <= listed


def test_readme_lists_every_verb() -> None:
    listed = set(re.findall(r"^\| `ciss ([a-z-]+)", text("README.md"), re.MULTILINE))

    assert listed == set(VERBS)


def test_the_amount_to_download_is_the_same_everywhere() -> None:
    amount = re.search(r"about \d+ MB of jars", DOWNLOAD)

    assert amount is not None
    assert amount[0] in text("Makefile")
    assert amount[0].removesuffix(" of jars") in text("CONTRIBUTING.md")


def test_the_page_for_contributors_explains_every_marker() -> None:
    parser = configparser.ConfigParser()
    parser.read(TOP / "setup.cfg", encoding="utf-8")
    markers = re.findall(r"^(\w+): ", parser["tool:pytest"]["markers"], re.MULTILINE)
    part = re.search(
        r"^(\w+) markers in `setup.cfg`(.*?)\n\n", text("CONTRIBUTING.md"), re.MULTILINE | re.DOTALL
    )

    assert part is not None
    told, explained = part.groups()
    assert [name for name in markers if f"`{name}`" not in explained] == []
    assert told == {5: "Five", 6: "Six", 7: "Seven"}[len(markers)]

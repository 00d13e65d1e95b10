"""``ciss load`` and ``ciss init`` as an operator types them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi import site
from ciss_luigi.billing import schema
from ciss_luigi.loading import LoadProgress
from ciss_luigi.operator.load import load
from tests.command import Place, name_of
from tests.helpers import ciss, clean, impatient, in_use, typed
from tests.sample import MAIN, PACKAGED, change

pytestmark = pytest.mark.whole

RATES = "cal_month,from_curr,to_curr,avg_conv_rate\n2016-11,GBP,USD,1.25\n"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A site without any table."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "luigi.cfg").write_text("[ciss]\n")
    return folder


def rows(folder: Path, table: str) -> int:
    return int(ask(folder, f"SELECT COUNT(*) FROM mnaas.{table}")[0][0])


def ask(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect(str(folder / "var" / "ciss.duckdb"), read_only=True) as connection:
        return connection.execute(statement).fetchall()


def test_the_sample_fills_all_six_tables(empty: Path) -> None:
    answer = ciss(empty, "load", "--sample").expect(0, f"duckdb {empty}/var/ciss.duckdb")
    for table in schema.SOURCES:
        lines = (PACKAGED / f"{table.default_name}.csv").read_text(encoding="utf-8").splitlines()
        assert rows(empty, table.default_name) == len(lines) - 1
        assert f"{len(lines) - 1:,} rows" in answer.out
    assert answer.err == ""


def test_the_sample_takes_the_names_that_the_site_gives_its_tables(empty: Path) -> None:
    (empty / "luigi.cfg").write_text("[ciss]\nrate_table = rates_of_ours\n")
    typed(empty, "load", "--sample").expect(0, "rates_of_ours")
    assert rows(empty, "rates_of_ours") == 57


@pytest.mark.parametrize("columns", ["cal_month VARCHAR", "{rate}, more VARCHAR", "{rate}, more DATE"])
def test_a_table_that_the_sample_does_not_fit_is_what_to_mend(columns: str, empty: Path) -> None:
    rate = ", ".join(f"{column.name} {column.type}" for column in schema.RATES.all_columns)
    typed(empty, "init").expect(0)
    change(site.load({}, empty), f"CREATE TABLE mnaas.{name_of('rate')} ({columns.format(rate=rate)})")
    answer = typed(empty, "load", "--sample").explained(1, name_of("rate"))
    mend = "drop or alter the table (ciss load makes an absent one)"
    assert f"Next:  {mend}, then: ciss load --sample\n" in answer.err
    assert "ciss-sample-" not in answer.err


def test_a_folder_is_loaded_with_table_rows_and_file_said(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "gbs_curr_avgconv_rate.csv").write_text(RATES)
    answer = typed(empty, "load", str(tmp_path)).expect(0, f"1 row   {tmp_path}/gbs_curr_avgconv_rate.csv")
    assert answer.out.count("no file: made, empty") == 5
    assert rows(empty, "gbs_curr_avgconv_rate") == 1


def test_a_file_with_a_fault_is_a_no_and_nothing_is_kept(empty: Path, tmp_path: Path) -> None:
    typed(empty, "load", "--sample").expect(0)
    (tmp_path / "gbs_curr_avgconv_rate.csv").write_text(RATES + "2016-12,GBP,USD,1e3\n")
    answer = typed(empty, "load", str(tmp_path)).explained(1, "line 3", "avg_conv_rate: 1e3: write 1000")
    assert "State: nothing of this load was kept" in answer.err
    assert f"Next:  correct the file, then: ciss load {tmp_path}\n" in answer.err
    assert rows(empty, "gbs_curr_avgconv_rate") == 57


def test_a_file_with_nearly_the_right_name_is_pointed_out(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "gbs_curr_avgconv_rate.csv").write_text(RATES)
    (tmp_path / "usage_overage_charges.csv").write_text("")
    warned = typed(empty, "load", str(tmp_path)).expect(0).err
    assert "usage_overage_charges.csv is not loaded: no table has that name; did you mean usage_" in warned


@pytest.mark.parametrize("arguments", [[], ["--sample", "folder"]])
def test_a_folder_or_the_sample_not_both_not_neither(arguments: list[str], empty: Path) -> None:
    assert "Name a folder, or give --sample." in typed(empty, "load", *arguments).expect(2).err


def test_a_folder_that_is_not_there_is_a_no(empty: Path) -> None:
    typed(empty, "load", "gone").explained(1, "gone", "State: nothing of this load was kept")
    assert ask(empty, "SHOW ALL TABLES") == []


def test_a_cluster_is_never_loaded(empty: Path) -> None:
    (empty / "luigi.cfg").write_text("[ciss]\nwarehouse_url = hive://u:secret@hive.example.net/mnaas\n")
    answer = typed(empty, "load", "--sample").explained(
        1, "hive hive.example.net:10000", "nothing was touched"
    )
    assert "secret" not in answer.err


@pytest.mark.parametrize("verb", [["load", "--sample"], ["init"]])
def test_a_file_in_use_is_waited_for_and_then_named(
    verb: list[str], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    with in_use(place.warehouse) as pid:
        typed(place.folder, *verb).explained(35, str(place.warehouse), f"(pid {pid})", "State: ")


def test_an_engine_that_is_no_duckdb_file_is_away(empty: Path) -> None:
    (empty / "var").mkdir()
    (empty / "var" / "ciss.duckdb").write_text("something else, long enough to be looked at\n" * 500)
    typed(empty, "init").explained(35, f"{empty}/var/ciss.duckdb is another kind of file")


HIDDEN = "from ciss_luigi.cli import waiting; waiting.SHOWN_AFTER_SECONDS = {}\n"
LOAD = "from ciss_luigi.cli import main\nimport sys; sys.argv = ['ciss', 'load', '--sample']\nmain()\n"


@pytest.mark.parametrize(("after", "shown"), [(0, True), (60, False)])
def test_a_terminal_gets_a_bar_only_when_a_load_takes_its_time(after: int, shown: bool, empty: Path) -> None:
    ours, theirs = pty.openpty()
    program = [sys.executable, "-c", HIDDEN.format(after) + LOAD]
    done = subprocess.run(
        program, cwd=empty, env=clean(empty, TERM="xterm"), stdout=subprocess.PIPE, stderr=theirs, check=False
    )
    os.close(theirs)
    drawn = b""
    while chunk := read(ours):
        drawn += chunk
    assert done.returncode == 0
    assert (b"opening the warehouse" in drawn) is shown
    assert b"opening" not in done.stdout


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


# --- init ---------------------------------------------------------------------------------------------


def test_init_makes_both_tables_and_says_which_were_there(empty: Path) -> None:
    typed(empty, "init").expect(0, f"{MAIN} made", f"{MAIN}_temp made")
    again = typed(empty, "init").expect(0, f"{MAIN} was there already", f"{MAIN}_temp was there already")
    assert "made\n" not in again.out
    assert rows(empty, MAIN.removeprefix("mnaas.")) == 0


def test_init_keeps_what_is_in_them(place: Place) -> None:
    typed(place.folder, "init").expect(0)
    place.query(f"INSERT INTO {MAIN} (org_id, month_year) VALUES ('a', '2016-11')")
    place.query(f"DROP TABLE {MAIN}_temp")
    typed(place.folder, "init").expect(0, f"{MAIN} was there already", f"{MAIN}_temp made")
    assert place.query(f"SELECT org_id FROM {MAIN}") == [("a",)]


def test_init_that_the_engine_refuses_says_what_it_left(place: Place) -> None:
    place.configure(connect_args='{"read_only": true}')
    typed(place.folder, "init").explained(1, "read-only", "State: existing tables are as they were")


def test_names_of_files_cannot_command_the_terminal(empty: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[2Jb[red]"
    folder.mkdir()
    (folder / f"{name_of('rate')}.csv").write_text(RATES)
    answer = typed(empty, "load", str(folder)).expect(0, "a\\x1b[2Jb[red]")
    assert "\x1b" not in answer.out + answer.err


# --- odd rows, tables and files that are left alone ---------------------------------------------------


def test_a_row_of_no_month_is_refused_or_loaded_as_it_is(empty: Path, tmp_path: Path) -> None:
    file = tmp_path / f"{name_of('rate')}.csv"
    file.write_text(RATES + "2016-13,GBP,USD,1.25\n")
    answer = typed(empty, "load", str(tmp_path)).explained(
        1, f"{file}, line 3, column cal_month: 2016-13: not a month; write YYYY-MM, such as 2016-11"
    )
    again = f"ciss load {tmp_path}"
    following = f"correct the file, then: {again}; or load such rows as they are: {again} --odd-rows"
    assert f"Next:  {following}\n" in answer.err
    typed(empty, "load", str(tmp_path), "--odd-rows").expect(0, "2 rows")
    assert rows(empty, name_of("rate")) == 2


def test_a_fault_that_no_flag_lets_pass_names_none(empty: Path, tmp_path: Path) -> None:
    (tmp_path / f"{name_of('rate')}.csv").write_text(RATES + "2016-11,GBP,USD,1e3\n")
    answer = typed(empty, "load", str(tmp_path), "--odd-rows").explained(1)
    assert f"Next:  correct the file, then: ciss load {tmp_path} --odd-rows\n" in answer.err


def test_tables_without_a_file_are_said_with_their_rows(empty: Path, tmp_path: Path) -> None:
    typed(empty, "load", "--sample").expect(0)
    (tmp_path / f"{name_of('rate')}.csv").write_text(RATES)
    (tmp_path / "notes.txt").touch()
    answer = typed(empty, "load", str(tmp_path)).expect(0, f"1 row   {tmp_path}/{name_of('rate')}.csv")
    assert answer.out.count("rows  no file: left as it was") == 5
    kept = next(line for line in answer.out.splitlines() if line.startswith(f"{name_of('overage')} "))
    assert f"{rows(empty, name_of('overage')):,} rows  no file: left as it was" in kept
    assert answer.err == "warning: notes.txt is not loaded: no table has that name\n"


def test_a_file_without_a_row_is_loaded_with_a_warning(empty: Path, tmp_path: Path) -> None:
    (tmp_path / f"{name_of('rate')}.csv").write_text(RATES.splitlines()[0] + "\n")
    answer = typed(empty, "load", str(tmp_path)).expect(0, f"0 rows  {tmp_path}/{name_of('rate')}.csv")
    assert (
        answer.err
        == f"warning: {name_of('rate')} is empty now: {tmp_path}/{name_of('rate')}.csv has no row\n"
    )


@pytest.mark.slow
def test_the_bar_moves_while_a_large_file_is_read(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ciss_luigi.engines.duckdb.session._LOOK_SECONDS", 0.005)
    folder = empty / "large"
    folder.mkdir()
    row = "{},1,2016-11-05,C-1,unit,offer,USD,12.5000\n"
    header = "invoice_no,line_no,invoice_date,org_id,business_unit,commercial_offer,currency,amount\n"
    file = folder / f"{name_of('register')}.csv"
    file.write_text(header + "".join(row.format(number) for number in range(400_000)))
    told: list[LoadProgress] = []

    load(site.load({}, empty), folder, command="ciss load large", odd_rows=False, progress=told.append)

    done = [one.bytes_done for one in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, file.stat().st_size)
    assert any(0 < bytes_done < file.stat().st_size for bytes_done in done)

"""``ciss import-properties``: what becomes of the old variables; a hostile file does nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ciss_luigi import site
from ciss_luigi.config import file as configfile
from ciss_luigi.migration import propertiesfile, shellsource
from tests.helpers import CISS, Answer, clean, typed
from tests.migration import oldsite


def imported(folder: Path, file: Path, out: str = "luigi.cfg") -> Answer:
    return typed(folder, "import-properties", str(file), "--out", out)


def sections(file: Path) -> dict[str, dict[str, str]]:
    return configfile.read(file)


def test_the_old_files_become_a_configuration_without_faults(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    imported(tmp_path, own).expect(0, "bill_view_tblname", "[ciss] main_table", "not needed", "ciss check")
    found = sections(tmp_path / "luigi.cfg")
    conf = tmp_path / "conf"
    assert found["ciss"] == {
        "warehouse_url": "hive://hive.example.net:10000/mnaas",
        "refresh_url": "impala://impalad.example.net:21050/mnaas",
        "database": "mnaas", "temp_table": "bill_view_temp", "main_table": "bill_view", "loader": "sql",
    }  # fmt: skip
    assert found["ciss_alerts"] == {
        "mail_to": "billing@example.net", "mail_cc": "ops@example.net,noc@example.net",
        "sdp_mail": "desk@example.net",
    }  # fmt: skip
    assert found["email"] == {"sender": "batch@example.net"}
    assert found["ciss_log"] == {"file": f"{tmp_path}/logs/bill_view.log"}
    assert found["ciss_legacy"] == {"status_file": f"{conf}/bill_view_ProcessStatusFile"}
    assert found["ciss_java"] == {
        "classpath": "/jars/hive/*:/jars/commons/*:/jars/loader.jar",
        "temp_class": "com.example.bill_view_temp", "main_class": "com.example.bill_view",
        "properties_file": f"{conf}/bill_view.properties", "name": "bill_view",
        "log_file": f"{tmp_path}/logs/bill_view.log",
    }  # fmt: skip
    settings = site.load({}, tmp_path).settings
    assert (settings.main, settings.loader) == ("mnaas.bill_view", "sql")


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    (tmp_path / "luigi.cfg").write_text("[mine]\n")
    imported(tmp_path, own).explained(1, "is there already")
    assert (tmp_path / "luigi.cfg").read_text() == "[mine]\n"


def test_files_of_another_host_are_looked_for_beside_the_first_one(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    moved = tmp_path / "copies"
    (tmp_path / "conf").rename(moved)
    imported(tmp_path, moved / own.name).expect(0, f"{moved}/Common.properties was read instead")


def test_a_log_folder_that_is_not_there_is_said_and_no_fault(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    (tmp_path / "logs").rmdir()
    imported(tmp_path, own).expect(0)
    assert "is not there: make it" in (tmp_path / "luigi.cfg").read_text()
    site.load({}, tmp_path)


def test_several_jobs_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    own.write_text(own.read_text() + "other_view_temp_tblname=other_temp\nother_view_tblname=other\n")
    imported(tmp_path, own).expect(1, "several jobs: bill_view, other_view", "nothing was written")
    assert not (tmp_path / "luigi.cfg").exists()


def test_secrets_stay_out_of_the_file_and_of_sight(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    secrets = "HIVE_USER=loader\nHIVE_PASSWORD='s3cr3t p@ss'\nJDBC_URL=\"jdbc:h;password=$HIVE_PASSWORD\"\n"
    own.write_text(own.read_text() + secrets + "API_TOKEN=$(cat /etc/t0k3n)\n")
    answer = imported(tmp_path, own).expect(
        1, "export HIVE_PASSWORD=", f"{own}, line ", "API_TOKEN holds a command"
    )
    text = (tmp_path / "luigi.cfg").read_text()
    assert "warehouse_url = hive://loader:${HIVE_PASSWORD}@hive.example.net:10000/mnaas?auth=LDAP" in text
    for said in (answer.out, answer.err, text):
        assert "s3cr3t" not in said
        assert "t0k3n" not in said
    warehouse = site.load({"HIVE_PASSWORD": "s3cr3t p@ss"}, tmp_path).settings.warehouse
    assert warehouse.connect_args["password"] == "s3cr3t p@ss"


def test_the_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "seen")
    own = oldsite.make(tmp_path)
    own.write_text(own.read_text() + "bill_view_tblname=$FROM_OUTSIDE\n")
    imported(tmp_path, own).expect(1, "takes $FROM_OUTSIDE, which these files do not set")
    assert "seen" not in (tmp_path / "luigi.cfg").read_text()


HOSTILE = {
    "command": "touch {mark}",
    "substitution": "A=$(touch {mark})",
    "backticks": "A=`touch {mark}`",
    "in a string": 'A="x $(touch {mark}) y"',
    "in a default": "A=${{B:-$(touch {mark})}}",
    "assigned default": "A=${{B:=$(touch {mark})}}",
    "eval": "eval 'touch {mark}'",
    "here-document": "bash <<END\ntouch {mark}\nEND",
    "here-string": "bash <<< 'touch {mark}'",
    "function": "f() {{ touch {mark}; }}; f",
    "loop": "while true; do touch {mark}; done",
    "for": "for x in 1 2; do touch {mark}; done",
    "if": "if true; then touch {mark}; fi",
    "case": "case x in *) touch {mark};; esac",
    "arithmetic": "A=$((B[$(touch {mark})]))",
    "let": "(( B[$(touch {mark})] ))",
    "index": "A[$(touch {mark})]=1",
    "process substitution": "A=<(touch {mark})",
    "output substitution": "A=>(touch {mark})",
    "trap": "trap 'touch {mark}' EXIT",
    "redirection": "A=1 > {mark}",
    "append": "echo x >> {mark}",
    "pipeline": "echo x | tee {mark}",
    "background": "touch {mark} &",
    "and": "true && touch {mark}",
    "subshell": "(touch {mark})",
    "group": "{{ touch {mark}; }}",
    "alias": "alias ls='touch {mark}'; ls",
    "prefix": "PATH=. touch {mark}",
    "coproc": "coproc touch {mark}",
    "date with a command": "A=$(date +%F; touch {mark})",
    "date that sets": "A=$(date -s 2001-01-01)",
    "date of a file": "A=$(date +%F -f {mark})",
    "sourced substitution": ". <(echo touch {mark})",
    "sourced name": ". $(touch {mark})",
    "prompt": "A=${{B@P}}",
    "indirection": "A=${{!B}}",
    "declare integer": "declare -i A='B[$(touch {mark})]'",
    "nameref": "declare -n A=B",
    "not closed": "A='not closed\ntouch {mark}",
    "ansi": "A=$'\\x41'",
    "unset": "unset dbname",
    "read": "read A < {mark}",
    "exit": "exit 0",
    "CR": "A=1\r",
    "NUL": "A=1\0",
    "itself": ". {own}",
    "no file": ". ./not_there",
    "device": ". /dev/zero",
    "folder": ". /",
    "home": "A=~/x",
    "array element": "A[1]=2",
    "bytes": "A=\udcff\udcfe",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_line_does_nothing_and_is_named(tmp_path: Path, what: str) -> None:
    own = oldsite.make(tmp_path)
    mark = tmp_path / "mark"
    line = HOSTILE[what].format(mark=mark, own=own)
    own.write_bytes(own.read_bytes() + os.fsencode(f"{line}\n"))
    before = sorted(tmp_path.rglob("*"))
    answer = imported(tmp_path, own)
    answer.expect(1, "Not understood:", str(own))
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "luigi.cfg"])
    if what != "not closed":  # bash reads nothing of such a file either
        assert sections(tmp_path / "luigi.cfg")["ciss"]["main_table"] == "bill_view"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("SEP=\\ \nMailId=a@b.c", id="escaped space at the end of a line"),
        pytest.param("SEP=\\\n\nMailId=a@b.c", id="a line that goes on, then an empty one"),
        pytest.param("x_LogPath=/tmp/x.log.$$", id="process id"),
        pytest.param("export MailId={a,b}@c.d", id="braces after export"),
        pytest.param("export bill_view_tblname=#${dbname}z", id="hash after export"),
        pytest.param("Dname_bill_view=t``x", id="backquotes"),
        pytest.param('Dname_bill_view=t_$"x"', id="translated string"),
        pytest.param("Dname_bill_view=\f", id="form feed"),
        pytest.param("Dname_bill_view=\v", id="vertical tab"),
        pytest.param("\fDname_bill_view=x", id="form feed before a name"),
        pytest.param('export "Dname_bill_view=x"', id="assignment in quotes"),
        pytest.param("export $dbname", id="a name from a variable"),
        pytest.param("declare -a MailId=(a b)", id="an array in the place of a value"),
        pytest.param("declare -A map=([a]=1) MailId=x", id="an array and a value"),
        pytest.param("A=${HOSTNAME:-x}", id="a variable that bash sets"),
        pytest.param(". ./{a,b}", id="braces in the name of a file"),
        pytest.param("A=x\\", id="backslash at the end of the file"),
    ],
)
def test_what_could_be_read_in_two_ways_is_listed(tmp_path: Path, line: str) -> None:
    own = oldsite.make(tmp_path)
    own.write_text(own.read_text() + line)
    imported(tmp_path, own).expect(1, "Not understood:", f"{own}, line 13")


def test_an_array_of_its_own_is_only_noted(tmp_path: Path) -> None:
    imported_with(tmp_path, "declare -A map=([a]=1 [b]=2)\n").expect(0, "note: ", "map: an array")


def test_a_declaration_takes_the_values_of_before_it(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("A=old\nexport A=new B=$A\nC=newer D=$C\n")
    found = propertiesfile.read(tmp_path / "own")
    assert {name: one.value for name, one in found.variables.items()} == bash(tmp_path, "own", list("ABCD"))


def test_a_variable_without_a_value_in_the_name_of_a_file_is_named(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    own.write_text(own.read_text() + ". $NOTSET/y\n")
    imported(tmp_path, own).expect(1, "$NOTSET, which these files do not set")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"A=" + b"x" * 10_000_000 + b"\n", id="a line of 10 MB"),
        pytest.param(b"A=$(" * 5_000, id="5,000 substitutions inside each other"),
        pytest.param(b"A=" + b"${B:-" * 5_000, id="5,000 defaults inside each other"),
        pytest.param(b'A="' * 10_000, id="quotes"),
    ],
)
def test_a_file_made_to_break_the_reader_is_refused_or_named(tmp_path: Path, content: bytes) -> None:
    own = tmp_path / "own.properties"
    own.write_bytes(content)
    answer = imported(tmp_path, own)
    assert answer.code == 1
    assert "Not understood:" in answer.out or "has more than 200,000 bytes" in answer.err


DOUBLING = "A=x\n" + "A=$A$A\n" * 30 + "x_tblname=t\n"
ADDING = "A=x\n" + "A+=$A\n" * 30 + "x_tblname=t\n"
DEFAULTS = "A=x\n" + 'A="${A:-}${A-}"\n' * 30 + "x_tblname=t\n"


@pytest.mark.parametrize("content", [DOUBLING, ADDING, DEFAULTS])
def test_a_value_that_doubles_line_by_line_is_named_and_the_file_is_written(
    tmp_path: Path, content: str
) -> None:
    own = tmp_path / "own.properties"
    own.write_text(content)
    answer = imported(tmp_path, own).expect(1, "line 18: A holds more than 100,000 characters", "is written")
    assert len(answer.out) < 10_000
    assert sections(tmp_path / "luigi.cfg")["ciss"]["main_table"] == "t"


def test_many_long_values_are_not_all_put_together(tmp_path: Path) -> None:
    own = tmp_path / "own.properties"
    own.write_text("A=" + "x" * 99_000 + "\n" + "".join(f"V{number}=$A\n" for number in range(9_000)))
    found = propertiesfile.read(own)
    assert sum(len(one.value) for one in found.variables.values()) < 10_200_000
    assert "holds too much" in str(found.not_understood[0])


@pytest.mark.parametrize("line", ["(", "<(\n", "A=$Z\n", ". x\n", "`", "A[1]=2\n"])
def test_thousands_of_faults_are_not_all_named(tmp_path: Path, line: str) -> None:
    own = tmp_path / "own.properties"
    own.write_text("x_tblname=t\n" + line * (190_000 // len(line)))
    answer = imported(tmp_path, own).expect(1, "what follows is not read", "is written")
    assert len(answer.out) < 200_000


def test_thousands_of_variables_are_not_all_shown(tmp_path: Path) -> None:
    own = tmp_path / "own.properties"
    own.write_text("x_tblname=t\n" + "".join(f"V{number}=1\n" for number in range(12_000)))
    answer = imported(tmp_path, own).expect(0, "and 11,001 more variables")
    assert len(answer.out) < 200_000


def test_here_documents_that_take_the_parser_minutes_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shellsource, "SECONDS", 0.5)
    own = tmp_path / "own.properties"
    own.write_text("<<E\n" * 49_000)
    imported(tmp_path, own).explained(1, "takes longer than 0.5 seconds to parse")


def test_a_chain_of_files_ends(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"f{number}").write_text(f". ./f{number + 1}\nV{number}=1\n")
    imported(tmp_path, tmp_path / "f0").expect(1, "more than 50 are sourced")


def test_what_a_value_holds_cannot_add_a_setting(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    own.write_text(own.read_text() + 'Dname_bill_view="x\n[ciss_alerts]\nping_url = http://evil"\n')
    imported(tmp_path, own).expect(1, "Dname_bill_view has several lines")
    assert "evil" not in (tmp_path / "luigi.cfg").read_text()


def imported_with(folder: Path, lines: str, *without: str) -> Answer:
    """The old site with more lines, and without the variables of some names."""
    own = oldsite.make(folder)
    common = own.parent / "Common.properties"
    kept = [line for line in common.read_text().splitlines() if line.partition("=")[0] not in without]
    common.write_text("\n".join(kept) + "\n")
    own.write_text(own.read_text() + lines)
    return imported(folder, own)


def test_a_password_without_a_user_is_listed(tmp_path: Path) -> None:
    answer = imported_with(tmp_path, "HIVE_PASSWORD=s3cr3t\n")
    answer.expect(1, "line 13: HIVE_PASSWORD is a password, but no variable names its user")
    assert "s3cr3t" not in answer.out


def test_what_the_table_points_to_is_there(tmp_path: Path) -> None:
    answer = imported_with(tmp_path, "other_tblname=t\n", "HIVE_HOST")
    answer.expect(1, "line 13: other_tblname belongs to", "HIVE_JDBC_PORT belongs to")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("y_classname=com.example.y\nDname_y=y\n", id="class and name"),
        pytest.param("y_temp_classname=com.example.y\n", id="temp class"),
        pytest.param("Dname_y=y\n", id="name"),
    ],
)
def test_tables_of_one_job_with_classes_of_another_are_several_jobs(tmp_path: Path, lines: str) -> None:
    imported_with(tmp_path, lines).expect(1, "several jobs: bill_view, y", "nothing was written")
    assert not (tmp_path / "luigi.cfg").exists()


def test_a_table_of_one_job_with_a_class_of_another_alone_are_several_jobs(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("HIVE_HOST=h\nx_tblname=t\ny_classname=com.example.y\n")
    imported(tmp_path, tmp_path / "own").expect(1, "several jobs: y, x")


@pytest.mark.parametrize(
    ("line", "section", "key", "value"),
    [
        ("bill_view_tblname=$dbname.t", "ciss", "main_table", "t"),
        ("MailId='a@x.net b@y.net'", "ciss_alerts", "mail_to", "a@x.net,b@y.net"),
        ("MailId='a@x.net; b@y.net'", "ciss_alerts", "mail_to", "a@x.net,b@y.net"),
        ("ccList='A B <a@x.net>; b@y.net'", "ciss_alerts", "mail_cc", "A B <a@x.net>,b@y.net"),
        ("HIVE_HOST=jdbc:hive2://h.net:10000", "ciss", "warehouse_url", "hive://h.net:10000/mnaas"),
        ("HIVE_HOST=jdbc:hive2://h.net/mnaas", "ciss", "warehouse_url", "hive://h.net:10000/mnaas"),
        ("IMPALAD_HOST=h.net:21050", "ciss", "refresh_url", "impala://h.net:21050/mnaas"),
    ],
)
def test_a_value_with_a_plain_meaning_becomes_valid(
    tmp_path: Path, line: str, section: str, key: str, value: str
) -> None:
    imported_with(tmp_path, f"{line}\n").expect(0)
    assert sections(tmp_path / "luigi.cfg")[section][key] == value
    site.load({}, tmp_path)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("bill_view_tblname=other.t", "main_table"),
        ("dbname=a-b", "database"),
        ("MailId=nobody", "mail_to"),
        ("SDP_ticket_to_email='a@x.net b@y.net'", "sdp_mail"),
        ("SDP_ticket_from_email=nobody", "sender"),
        ("IMPALAD_JDBC_PORT=abc", "refresh_url"),
        ("IMPALAD_HOST=jdbc:impala://h.net:99", "refresh_url"),
        ("IMPALAD_HOST='h.net/x?auth=NONE#'", "refresh_url"),
        ("HIVE_JDBC_PORT=10000/x", "warehouse_url"),
        ("bill_view_classname='not a class'", "main_class"),
        ("bill_view_tblname=bill_view_temp", "main_table"),
    ],
)
def test_a_value_that_check_would_refuse_is_listed_and_written_as_a_comment(
    tmp_path: Path, line: str, key: str
) -> None:
    name = line.partition("=")[0]
    imported_with(tmp_path, f"{line}\n", "ccList").expect(
        1, "line 13: ", f"{name} ", f"a {key} that is not valid"
    )
    assert f"\n#{key} = " in (tmp_path / "luigi.cfg").read_text()
    site.load({}, tmp_path)


def test_without_a_server_it_is_said_that_duckdb_is_what_is_left(tmp_path: Path) -> None:
    words = "note: no warehouse_url: neither HIVE_HOST nor IMPALAD_HOST"
    hosts = ("HIVE_HOST", "HIVE_JDBC_PORT", "IMPALAD_HOST", "IMPALAD_JDBC_PORT")
    imported_with(tmp_path, "", *hosts).expect(0, words)


def test_a_table_that_no_variable_names_is_said_to_be_the_default(tmp_path: Path) -> None:
    own = tmp_path / "own.properties"
    own.write_text("HIVE_HOST=hive.example.net\nbill_view_temp_classname=com.example.Temp\n")
    imported(tmp_path, own).expect(
        0,
        "note: no database in the new file, so it is the default: mnaas",
        "note: no temp_table in the new file, so it is the default: customer_invoice_summary_estimated_temp",
        "note: no main_table in the new file, so it is the default: customer_invoice_summary_estimated",
    )


def test_a_table_without_a_name_is_listed(tmp_path: Path) -> None:
    imported_with(tmp_path, "bill_view_tblname=\n").expect(1, "line 13: bill_view_tblname is empty")


def test_a_date_in_the_middle_is_listed_once_with_its_line(tmp_path: Path) -> None:
    answer = imported_with(tmp_path, "bill_view_LogPath=/tmp/$(date +%F)/log\n")
    answer.expect(1, "line 13: bill_view_LogPath holds a date in the middle")
    assert answer.out.count("holds a date in the middle") == 1


# --- held against a real bash -------------------------------------------------------------------------

BASH = """\
set -e
cd "$1"; . ./"$2"
for name in $3; do printf '%s=%s\\0' "$name" "${!name}"; done
"""


def bash(
    folder: Path, file: str, names: list[str], environment: dict[str, str] | None = None
) -> dict[str, str]:
    done = subprocess.run(
        ["/bin/bash", "-c", BASH, "bash", str(folder), file, " ".join(names)],
        env=environment or {}, stdin=subprocess.DEVNULL, capture_output=True, check=True,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in os.fsdecode(done.stdout).split("\0") if line)


def test_a_real_bash_sees_the_same_values(tmp_path: Path) -> None:
    own = oldsite.make(tmp_path)
    found = propertiesfile.read(own)
    assert found.not_understood == []
    plain = {name: one.value for name, one in found.variables.items() if "\0" not in one.value}
    assert len(plain) == 24
    assert bash(own.parent, own.name, list(plain)) == plain


def test_a_comment_that_makes_another_key_a_fault_is_not_the_last(tmp_path: Path) -> None:
    answer = imported_with(tmp_path, "MailId=nobody\nccList=noc@example.net\n")
    answer.expect(1, "MailId makes a mail_to that is not valid", "ccList makes a mail_cc that is not valid")
    assert "mail_cc" not in sections(tmp_path / "luigi.cfg").get("ciss_alerts", {})
    site.load({}, tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("bill_view_tblname=service_based_charges", "with it, service_table names the same table"),
        ("bill_view_temp_tblname=Usage_Overage_Charge", "with it, overage_table names the same table"),
    ],
)
def test_a_name_that_a_source_has_is_listed_though_no_variable_names_the_source(
    tmp_path: Path, line: str, told: str
) -> None:
    imported_with(tmp_path, f"{line}\n").expect(1, told)
    site.load({}, tmp_path)


def followed(folder: Path, answer: Answer) -> str:
    """What the command after ``Next:`` says, typed into a shell as it stands."""
    command = answer.out.partition("Next:  ")[2].strip()
    path = f"{CISS.parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=clean(folder, PATH=path),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("own", ["[ciss]\n", "[ciss_log]\n", "[core]\n", None])
def test_the_next_command_works_as_typed(tmp_path: Path, own: str | None) -> None:
    (tmp_path / "site").mkdir()
    properties = tmp_path / "site" / "x y.properties"
    properties.write_text("x_tblname=t\nMailId=a@b.net\n")
    if own is not None:
        (tmp_path / "site" / "luigi.cfg").write_text(own)
    for name in ("my other.cfg", "luigi.cfg" if own is None else "my other.conf"):
        answer = imported(tmp_path / "site", properties, name).expect(0)
        said = followed(tmp_path / "site", answer)
        assert ".c" in said.partition(" has no faults")[0], said
        assert "main_table" not in said
        assert "have a [ciss] section" not in said


def test_a_relative_path_is_said_to_be_from_the_new_files_folder(tmp_path: Path) -> None:
    (tmp_path / "new" / "logs").mkdir(parents=True)
    (tmp_path / "own").write_text("HIVE_HOST=h\nx_tblname=t\nx_LogPath=logs/x.log\n")
    imported(tmp_path, tmp_path / "own", "new/luigi.cfg").expect(
        0, "[ciss_log] file: a relative path is taken"
    )
    assert sections(tmp_path / "new" / "luigi.cfg")["ciss_log"] == {"file": "logs/x.log"}


def test_a_server_that_is_named_and_not_valid_is_not_called_missing(tmp_path: Path) -> None:
    answer = imported_with(tmp_path, "HIVE_HOST=a/b\n", "IMPALAD_HOST")
    answer.expect(1, "warehouse_url is a comment until it is put right")
    assert "neither HIVE_HOST nor" not in answer.out

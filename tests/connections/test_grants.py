"""What a user of the cluster must be granted: what docs/clusters.md says, and nothing of it too much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib import import_module

import pytest

from ciss_luigi.billing import schema
from tests.command import MAIN, STEPS, TEMP, Place
from tests.connections import servers
from tests.connections.tables import make_sources
from tests.helpers import Answer, ciss
from tests.servers.hiveserver import HiveServer, hive_server

pytestmark = [pytest.mark.server, pytest.mark.slow]

_PLUGIN = "org.apache.hadoop.hive.ql.security.authorization.plugin.sqlstd.SQLStdHiveAuthorizerFactory"
AUTHORIZATION = {
    "hive.security.authorization.enabled": "true",
    "hive.security.authorization.manager": _PLUGIN,
    "hive.security.authenticator.manager": "org.apache.hadoop.hive.ql.security.SessionStateUserAuthenticator",
    "hive.users.in.admin.role": "boss",
}

TO_DO = "have it granted to the job's user"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HiveServer]:
    """Hive with SQL-standard authorization."""
    servers.require()
    with hive_server(tmp_path_factory.mktemp("grants"), settings=AUTHORIZATION) as running:
        yield running


@pytest.fixture
def site(server: HiveServer, place: Place) -> Place:
    """Tables of the owner's, and a site of somebody else."""
    boss = place.folder / "boss.cfg"
    boss.write_text(f"[ciss]\nwarehouse_url = hive://boss@127.0.0.1:{server.port}/default\n")
    make_sources(boss, {}, outputs=True)
    place.configure(warehouse_url=f"hive://etl@127.0.0.1:{server.port}/default", retries=0)
    return place


def grant(server: HiveServer, privilege: str, *tables: str) -> None:
    connect = import_module("pyhive.hive").connect
    with closing(connect(server.host, port=server.port, username="boss")) as connection:
        for table in tables:
            connection.cursor().execute(f"GRANT {privilege} ON TABLE mnaas.{table} TO USER etl")


def check(site: Place) -> Answer:
    """``ciss check`` on a terminal as wide as its words."""
    return ciss(site.folder, "check", COLUMNS="1000")


def test_select_insert_and_delete_are_enough_and_needed(server: HiveServer, site: Place) -> None:
    grant(server, "SELECT", MAIN, TEMP, *(table.default_name for table in schema.SOURCES[1:]))
    lacking, lacking_check = site.merge("2016-11-22"), check(site)
    grant(server, "SELECT", schema.SOURCES[0].default_name)
    refused, checked = {}, {}
    for privilege in ("INSERT", "DELETE"):
        refused[privilege], checked[privilege] = site.merge("2016-11-22"), check(site)
        grant(server, privilege, MAIN, TEMP)

    granted, granted_check = site.merge("2016-11-22"), check(site)

    lacking.explained(
        35, f"[SELECT] on Object [type=TABLE_OR_VIEW, name=mnaas.{schema.SOURCES[0].default_name}]"
    )
    for privilege, finished in refused.items():
        lacking_now = {"INSERT": "INSERT, DELETE", "DELETE": "DELETE"}[privilege]
        what = f"[[{lacking_now}] on Object [type=TABLE_OR_VIEW, name=mnaas.{TEMP}"
        finished.explained(30, what, "main was not touched")
        checked[privilege].expect(1, what, f"{MAIN} cannot be written", TO_DO)
    lacking_check.expect(1, "[SELECT] on Object", TO_DO)
    granted.explained(0)
    granted_check.expect(0, "says that no right to make and empty tables of mnaas is missing")
    assert TO_DO not in granted_check.out
    assert site.marked("2016-11-22") == list(STEPS)


def test_check_names_the_right_to_make_tables_that_are_not_there(server: HiveServer, site: Place) -> None:
    grant(server, "SELECT", *(table.default_name for table in schema.SOURCES))
    site.configure(
        warehouse_url=f"hive://etl@127.0.0.1:{server.port}/default", retries=0, main_table="new_main",
        temp_table="new_temp",
    )  # fmt: skip

    checked = check(site)

    checked.expect(1, "tables of mnaas cannot be made", "operation CREATETABLE", TO_DO)
    site.merge("2016-11-22").explained(30, "operation CREATETABLE")


def test_old_parts_of_temp_are_dropped_without_owning_it(server: HiveServer, site: Place) -> None:
    grant(server, "SELECT", MAIN, TEMP, *(table.default_name for table in schema.SOURCES))
    for privilege in ("INSERT", "DELETE"):
        grant(server, privilege, MAIN, TEMP)
    site.merge("2016-11-10").explained(0)

    site.merge("2016-11-22").explained(0, "dropped 1 finished date")

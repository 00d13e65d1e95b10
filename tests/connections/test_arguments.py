"""connect_args before anything is connected: what is known, what clashes, what is not installed."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from ciss_luigi.config import connectargs, settings
from ciss_luigi.config.enginekinds import BY_SCHEME
from ciss_luigi.config.settings import Settings
from ciss_luigi.errors import ConfigurationError
from tests.command import Place
from tests.servers import needs

HIVE = "hive://ann@hive.example.net/mnaas"
IMPALA = "impala://ann@impalad.example.net/mnaas"


def read(folder: Path, url: str, **arguments: object) -> Settings:
    return settings.read({"warehouse_url": url, "connect_args": json.dumps(arguments)}, folder, {})


def faults(folder: Path, url: str, **arguments: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, url, **arguments)
    return str(caught.value)


@pytest.mark.parametrize("url", [HIVE, IMPALA])
def test_text_out_of_a_url_gets_the_type_it_has_in_json(tmp_path: Path, url: str) -> None:
    texts = read(tmp_path, f"{url}?use_ssl=true&check_hostname=False&timeout=60").warehouse.connect_args
    types = read(tmp_path, url, use_ssl=True, check_hostname=False, timeout=60).warehouse.connect_args

    assert texts == types
    assert texts["use_ssl"] is True
    assert texts["check_hostname"] is False
    assert read(tmp_path, f"{url}?use_ssl=false").warehouse.connect_args["use_ssl"] is False


def test_connect_args_win_over_the_url_and_user_is_username(tmp_path: Path) -> None:
    arguments = read(tmp_path, f"{HIVE}?auth=NOSASL", auth="ldap", password="p", user="eva")

    assert arguments.warehouse.connect_args == {
        "username": "eva",
        "password": "p",
        "database": "mnaas",
        "auth": "LDAP",
    }


def test_the_query_of_a_url_may_name_the_user_and_the_database(tmp_path: Path) -> None:
    named = read(tmp_path, "hive://h:10000/?username=bob&password=p%40ss&database=x&auth=LDAP")
    assert named.warehouse.connect_args == {
        "username": "bob", "password": "p@ss", "database": "x", "auth": "LDAP"
    }  # fmt: skip
    before = read(tmp_path, "hive://eva:q@h:10000/mnaas?username=bob&password=p&database=x&auth=LDAP")
    assert before.warehouse.connect_args == {
        "username": "eva", "password": "q", "database": "mnaas", "auth": "LDAP"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "arguments", "words"),
    [
        (HIVE, {"use_sll": True}, "'use_sll' is not an argument of PyHive; did you mean use_ssl?"),
        (HIVE, {"auth_mechanism": "LDAP"}, "'auth_mechanism' is not an argument of PyHive"),
        (HIVE, {"ssl_cert": "none"}, "certificates are checked unless check_hostname is false"),
        (HIVE, {"scheme": "https"}, "write hive+http:// or hive+https:// in the URL"),
        (HIVE, {"use_ssl": "yes"}, "use_ssl: is neither true nor false"),
        (HIVE, {"timeout": 0}, "timeout: is not a number of seconds above 0"),
        (HIVE, {"auth": "SECRET"}, "auth: is none of NONE, NOSASL, LDAP"),
        (HIVE, {"auth": "LDAP"}, "LDAP needs a password"),
        (HIVE, {"auth": "BASIC", "password": "p"}, "BASIC is for HTTP"),
        (HIVE, {"configuration": "a=b"}, "configuration: is not a JSON object"),
        (HIVE, {"password": 123}, "password: is not text"),
        (f"{HIVE};auth=noSasl", {}, "database: is not a plain SQL name"),
        (HIVE.replace("hive:", "hive+https:"), {"use_ssl": False}, "https and use_ssl says false"),
        (IMPALA, {"auth": "LDAP"}, "'auth' is not an argument of impyla"),
        (IMPALA, {"verify_cert": False}, "certificates are checked unless check_hostname is false"),
        (IMPALA, {"use_kerberos": True}, 'write "auth_mechanism": "GSSAPI"'),
        (IMPALA, {"ldap_password": "p"}, "write password"),
        (IMPALA, {"retries": "many"}, "retries: is not a whole number above 0"),
        (IMPALA, {"http_cookie_names": 1}, "http_cookie_names: is neither text nor a list"),
        (IMPALA, {"auth_mechanism": "JWT", "jwt": "x"}, "JWT needs use_http_transport and jwt"),
        ("duckdb:///var/ciss.duckdb", {"use_ssl": True}, "'use_ssl' is not an argument of DuckDB"),
    ],
)
def test_what_cannot_be_meant_is_a_fault_that_names_it(
    tmp_path: Path, url: str, arguments: dict[str, object], words: str
) -> None:
    assert words in faults(tmp_path, url, **arguments)


def test_all_faults_are_named_at_once_each_under_its_key(tmp_path: Path) -> None:
    section = {
        "warehouse_url": f"{HIVE}?use_sll=true",
        "connect_args": '{"timeout": "soon"}',
        "build_url": IMPALA,
        "build_connect_args": '{"use_kerberos": true}',
    }
    with pytest.raises(ConfigurationError) as caught:
        settings.read(section, tmp_path, {})

    named = [(fault.key, fault.problem.split()[0]) for fault in caught.value.faults]
    assert named == [
        ("warehouse_url", "'use_sll'"),
        ("connect_args", "timeout:"),
        ("build_connect_args", "'use_kerberos'"),
    ]


def test_a_ca_cert_must_be_there_be_pem_and_be_used(tmp_path: Path) -> None:
    (tmp_path / "ca.jks").write_bytes(b"\xfe\xed\xfe\xed")

    assert "ca_cert: cannot be read: No such file" in faults(tmp_path, HIVE, use_ssl=True, ca_cert="ca.pem")
    assert "is not a PEM file of certificates" in faults(tmp_path, HIVE, use_ssl=True, ca_cert="ca.jks")


def test_no_fault_repeats_a_password(tmp_path: Path) -> None:
    url = "hive://ann:h%40rse@hive.example.net/mnaas?nosuch=1"

    for text in (
        faults(tmp_path, url),
        faults(tmp_path, HIVE, password="h@rse", auth="h@rse", use_ssl="h@rse"),
    ):
        assert "h@rse" not in text
        assert "h%40rse" not in text
    assert "h@rse" not in repr(read(tmp_path, url.partition("?")[0]))


def test_every_argument_of_the_drivers_is_known_or_has_a_better_name() -> None:
    needs.require(modules=needs.CLIENTS)
    from impala import dbapi
    from pyhive import hive

    ours = {"user", *connectargs._INSTEAD}
    impyla = set(inspect.signature(dbapi.connect).parameters) - ours
    pyhive = set(inspect.signature(hive.Connection.__init__).parameters) - ours - {"self"}

    # Not for a text file: a function, a transport; and the one protocol that there is
    assert impyla - set(BY_SCHEME["impala"].arguments) == {"get_user_custom_headers_func", "protocol"}
    assert pyhive - set(BY_SCHEME["hive"].arguments) == {"thrift_transport"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [
        ("pyhive", HIVE, "hive"),
        ("puresasl", HIVE, "hive"),
        ("impala", IMPALA, "impala"),
        ("kerberos", f"{HIVE}?auth=KERBEROS", "kerberos"),
        ("kerberos", f"{IMPALA}?auth_mechanism=GSSAPI", "kerberos"),
    ],
)
def test_a_driver_that_is_not_installed_names_the_extra(
    place: Place, module: str, url: str, extra: str
) -> None:
    place.configure(warehouse_url=url)
    absent = f"import sys\nsys.modules[{module!r}] = None\n"  # the only stand-in: as if it were not there

    finished = place.merge("2016-11-22", prelude=absent)

    finished.explained(40, "[ciss] warehouse_url", f"{module}", f"pip install 'ciss-luigi[{extra}]'")


@pytest.mark.slow
def test_an_unknown_argument_of_another_engine_ends_the_command_with_40(place: Place) -> None:
    arguments: dict[str, Any] = {"use_sll": True}
    place.configure(warehouse_url=HIVE, build_url=IMPALA, build_connect_args=json.dumps(arguments))

    place.merge("2016-11-22").explained(40, "[ciss] build_connect_args: 'use_sll'", "nothing was touched")

"""What a machine must have for the servers; a test that cannot run names what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterable

import pytest

JAVA, JAVAC, MAVEN = "java", "javac", "mvn"
OPENSSL, SLAPD, SLAPADD = "openssl", "slapd", "slapadd"
KDC, KDB_UTIL, KADMIN, KINIT = "krb5kdc", "kdb5_util", "kadmin.local", "kinit"

PROMTOOL, CRON, LOGROTATE, SYSTEMD = "promtool", "cron", "logrotate", "systemd-analyze"

_DEBIAN = {
    PROMTOOL: "prometheus",
    CRON: "cron",
    LOGROTATE: "logrotate",
    SYSTEMD: "systemd",
    JAVA: "openjdk-17-jre-headless",
    JAVAC: "openjdk-17-jdk-headless",
    MAVEN: "maven",
    OPENSSL: "openssl",
    **dict.fromkeys((SLAPD, SLAPADD), "slapd"),
    **dict.fromkeys((KDC, KDB_UTIL), "krb5-kdc"),
    KADMIN: "krb5-admin-server",
    KINIT: "krb5-user",
}
_PIP = {
    "impala": "impyla",
    "kerberos": "kerberos",
    "pyhive.hive": "PyHive[hive-pure-sasl]",
    "puresasl": "pure-sasl",
    "pyspark": "pyspark",
    "thrift": "thrift",
    "thrift_sasl": "thrift-sasl",
}
CLIENTS = ("impala", "pyhive.hive", "puresasl", "thrift", "thrift_sasl")


def program(name: str) -> str:
    """Give the path of a program, Java's from JAVA_HOME where that is set."""
    home = os.environ.get("JAVA_HOME", "")
    found = (name == JAVA and home and shutil.which(f"{home}/bin/java")) or shutil.which(name, path=_path())
    if not found:
        raise FileNotFoundError(f"{name} (Debian package {_DEBIAN[name]})")
    return found


def missing(programs: Iterable[str] = (), modules: Iterable[str] = ()) -> list[str]:
    """Name what is not installed, each with the package that brings it."""
    absent = []
    for name in programs:
        try:
            program(name)
        except FileNotFoundError as error:
            absent.append(str(error))
    return absent + [f"{name} (pip install '{_PIP[name]}')" for name in modules if not _importable(name)]


def require(programs: Iterable[str] = (), modules: Iterable[str] = ()) -> None:
    """Skip the test when something is missing; fail it in CI, where nothing may be."""
    absent = missing(programs, modules)
    if absent:
        give_up("not installed: " + ", ".join(absent))


def give_up(reason: str) -> None:
    """Skip the test for what this machine has not; fail it in CI, where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _path() -> str:
    """Where programs are looked for: also where Debian keeps daemons, which only root has on its path."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False

"""A real HiveServer2 on loopback, with its metastore, Tez and MapReduce inside the one process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

from tests.servers import hivejars
from tests.servers.hivejars import RECIPE, default_cache, metastore, prepare
from tests.servers.needs import JAVA, program
from tests.servers.process import HOST, clean_environment, get_json, on_free_ports, server_process

__all__ = ["HiveServer", "default_cache", "hive_server", "prepare"]

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MAIN = "org.apache.hive.service.server.HiveServer2"
# C1 only: half the processor time of a test run; two seconds of profiling never pay here.
_JVM = (
    "-Xmx2048m",  # after an hour of sessions, of which tests kill some, a server holds 700 MB
    "-Xss2m",
    "-XX:MaxMetaspaceSize=512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=240m",
)
# Hive 4.0 was made for Java 8 and looks into all of these.
_OPENED = (
    *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util"),
    *("java.util.concurrent", "java.util.concurrent.atomic", "java.util.regex", "java.time", "java.text"),
    *("java.math", "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"),
)


@dataclass(frozen=True)
class HiveServer:
    """A HiveServer2 that listens."""

    host: str
    port: int
    work: Path
    log: Path
    pid: int
    web_port: int

    def active_queries(self) -> list[dict[str, Any]]:
        """Ask its web pages what waits or runs; finished and unclosed ones are listed there too."""
        queries = get_json(self.host, self.web_port, "/api/v1/queries/active")
        return [query for query in queries if query.get("state") in {"PENDING", "RUNNING"}]

    def running(self, *words: str) -> set[str]:
        """The ids of the queries that wait or run and hold all these words."""
        shown = [query["queryDisplay"] for query in self.active_queries()]
        return {one["queryId"] for one in shown if one and all(word in str(one) for word in words)}


@contextmanager
def hive_server(
    work: Path,
    *,
    engine: str = "tez",
    settings: Mapping[str, str] = _NOTHING,
    core: Mapping[str, str] = _NOTHING,
    jvm: Sequence[str] = (),
    classpath: Sequence[str] = (),
    env: Mapping[str, str] = _NOTHING,
    cache: Path | None = None,
) -> Iterator[HiveServer]:
    """Run a HiveServer2 in `work` until the block ends.

    `settings` go over hive-site.xml, `core` into core-site.xml (Kerberos is switched on there), `jvm`
    and `classpath` before the server's own classes, `env` into its environment. A second server in the
    same `work` finds the first one's tables.
    """
    work = work.resolve()
    ready = prepare(cache or default_cache())
    _lay_out(work, ready)

    @contextmanager
    def serve(ports: tuple[int, ...]) -> Iterator[HiveServer]:
        port, web_port = ports
        _write_configuration(work, {"PORT": port, "WEB_PORT": web_port, "ENGINE": engine}, settings, core)
        log = work / "hiveserver2.log"
        command = _command(work, jvm, [*classpath, *hivejars.classpath(ready)])
        conf = str(work / "conf")
        environment = clean_environment(HIVE_CONF_DIR=conf, HADOOP_CONF_DIR=conf, **env)
        with server_process(command, work=work, log=log, env=environment, ports=ports) as pid:
            yield HiveServer(HOST, port, work, log, pid, web_port)

    with on_free_ports(2, serve) as server:
        yield server


def _lay_out(work: Path, ready: Path) -> None:
    for name in ("conf", "tmp", "warehouse", "scratch"):
        (work / name).mkdir(parents=True, exist_ok=True)
    (work / "scratch").chmod(0o777)  # Hive does not start on anything narrower
    if not (work / "metastore_db").exists():
        shutil.copytree(metastore(ready), work / "metastore_db")
    shutil.copy(RECIPE / "log4j2.properties", work / "conf" / "hive-log4j2.properties")


def _write_configuration(
    work: Path, facts: Mapping[str, object], settings: Mapping[str, str], core: Mapping[str, str]
) -> None:
    facts = {**facts, "WORK": work, "WORK_URI": work.as_uri()}
    values = {}
    for item in ElementTree.parse(RECIPE / "hive-site.xml").iter("property"):
        text = item.findtext("value", "")
        for key, fact in facts.items():
            text = text.replace(f"%{key}%", str(fact))
        values[item.findtext("name", "")] = text
    (work / "conf" / "hive-site.xml").write_text(_xml({**values, **settings}))
    (work / "conf" / "core-site.xml").write_text(_xml(core))


def _xml(properties: Mapping[str, str]) -> str:
    root = ElementTree.Element("configuration")
    for name, value in properties.items():
        item = ElementTree.SubElement(root, "property")
        ElementTree.SubElement(item, "name").text = name
        ElementTree.SubElement(item, "value").text = value
    return ElementTree.tostring(root, encoding="unicode")


def _command(work: Path, jvm: Sequence[str], jars: Sequence[str]) -> list[str]:
    properties = {
        "java.io.tmpdir": f"{work}/tmp",
        "java.net.preferIPv4Stack": "true",
        "user.timezone": "UTC",
        "derby.system.home": str(work),
        "derby.stream.error.file": f"{work}/derby.log",
        "log4j2.configurationFile": f"{work}/conf/hive-log4j2.properties",
        "hive.log.dir": str(work),
    }
    return [
        program(JAVA),
        *_JVM,
        *(f"-D{name}={value}" for name, value in properties.items()),
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        "--add-opens=java.sql/java.sql=ALL-UNNAMED",
        "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
        *jvm,
        "-cp",
        os.pathsep.join([f"{work}/conf", *jars]),
        _MAIN,
    ]

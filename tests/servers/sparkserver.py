"""Spark's own HiveServer2 on loopback: the Thrift server inside the PyPI package pyspark."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.servers.needs import JAVA, program
from tests.servers.process import HOST, clean_environment, get_json, on_free_ports, server_process

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MAIN = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
_LOG4J = """
rootLogger.level = warn
rootLogger.appenderRef.err.ref = err
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1}: %m%n
"""


@dataclass(frozen=True)
class SparkServer:
    """A Spark Thrift server that listens."""

    host: str
    port: int
    work: Path
    log: Path
    pid: int
    web_port: int
    ansi: bool

    def active_queries(self) -> list[dict[str, Any]]:
        """Ask its web pages which statements run."""
        return [one for one in self._statements() if one.get("status") == "RUNNING"]

    def launched_jobs(self) -> list[dict[str, Any]]:
        """Ask its web pages which statements have launched jobs, whatever became of them."""
        kinds = ("runningJobIds", "successJobIds", "failedJobIds")
        return [one for one in self._statements() if any(one.get(kind) for kind in kinds)]

    def _statements(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for application in self._get("/api/v1/applications"):
            found += self._get(f"/api/v1/applications/{application['id']}/sql?details=false&length=10000")
        return found

    def _get(self, path: str) -> list[dict[str, Any]]:
        return get_json(self.host, self.web_port, path)


@contextmanager
def spark_server(
    work: Path, *, ansi: bool, settings: Mapping[str, str] = _NOTHING, env: Mapping[str, str] = _NOTHING
) -> Iterator[SparkServer]:
    """Run Spark's Thrift server in `work` until the block ends; `settings` are Spark's (spark.*).

    With the Hive catalogue, as clusters have it: CREATE TABLE .. PARTITIONED BY .. STORED AS PARQUET
    makes a Hive table. A second server in the same `work` finds the first one's tables.
    """
    work = work.resolve()
    for name in ("conf", "tmp", "warehouse", "scratch"):
        (work / name).mkdir(parents=True, exist_ok=True)
    (work / "scratch").chmod(0o777)  # the Hive inside does not start on anything narrower
    (work / "conf" / "log4j2.properties").write_text(_LOG4J)

    @contextmanager
    def serve(ports: tuple[int, ...]) -> Iterator[SparkServer]:
        port, web_port = ports
        log = work / "spark.log"
        command = _command(
            {**_defaults(work, web_port), **settings, "spark.sql.ansi.enabled": str(ansi).lower()}, port
        )
        environment = clean_environment(
            SPARK_HOME=str(_home()), SPARK_CONF_DIR=f"{work}/conf", SPARK_LOCAL_IP=HOST, **env
        )
        with server_process(command, work=work, log=log, env=environment, ports=(web_port, port)) as pid:
            yield SparkServer(HOST, port, work, log, pid, web_port, ansi)

    with on_free_ports(2, serve) as server:
        yield server


def _home() -> Path:
    """Give pyspark's folder without importing it, which takes a second."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pyspark")
    return Path(found.origin).parent


# C1 and one collector thread: as for Hive, short runs on few processors. With C1 alone Java keeps 48 MB for
# compiled code, in which a busy Spark dies.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=240m")


def _defaults(work: Path, web_port: int) -> dict[str, str]:
    java = {
        "java.io.tmpdir": f"{work}/tmp",
        "java.net.preferIPv4Stack": "true",
        "user.timezone": "UTC",
        "derby.system.home": str(work),
        "derby.stream.error.file": f"{work}/derby.log",
        "log4j2.configurationFile": f"{work}/conf/log4j2.properties",
    }
    metastore = f"jdbc:derby:;databaseName={work}/metastore_db;create=true"
    return {
        "spark.master": "local[1]",
        "spark.driver.memory": "1g",
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.driver.extraJavaOptions": " ".join([*_JVM, *(f"-D{key}={one}" for key, one in java.items())]),
        "spark.local.dir": f"{work}/tmp",
        "spark.ui.port": str(web_port),
        # A taken port ends the start, and another is tried; Spark would move to the next one unseen.
        "spark.port.maxRetries": "0",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": f"{work.as_uri()}/warehouse",
        "spark.sql.session.timeZone": "UTC",
        # The data are small: one task for each stage instead of two hundred.
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
        # A session whose line breaks keeps its connection to the metastore: of a pool, few are left soon.
        "spark.hadoop.datanucleus.connectionPoolingType": "NONE",
        "spark.hadoop.hive.exec.scratchdir": f"{work.as_uri()}/scratch",
        "spark.hadoop.hive.exec.local.scratchdir": f"{work}/tmp/scratch",
        # A folder for each session, as by default: sessions that open together would make the same one.
        "spark.hadoop.hive.downloaded.resources.dir": f"{work}/tmp/${{hive.session.id}}_resources",
        "spark.hadoop.hive.querylog.location": f"{work}/tmp/querylog",
        "spark.hadoop.hive.server2.logging.operation.log.location": f"{work}/tmp/operations",
        "spark.hadoop.hadoop.tmp.dir": f"{work}/tmp/hadoop",
    }


def _command(conf: Mapping[str, str], port: int) -> list[str]:
    program(JAVA)
    options = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    hive = [
        "--hiveconf",
        f"hive.server2.thrift.port={port}",
        "--hiveconf",
        f"hive.server2.thrift.bind.host={HOST}",
    ]
    return [str(_home() / "bin" / "spark-submit"), "--class", _MAIN, *options, "spark-internal", *hive]

"""What ``ciss plan`` prints runs in beeline as it stands: it is what an operator pastes there."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from ciss_luigi.sql.files import built_in
from tests.engines.cluster import HIVE, SPARK_ANSI, Cluster, Where, expected
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster
from tests.sample import SAMPLE
from tests.servers import needs
from tests.servers.process import clean_environment

DATE = "2016-11-22"


def beeline(cluster: Cluster, script: Path) -> subprocess.CompletedProcess[str]:
    """Run a script by the beeline that comes with Spark."""
    needs.require([needs.JAVA], ["pyspark"])
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    host, port = cluster.site().settings.warehouse.host, cluster.site().settings.warehouse.port
    command: list[str | Path] = [
        home / "bin" / "beeline",
        "-u",
        f"jdbc:hive2://{host}:{port}/default",
        "-n",
        "tester",
    ]
    return subprocess.run(
        [*command, "-f", script],
        cwd=script.parent,
        env=clean_environment(SPARK_HOME=str(home), HOME=str(script.parent)),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("where", engine_params(HIVE, SPARK_ANSI, long=[HIVE]))
def test_a_plan_pasted_into_beeline_does_what_a_run_does(
    make_cluster: MakeCluster, tmp_path: Path, where: Where
) -> None:
    """The site's own rules have comments as people write them."""
    cluster = make_cluster(where)
    rules = tmp_path / "sql"
    rules.mkdir()
    (rules / "build.sql").write_text(f"-- ours; since 2016\n{built_in('build')} /* all; of them */\n")
    cluster.configure(sql_dir=str(rules))
    script = tmp_path / "plan.sql"
    script.write_text(cluster.ciss("plan", "--date", DATE).expect(0, "INSERT OVERWRITE").text)

    done = beeline(cluster, script)

    assert done.returncode == 0, done.stdout + done.stderr
    assert cluster.rows("2016-11") == expected(SAMPLE, DATE)

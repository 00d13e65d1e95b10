"""What docs/scale.md says of a carrier's tables, as far as a small server can show it: plans and files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pyarrow import parquet

from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.queries.statements import Statements
from ciss_luigi.state.markers import Step
from tests.engines.cluster import HIVE, SPARK_ANSI, Cluster, Where
from tests.engines.conftest import engine_params
from tests.engines.sites import MakeCluster

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATE, MONTH = "2016-11-22", Month.parse("2016-11")
PARTITIONED = ("billable", "overage", "service")


@pytest.fixture(scope="module", params=engine_params(HIVE, SPARK_ANSI, long=[SPARK_ANSI]))
def ran(request: pytest.FixtureRequest, make_cluster: MakeCluster) -> tuple[Where, Cluster, Path]:
    """A site after one date, and the folder of its server's tables."""
    where: Where = request.param
    cluster = make_cluster(where)
    cluster.merge(DATE).explained(0)
    return where, cluster, request.getfixturevalue(where.fixture).work / "warehouse"


def statements(cluster: Cluster) -> Statements:
    """The statements of the run, as it sends them."""
    here = cluster.site()
    return Statements(here.settings, here.engine().dialect, RunDate.parse(DATE), Step.BUILD, "scale")


def body(text: str) -> str:
    """A statement without the comments in front, which EXPLAIN does not take everywhere."""
    return re.sub(r"^(/\*.*?\*/\s*|--[^\n]*\n)+", "", text, flags=re.DOTALL)


def plan(cluster: Cluster, text: str, how: str = "") -> str:
    """The server's own plan of a statement."""
    return "\n".join(str(row[0]) for row in cluster.query(f"EXPLAIN {how} {body(text)}"))


def months_read(where: Where, cluster: Cluster, text: str) -> set[str]:
    """The months of the partitioned sources that a statement reads."""
    if where == HIVE:
        told = json.loads(plan(cluster, text, "DEPENDENCY"))
        names = [one["partitionName"] for one in told["input_partitions"]]
        return set(re.findall(r"partition_date=([\d-]+)", " ".join(names)))
    filters = re.findall(r"PartitionFilters: \[([^\]]*)\]", plan(cluster, text))
    return {month for one in filters for month in re.findall(r"\d{4}-\d\d", one)}


def files_of_main(cluster: Cluster, warehouse: Path) -> list[Path]:
    """The files of main's month."""
    (folder,) = warehouse.rglob(f"{cluster.main_name}/month_year={MONTH}")
    return [file for file in folder.rglob("*") if file.is_file() and file.name[0] not in "._"]


def test_totals_and_build_read_the_partitions_of_their_month_alone(
    ran: tuple[Where, Cluster, Path],
) -> None:
    where, cluster, _ = ran
    made = statements(cluster)
    for text in (*made.source_totals([MONTH], odd=True), made.rules([MONTH])):
        assert months_read(where, cluster, text) == {str(MONTH)}


def test_each_aggregation_moves_rows_once(ran: tuple[Where, Cluster, Path]) -> None:
    """Four sums of sources, each by currency; of temp and main two, the second of a few rows."""
    where, cluster, _ = ran
    made = statements(cluster)
    for text, most in ((made.source_totals([MONTH])[0], 4), (made.temp_totals(), 2)):
        told = plan(cluster, text)
        if where == HIVE:
            moves = set(re.findall(r"Reducer \d+", told))
        else:
            moves = set(re.findall(r"Exchange hashpartitioning\(.*", told))
        assert 1 <= len(moves) <= most, told


def test_a_month_of_main_is_few_files(ran: tuple[Where, Cluster, Path]) -> None:
    """As many as the last stage of the merge has tasks: one here, and no more for another run."""
    _, cluster, warehouse = ran
    cluster.merge("2016-11-23").explained(0)
    assert 1 <= len(files_of_main(cluster, warehouse)) <= 2


def test_a_compression_that_is_set_on_main_is_kept_by_the_merge(ran: tuple[Where, Cluster, Path]) -> None:
    where, cluster, warehouse = ran
    if where != HIVE:
        pytest.skip("tried on Hive alone")
    cluster.query(f"ALTER TABLE {cluster.main_table} SET TBLPROPERTIES ('parquet.compression' = 'ZSTD')")
    cluster.merge("2016-11-24").explained(0)
    files = [parquet.ParquetFile(file).metadata for file in files_of_main(cluster, warehouse)]
    codecs = {file.row_group(0).column(number).compression for file in files for number in range(3)}
    assert codecs == {"ZSTD"}

"""The table of engine kinds: each row has a maker, and nobody takes a kind it does not know for another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ciss_luigi.config import urls
from ciss_luigi.config.enginekinds import KINDS
from ciss_luigi.engines import factory
from ciss_luigi.engines.factory import Circumstances
from ciss_luigi.engines.hiveserver2.client import Policy
from ciss_luigi.state.writes import OpenWrites

URLS = [("duckdb", "duckdb:///a.duckdb"), *((s, f"{s}://h/db") for kind in KINDS[1:] for s in kind.ports)]


def circumstances(folder: Path) -> Circumstances:
    return Circumstances(Policy(60, 0, 0, 0), lambda engine: OpenWrites(folder, engine))


@pytest.mark.parametrize(("scheme", "url"), URLS)
def test_every_scheme_makes_an_engine_of_its_kind(tmp_path: Path, scheme: str, url: str) -> None:
    (kind,) = [kind for kind in KINDS if scheme in kind.ports]
    warehouse = urls.parse(url, tmp_path, {})

    engine = factory.make(warehouse, circumstances(tmp_path))

    assert (warehouse.kind, warehouse.port) == (kind, kind.ports[scheme])
    assert engine.identity.kind == kind.name == str(kind)


def test_a_kind_without_a_maker_is_an_error_and_no_impala(tmp_path: Path) -> None:
    warehouse = urls.parse("impala://h/db", tmp_path, {})
    unknown = replace(warehouse, kind=replace(warehouse.kind, name="kudu"))
    with pytest.raises(KeyError, match="kudu"):
        factory.make(unknown, circumstances(tmp_path))


def test_a_scheme_that_no_kind_has_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no engine for 'oracle'; there are duckdb, hive, "):
        urls.parse("oracle://h/db", tmp_path, {})

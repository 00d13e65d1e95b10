"""Sites on a small part of real tables, each on a warehouse file of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ciss_luigi import site
from ciss_luigi.site import Site
from tests.reference import COLUMNS

SAMPLE = Path(__file__).parent / "realdata"
PACKAGED = Path(__file__).parents[1] / "ciss_luigi" / "sample"
"""The sample that the package brings along; the sites here are on real tables."""
MAIN = "mnaas.customer_invoice_summary_estimated"
TYPES = {
    "billable_subs": "BIGINT",
    "charge": "DECIMAL(18,4)",
    "amount": "DECIMAL(18,4)",
    "avg_conv_rate": "DECIMAL(18,8)",
}


Make = Callable[..., Site]
"""Makes a site on a copy of the sample, with keys of ``[ciss]``; the fixture ``make``."""


def make_sample(path: Path) -> Path:
    """The sample in a DuckDB file, to be copied."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA mnaas")
        for table, columns in COLUMNS.items():
            listed = ", ".join(f"{name} {TYPES.get(name, 'VARCHAR')}" for name in columns)
            connection.execute(f"CREATE TABLE mnaas.{table} ({listed})")
            connection.execute(f"COPY mnaas.{table} FROM '{SAMPLE / table}.csv' (HEADER, NULL '')")
    return path


def make_site(folder: Path, template: Path, *, loaded: bool = True, **keys: object) -> Site:
    """A site with keys of ``[ciss]``; on a copy of the template where it has no file yet."""
    lines = ["[ciss]", *(f"{key} = {value}" for key, value in {"state_dir": "var", **keys}.items())]
    (folder / "luigi.cfg").write_text("\n".join(lines) + "\n")
    (folder / "var").mkdir(exist_ok=True)
    if loaded and not (folder / "var" / "ciss.duckdb").exists():
        shutil.copy(template, folder / "var" / "ciss.duckdb")
    return site.load({}, folder)


def change(here: Site, *statements: str) -> None:
    """Somebody else's hand on the warehouse."""
    import duckdb

    with duckdb.connect(here.settings.warehouse.place) as connection:
        for statement in statements:
            connection.execute(statement)

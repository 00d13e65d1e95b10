"""Projects of dbt-duckdb and SQLMesh that do the same job: the same tables, the same SQL.

Neither is a dependency of this project. A program is looked for where it is named, else on the PATH.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes, threewrites, warehouse
from benchmarks.processes import Cost
from benchmarks.scratch import Scratch
from benchmarks.threewrites import Model

PACKAGES = {"dbt": ("dbt-core", "dbt-duckdb", "duckdb"), "sqlmesh": ("sqlmesh", "sqlglot", "duckdb")}
"""The programs, and the packages whose versions matter."""

_ASK_VERSIONS = """\
import sys
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in sys.argv[1:]))
"""
_SILENT = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    "DO_NOT_TRACK": "1",
}
"""They call home; a time that depends on the network says nothing."""


def find(named: Mapping[str, Path | None]) -> dict[str, Path]:
    """The programs that are there: those that were named, else those on the PATH."""
    found = {program: path or shutil.which(program) for program, path in named.items()}
    return {program: Path(path) for program, path in found.items() if path}


def versions(program: str, path: Path) -> str:
    """The versions of a program's packages, as the Python beside it knows them."""
    python = path.resolve().parent / "python"
    command = [str(python), "-c", _ASK_VERSIONS, *PACKAGES[program]]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return told.stdout.strip() or f"{program}, versions unknown"


@dataclass(frozen=True)
class Dbt:
    """Two incremental models; a hook before each deletes what the new rows replace."""

    program: Path
    scratch: Scratch

    @property
    def folder(self) -> Path:
        """Where the project is."""
        return self.scratch.folder / "dbt"

    def prepare(self) -> None:
        """Write the project."""
        folder = self.folder
        (folder / "models").mkdir(parents=True)
        profile = f"type: duckdb, path: {self.scratch.warehouse}, schema: {warehouse.DATABASE}, threads: 1"
        text = f"bench:\n  target: here\n  outputs:\n    here: {{{profile}}}\n"
        (folder / "profiles.yml").write_text(text, encoding="utf-8")
        project = "name: bench\nversion: '1.0'\nprofile: bench\n"
        (folder / "dbt_project.yml").write_text(project, encoding="utf-8")
        before = ""
        for model in threewrites.models(self.scratch.statements()):
            (folder / "models" / f"{model.table}.sql").write_text(_dbt_model(model, before), encoding="utf-8")
            before = model.table

    def run(self) -> Cost:
        """One night, on tables that are there and empty; dbt has read its project before."""
        self.scratch.begin_again(self.scratch.statements().create_tables())
        command = [str(self.program), "--quiet", "run", "--project-dir", ".", "--profiles-dir", "."]
        return processes.run(command, self.folder, _SILENT)


def _dbt_model(model: Model, before: str) -> str:
    needs = f"-- depends_on: {{{{ ref('{before}') }}}}\n" if before else ""
    return (
        f"{needs}{{% set emptied %}}{model.delete}{{% endset %}}\n"
        "{{ config(materialized='incremental', incremental_strategy='append', pre_hook=emptied) }}\n"
        f"{{% raw %}}\n{model.query}\n{{% endraw %}}\n"
    )


@dataclass(frozen=True)
class SqlMesh:
    """Two models by partition; the tables are its own, and main is a view of one.

    Deploying them is not counted: a night is ``sqlmesh run``.
    """

    program: Path
    scratch: Scratch

    @property
    def folder(self) -> Path:
        """Where the project is."""
        return self.scratch.folder / "sqlmesh"

    def prepare(self) -> None:
        """Write the project and deploy it; every night begins with the warehouse as it is then."""
        folder = self.folder
        (folder / "models").mkdir(parents=True)
        text = (
            "gateways:\n  here:\n    connection:\n      type: duckdb\n"
            f"      database: {self.scratch.warehouse}\n"
            f"default_gateway: here\nmodel_defaults:\n  dialect: duckdb\n  start: '{warehouse.DATE}'\n"
            "disable_anonymized_analytics: true\n"
        )
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        columns = ("run_date", self.scratch.site.settings.month_partition)
        for model, column in zip(threewrites.models(self.scratch.statements()), columns, strict=True):
            file = folder / "models" / f"{model.table}.sql"
            file.write_text(_sqlmesh_model(model, column), encoding="utf-8")
        self.scratch.begin_again()
        self._sqlmesh("plan", "--auto-apply", "--no-prompts", "--skip-backfill")
        shutil.copyfile(self.scratch.warehouse, folder / "deployed.duckdb")

    def run(self) -> Cost:
        """One night."""
        self.scratch.begin_again(warehouse=self.folder / "deployed.duckdb")
        return self._sqlmesh("run", "--ignore-cron")

    def _sqlmesh(self, *words: str) -> Cost:
        return processes.run([str(self.program), *words], self.folder, _SILENT)


def _sqlmesh_model(model: Model, column: str) -> str:
    return (
        f"MODEL (\n  name {warehouse.DATABASE}.{model.table},\n  kind INCREMENTAL_BY_PARTITION,\n"
        f"  partitioned_by ({column}),\n  cron '@daily',\n  optimize_query false\n);\n\n{model.query}\n"
    )

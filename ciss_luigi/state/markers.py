"""Markers: the proofs that a step is done, one JSON file for each date and task.

A marker counts only for the warehouse and tables that it was made for. One that cannot be read, or that is
about something else, is ignored: a step that runs once too often costs minutes, a step that is skipped costs
money.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ciss_luigi import commands
from ciss_luigi.billing.rundate import Month, RunDate
from ciss_luigi.plaintext import printable
from ciss_luigi.state import markerform, owners
from ciss_luigi.state.files import OddFile, read_plain, remove, sync_folder, write_whole
from ciss_luigi.state.markerform import STEPS, UNREADABLE, Marker, Step
from ciss_luigi.state.rollbacks import RollBacks
from ciss_luigi.version import VERSION

__all__ = ["STEPS", "Marker", "Markers", "Place", "Step"]

logger = logging.getLogger("luigi-interface.ciss_luigi")


@dataclass(frozen=True)
class Place:
    """What a marker is about: the warehouse and the two tables."""

    warehouse: str
    database: str
    main_table: str
    temp_table: str

    def to_json(self) -> dict[str, str]:
        """The form that a marker keeps."""
        return {
            "warehouse": self.warehouse,
            "database": self.database,
            "main_table": self.main_table,
            "temp_table": self.temp_table,
        }


class Markers:
    """The markers of one ``state_dir``, for one warehouse and its tables."""

    def __init__(self, folder: Path, place: Place, engine: str) -> None:
        self._folder = folder
        self._place = place.to_json()
        self._engine = engine
        self._roll_backs = RollBacks(folder)
        self._told: set[str] = set()
        self._read_before: dict[str, tuple[tuple[int, ...], tuple[dict[str, Any], Marker]]] = {}

    def path(self, date: RunDate, step: Step) -> Path:
        """The file of a step's marker."""
        return Path(self._file(date, step))

    def _file(self, date: RunDate, step: Step) -> str:
        return f"{self._folder}/{date}/{step}.json"  # a Path costs more than the look at a file

    def write(self, marker: Marker) -> None:
        """Write a marker whole or not at all; raises OSError."""
        text = json.dumps(self._to_json(marker), indent=2, ensure_ascii=False)
        write_whole(self.path(marker.date, marker.step), text + "\n")
        if marker.step is Step.MERGE:  # only now: a merge that is killed before its marker needs it again
            self._roll_backs.take_back(marker.date)

    def read(self, date: RunDate, step: Step) -> Marker | None:
        """The valid marker of a step, or None; a warning names a file that does not count."""
        found = self._read(date, step)
        if found is None:
            return None
        values, marker = found
        strays = self._strays(values, date, step)
        if strays:
            self._tell_ignored(self.path(date, step), strays)
            return None
        return marker

    def _tell_ignored(self, path: Path, strays: list[str]) -> None:
        """Warn of a marker that does not count. Of all made for one other place only the first is told."""
        why = "; ".join(strays)
        if any(stray.startswith(_MADE) for stray in strays):
            if why in self._told:
                logger.debug("%s is ignored: %s", path, why)
                return
            self._told.add(why)
            why = f"{why}; so are all others made for it. If it has moved: {commands.adopt()}"
        logger.warning("%s is ignored: %s", path, why)

    def read_moved(self, date: RunDate, step: Step) -> Marker | None:
        """The marker of a step, if it was made for another warehouse or other tables; else None.

        The caller proves it against the tables here, and only then calls ``sign``.
        """
        found = self._read(date, step)
        if found is None:
            return None
        values, marker = found
        here = (values["task"], values["date"]) == (str(step), str(date))
        return marker if here and self._strays(values, date, step) else None

    def made_for(self, date: RunDate, step: Step) -> str:
        """The warehouse that a step's marker was made for; "" if it cannot be read."""
        found = self._read(date, step)
        return str(found[0].get("warehouse", "")) if found else ""

    def sign(self, date: RunDate, step: Step) -> None:
        """Let a marker that was made for another place count for this one; raises OSError."""
        found = self._read(date, step)
        if found is None:
            return
        # keys that this version does not know are kept: the marker may be of a newer one
        signed = {**found[0], **self._place, "engine": self._engine}
        signed["adopted_at"] = dt.datetime.now(dt.UTC).isoformat()
        write_whole(self.path(date, step), json.dumps(signed, indent=2, ensure_ascii=False) + "\n")

    def is_merged(self, date: RunDate) -> bool:
        """Whether main is as new as the date: MergeMain's marker is valid and matches BuildTemp's.

        BuildTemp's marker may be missing. If it is there, it must be of the same build, and have all the
        months that MergeMain's has: a date that was built again is not done until it is merged again.
        """
        merged = self.read(date, Step.MERGE)
        return merged is not None and merged.rests_on(self.read(date, Step.BUILD))

    def merged_after(self, date: RunDate) -> list[str]:
        """The months that dates after this one have merged, as ``YYYY-MM``; only files are read."""
        later = [one for one in self.dates() if one > date]
        merged = [self.read(one, Step.MERGE) for one in later if self.is_merged(one)]
        return [month.month for marker in merged if marker for month in marker.months]

    def charged_before(self, date: RunDate, month: Month, charge: str) -> tuple[RunDate, str] | None:
        """The newest earlier date that merged a ``charge`` other than 0 for a month or the month before it.

        Returned with the month (``YYYY-MM``) that had it; None if there is no such date. ``charge`` is a
        column of main (``schema.CHARGES``).
        """
        wanted = {str(month), str(month.minus(1))}
        for one in reversed(self.dates()):
            if one.month < month.minus(1):  # no earlier date can have built either month
                return None
            merged = self.read(one, Step.MERGE) if one < date and self.is_merged(one) else None
            for built in merged.months if merged else ():
                if built.month in wanted and any(getattr(sums, charge) for sums in built.totals.values()):
                    return one, built.month
        return None

    def newest(self) -> RunDate | None:
        """The newest date whose markers say that temp or main holds rows of it; None if there is none.

        Only files are read, and no more of them than needed.
        """
        for date in reversed(self.dates()):
            if self.read(date, Step.MERGE) or self.read(date, Step.BUILD):
                return date
        return None

    def remove_from(self, date: RunDate, step: Step) -> list[Step]:
        """Remove the markers of a step and of all later steps; returns the steps that had one.

        Markers of later steps are removed first, so a kill never leaves one without the earlier one. Raises
        OSError.
        """
        self._roll_backs.take_back(date)
        later = [one for one in reversed(STEPS) if STEPS.index(one) >= STEPS.index(step)]
        return [one for one in later if remove(self.path(date, one))]

    def roll_back(self, merged: Marker, months: frozenset[Month], newest: Mapping[Month, str]) -> None:
        """Let the date of MergeMain's marker be merged once more, over newer estimates; raises OSError.

        ``newest`` are the as_of_date of the estimates that it may replace; later ones stay.
        The permission is written before the marker is removed, so that after a kill in between the same
        command can be typed again.
        """
        self._roll_backs.grant(merged.date, merged.run_id, months, newest)
        remove(self.path(merged.date, Step.MERGE))

    def free_to_replace(self, date: RunDate, run_id: str) -> Mapping[Month, str]:
        """The months whose newer estimates a merge of this build may replace, as a roll-back permitted it.

        Each with the newest as_of_date that it may replace.
        """
        return self._roll_backs.granted(date, run_id)

    def set_aside(self) -> Path | None:
        """Rename the folder of all markers, so that none counts any more; returns its new path.

        Returns None if there was no folder. Raises OSError.
        """
        aside = self._folder.with_name(f"{self._folder.name}-before-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}")
        try:
            self._folder.rename(aside)
        except FileNotFoundError:
            return None
        sync_folder(self._folder.parent)
        return aside

    def put_back(self, aside: Path) -> None:
        """Let the markers count again that ``set_aside`` has renamed; raises OSError."""
        aside.rename(self._folder)
        sync_folder(self._folder.parent)

    def dates(self) -> list[RunDate]:
        """The dates that have a folder here, oldest first."""
        if not self._folder.is_dir():
            return []
        found = []
        for entry in self._folder.iterdir():
            try:
                found.append(RunDate.parse(entry.name))
            except ValueError:
                continue
        return sorted(found)

    def _to_json(self, marker: Marker) -> dict[str, Any]:
        finished = marker.finished_at or dt.datetime.now(dt.UTC)
        unmapped = marker.unmapped_customers
        return {
            "task": str(marker.step),
            "date": str(marker.date),
            "run_id": marker.run_id,
            "months": [month.to_json() for month in marker.months],
            "superseded": list(marker.superseded),
            "left_out": list(marker.left_out),
            "empty_sources": list(marker.empty_sources),
            "odd_rows": [one.to_json() for one in marker.odd_rows],
            **({} if unmapped is None else {"unmapped_customers": unmapped}),
            **({"loader": marker.loader, "checks": list(marker.checks)} if marker.loader != "sql" else {}),
            **self._place,
            "engine": self._engine,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": marker.started_at.isoformat(),
            "finished_at": finished.isoformat(),
            "version": VERSION,
        }

    def _read(self, date: RunDate, step: Step) -> tuple[dict[str, Any], Marker] | None:
        """What a marker's file says, whatever place it is about; a warning names one that cannot be read."""
        path = self._file(date, step)
        try:
            # a marker is written beside and renamed, so another one is another file
            status = os.stat(path)
            file = status.st_ino, status.st_mtime_ns, status.st_size
            known = self._read_before.get(path)
            if known is None or known[0] != file:
                values = markerform.parse(read_plain(path))
                known = self._read_before[path] = file, (values, markerform.read(values))
            return known[1]
        except FileNotFoundError:
            return None
        except OddFile as error:
            logger.warning("%s is ignored: it cannot be read (it %s)", path, error.strerror)
            return None
        except UNREADABLE as error:
            whose = owners.words(error) if isinstance(error, OSError) else ""
            why = f"{type(error).__name__}: {printable(str(error))}{whose}"
            logger.warning("%s is ignored: it cannot be read (%s)", path, why)
            return None

    def _strays(self, values: Mapping[str, Any], date: RunDate, step: Step) -> list[str]:
        """What a marker was made for, if that is not what is wanted, one text for each difference."""
        expected = {"task": str(step), "date": str(date), **self._place}
        if expected.items() <= values.items():
            return []
        return [
            f"{key}: made for {printable(str(values.get(key)))}, wanted is {printable(value)}"
            if key in ("task", "date")
            else f"{_MADE}{_NAMES[key]}{printable(str(values.get(key)))}, configured is {printable(value)}"
            for key, value in expected.items()
            if values.get(key) != value
        ]


_MADE = "made for "
_NAMES = {"warehouse": "", "database": "database ", "main_table": "main_table ", "temp_table": "temp_table "}

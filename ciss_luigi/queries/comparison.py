"""Two tables compared by their engine: every statement of ``ciss compare``, as SQL text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ciss_luigi.engines.base import Session
from ciss_luigi.queries.columnforms import Form
from ciss_luigi.queries.differingrows import (
    ALIKE,
    DIFFER,
    DIFFERING_KEYS,
    DIFFERING_ROWS,
    FINGERPRINTS,
    DifferingRows,
    aliases,
    difference,
    listed,
)
from ciss_luigi.queries.named import tagged


@dataclass(frozen=True)
class Comparison:
    """The statements, as SQL text: always the same number, whatever the tables hold."""

    differing: DifferingRows

    def counts(self) -> str:
        """Ask how many rows each side has. Columns: side, the text in its month column, number of rows."""
        sides = (
            f"SELECT '{name}' AS side, {side.month_text} AS month_text, COUNT(*) AS row_count "
            f"FROM {side.table}\nWHERE {side.where(self.differing.months)} GROUP BY {side.month_text}"
            for name, side in (("here", self.differing.here), ("there", self.differing.there))
        )
        return tagged("\nUNION ALL\n".join(sides), "compare")

    def prepare(self, session: Session) -> None:
        """If the engine has fingerprints, find the differing rows once: they stay until the session ends."""
        differing = self.differing
        if differing.narrows:
            self._set_aside(session, FINGERPRINTS, differing.fingerprints())
            self._set_aside(session, DIFFERING_KEYS, differing.differing_keys())
            self._set_aside(session, DIFFERING_ROWS, differing.rows())

    def _set_aside(self, session: Session, name: str, query: str) -> None:
        session.execute(tagged(self.differing.dialect.set_aside(name, query), "compare"))

    def classes(self) -> str:
        """Ask for the kinds of differing rows, one row each.

        Columns: kind, number of keys, rows here and there, keys that occur more than once here and there.
        Then for each compared column: in how many rows it differs and, if it is a number, the sums of both
        sides over these rows and the greatest difference.
        """
        columns = [
            expression
            for index, form in enumerate(self.differing.values)
            for expression in self._column_totals(index, form)
        ]
        counts = (
            "kind", "COUNT(*)", "SUM(n_here)", "SUM(n_there)",
            "SUM(CASE WHEN n_here > 1 THEN 1 ELSE 0 END)", "SUM(CASE WHEN n_there > 1 THEN 1 ELSE 0 END)",
        )  # fmt: skip
        return self._asked(f"SELECT {listed([*counts, *columns])}\nFROM differing\nGROUP BY kind")

    def in_common(self) -> str:
        """Ask which values at least half of the differing rows share.

        Columns: the position of a facet in ``facets``, the value, in how many rows it occurs, and of how
        many.
        """
        numbers = "\nUNION ALL ".join(
            f"SELECT {index} AS facet, 1 AS joined" for index in range(len(self.facets))
        )
        value = " ".join(
            f"WHEN {index} THEN {one.expression}" for index, one in enumerate(self._facet_expressions)
        )
        used = " ".join(f"WHEN {index} THEN {one.used}" for index, one in enumerate(self._facet_expressions))
        return self._asked(
            f"SELECT facet, facet_value, row_count, total\nFROM (\n"
            "SELECT facet, facet_value, row_count, SUM(row_count) OVER (PARTITION BY facet) AS total\n"
            "FROM (\n"
            f"SELECT facet, CASE facet {value} END AS facet_value, COUNT(*) AS row_count\n"
            f"FROM (SELECT differing.*, 1 AS joined FROM differing WHERE kind <> '{ALIKE}') chosen\n"
            f"JOIN ({numbers}) facets ON chosen.joined = facets.joined\n"
            f"WHERE CASE facet {used} END = 1\nGROUP BY facet, CASE facet {value} END\n) counted\n) shared\n"
            "WHERE row_count * 2 >= total"
        )

    def samples(self, most: int) -> str:
        """Ask for at most ``most`` rows of each kind.

        Columns: kind, rows here and there, the key, for each compared column 1 if it differs, and then each
        compared column of both sides, as text.
        """
        keys, _ = self.differing.names
        columns = [
            f"CAST({side}_{alias} AS STRING)"
            for index, form in enumerate(self.differing.values)
            for side in ("h", "t")
            for alias in aliases("v", index, form)
        ]
        flags = [f"d{index}" for index in range(len(self.differing.values))]
        wanted = listed(["kind", "n_here", "n_there", *keys, *flags, *columns])
        return self._asked(
            f"SELECT {wanted}\nFROM (\nSELECT differing.*, "
            f"ROW_NUMBER() OVER (PARTITION BY kind ORDER BY {listed(keys)}) AS place\nFROM differing\n"
            f"WHERE kind <> '{ALIKE}'\n) numbered\nWHERE place <= {most}\nORDER BY kind, place"
        )

    @cached_property
    def facets(self) -> list[tuple[str, int, str]]:
        """What ``in_common`` counts, one tuple for each facet.

        A tuple has ``key`` or ``value``; the column's position; and ``here``, ``there`` or ``difference``, or
        "" for a key.
        """
        return [(one.role, one.index, one.side) for one in self._facet_expressions]

    def _asked(self, select: str) -> str:
        """A question about the differing rows, which were found before or are found in the same statement."""
        rows = f"SELECT * FROM {DIFFERING_ROWS}" if self.differing.narrows else self.differing.rows()
        return tagged(f"WITH differing AS (\n{rows}\n)\n{select}", "compare")

    def _column_totals(self, index: int, form: Form) -> list[str]:
        differs = f"kind = '{DIFFER}' AND d{index} = 1"
        count = f"SUM(CASE WHEN {differs} THEN 1 ELSE 0 END)"
        if form.decimals is None:
            return [count, "CAST(NULL AS STRING)", "CAST(NULL AS STRING)", "CAST(NULL AS STRING)"]
        sums = [f"SUM(CASE WHEN {differs} THEN {side}_v{index} END)" for side in ("h", "t")]
        return [count, *sums, f"MAX(CASE WHEN {differs} THEN ABS({difference(index)}) END)"]

    @cached_property
    def _facet_expressions(self) -> list[_Facet]:
        keys = [
            _Facet("key", index, "", _text_of(f"k{index}"), "1") for index in range(len(self.differing.keys))
        ]
        found = []
        for index, form in enumerate(self.differing.values):
            used = f"CASE WHEN kind = '{DIFFER}' AND d{index} = 1 THEN 1 ELSE 0 END"
            for side in ("here", "there"):
                found.append(_Facet("value", index, side, _shown(f"{side[0]}_v{index}", form), used))
            if form.decimals is not None:
                found.append(_Facet("value", index, "difference", _text_of(difference(index)), used))
        return keys + found


@dataclass(frozen=True)
class _Facet:
    """What differing rows may share: SQL for its text, and SQL that is 1 for the rows that count."""

    role: str
    index: int
    side: str
    expression: str
    used: str


def _text_of(expression: str) -> str:
    return f"CAST({expression} AS STRING)"


def _shown(name: str, form: Form) -> str:
    return _text_of(name) if len(form.here) == 1 else f"COALESCE({_text_of(name)}, {name}x)"

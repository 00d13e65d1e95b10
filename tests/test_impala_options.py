"""An option of Impala read back: the same value in another spelling, and what is none."""

from __future__ import annotations

import pytest

from ciss_luigi.engines.impala.options import Option, check, same
from ciss_luigi.errors import SettingRefused


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("2g", "2147483648", True),
        ("2GB", "2147483648", True),
        ("1.5k", "1536", True),
        ("true", "1", True),
        ("root.ciss", "ROOT.CISS", True),
        ("2", "GLOBAL", True),
        ("2g", "0", False),
        ("root.ciss", "", False),
        ("GLOBAL", "LOCAL", False),
    ],
)
def test_spellings(one: str, other: str, are_the_same: bool) -> None:
    assert same(one, other) is are_the_same
    assert same(other, one) is are_the_same


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {}, "SET ALL does not list it"),
        (
            {"X": Option("0", "ADVANCED")},
            {"X": Option("0", "ADVANCED")},
            "asked for 2g, the server answers 0",
        ),
        ({"X": Option("", "REMOVED")}, {"X": Option("", "REMOVED")}, "does nothing any more"),
    ],
)
def test_what_had_no_effect_is_refused(
    before: dict[str, Option], after: dict[str, Option], words: str
) -> None:
    with pytest.raises(SettingRefused, match=words):
        check("x", "2g", before, after)


def test_a_value_that_changed_was_taken_however_it_is_spelled() -> None:
    before, after = {"X": Option("0", "REGULAR")}, {"X": Option("6871947673", "REGULAR")}
    for asked in ("80%", "2g"):
        check("x", asked, before, after)
    with pytest.raises(SettingRefused, match="asked for 2g, the server answers 6871947673"):
        check("x", "2g", after, after)

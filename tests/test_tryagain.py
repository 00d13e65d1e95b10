"""What ``.ci/run`` tries again after a failure, and what it does not."""

from __future__ import annotations

import pytest

from tools import tryagain


def test_a_group_behind_a_tests_name_is_cut_off() -> None:
    asked = ["tests/test_plan.py::test_a@hive", "tests/test_plan.py::test_b[x@y.z]@hive-spark"]
    assert tryagain.to_try(asked) == ["tests/test_plan.py::test_a", "tests/test_plan.py::test_b[x@y.z]"]


def test_an_address_in_a_tests_name_is_not_a_group() -> None:
    assert tryagain.to_try(["tests/test_plan.py::test_b[x@y]"]) == ["tests/test_plan.py::test_b[x@y]"]


@pytest.mark.parametrize(
    "failed",
    [
        [],
        ["tests/test_plan.py::test_a", "tests/rules/test_merge.py::test_b"],
        ["tests/engines/test_story.py::test_a@hive"],
        [f"tests/test_plan.py::test_a[{number}]" for number in range(tryagain.MOST + 1)],
    ],
    ids=["nothing on record", "a rule of the money", "a story on a server", "too many"],
)
def test_what_no_second_try_may_hide(failed: list[str]) -> None:
    with pytest.raises(SystemExit, match="tried again") as ended:
        tryagain.to_try(failed)
    assert ended.value.code != 0

"""The tests that failed in the last runs, once more: what fails only under its neighbours' load then passes.

A test of money is not tried again: it fails only when money came out wrong, however rarely. Nor are many
failures, which no load explains.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ON_RECORD = Path(".pytest_cache/v/cache/lastfailed")
MOST = 40
MONEY = re.compile(r"tests/(test_crash|test_model|test_orphans|rules/|engines/test_(real|contract|story))")
_GROUP = re.compile(r"@[\w-]+$")
"""What pytest-xdist puts behind the name of a test that belongs to a group; pytest alone does not know it."""


def to_try(on_record: Iterable[str]) -> list[str]:
    """Give the tests to run again; raise SystemExit, with why, where that would hide a fault."""
    tests = sorted({_GROUP.sub("", name) for name in on_record})
    if not tests:
        raise SystemExit("nothing is tried again: no failed test is on record")
    if money := [name for name in tests if MONEY.match(name)]:
        raise SystemExit("not tried again, these are about money:\n" + "\n".join(money))
    if len(tests) > MOST:
        raise SystemExit(f"not tried again: {len(tests)} tests failed, which is no matter of load")
    return tests


def main() -> int:
    """Run them; give pytest's exit code."""
    on_record = json.loads(ON_RECORD.read_text()) if ON_RECORD.exists() else {}
    tests = to_try(on_record)
    print("tried again:", *tests, sep="\n  ", flush=True)
    return int(pytest.main(tests))


if __name__ == "__main__":
    sys.exit(main())

"""The help of each verb ends with an example, and the example works on the sample as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ciss_luigi.cli.group import VERBS
from tests.helpers import CISS, process, typed

NEEDS_PEOPLE = {"watch", "alerts"}
"""The sample names nobody who is told, and no date of it is today's."""
_EXAMPLES = re.compile(r"\n  Examples?: (?P<first>.*)\n(?P<more>(?: {6,}\S.*\n)*)\Z")


@pytest.mark.slow
@pytest.mark.parametrize("verb", sorted(VERBS.keys() - NEEDS_PEOPLE))
def test_the_example_at_the_end_of_the_help_works_on_the_sample(verb: str, sample: Path) -> None:
    told = typed(sample, verb, "--help").expect(0).out
    found = _EXAMPLES.search(told)
    assert found is not None, told
    commands = [found["first"], *(line.strip() for line in found["more"].splitlines())]
    assert any(f"ciss {verb}" in one for one in commands)
    for one in commands:
        process(sample, ["/bin/sh", "-c", one], environment={"PATH": f"{CISS.parent}:/usr/bin:/bin"}).expect(
            0
        )


@pytest.mark.parametrize("verb", sorted(NEEDS_PEOPLE))
def test_the_help_of_the_others_ends_with_one_too(verb: str, tmp_path: Path) -> None:
    assert re.search(rf"\n  Example: ciss {verb}( .*)?\n\Z", typed(tmp_path, verb, "--help").expect(0).out)

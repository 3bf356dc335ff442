"""What the documents say of the tests is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", (ROOT / "docs/time.md").read_text("utf-8"))


def test_the_law_names_a_test_for_each_of_its_rules():
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_a_test_that_the_law_names_is_there(file, name):
    (path,) = (ROOT / "tests").rglob(file)
    assert not name or re.search(rf"^(class|def) {name}\b", path.read_text("utf-8"), re.MULTILINE)

"""What the documents say of the tests is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", (ROOT / "docs/time.md").read_text("utf-8"))


def test_the_law_names_a_test_for_each_of_its_rules():
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_a_test_that_the_law_names_is_there(file, name):
    (path,) = (ROOT / "tests").rglob(file)
    assert not name or re.search(rf"^(class|def) {name}\b", path.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_what_the_readme_shows_is_what_the_command_says(readme, monkeypatch):
    block = re.search(
        r"^\$ cd (\S+)\n\$ jiancha (.+)\n((?:.*\n)+?)```",
        (ROOT / readme).read_text("utf-8"),
        re.MULTILINE,
    )
    assert block is not None
    monkeypatch.chdir(ROOT / block[1])
    done = CliRunner().invoke(main, shlex.split(block[2]))
    assert block[3] in done.output

"""`jiancha version`."""

from __future__ import annotations

import tomllib

from click.testing import CliRunner

from streams.cli import main
from tests.support.system import ROOT


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = CliRunner().invoke(main, ["version"], catch_exceptions=False)
    assert told.exit_code == 0
    assert told.stdout.splitlines()[:2] == [f"jiancha {project['version']}", "event schema 1"]

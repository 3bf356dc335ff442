"""The console command: every command is there, and helps with an example."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from streams.cli import COMMANDS, main


def run(*arguments):
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_help_lists_the_commands_in_an_operators_order():
    told = run("--help").stdout
    assert "监察" in told
    places = [told.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_an_example(name):
    told = run(name, "--help")
    assert told.exit_code == 0
    assert f"jiancha {name}" in told.stdout.partition("Example")[2]


@pytest.mark.parametrize("arguments", [("nonsense",), ("check", "--nonsense"), ("dlq", "x")])
def test_wrong_use_is_2(arguments):
    assert run(*arguments).exit_code == 2


def test_a_wrong_setting_is_named_without_its_value(monkeypatch):
    monkeypatch.setenv("JIANCHA_KAFKA__PARTITIONS", "a secret")
    told = run("topics")
    assert told.exit_code == 2
    assert "JIANCHA_KAFKA__PARTITIONS" in told.stderr
    assert "a secret" not in told.output

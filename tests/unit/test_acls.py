"""Who may do what on the brokers: whole, least, and as the page for operators says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas import topics
from streams.acls import grants
from streams.cli import main
from streams.settings import Engine, Settings

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text("utf-8")
GRANTS = grants(Settings())


def may(principal, operation, topic):
    return any(
        topic.name in grant.names
        for grant in GRANTS
        if grant.principal == principal and grant.kind == "topic" and operation in grant.operations
    )


@pytest.mark.parametrize(
    "grant", GRANTS, ids=lambda grant: f"{grant.principal} {grant.kind} {grant.names[0]}"
)
def test_the_page_has_a_row_for_it(grant):
    names = ", ".join(f"`{name}{'*' if grant.prefixed else ''}`" for name in grant.names)
    operations = ", ".join(grant.operations)
    assert f"| `{grant.principal}` | {operations} | {grant.kind} | {names} |\n" in PAGE


def test_the_page_has_no_other_row():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `jiancha-")]
    assert len(rows) == len(GRANTS)


def test_the_command_prints_each_as_kafkas_own_tool_takes_it():
    done = CliRunner().invoke(main, ["topics", "--acls"], catch_exceptions=False)
    assert done.stdout.splitlines() == [grant.command("127.0.0.1:9092") for grant in GRANTS]
    assert (
        "kafka-acls.sh --bootstrap-server 127.0.0.1:9092 --add --allow-principal"
        " User:jiancha-engine --operation Write --transactional-id jiancha-engine-"
        " --resource-pattern-type prefixed\n"
    ) in done.stdout


@pytest.mark.parametrize("topic", topics.ALL, ids=lambda topic: topic.name)
def test_every_topic_has_who_writes_and_who_makes_it(topic):
    assert any(may(grant.principal, "Write", topic) for grant in GRANTS)
    assert may("jiancha-topics", "Create", topic)


def test_what_the_engine_makes_nobody_else_writes_but_who_sends_it_again():
    writers = {
        grant.principal
        for grant in GRANTS
        for topic in topics.ALL[3:7]
        if may(grant.principal, "Write", topic)
    }
    assert writers == {"jiancha-engine", "jiancha-curator"}
    assert not may("jiancha-curator", "Write", topics.CASE_STATE)


def test_groups_are_named_as_the_settings_have_them():
    (group, restore, transactions) = (
        grant.names
        for grant in grants(Settings(engine=Engine(group="zj")))
        if grant.principal == "jiancha-engine" and grant.kind != "topic"
    )
    assert (group, restore, transactions) == (("zj",), ("zj-restore",), ("zj-",))

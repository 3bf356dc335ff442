"""`jiancha dlq --sink`: what ClickHouse did not take is listed, shown, and taken after the cure."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from schemas import topics
from schemas.codes import Level
from streams.cli import main
from tests.support import history, servers
from tests.support.history import Metrics, Sent, clock
from tests.support.wait import eventually

PARTITIONS = 4
CLOCK = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59")
CASE = history.case("c-bad", [CLOCK])
MOVE = history.move("c-bad", CLOCK, Level.YELLOW)
LETTER = history.dead_letter(4)
OF_TOMORROW = Sent(topics.VERDICTS.name, MOVE.value.replace(b'"issued"', b'"of_2030"'), b"c-bad")
REFUSING = {
    "cases": "case_no != 'c-bad'",
    "clocks": "case_no != 'c-bad'",
    "cards": "case_no != 'c-bad'",
    "dead_letters": "reason != 'missing'",
}


@pytest.fixture
def kafka(tmp_path):
    made = {topic.name: PARTITIONS for topic in topics.ALL}
    made[topics.SINK_DEAD_LETTERS.name] = 1
    with servers.embedded_kafka(tmp_path, made) as bootstrap:
        yield bootstrap


@pytest.fixture
def place(embedded_clickhouse):
    with history.database(embedded_clickhouse) as (where, client):
        yield where, client


class Operator:
    def __init__(self, bootstrap):
        self.env = {
            "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "JIANCHA_KAFKA__EMBEDDED": "true",
        }

    def run(self, *arguments, code=0):
        done = CliRunner().invoke(main, ["dlq", *arguments], env=self.env, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    def listed(self):
        told = self.run("list", "--sink", "--format", "json").stdout
        return [json.loads(line) for line in told.splitlines()]


@pytest.mark.long
def test_what_was_refused_is_taken_after_the_cure(kafka, place):
    where, client = place
    settings, operator = history.settings(kafka, where), Operator(kafka)
    for table, rule in REFUSING.items():
        client.execute(f"ALTER TABLE {table} ADD CONSTRAINT refusing CHECK {rule}")
    history.produce(settings.kafka, [CASE, MOVE, LETTER, OF_TOMORROW])
    metrics = Metrics()
    with history.sink(settings, metrics):
        eventually(lambda: metrics.poison.total() == 5, 30)
    lists_and_shows(operator)
    for table in REFUSING:
        client.execute(f"ALTER TABLE {table} DROP CONSTRAINT refusing")
    sends_again(operator)
    with history.sink(settings, metrics):
        eventually(lambda: once_in_each_table(client), 30)
    assert metrics.poison.total() == 5
    assert len(operator.listed()) == 5  # the letters stay, and no new one came


def lists_and_shows(operator):
    found = operator.listed()
    assert {(each["reason"], each["field"]) for each in found} == {
        ("clickhouse", "cases"), ("clickhouse", "clocks"), ("clickhouse", "cards"),
        ("clickhouse", "dead_letters"), ("undecodable", topics.VERDICTS.name),
    }  # fmt: skip
    told = operator.run("list", "--sink").stdout
    assert "jiancha.cases" in told
    assert "VIOLATED_CONSTRAINT" in told or "violated" in told.lower()
    assert operator.run("list").stdout.count("\n") == 1  # the hall's own
    case = next(each for each in found if each["field"] == "cases")
    shown = operator.run("show", "--sink", case["letter_id"]).stdout
    assert '"case_no":"c-bad"' in shown
    assert "jiancha dlq replay --sink" in shown
    nowhere = operator.run("show", "--sink", "nonsense", code=1).stderr
    assert "`jiancha dlq list --sink`" in nowhere


def sends_again(operator):
    wrong = operator.run("replay", "--sink", "--all", "--set", "officer=x", code=2).stderr
    assert "--sink sends our own records as they were" in wrong
    for _ in range(2):
        done = operator.run("replay", "--sink", "--all", code=1)
        assert "3 sent again, 1 not." in done.stderr
        assert "would be refused again" in done.stderr
        assert "sent, to jiancha.cases" in done.stdout


def once_in_each_table(client):
    tables = ("cases", "clocks", "card_moves", "cards", "dead_letters")
    counts = [client.execute(f"SELECT count() FROM {table} FINAL") for table in tables]
    return counts == [[(1,)]] * len(tables)

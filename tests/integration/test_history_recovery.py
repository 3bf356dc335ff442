"""After a loss, by the commands, on real Kafka: at the end the history says what the state says.

The case of found/operator (n1, n2): finished in truth, and for good *open* and *over by two limits*
once the engine's state had been begun anew.
"""

from __future__ import annotations

import json

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import MoveRecord, card_id, decode, encode
from streams.engine.state import unpack
from streams.runtime.logic import RESERVED
from streams.runtime.placing import partition_of
from tests.support.cases import at
from tests.support.reader import Reader
from tests.support.system import PARTITIONS, installed
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.long]
CATALOGUE = """\
items:
  - code: sgxk
    name: 建筑工程施工许可证核发
    versions:
      - clocks:
          promised: {amount: 7, unit: working_day}
          statutory: {amount: 20, unit: working_day}
"""
CASE = "430100-2026-0777"
N1 = [
    ("received", "2026-11-27T09:00:00+08:00", {"channel": "window"}),
    ("accepted", "2026-11-27T09:30:00+08:00", {"case_type": "promised"}),
    ("step_started", "2026-11-27T09:40:00+08:00", {"step": "审查", "officer": "o-1"}),
    ("step_finished", "2026-11-27T10:40:00+08:00", {"step": "审查", "officer": "o-1"}),
    ("step_started", "2026-11-27T10:50:00+08:00", {"step": "决定", "officer": "o-2"}),
    ("step_finished", "2026-11-27T11:00:00+08:00", {"step": "决定", "officer": "o-2"}),
]
N2 = [
    ("decided", "2026-11-27T15:00:00+08:00", {"outcome": "granted"}),
    ("finished", "2026-11-27T16:00:00+08:00", {}),
]
LONG_AFTER = at("2027-03-01 09:00:00")
"""Every limit of this item is over by then."""
TABLES = ("events", "cases", "clocks", "findings", "card_moves", "cards", "rulings",
          "dead_letters", "reference_versions", "sink_offsets", "lives")  # fmt: skip


def event(kind, moment, facts, case_no):
    return {
        "source": "op", "case_no": case_no, "item": "sgxk", "region": "430100",
        "department": "zj-430100", "event_id": f"{case_no}-{kind}-{moment}", "kind": kind,
        "occurred_at": moment, **facts,
    }  # fmt: skip


class House:
    """An installation, and who sends to it."""

    def __init__(self, system):
        self.system = system
        self.admin = AdminClient({"bootstrap.servers": system.bootstrap})
        self.producer = Producer({"bootstrap.servers": system.bootstrap, "linger.ms": 1})

    def send(self, *happened, case_no=CASE):
        place = partition_of(case_no, PARTITIONS)
        for kind, moment, facts in happened:
            value = json.dumps(event(kind, moment, facts, case_no)).encode()
            self.producer.produce(topics.STEPS.name, value, case_no, place)
        assert self.producer.flush(20) == 0

    def tick(self, now):
        for number in range(PARTITIONS):
            end = self.ends(topics.STEPS)[number]
            tick = encode(Tick(now, "replay", {topics.STEPS.name: end}))
            self.producer.produce(topics.TICKS.name, tick, partition=number)
        assert self.producer.flush(20) == 0

    def ends(self, topic):
        from confluent_kafka.admin import OffsetSpec

        wanted = {TopicPartition(topic.name, n): OffsetSpec.latest() for n in range(PARTITIONS)}
        found = self.admin.list_offsets(wanted)
        return {tp.partition: each.result(10).offset for tp, each in found.items()}

    def states(self):
        """Each case's version, and each card's, as the state topic has them."""
        cases, cards = {}, {}
        latest = {}
        for message in Reader(self.system.bootstrap, PARTITIONS).read(topics.CASE_STATE.name):
            if not message.key().startswith(RESERVED):
                latest[message.key().decode()] = message.value()
        for case_no, raw in latest.items():
            state = unpack(raw)
            cases[case_no] = state.epoch, state.revision
            for card in state.cards:
                name = card_id(case_no, card.clock_id, card.level, card.sequence)
                cards[name] = state.epoch, card.moves, card.standing, card.active
        return cases, cards

    def history(self):
        ask = self.system.ask
        cases = {c: (e, r) for c, e, r in ask("SELECT case_no, epoch, revision FROM v_cases")}
        cards = {
            name: (epoch, number, bool(standing), bool(active))
            for name, epoch, number, standing, active in ask(
                "SELECT card_id, epoch, move_no, standing, active FROM v_cards WHERE NOT superseded"
            )
        }
        return cases, cards

    def equal(self, within=60):
        """Wait until the history says what the state says."""

        def same():
            assert self.history() == self.states()
            return True

        eventually(same, within, interval=0.5, forgive=AssertionError)

    def begin_anew(self):
        """Lose the engine's state, as docs/recovery.md has it."""
        assert self.system.terminate("engine") == 0
        eventually(lambda: not self._forgotten(), 30, interval=0.5)
        self.admin.delete_topics([topics.CASE_STATE.name])[topics.CASE_STATE.name].result(10)
        eventually(
            lambda: topics.CASE_STATE.name not in self.admin.list_topics(timeout=10).topics, 30
        )
        self.system.run("topics")
        self.system.start("engine")
        self.system.ready("engine")

    def _forgotten(self):
        group = f"{self.system.name}-engine"
        return self.admin.delete_consumer_groups([group])[group].exception(10)


@pytest.fixture
def house(tmp_path, real_kafka, embedded_clickhouse):
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "items.yaml").write_text(CATALOGUE, encoding="utf-8")
    with installed(tmp_path, real_kafka, embedded_clickhouse, catalogue, embedded=False) as system:
        made = House(system)
        for role in ("engine", "sink"):
            system.start(role)
            system.ready(role)
        yield made
        system.ask(f"DROP DATABASE IF EXISTS {system.name}")


def lived(house):
    """Let a case come to six revisions and be over, and others beside it."""
    for happened in N1:
        house.send(happened)
        house.tick(at(happened[1][:19].replace("T", " ")))
        house.equal()
    for n in range(5):
        house.send(*N1, case_no=f"430100-2026-1{n:03}")
    house.tick(LONG_AFTER)
    house.equal()
    assert house.history()[0][CASE][1] > 5


def gap(house):
    """Wait until the sink stands still, and give what it says."""
    log = house.system.log("sink")
    eventually(lambda: "history_gap" in log.read_text(), 60, interval=0.3)
    (line, *_) = [line for line in log.read_text().splitlines() if "fail_stop" in line]
    assert house.system.get("sink", "/readyz").status_code == 503
    assert house.system.get("sink", "/healthz").status_code == 200
    metrics = house.system.get("sink", "/metrics").text
    assert "jiancha_sink_history_gap_records{" in metrics
    return line


def test_after_a_state_was_begun_anew_a_finished_case_is_finished(house):
    lived(house)
    over = "SELECT count() FROM v_overdue_at(as_of = '2027-03-01 01:00:00') WHERE case_no = %(c)s"
    assert house.system.ask(over, {"c": CASE})[0][0] > 0
    before = house.history()[0][CASE]
    house.begin_anew()
    house.send(*N2)
    house.tick(LONG_AFTER + 60)
    house.equal()
    epoch, revision = house.history()[0][CASE]
    assert epoch > before[0]
    assert revision < before[1]  # what the table of 0.1.0 would have kept is the other one
    assert house.system.ask("SELECT open FROM v_cases WHERE case_no = %(c)s", {"c": CASE}) == [(0,)]
    assert house.system.ask(over, {"c": CASE}) == [(0,)]


def test_a_lost_history_stops_the_sink_and_comes_back_from_what_there_is(house):
    """The topics no longer reach to the beginning: the rest comes from the state."""
    lived(house)
    house.send(*N2)
    house.tick(LONG_AFTER + 60)
    house.equal()
    state, true = house.states(), house.history()
    issued = house.system.ask("SELECT card_id, issued_at FROM v_cards ORDER BY card_id")
    house.system.ask(f"DROP DATABASE {house.system.name}")
    assert house.system.terminate("sink") == 0
    for topic in (topics.EVENTS, topics.CASES, topics.VERDICTS):  # retention has taken them
        ends = house.ends(topic)
        cut = [TopicPartition(topic.name, n, end) for n, end in ends.items()]
        for each in house.admin.delete_records(cut).values():
            each.result(10)
    house.system.run("migrate")
    house.system.start("sink")
    said = gap(house)
    assert "the history has nothing of this topic, the group is at" in said
    assert "jiancha history rewind" in said
    rewound = house.system.run("history", "rewind")
    assert "records are no longer in the topic" in rewound.stderr
    assert "jiancha history resend" in rewound.stderr
    house.system.ready("sink")
    resent = house.system.run("history", "resend")
    assert f"{len(state[0])} cases" in resent.stdout
    house.equal()
    assert house.history() == true
    assert house.system.ask("SELECT card_id, issued_at FROM v_cards ORDER BY card_id") == issued
    assert house.system.ask("SELECT count() FROM v_reference_versions WHERE subject = 'catalogue'")
    moves = Reader(house.system.bootstrap, PARTITIONS).read(topics.VERDICTS.name)
    made = [decode(m.value(), MoveRecord) for m in moves]
    assert {m.reason for m in made} == {"from_state"}
    again = house.system.run("history", "resend")  # and nothing is made twice
    assert " 0 moves were made" in again.stdout
    assert "Nothing to do" in house.system.run("history", "rewind", "--dry-run").stdout


def test_a_history_restored_from_an_hour_ago_is_read_on_from_where_it_ends(house):
    lived(house)
    ask = house.system.ask
    for table in TABLES:
        ask(f"CREATE TABLE kept_{table} AS {table}")
        ask(f"INSERT INTO kept_{table} SELECT * FROM {table}")
    house.send(*N2)
    house.send(*N1, case_no="430100-2026-2000")
    house.tick(LONG_AFTER + 60)
    house.equal()
    true, moves = house.history(), ask("SELECT * FROM v_card_history")
    refused = house.system.run("history", "rewind", code=1)
    assert "1 sinks are in the group, and stay: stop them" in refused.stderr
    assert house.system.terminate("sink") == 0
    for table in TABLES:
        ask(f"TRUNCATE TABLE {table}")
        ask(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    assert house.history() != true
    house.system.start("sink")
    assert "the history ends at" in gap(house)
    assert "no longer" not in house.system.run("history", "rewind").stderr
    house.system.ready("sink")
    house.equal()
    assert house.history() == true
    assert ask("SELECT * FROM v_card_history") == moves


def test_a_history_that_is_lost_under_a_running_sink_stops_it_before_it_writes_on(house):
    """The tables are made again while it runs, and the halls send: what it had is not hidden."""
    lived(house)
    true = house.history()
    house.system.ask(f"DROP DATABASE {house.system.name}")
    house.system.run("migrate")
    assert "and had come to" in gap(house)
    house.send(*N1, case_no="430100-2026-3000")
    house.tick(LONG_AFTER + 60)
    house.system.run("history", "rewind")
    house.system.ready("sink")
    house.equal()
    assert true[0].items() <= house.history()[0].items()

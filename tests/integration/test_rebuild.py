"""What an operator does when the state is lost, is older, or records are gone: on real Kafka."""

from __future__ import annotations

import re
import shlex

import confluent_kafka as ck
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import EventRecord, MoveRecord, decode, encode
from streams.engine.state import unpack
from streams.runtime.placing import partition_of
from tests.bench.hall import CATALOGUE, make_log
from tests.support.reader import Reader
from tests.support.system import PARTITIONS, installed
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.long]
EVENTS = 1200
STATE, STEPS = topics.CASE_STATE.name, topics.STEPS.name


@pytest.fixture
def system(tmp_path, real_kafka, embedded_clickhouse):
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "items.yaml").write_text(CATALOGUE, encoding="utf-8")
    with installed(tmp_path, real_kafka, embedded_clickhouse, catalogue, embedded=False) as made:
        yield made


class Hall:
    """Sends a log in parts, with its own ticks."""

    def __init__(self, system):
        self.system = system
        (self.log,) = make_log(EVENTS, 1).steps
        self.producer = ck.Producer({"bootstrap.servers": system.bootstrap})
        self.reader = Reader(system.bootstrap, PARTITIONS)
        self.sent = 0

    def send(self, share, *, tick=True):
        part = self.log[self.sent : self.sent + int(len(self.log) * share)]
        self.sent += len(part)
        for each in part:
            place = partition_of(each.case_no, PARTITIONS)
            self.producer.produce(STEPS, each.value, each.case_no, place)
        assert self.producer.flush(20) == 0
        if tick:
            ends = self.ends(STEPS)
            for number in range(PARTITIONS):
                value = encode(Tick(part[-1].at, "replay", {STEPS: ends[number]}))
                self.producer.produce(topics.TICKS.name, value, partition=number)
            assert self.producer.flush(20) == 0

    def ends(self, topic):
        with_group = {"bootstrap.servers": self.system.bootstrap, "group.id": "t"}
        consumer = ck.Consumer(with_group)
        try:
            return {
                n: consumer.get_watermark_offsets(ck.TopicPartition(topic, n), 10)[1]
                for n in range(PARTITIONS)
            }
        finally:
            consumer.close()

    def judged(self):
        """Wait until every partition has applied all that was sent."""

        def done():
            ends = {name: self.ends(name) for name in (STEPS, topics.TICKS.name)}
            committed = self.committed()
            return all(
                committed.get((name, n), 0) >= end for name in ends for n, end in ends[name].items()
            )

        eventually(done, 60, interval=0.3)

    def committed(self):
        consumer = ck.Consumer(
            {"bootstrap.servers": self.system.bootstrap, "group.id": f"{self.system.name}-engine"}
        )
        try:
            asked = [
                ck.TopicPartition(name, n)
                for name in (STEPS, topics.TICKS.name)
                for n in range(PARTITIONS)
            ]
            return {(tp.topic, tp.partition): tp.offset for tp in consumer.committed(asked, 10)}
        finally:
            consumer.close()

    def states(self):
        found = {}
        for message in self.reader.read(STATE):
            if not message.key().startswith(b"\x00"):
                found[message.key().decode()] = message.value()
        plain = {}
        for case_no, packed in found.items():
            if packed is not None:
                state = unpack(packed)
                state.revision = state.epoch = 0
                plain[case_no] = state
        return plain

    def moves(self):
        return [
            decode(m.value(), MoveRecord)
            for m in self.reader.read(topics.VERDICTS.name)
            if not m.key().startswith(b"\x00")
        ]


def remade(system, name):
    """Delete a topic and make it again, as after a disk was lost."""
    admin = AdminClient({"bootstrap.servers": system.bootstrap})
    admin.delete_topics([name])[name].result(20)
    topic = next(topic for topic in topics.ALL if topic.name == name)

    def made():
        new = NewTopic(name, PARTITIONS, 1, config=topic.config())
        admin.create_topics([new])[name].result(10)
        return True

    eventually(made, 30, interval=0.3, forgive=ck.KafkaException)


def first_life(system, hall, share=0.6):
    system.start("engine")
    system.ready("engine")
    hall.send(share)
    hall.judged()
    assert system.terminate("engine") == 0


def ended_with(system):
    """What the engine says that it ends for."""
    engine = system.start("engine")
    assert engine.wait(90) == 70
    return system.log("engine").read_text().splitlines()[-1]


def test_a_lost_state_is_made_again_and_no_card_is_issued_twice(system):
    hall = Hall(system)
    first_life(system, hall)
    before, issued = hall.states(), len(hall.moves())
    assert issued > 10
    remade(system, STATE)
    told = ended_with(system)
    assert "run `jiancha state rebuild`" in told.replace("Run", "run"), told
    assert "would be made again" in system.run("state", "rebuild", "--dry-run").stdout
    assert not hall.states()
    told = system.run("state", "rebuild").stdout
    assert f"{len(before)} cases" in told
    assert hall.states() == before
    system.start("engine")
    system.ready("engine")
    assert "stop them all" in system.run("state", "rebuild", code=1).stderr
    hall.send(0.4)
    hall.judged()
    assert system.terminate("engine") == 0
    issues = [(m.epoch, m.card_id) for m in hall.moves() if m.move == "issued"]
    again = {card for epoch, card in issues if epoch != issues[0][0]}
    first = {card for epoch, card in issues if epoch == issues[0][0]}
    newly = [m for m in hall.moves() if m.move == "issued" and m.revision != 1]
    assert len({m.card_id for m in newly}) == len(
        newly
    )  # what the rebuild says again is revision 1
    assert again - first  # time went on


def test_an_older_state_is_made_whole_and_what_nobody_had_judged_is_judged_and_told(system):
    """What came when the engines were down is in no state, and nobody has told of it."""
    hall = Hall(system)
    first_life(system, hall, 0.3)
    backup = [(m.key(), m.value(), m.partition()) for m in hall.reader.read(STATE)]
    first_life(system, hall, 0.3)
    hall.send(0.2)
    remade(system, STATE)
    for key, value, partition in backup:
        hall.producer.produce(STATE, value, key, partition)
    assert hall.producer.flush(20) == 0
    assert "jiancha state rebuild" in ended_with(system)
    system.run("state", "rebuild")
    assert system.run("state", "rebuild", "--dry-run").stdout  # a second run is no harm
    system.start("engine")
    system.ready("engine")
    hall.judged()
    told = {
        (record.origin.partition, record.origin.offset)
        for message in hall.reader.read(topics.EVENTS.name)
        if not message.key().startswith(b"\x00")
        for record in [decode(message.value(), EventRecord)]
    }
    assert told == {(n, at) for n, end in hall.ends(STEPS).items() for at in range(end)}
    assert system.terminate("engine") == 0


def test_what_retention_took_unread_is_told_with_the_command_that_goes_on(system):
    hall = Hall(system)
    first_life(system, hall, 0.3)
    hall.send(0.3, tick=False)
    ends = hall.ends(STEPS)
    at = hall.committed()
    lost = next(n for n in range(PARTITIONS) if ends[n] > at[STEPS, n])
    admin, upto = AdminClient({"bootstrap.servers": system.bootstrap}), ends[lost]
    (deleted,) = admin.delete_records([ck.TopicPartition(STEPS, lost, upto)]).values()
    deleted.result(30)
    told = ended_with(system)
    (command,) = re.findall(r"`jiancha (accept-gap[^`]*)`", told)
    wrong = [*command.split()[:-1], str(ends[lost] + 1)]
    assert "TO is" in system.run(*wrong, code=1).stderr
    told = system.run(*shlex.split(command), "--reason", "停机", "--by", "值班").stdout
    assert "left out, on record in v_gaps" in told
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    hall.send(0.4)
    hall.judged()
    rows = eventually(
        lambda: system.ask("SELECT topic, partition, records, by, reason FROM v_gaps"), 30
    )
    assert rows == [(STEPS, lost, ends[lost] - int(command.split()[3]), "值班", "停机")]

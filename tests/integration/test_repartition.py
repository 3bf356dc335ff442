"""More partitions on real Kafka, held against the pure engine that never knew of them.

A hall's log is judged with 4 partitions, then the engine is stopped, there are 7, and the log goes
on: new cases, late events and rulings of old ones. Every move of a card, every state and every
accepted event must be what one engine over one partition makes of the same records.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from random import Random
from threading import Event

import msgspec
import pytest
from confluent_kafka import Producer

from alerts.notify.verdicts import Widened, open_verdicts
from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.ticks import Change, Tick
from schemas.verdicts import MoveRecord, decode, encode, is_life
from streams.changing import ChangeFailed, Changing
from streams.engine.rules import Rules
from streams.engine.state import unpack
from streams.repartition_kafka import KafkaLayout
from streams.runtime.placing import partition_of
from streams.runtime.positions import Partition as Place
from streams.runtime.restore import read_to_end
from streams.settings import Engine, Kafka, Settings
from streams.topic_admin import open_admin
from tests.bench.hall import CATALOGUE, make_log
from tests.support.partition import Partition
from tests.support.system import ROOT, System, remove_topics
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka
BEFORE, TO = 4, 7
EVENTS, ROUNDS = 4000, 10


class Round:
    """What is sent, and then the time that passes."""

    def __init__(self, events, now):
        self.events, self.now = events, now


def rounds():
    """The log in rounds; of every tenth event the second half hears late, some come twice."""
    random = Random(7)
    (log,) = make_log(EVENTS, 1).steps
    size = EVENTS // ROUNDS
    parts = [log[first : first + size] for first in range(0, EVENTS, size)]
    found = [Round(part, part[-1].at) for part in parts]
    for early in found[: ROUNDS // 2]:
        for event in list(early.events):
            later = random.choice(found[ROUNDS // 2 :]).events
            if random.random() < 0.1:
                early.events.remove(event)
                later.append(event)
            elif random.random() < 0.02:
                later.append(event)
    return found


class Hall:
    """Sends the same records to the brokers and to the oracle."""

    def __init__(self, system, oracle):
        self.system, self.oracle = system, oracle
        self.ends = defaultdict(Counter)
        self.ticks = Counter()
        self.sent = Counter()
        self.learn(BEFORE)

    def learn(self, partitions):
        """Know how many partitions there are: a producer asks only now and then."""
        self.partitions = partitions
        self.producer = Producer({"bootstrap.servers": self.system.bootstrap, "linger.ms": 5})

    def send(self, topic, values):
        def delivered(error, message):
            assert error is None
            self.ends[message.partition()][topic] = message.offset() + 1

        for case_no, value in values:
            place = partition_of(case_no, self.partitions)
            self.producer.produce(topic, value, case_no, place, on_delivery=delivered)
        assert self.producer.flush(20) == 0
        if values:
            keys = [case_no.encode() for case_no, _ in values]
            chunk = self.oracle.chunk(topic, [value for _, value in values], keys=keys)
            self.oracle.logic.apply(chunk)

    def live(self, found):
        for each in found:
            self.send(topics.STEPS.name, [(e.case_no, e.value) for e in each.events])
            self.sent.update(json.loads(e.value)["event_id"] for e in each.events)
            for number in range(self.partitions):
                tick = encode(Tick(each.now, "replay", dict(self.ends[number])))
                self.producer.produce(topics.TICKS.name, tick, partition=number)
                self.ticks[number] += 1
            assert self.producer.flush(20) == 0
            self.oracle.tick(each.now, source="replay")
            self.judged()  # a tick lets more be applied than it names, and cards tell of it

    def rule(self, now):
        """Answer every other yellow card that stands by now."""
        yellow = [m for m in self.oracle.moves() if (m.move, m.level) == ("issued", "yellow")]
        assert len(yellow) > 20
        rulings = [
            {
                "ruling_id": f"r-{m.card_id}",
                "case_no": m.case_no,
                "card_id": m.card_id,
                "action": "closed",
                "actor": "o-1",
                "decided_at": datetime.fromtimestamp(now, UTC).isoformat(),
                "reason": "已核实",
            }
            for m in yellow[::2]
        ]
        self.send(topics.RULINGS.name, [(r["case_no"], json.dumps(r).encode()) for r in rulings])
        wanted = Counter(r["ruling_id"] for r in rulings)
        eventually(lambda: Counter(events(self.system, "ruling", "ruling_id")) == wanted, 30)

    def judged(self):
        """Wait until everything sent is applied: the states say how far they are."""

        def applied():
            with layout(self.system) as topics_there:
                for number in range(self.partitions):
                    inputs = topics_there.kept(number).own.inputs
                    wanted = {**self.ends[number], topics.TICKS.name: self.ticks[number]}
                    assert all(inputs[t].next >= end for t, end in wanted.items())
            return True

        eventually(applied, 60, interval=0.1, forgive=(AssertionError, AttributeError, KeyError))


def settings(system):
    return Settings(
        kafka=Kafka(bootstrap_servers=system.bootstrap),
        engine=Engine(group=f"{system.name}-engine"),
    )


class layout:  # noqa: N801 - read as a word
    """The topics of a system, as the command sees them."""

    def __init__(self, system):
        self.opened = open_admin(settings(system).kafka)
        self.system = system

    def __enter__(self):
        self.found = KafkaLayout(settings(self.system), self.opened.__enter__())
        return self.found

    def __exit__(self, *error):
        self.opened.__exit__(*error)


@pytest.fixture
def system(tmp_path, real_kafka):
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "items.yaml").write_text(CATALOGUE, encoding="utf-8")
    system = System(tmp_path, real_kafka, 9000, catalogue, embedded=False)
    remove_topics(real_kafka)
    system.run("topics")
    try:
        yield system
    finally:
        system.stop()
        remove_topics(real_kafka)


@pytest.fixture
def hall(system):
    rules = Rules.of(load_catalogue(system.catalogue))
    return Hall(system, Partition(rules, ticks_from="replay"))


def started(system):
    system.start("engine")
    system.ready("engine")


def records(system, topic):
    """Every committed record of a topic."""
    found = []
    with layout(system) as there:
        starts = {Place(topic.name, n): 0 for n in range(there.counts()[topic.name])}
        read_to_end(there._settings, starts, found.append)
    return found


def events(system, kind, name):
    """The ids of what was accepted."""
    found = (json.loads(record.value()) for record in records(system, topics.EVENTS))
    return [each[kind][name] for each in found if each["type"] == kind]


def states(layout, partitions):
    """What is kept of each case, and where; without how often it was written."""
    found = defaultdict(list)
    for number in range(partitions):
        for key, packed in layout.kept(number).cases.items():
            state = unpack(packed)
            state.revision = state.epoch = 0
            found[key.decode()].append((number, state))
    return found


def same_as_the_oracle(system, hall):
    """Nothing lost, nothing invented, nothing twice."""
    told = [r.value() for r in records(system, topics.VERDICTS)]
    moves = [decode(value, MoveRecord) for value in told if not is_life(value)]
    assert len({m.move_id for m in moves}) == len(moves)
    expected = hall.oracle.moves()
    assert len(expected) > 200
    assert Counter(m.move for m in moves) == Counter(m.move for m in expected)
    plain = [
        {msgspec.structs.replace(m, revision=0, epoch=0) for m in all_}
        for all_ in (moves, expected)
    ]
    assert plain[0] == plain[1]
    assert Counter(events(system, "event", "event_id")) == hall.sent
    own = {k.decode(): v for k, v in hall.oracle.changelog if not k.startswith(b"\x00")}
    with layout(system) as there:
        kept = states(there, hall.partitions)
    assert kept.keys() == own.keys()
    for case_no, places in kept.items():
        state = unpack(own[case_no])
        state.revision = state.epoch = 0
        assert [place for place, _ in places] == [partition_of(case_no, hall.partitions)], case_no
        found = places[0][1]
        for one, other in zip(found.entries, state.entries, strict=True):
            # The oracle's ticks name no barriers: it knows of no arrival.
            assert (one.said(), one.recorded) == (other.said(), other.recorded), case_no
        found.entries = state.entries
        for name, value in msgspec.structs.asdict(found).items():
            assert value == getattr(state, name), (case_no, name)


def killed(system, commits):
    """Begin, and die before the transaction of that number is committed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.repartitioned", str(commits), "10000",
         "repartition", "--to", str(TO)],
        cwd=ROOT, env=system.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stdout + done.stderr


def refuses_to_start(system):
    engine = system.start("engine")
    assert engine.wait(60) == 70
    assert f"a repartition to {TO} is half done" in system.log("engine").read_text()
    with layout(system) as there:
        eventually(lambda: not there.members(), 15, interval=0.3)  # its session is over
    change = Change(change_id="c", subject="calendar", made_at=0, by="o", barriers={})
    changing = Changing(settings(system))
    with pytest.raises(ChangeFailed, match=f"a repartition to {TO} is half done"):
        changing.send(change)
    changing.close()
    told = system.run("topics", "--check", code=1).stderr
    assert told.startswith(f"A repartition from {BEFORE} to {TO} partitions is half done")


TWICE = pytest.param(
    (3, 20),
    id="killed twice",
    marks=pytest.mark.skipif(
        os.environ.get("JIANCHA_FAULTS_ROUNDS") != "1",
        reason="a minute: `make faults-once`, or set JIANCHA_FAULTS_ROUNDS=1",
    ),
)


@pytest.mark.parametrize("kills", [pytest.param((), id="whole", marks=pytest.mark.long), TWICE])
def test_the_verdicts_are_those_of_an_engine_that_never_knew_of_it(kills, system, hall):
    log = rounds()
    first, second = log[: ROUNDS // 2], log[ROUNDS // 2 :]
    started(system)
    hall.live(first)
    assert "engines are in the group" in system.run("repartition", "--to", TO, code=1).stderr
    assert system.terminate("engine") == 0
    notifier, verdicts = open_verdicts(settings(system), Event(), unreadable=Event().set)
    told = system.run("repartition", "--to", TO, "--dry-run").stdout
    assert f"from {BEFORE} partitions to {TO}" in told
    for commits in kills:
        killed(system, commits)
        refuses_to_start(system)
    told = system.run("repartition", "--to", TO).stdout
    assert f"Set JIANCHA_KAFKA__PARTITIONS={TO}, and start the engines." in told
    assert "nothing to do" in system.run("repartition", "--to", TO).stdout
    system.env["JIANCHA_KAFKA__PARTITIONS"] = str(TO)
    system.run("topics", "--check")
    with layout(system) as there:
        places = states(there, TO)
    assert all(len(found) == 1 for found in places.values())
    with pytest.raises(Widened):
        eventually(lambda: verdicts.read(0.5) and False, 30)
    notifier.close(autocommit=False)
    started(system)
    hall.rule(first[-1].now)  # by a producer that does not know yet: they are sent on
    hall.learn(TO)
    hall.live(second)
    assert system.terminate("engine") == 0
    same_as_the_oracle(system, hall)


@pytest.mark.long
def test_with_records_unread_nothing_is_changed(system, hall):
    started(system)
    hall.live(rounds()[:2])
    assert system.terminate("engine") == 0
    hall.send(topics.STEPS.name, [("430102-2025-99999999", b"{}")])
    place = partition_of("430102-2025-99999999", BEFORE)
    told = system.run("repartition", "--to", TO, code=1).stderr
    assert f"hall.steps[{place}]: a record at " in told
    system.run("topics", "--check")

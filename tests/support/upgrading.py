"""For the test of an upgrade: a catalogue of two samples, halls that send, and what must follow."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import yaml
from confluent_kafka import Consumer, Producer, TopicPartition

from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.ticks import Tick, read_tick
from schemas.verdicts import CaseRecord, MoveRecord, decode, encode, is_life
from streams.engine.rules import Rules
from streams.runtime.logic import PARTITION_KEY, RESERVED, CasePartition, PartitionState
from tests.bench.loop import chunks_of
from tests.faults.oracle import facts, names_of
from tests.support.boston import SAMPLE as BOSTON
from tests.support.partition import Counted
from tests.support.reader import Reader
from tests.support.system import PARTITIONS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HUNAN = ROOT / "deploy/samples/hunan"
INPUTS = (topics.STEPS.name, topics.RULINGS.name)


def joined_catalogue(folder: Path) -> Path:
    """Write a catalogue of both samples that 0.1.0 can live with: without posts and `sources`.

    A step with a post that comes before the first tick ends it at every start, and it does not know
    who speaks for whom.
    """
    (folder / "calendars").mkdir(parents=True)
    items = read(HUNAN, "items")
    for item in items["items"]:
        for version in item["versions"]:
            for step in version.get("flow", ()):
                step.pop("post", None)
    write(folder, "items", items)
    write(folder, "boston-items", read(BOSTON, "items"))
    hunan, places = read(HUNAN, "places"), read(BOSTON, "places")
    for each in (hunan, places):
        del each["sources"]
    write(folder, "places", hunan)
    policy = places.pop("policy")
    del places["name"]
    for region in places["regions"]:
        region["policy"] = policy
    write(folder, "boston-places", places)
    for sample, name in ((HUNAN, "hunan"), (BOSTON, "boston-311")):
        text = (sample / f"catalogue/calendars/{name}.yaml").read_text("utf-8")
        (folder / f"calendars/{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def read(sample, name):
    return yaml.safe_load((sample / f"catalogue/{name}.yaml").read_text(encoding="utf-8"))


def write(folder, name, content):
    text = yaml.safe_dump(content, allow_unicode=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


class Halls:
    """Whoever sends: halls, the bureau, and the time that passes."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "acks": "all"}
        )
        self.reader = Reader(bootstrap, PARTITIONS)
        self._asking, self._states = self._consumer("tests-ask"), self._consumer("tests-states")
        state = topics.CASE_STATE.name
        self._states.assign([TopicPartition(state, p, 0) for p in range(PARTITIONS)])
        self._own: dict[int, PartitionState] = {}

    def _consumer(self, group: str) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
            }
        )

    def send(self, topic: str, *records: tuple[str, bytes], partition: int = -1) -> None:
        """Send records, each with its key."""
        for key, value in records:
            self._producer.produce(topic, value, key.encode(), partition)
            self._producer.poll(0)
        assert self._producer.flush(30) == 0

    def tick(self, now: int) -> None:
        """Let time reach a moment, once everything that was sent is applied."""
        for partition in range(PARTITIONS):
            named = {topic: self.end(topic, partition) for topic in INPUTS}
            self.pass_on(partition, encode(Tick(now, "replay", named)))

    def pass_on(self, partition: int, raw: bytes) -> None:
        """Send a tick, or a change, to one partition."""
        self.send(topics.TICKS.name, ("", raw), partition=partition)

    def reached(self, now: int) -> bool:
        """Tell whether every partition's state says that it has come to a moment."""
        for message in self._states.consume(10_000, 0.1):
            if message.error() is None and message.key() == PARTITION_KEY:
                self._own[message.partition()] = decode(message.value(), PartitionState)
        return [self._own[p].now for p in sorted(self._own)] == [now] * PARTITIONS and not any(
            kept.passing or kept.sweep for kept in self._own.values()
        )

    def close(self) -> None:
        self._states.close()
        self._asking.close()

    def end(self, topic: str, partition: int) -> int:
        return self._asking.get_watermark_offsets(TopicPartition(topic, partition), 30)[1]

    def unread(self, group: str, topic: str) -> int:
        """Count what a group has not read of a topic, marks of transactions among it."""
        consumer = self._consumer(group)
        asked = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        read_to = {tp.partition: max(tp.offset, 0) for tp in consumer.committed(asked, 30)}
        consumer.close()
        return sum(self.end(topic, p) - read_to[p] for p in range(PARTITIONS))


class Left:
    """What an engine of an earlier release left when it stopped: its state, and where it was."""

    def __init__(self, reader: Reader) -> None:
        found = list(reader.read(topics.CASE_STATE.name))
        self.state = [(m.partition(), m.key(), m.value()) for m in found]
        self.said: dict[int, int] = defaultdict(int)
        """By partition: the first offset of what it has not said."""
        for message in reader.read(topics.VERDICTS.name):
            self.said[message.partition()] = message.offset() + 1


class Oracle:
    """This tree's engine over what an earlier one left: what an undisturbed worker says of it.

    What the earlier release had judged it judged by its own law, and that stays on record.
    """

    def __init__(self, reader: Reader, catalogue: Path, left: Left) -> None:
        self.reader, self.left = reader, left
        rules = Rules.of(load_catalogue(catalogue))
        self.metrics = Counted()
        self.logics = [self._logic(number, rules) for number in range(PARTITIONS)]
        self.moves: dict[str, list[tuple]] = defaultdict(list)
        for number, key, value in left.state:
            self.logics[number].restore(key, value)
        logs = {topic.name: list(reader.read(topic.name)) for topic in topics.INPUTS}
        for number in range(PARTITIONS):
            ours = {n: [m for m in log if m.partition() == number] for n, log in logs.items()}
            self._live(self.logics[number], ours)

    def _logic(self, number: int, rules: Rules) -> CasePartition:
        return CasePartition(
            number, PARTITIONS, rules, self.metrics, ticks_from="replay", slice_cases=sys.maxsize
        )

    def _live(self, logic: CasePartition, logs: dict[str, list]) -> None:
        """Give a partition what each tick waited for, and then the tick."""
        logic.restored({})
        logs = {n: [m for m in log if m.offset() >= logic.applied(n)] for n, log in logs.items()}
        for tick in logs[topics.TICKS.name]:
            barriers = read_tick(tick.value()).barriers
            for topic in INPUTS:
                due = [m for m in logs[topic] if m.offset() < barriers[topic]]
                logs[topic] = logs[topic][len(due) :]
                for chunk in chunks_of(due):
                    logic.apply(chunk)
                logic.advance(topic, barriers[topic])
            for chunk in chunks_of([tick]):
                logic.apply(chunk)
            self._take(logic)
        assert not any(logs[topic] for topic in INPUTS)

    def _take(self, logic: CasePartition) -> None:
        more = True
        while more:
            batch = logic.take()
            more = batch.more
            for output in batch.outputs:
                if output.topic == topics.VERDICTS.name and not is_life(output.value):
                    self._said(decode(output.value, MoveRecord))

    def _said(self, move: MoveRecord) -> None:
        self.moves[move.card_id].append(said(move))

    def check(self) -> None:
        """Hold the verdicts and the state against it."""
        told: dict[str, list[tuple]] = defaultdict(list)
        for move in moves_of(self.reader, self.left.said):
            told[move.card_id].append(said(move))
        kinds = {move for moves in told.values() for (_, _, _, _, move, *_) in moves}
        assert {"issued", "resolved"} <= kinds
        assert told == self.moves
        states = [self._logic(n, logic._cases._rules_of("")) for n, logic in enumerate(self.logics)]
        for message in self.reader.read(topics.CASE_STATE.name):
            states[message.partition()].restore(message.key(), message.value())
        for theirs, ours in zip(states, self.logics, strict=True):
            theirs.restored({})
            names = names_of(ours)
            assert names_of(theirs) == names
            assert {n: facts(theirs, n) for n in names} == {n: facts(ours, n) for n in names}


def moves_of(reader: Reader, since: Mapping[int, int] | None = None) -> list[MoveRecord]:
    """Give the moves from an offset on, by partition; all, where none is given.

    From 0.2.0 on the topic also says when a life has caught up.
    """
    first = since or {}
    found = reader.read(topics.VERDICTS.name)
    values = [m.value() for m in found if m.offset() >= first.get(m.partition(), 0)]
    return [decode(value, MoveRecord) for value in values if not is_life(value)]


def said(move: MoveRecord) -> tuple:
    return (
        move.case_no, move.clock_id, str(move.level), move.move_no, move.move, move.reason, move.at,
        move.holds_from, move.due_at, move.active, move.rule,
    )  # fmt: skip


def history_is_the_state(system, reader: Reader) -> None:
    """Hold the tables against what the topics say last."""
    cases: dict[str, CaseRecord] = {}
    for message in reader.read(topics.CASES.name):
        record = decode(message.value(), CaseRecord)
        if record.case_no not in cases or cases[record.case_no].revision < record.revision:
            cases[record.case_no] = record
    rows = system.ask("SELECT case_no, revision, toString(level), events FROM v_cases")
    assert sorted(rows) == sorted(
        (case.case_no, case.revision, str(case.level), case.events) for case in cases.values()
    )
    asked = "case_no, clock_id, toUnixTimestamp(due_at), toString(level)"
    assert sorted(system.ask(f"SELECT {asked} FROM v_clocks")) == sorted(
        (case.case_no, clock.clock_id, clock.due_at, str(clock.level))
        for case in cases.values()
        for clock in case.clocks
    )
    moves = moves_of(reader)
    found = system.ask("SELECT card_id, move_no, toString(move) FROM v_card_history")
    assert sorted(found) == sorted((m.card_id, m.move_no, m.move) for m in moves)
    states = {
        message.key().decode()
        for message in reader.read(topics.CASE_STATE.name)
        if not message.key().startswith(RESERVED)
    }
    assert states == set(cases)

"""Drive one partition's logic by hand: records in, what it writes out."""

from __future__ import annotations

import sys
from collections import Counter

from schemas import topics
from schemas.events import STEP_EVENT
from schemas.ticks import Tick
from schemas.verdicts import CaseRecord, LifeRecord, MoveRecord, decode, encode, is_life
from streams.runtime.logic import CasePartition
from streams.runtime.placing import partition_of
from streams.runtime.ports import Chunk, InputTopic

INPUTS = {topic.name: InputTopic(None, 0, 1 << 40) for topic in topics.INPUTS}


class Counted:
    """The engine's metrics, as counts."""

    def __init__(self):
        self.seen = Counter()
        self.cases = {}
        self.waiting = 0
        self.now = 0

    def accepted(self, source, *, repeated):
        self.seen["repeated" if repeated else "accepted", source] += 1

    def refused(self, source, reason):
        self.seen["refused", source, reason] += 1

    def misplaced(self, source, what):
        self.seen["misplaced", source, what] += 1

    def moved(self, move):
        self.seen[move.move, str(move.level)] += 1

    def tick_refused(self, reason):
        self.seen["tick_refused", reason] += 1

    def changed(self, subject, result):
        self.seen["changed", subject, result] += 1

    def in_force(self, _partition, rules):
        self.rules = rules

    def partition(self, _partition, now, waiting, cases, left):
        self.now, self.waiting, self.cases, self.left = now, waiting, +cases, left

    def set_aside(self, _partition, names):
        self.aside = names

    def held(self, _partition, in_memory, in_cold_store):
        self.in_memory, self.in_cold_store = in_memory, in_cold_store


class Partition:
    """A partition's logic with its own topics, and a changelog that survives it.

    A tick judges all that is due at once, unless `slice_cases` says otherwise.
    """

    def __init__(
        self, rules, *, number=None, partitions=1, inputs=INPUTS, changelog=(), began=0, **more
    ):
        self.rules, self.partitions = rules, partitions
        self.number = 0 if number is None else number
        self.metrics = Counted()
        more = {"slice_cases": sys.maxsize, **more}
        self.logic = CasePartition(self.number, partitions, rules, self.metrics, **more)
        self.changelog = list(changelog)
        self.outputs = []
        self.next = Counter()
        for key, value in self.changelog:
            self.logic.restore(key, value)
        self.logic.restored(inputs, began)

    def chunk(self, topic, values, *, keys=None, headers=None, timestamp=0):
        first = self.next[topic]
        self.next[topic] += len(values)
        return Chunk(
            topic,
            self.number,
            range(first, first + len(values)),
            keys or [None] * len(values),
            values,
            [timestamp] * len(values),
            headers or [()] * len(values),
        )

    def feed(self, *events, keyed=True):
        values = [e if isinstance(e, bytes) else STEP_EVENT.dump_json(e) for e in events]
        keys = [e.case_no.encode() if keyed and not isinstance(e, bytes) else None for e in events]
        return self.logic.apply(self.chunk(topics.STEPS.name, values, keys=keys))

    def tick(self, now, *, source="worker", barriers=None, timestamp=None):
        value = encode(Tick(now, source, barriers or {}))
        stamp = now * 1000 if timestamp is None else timestamp
        return self.logic.apply(self.chunk(topics.TICKS.name, [value], timestamp=stamp))

    def take(self):
        batch = self.logic.take()
        self.changelog += batch.state
        self.outputs += batch.outputs
        return batch

    def moves(self):
        """Every card move written so far."""
        self.take()
        return [
            decode(o.value, MoveRecord)
            for o in self.outputs
            if o.topic == topics.VERDICTS.name and not is_life(o.value)
        ]

    def lives(self):
        """Every life told so far."""
        return [
            decode(o.value, LifeRecord) for o in self.written(topics.VERDICTS) if is_life(o.value)
        ]

    def cases(self):
        """The latest record of each case."""
        self.take()
        found = [decode(o.value, CaseRecord) for o in self.outputs if o.topic == topics.CASES.name]
        return {record.case_no: record for record in found}

    def written(self, topic):
        self.take()
        return [o for o in self.outputs if o.topic == topic.name]


def elsewhere(partitions, here=0):
    """A case number whose place is another partition, and that partition."""
    for n in range(1000):
        name = f"case-{n}"
        if (place := partition_of(name, partitions)) != here:
            return name, place
    raise AssertionError


def restarted(partition, **more):
    """The same partition in another process: only the changelog is left."""
    fresh = Partition(
        partition.rules,
        number=partition.number,
        partitions=partition.partitions,
        changelog=partition.changelog,
        **more,
    )
    fresh.next = Counter({t.name: fresh.logic.applied(t.name) for t in topics.INPUTS})
    return fresh

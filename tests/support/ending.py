"""A partition that ends and is started again, as a supervisor does, until all is applied."""

from __future__ import annotations

from collections import Counter

from schemas import topics
from schemas.events import STEP_EVENT
from schemas.ticks import Retry, Tick
from schemas.verdicts import encode
from streams.runtime.logic import RESERVED
from streams.runtime.ports import Chunk, Fault
from tests.support.partition import Partition

MOST_ENDS = 50


class Ending:
    """Input that stays in its topics, state and output that are durable, and the ends so far.

    What is read together stays together: a chunk that ended a process is read again as it was.
    """

    def __init__(self, law, **more):
        self.law, self.more = law, more
        self.chunks = []
        self.next = Counter()
        self.state, self.outputs, self.ends = [], [], []
        self.partition = None

    # -- what comes in --------------------------------------------------------------------------

    def send(self, topic, *values, keys=None):
        first = self.next[topic]
        self.next[topic] += len(values)
        offsets = range(first, first + len(values))
        headers = [()] * len(values)
        keys = keys or [None] * len(values)
        self.chunks.append(Chunk(topic, 0, offsets, keys, values, self.stamps(values), headers))

    def stamps(self, values):
        return [self.now * 1000 for _ in values]

    now = 0

    def events(self, *events):
        values = [STEP_EVENT.dump_json(event) for event in events]
        self.send(topics.STEPS.name, *values, keys=[e.case_no.encode() for e in events])

    def tick(self, now):
        self.now = now
        barriers = {topics.STEPS.name: self.next[topics.STEPS.name]}
        self.send(topics.TICKS.name, encode(Tick(now, "worker", barriers)))

    def retry(self, case_no):
        self.send(topics.TICKS.name, encode(Retry(case_no=case_no, made_at=0, by="ops")))

    # -- the life of it -------------------------------------------------------------------------

    def run(self):
        """Apply everything, over as many starts as it takes; give the faults."""
        for _ in range(MOST_ENDS):
            try:
                self._live()
            except Fault as fault:
                self.ends.append(fault)
                self.state += fault.last.state
                self.outputs += fault.last.outputs
                continue
            return self.ends
        raise AssertionError(self.ends[-1].told)

    def _live(self):
        self.partition = Partition(self.law, changelog=self.state, **self.more)
        logic = self.partition.logic
        applied = {t.name: logic.applied(t.name) for t in topics.INPUTS}
        for chunk in self.chunks:
            if chunk.offsets[-1] >= applied[chunk.topic]:
                logic.apply(chunk)
                self._take()
        self._take()  # a sweep may have begun by itself

    def _take(self):
        more = True
        while more:
            batch = self.partition.logic.take()
            self.state += batch.state
            self.outputs += batch.outputs
            more = batch.more

    def written(self, topic):
        return [output for output in self.outputs if output.topic == topic.name]

    def of_cases(self, but=""):
        """The state of every case but one, and all that was told of them, as bytes."""
        state = {k: v for k, v in dict(self.state).items() if not k.startswith(RESERVED)}
        state.pop(but.encode(), None)
        told = [o for o in self.outputs if o.key != but.encode() and o.topic != topics.TICKS.name]
        return state, sorted((o.topic, o.key or b"", o.value) for o in told)

"""The bench's topics on the broker: made, filled with the log, emptied, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from confluent_kafka.admin import AdminClient

from schemas import topics
from schemas.verdicts import CaseRecord, MoveRecord, decode
from streams.runtime.logic import RESERVED
from tests.bench.filling import make
from tests.bench.live import Sender
from tests.support.reader import Reader
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.topics import Topic
    from tests.bench.hall import Log

TIMEOUT: Final = 30.0
DERIVED: Final = tuple(
    topic for topic in topics.ALL if topic.co_partitioned and topic not in topics.INPUTS
)


class Outcome(NamedTuple):
    """What a run left behind, as far as it may not depend on how the log was cut into batches."""

    events: int
    cases: dict[str, tuple[Any, ...]]
    """Of each case: what is known of it, and each clock's start, due moment and stop."""
    cards: frozenset[str]


class Broker:
    """A broker that holds the log, and a run's outputs until the next."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.bootstrap, self.partitions = bootstrap, partitions
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})

    def fill(self, log: Log) -> None:
        """Make the input topics and put the log in."""
        self._create(topics.INPUTS)
        self.put(log)

    def put(self, log: Log) -> None:
        """Put the log into the input topics. Raises TimeoutError when the broker is too slow."""
        sender = Sender(self.bootstrap, linger=20)
        for partition, (steps, ticks) in enumerate(zip(log.steps, log.ticks, strict=True)):
            for event in steps:
                sender.send(topics.STEPS.name, event.value, event.case_no, partition)
            for tick in ticks:
                sender.send(topics.TICKS.name, tick, None, partition)
        sender.flush()

    def empty_outputs(self) -> None:
        """Make the topics that a run writes anew."""
        self._anew(DERIVED)

    def empty(self) -> None:
        """Make all topics anew: the log has to be put in again."""
        self._anew((*topics.INPUTS, *DERIVED))

    def _anew(self, wanted: Sequence[Topic]) -> None:
        old = self._known(wanted)
        if old:
            for deleted in self._admin.delete_topics(old).values():
                deleted.result(TIMEOUT)
        eventually(lambda: not self._known(wanted), TIMEOUT)
        self._create(wanted)

    def outcome(self) -> Outcome:
        """Read back what a run has committed."""
        reader = Reader(self.bootstrap, self.partitions)
        latest: dict[str, CaseRecord] = {}
        for message in reader.read(topics.CASES.name):
            record = decode(message.value(), CaseRecord)
            known = latest.get(record.case_no)
            if known is None or (known.epoch, known.revision) < (record.epoch, record.revision):
                latest[record.case_no] = record
        moves = [
            decode(message.value(), MoveRecord)
            for message in reader.read(topics.VERDICTS.name)
            if not message.key().startswith(RESERVED)
        ]
        return Outcome(
            sum(
                not message.key().startswith(RESERVED)
                for message in reader.read(topics.EVENTS.name)
            ),
            {case_no: _facts(record) for case_no, record in latest.items()},
            frozenset(move.card_id for move in moves),
        )

    def _known(self, wanted: Sequence[Topic]) -> list[str]:
        known = self._admin.list_topics(timeout=TIMEOUT).topics
        return [topic.name for topic in wanted if topic.name in known]

    def _create(self, wanted: Sequence[Topic]) -> None:
        make(self.bootstrap, {topic.name: topic.config() for topic in wanted}, self.partitions)


def _facts(record: CaseRecord) -> tuple[Any, ...]:
    clocks = [(c.clock_id, c.started_at, c.due_at, c.stopped_at) for c in record.clocks]
    happened = (record.received_at, record.accepted_at, record.decided_at, record.finished_at)
    return (record.events, happened, record.outcome, record.step, clocks)

"""The sink's loop: read, gather, seal, insert, and only then commit.

While ClickHouse is away the sealed batch is tried again for ever, unchanged; the consumer is paused
and still polled, so that it stays a member of its group and nothing is read that cannot be kept.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog
from kafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from streams.kafka_access import CannotReadOn, denial
from streams.kafka_clients import Steady
from streams.sink.backoff import backoff
from streams.sink.batches import Partition, without
from streams.sink.errors import Kind, kind_of, words
from streams.sink.inserts import SchemaDiffers, TooManyRefused
from streams.sink.offsets import HistoryGap
from streams.sink.rows import TOPICS, Undecodable, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from streams.sink.batches import Batch, Batcher
    from streams.sink.inserts import Writer
    from streams.sink.letters import Letters
    from streams.sink.metrics import SinkMetrics
    from streams.sink.offsets import Offsets

POLL_SECONDS: Final = 0.2
POLL_RECORDS: Final = 5_000
COMMIT_SECONDS: Final = 2.0
REPORT_EVERY: Final = 2.0
STAND_EVERY: Final = 10.0
"""Between two looks whether the history is still there, in seconds, while nothing comes."""
STALL_SECONDS: Final = 60.0

Rebalance = tuple[Literal["assigned", "lost"], set[Partition]]
"""All that is ours after a rebalance, or what the group took away while we were silent."""

log = structlog.get_logger(__name__)


class Stalled(CannotReadOn):
    """Raised when the consumer reads nothing although records wait."""


class Sink:
    """Moves records from a consumer to ClickHouse; for one thread.

    `monotonic` and `wall` give seconds, the latter since the epoch; `chance` a number in [0, 1).
    Without `offsets` the history is not held against the group, and nothing is written beside the
    rows: the embedded broker cannot tell one topic from the next of its name.
    """

    def __init__(  # noqa: PLR0913 - its parts
        self,
        consumer: Any,
        writer: Writer,
        letters: Letters,
        batcher: Batcher,
        metrics: SinkMetrics,
        *,
        offsets: Offsets | None = None,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._consumer = consumer
        self._steady = Steady(consumer, clock=monotonic)
        self._writer = writer
        self._letters = letters
        self._batcher = batcher
        self._metrics = metrics
        self._monotonic, self._wall, self._chance = monotonic, wall, chance
        self._offsets = offsets
        self._unchecked: set[Partition] = set()
        """Ours, and not yet held against the history: nothing of them is inserted."""
        self._rebalances: deque[Rebalance] = deque()
        self._sealed: Batch | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._uncommitted: dict[Partition, int] = {}
        self._report_at = 0.0
        self._stand_at = monotonic() + STAND_EVERY
        self._moved_at = monotonic()

    def subscribe(self) -> None:
        """Say what is to be read; the group is joined by the first step."""
        self._consumer.subscribe(topics=list(TOPICS), listener=_Listener(self._rebalances))

    def step(self) -> None:
        """Read for a moment, or wait for the next attempt; insert what is due.

        Raises HistoryGap where the history lacks what the group has read.
        """
        if self._sealed is None and not self._unchecked:
            self._consumer.resume(*self._consumer.paused())
            self._read(POLL_SECONDS)
            if self._batcher.due(self._monotonic()):
                self._sealed = self._batcher.seal()
        else:
            self._consumer.pause(*self._consumer.assignment())
            self._read(min(POLL_SECONDS, max(0.0, self._retry_at - self._monotonic())))
        if self._sealed is not None and self._may_insert():
            self._insert(self._sealed)
        elif self._monotonic() >= max(self._retry_at, 0 if self._unchecked else self._stand_at):
            self._compare()
        self._commit()
        self._report()

    def finish(self) -> None:
        """Insert and commit what is gathered, unless inserting fails just now.

        What is not inserted is not committed, and will be read again.
        """
        while not self._failures and not self._unchecked:
            self._sealed = self._sealed or self._batcher.seal()
            if self._sealed is None:
                break
            self._insert(self._sealed)
        self._commit()

    def _may_insert(self) -> bool:
        return not self._unchecked and self._monotonic() >= self._retry_at

    def _compare(self) -> None:
        """Hold what is newly ours against the history, before anything of it is inserted.

        Where nothing is, see that the history is still there, though nothing comes for it.
        """
        self._stand_at = self._monotonic() + STAND_EVERY
        if self._offsets is None:
            return
        try:
            if self._unchecked:
                self._offsets.check(self._unchecked, adopt=True)
            else:
                self._offsets.stand()
        except HistoryGap:
            raise
        except Exception as error:  # noqa: BLE001 - sorted out there, or raised again
            self._put_off(error)
            return
        self._unchecked.clear()
        self._failures, self._retry_at = 0, 0.0

    def _read(self, seconds: float) -> None:
        polled = self._steady.poll(seconds, POLL_RECORDS)
        self._settle_rebalances()
        now = self._monotonic()
        if polled:
            self._moved_at = now
        for records in polled.values():
            for record in records:
                try:
                    rows = rows_of(record)
                except Undecodable as error:
                    self._batcher.refuse(record, words(error), now)
                else:
                    self._batcher.add(record, rows, now)

    def _settle_rebalances(self) -> None:
        """Drop what came from partitions that are no longer ours.

        Whoever has them now reads from the commit. What is ours still must stay: kafka-python goes
        on from its position in a partition that was revoked and given back, and does not go back to
        the commit, as other clients do.
        """
        while self._rebalances:
            kind, partitions = self._rebalances.popleft()
            if self._offsets is not None:
                self._unchecked = set(partitions) if kind == "assigned" else set()
            held = self._batcher.partitions() | self._uncommitted.keys()
            if self._sealed is not None:
                held |= self._sealed.offsets.keys()
            gone = held & partitions if kind == "lost" else held - partitions
            self._batcher.forget(gone)
            if self._sealed is not None:
                self._sealed = without(self._sealed, gone)
            for partition in gone:
                self._uncommitted.pop(partition, None)

    def _insert(self, batch: Batch) -> None:
        started = self._monotonic()
        try:
            if self._offsets is not None:
                self._offsets.stand()
            refused = [*batch.refused, *self._writer.write(batch)]
            self._letters.send(refused)
            if self._offsets is not None:
                self._offsets.keep(batch.offsets)
        except HistoryGap:
            raise
        except Exception as error:  # noqa: BLE001 - sorted out there, or raised again
            self._put_off(error)
            return
        for each in refused:
            self._metrics.poisoned(each.what, 1)
            log.error(
                "refused", what=each.what, why=each.why, topic=each.record.topic,
                partition=each.record.partition, offset=each.record.offset,
            )  # fmt: skip
        self._metrics.batch(self._monotonic() - started, self._wall())
        self._sealed, self._failures, self._retry_at = None, 0, 0.0
        self._uncommitted.update(batch.offsets)

    def _put_off(self, error: Exception) -> None:
        """Set the next attempt; raise what no attempt will cure, a fault of our own."""
        if denial(error):
            raise error
        if isinstance(error, KafkaError):
            reason = "kafka"
        elif isinstance(error, SchemaDiffers | TooManyRefused):
            reason = Kind.OPERATOR
        elif (reason := kind_of(error)) is Kind.DATA:
            raise error
        self._failures += 1
        wait = backoff(self._failures, self._chance)
        self._retry_at = self._monotonic() + wait
        self._metrics.retried(str(reason))
        log.warning("not inserted", reason=str(reason), error=words(error), again_in=round(wait, 1))

    def _commit(self) -> None:
        if not self._uncommitted:
            return
        offsets = {
            TopicPartition(*partition): OffsetAndMetadata(offset, "", -1)
            for partition, offset in self._uncommitted.items()
        }
        try:
            self._consumer.commit(offsets, timeout_ms=round(COMMIT_SECONDS * 1000))
        except KafkaError as error:
            if denial(error):
                raise
            # It is in ClickHouse; to read it again is harmless. A later commit includes it.
            self._metrics.retried("commit")
            log.warning("not committed", error=words(error))
        else:
            self._uncommitted.clear()

    def _report(self) -> None:
        """Tell every few seconds how far each topic is behind."""
        if self._monotonic() < self._report_at:
            return
        self._report_at = self._monotonic() + REPORT_EVERY
        assigned = list(self._consumer.assignment())
        try:
            ends = self._consumer.end_offsets(assigned, timeout_ms=round(COMMIT_SECONDS * 1000))
            positions = {tp: self._consumer.position(tp, timeout_ms=100) for tp in assigned}
        except KafkaError as error:
            if denial(error):
                raise
            log.warning("lag unknown", error=words(error))
            return
        unread = dict.fromkeys(TOPICS, 0)
        for tp, position in positions.items():
            unread[tp.topic] += max(0, ends[tp] - position) if position is not None else 0
        for topic, waiting in unread.items():
            held = self._batcher.records_of(topic)
            sealed = 0 if self._sealed is None else self._sealed.records_of(topic)
            self._metrics.lag(topic, waiting + held + sealed)
        self._watch(sum(unread.values()))

    def _watch(self, unread: int) -> None:
        """End a consumer that has fallen silent; a new process begins at the commit.

        kafka-python can lose the end of a rebalance that its metadata caused, and then never reads
        again, without an error.
        """
        now = self._monotonic()
        if not unread or self._sealed is not None:
            self._moved_at = now
        elif now - self._moved_at > STALL_SECONDS:
            raise Stalled(f"{unread} records wait, and none was read for {STALL_SECONDS:g} s")


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what a rebalance brought. It is called on the client's thread: the loop acts on it."""

    def __init__(self, rebalances: deque[Rebalance]) -> None:
        self._rebalances = rebalances

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        """Do nothing: they may be given back, see `_settle_rebalances`."""

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        """Note what is ours now."""
        self._rebalances.append(("assigned", {Partition(*tp) for tp in assigned}))

    def on_partitions_lost(self, lost: Collection[Any]) -> None:
        """Note that the group went on without us; what is given back begins at the commit."""
        self._rebalances.append(("lost", {Partition(*tp) for tp in lost}))

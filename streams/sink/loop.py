"""The sink's loop: read, gather, seal, insert, and only then commit.

While ClickHouse is away the sealed batch is tried again for ever, unchanged; the consumer is paused
and still polled, so that it stays a member of its group and nothing is read that cannot be kept.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import structlog
from kafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from streams.sink.backoff import backoff
from streams.sink.batches import Partition, without
from streams.sink.errors import Kind, kind_of, words
from streams.sink.inserts import SchemaDiffers, TooManyRefused
from streams.sink.rows import TOPICS, Undecodable, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from streams.sink.batches import Batch, Batcher
    from streams.sink.inserts import Writer
    from streams.sink.letters import Letters
    from streams.sink.metrics import SinkMetrics

POLL_SECONDS: Final = 0.2
POLL_RECORDS: Final = 5_000
COMMIT_SECONDS: Final = 2.0
REPORT_EVERY: Final = 2.0

log = structlog.get_logger(__name__)


class Sink:
    """Moves records from a consumer to ClickHouse; for one thread.

    `monotonic` and `wall` give seconds, the latter since the epoch; `chance` a number in [0, 1).
    """

    def __init__(
        self,
        consumer: Any,
        writer: Writer,
        letters: Letters,
        batcher: Batcher,
        metrics: SinkMetrics,
        *,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._consumer = consumer
        self._writer = writer
        self._letters = letters
        self._batcher = batcher
        self._metrics = metrics
        self._monotonic, self._wall, self._chance = monotonic, wall, chance
        self._revoked: deque[Collection[Any]] = deque()
        self._sealed: Batch | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._uncommitted: dict[Partition, int] = {}
        self._report_at = 0.0

    def subscribe(self) -> None:
        """Join the group."""
        self._consumer.subscribe(topics=list(TOPICS), listener=_Revocations(self._revoked))

    def step(self) -> None:
        """Read for a moment, or wait for the next attempt; insert what is due."""
        if self._sealed is None:
            self._consumer.resume(*self._consumer.paused())
            self._read(POLL_SECONDS)
            if self._batcher.due(self._monotonic()):
                self._sealed = self._batcher.seal()
        else:
            self._consumer.pause(*self._consumer.assignment())
            self._read(min(POLL_SECONDS, max(0.0, self._retry_at - self._monotonic())))
        if self._sealed is not None and self._monotonic() >= self._retry_at:
            self._insert(self._sealed)
        self._commit()
        self._report()

    def finish(self) -> None:
        """Insert and commit what is gathered, unless inserting fails just now.

        What is not inserted is not committed, and will be read again.
        """
        while not self._failures:
            self._sealed = self._sealed or self._batcher.seal()
            if self._sealed is None:
                break
            self._insert(self._sealed)
        self._commit()

    def _read(self, seconds: float) -> None:
        polled = self._consumer.poll(timeout_ms=round(seconds * 1000), max_records=POLL_RECORDS)
        self._forget_revoked()
        now = self._monotonic()
        for records in polled.values():
            for record in records:
                try:
                    rows = rows_of(record)
                except Undecodable as error:
                    self._batcher.refuse(record, words(error), now)
                else:
                    self._batcher.add(record, rows, now)

    def _forget_revoked(self) -> None:
        """Drop what came from revoked partitions: whoever has them now reads from the commit."""
        while self._revoked:
            partitions = [Partition(*tp) for tp in self._revoked.popleft()]
            self._batcher.forget(partitions)
            if self._sealed is not None:
                self._sealed = without(self._sealed, partitions)
            for partition in partitions:
                self._uncommitted.pop(partition, None)

    def _insert(self, batch: Batch) -> None:
        started = self._monotonic()
        try:
            refused = [*batch.refused, *self._writer.write(batch)]
            self._letters.send(refused)
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
            log.warning("lag unknown", error=words(error))
            return
        for topic in TOPICS:
            unread = sum(
                max(0, ends[tp] - position)
                for tp, position in positions.items()
                if tp.topic == topic and position is not None
            )
            held = self._batcher.records_of(topic)
            sealed = 0 if self._sealed is None else self._sealed.records_of(topic)
            self._metrics.lag(topic, unread + held + sealed)


class _Revocations(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what is revoked. It is called on the client's own thread: the loop acts on it."""

    def __init__(self, revoked: deque[Collection[Any]]) -> None:
        self._revoked = revoked

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        """Note partitions that another member may get."""
        self._revoked.append(tuple(revoked))

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        """Do nothing: reading begins at the commit."""

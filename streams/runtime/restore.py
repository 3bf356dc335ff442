"""Reading partitions' state back from the changelog, before their first record.

Faust's own recovery took 42.7 s for what takes 2 s here, can wait for ever on a compacted
tombstone, and swallows errors.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import confluent_kafka
import structlog

from streams.runtime.ports import Fatal
from streams.runtime.positions import Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.runtime.ports import RuntimeSettings

BATCH: Final = 10_000  # records a call
WAIT: Final = 0.03  # seconds a call waits for more, at the tail too
REPORT_EVERY: Final = 5.0  # seconds between two lines of progress

log = structlog.get_logger(__name__)


class Restorable(Protocol):
    """What a state is given to."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record."""


def restore(
    settings: RuntimeSettings,
    logics: Mapping[int, Restorable],
    abandoned: Callable[[], bool],
    connect: Callable[[dict[str, Any]], Any] = confluent_kafka.Consumer,
) -> int | None:
    """Give each partition's logic its changelog to the end; return the number of records.

    Blocks: use a thread. Ends early with None once `abandoned` (a newer rebalance). It may take as
    long as it takes, but raises Fatal after `restore_stall` seconds without a record.
    """

    def take(message: Any) -> None:
        logics[message.partition()].restore(message.key(), message.value())

    starts = {Partition(settings.state_topic, number): 0 for number in logics}
    return read_to_end(settings, starts, take, abandoned, connect)


def read_to_end(
    settings: RuntimeSettings,
    starts: Mapping[Partition, int],
    take: Callable[[Any], None],
    abandoned: Callable[[], bool] = lambda: False,
    connect: Callable[[dict[str, Any]], Any] = confluent_kafka.Consumer,
) -> int | None:
    """Give every committed record from some offsets to the ends, as `restore` does."""
    consumer = connect(_configuration(settings))
    try:
        consumer.assign([confluent_kafka.TopicPartition(*tp, at) for tp, at in starts.items()])
        return _read(settings, consumer, set(starts), take, abandoned)
    finally:
        consumer.close()


def _read(
    settings: RuntimeSettings,
    consumer: Any,
    waiting: set[Partition],
    take: Callable[[Any], None],
    abandoned: Callable[[], bool],
) -> int | None:
    records = 0
    trouble = "no answer"
    began = reported = moved = time.monotonic()
    while waiting:
        if abandoned():
            return None
        messages = consumer.consume(BATCH, WAIT)
        now = time.monotonic()
        for message in messages:
            error = message.error()
            if error is None:
                take(message)
                records += 1
                moved = now
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:  # noqa: SLF001
                waiting.discard(Partition(message.topic(), message.partition()))
                moved = now
            elif error.code() == confluent_kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED:
                refused = confluent_kafka.KafkaException(error)
                raise Fatal(f"the state cannot be read: {error.str()}") from refused
            else:  # the client goes on trying by itself
                trouble = error.str()
        if now - moved > settings.restore_stall:
            left = ", ".join(str(tp.partition) for tp in sorted(waiting))
            raise Fatal(
                f"restoring partitions {left} stood still for {settings.restore_stall:.0f} s: "
                f"{trouble}"
            )
        if now - reported > REPORT_EVERY:
            reported = now
            rate = round(records / (now - began))
            log.info("restoring", records=records, rate=rate, partitions_left=len(waiting))
    return records


def _configuration(settings: RuntimeSettings) -> dict[str, Any]:
    isolation = "read_committed" if settings.read_committed else "read_uncommitted"
    return {
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": f"{settings.client_id}-restore",
        "group.id": f"{settings.group_id}-restore",  # demanded by the client, never joined
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",  # the changelog is compacted: its start may move
        "isolation.level": isolation,
        "queued.min.messages": 100_000,  # reads ahead at full speed
        "fetch.queue.backoff.ms": 5,
        "fetch.wait.max.ms": 20,
        "fetch.message.max.bytes": max(settings.max_record_bytes, 1 << 20),
        **settings.security.librdkafka,
    }

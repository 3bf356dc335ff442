"""One fenced transactional producer for each owned partition.

The transactional id names the partition, not the worker: claiming it aborts what an earlier owner
left open, and from then on refuses that owner's writes, though it may never learn that it is gone.
confluent-kafka is used because aiokafka's transactions took three times as long.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.runtime.ports import Batch, RuntimeSettings

FENCED: Final = frozenset(
    {
        confluent_kafka.KafkaError._FENCED,  # noqa: SLF001 - public constants, in this spelling
        confluent_kafka.KafkaError.INVALID_PRODUCER_EPOCH,
        confluent_kafka.KafkaError.PRODUCER_FENCED,
    }
)
PURGED: Final = frozenset(
    {
        confluent_kafka.KafkaError._PURGE_QUEUE,  # noqa: SLF001
        confluent_kafka.KafkaError._PURGE_INFLIGHT,  # noqa: SLF001
    }
)
RETRY_PAUSE: Final = 0.05  # seconds
RECORD_OVERHEAD: Final = 1 << 16  # key, headers and framing beside a value


class FencedProducer:
    """Writes batches of one partition, each in one transaction. All methods block: use a thread."""

    def __init__(
        self,
        settings: RuntimeSettings,
        partition: int,
        connect: Callable[[dict[str, Any]], Any] = confluent_kafka.Producer,
    ) -> None:
        self._settings = settings
        self._partition = partition
        self._timeout = settings.write_timeout
        self._refused: confluent_kafka.KafkaException | None = None
        self._where = ""
        self._producer = connect(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "client.id": f"{settings.client_id}-{partition}",
                "transactional.id": f"{settings.group_id}-{partition}",
                "transaction.timeout.ms": int(self._timeout * 1000),
                "partitioner": "murmur2_random",  # Java's default
                "linger.ms": 1,
                "compression.type": "lz4",
                "message.max.bytes": settings.max_record_bytes + RECORD_OVERHEAD,
                "queue.buffering.max.messages": 1_000_000,
                "delivery.report.only.error": True,
                **settings.security.librdkafka,
            }
        )

    def claim(self) -> None:
        """Fence every earlier owner of the partition and abort what it left open.

        Raises Fatal when the broker does not answer in time.
        """
        self._retry("claim", self._producer.init_transactions)

    def write(self, batch: Batch) -> None:
        """Make a batch durable, wholly or not at all.

        Raises Fatal when that did not happen, or is not known: what is open is then aborted by the
        next owner's claim.
        """
        self._refused = None
        deadline = time.monotonic() + self._timeout
        try:
            self._producer.begin_transaction()
            for output in batch.outputs:
                self._send(deadline, *output)
            for key, value in batch.state:
                self._send(deadline, self._settings.state_topic, self._partition, key, value, None)
        except confluent_kafka.KafkaException as error:
            cause = self._cause(error)
            raise self._fatal("write", cause) from cause
        self._retry("commit", self._producer.commit_transaction)
        if self._refused is not None:
            raise self._fatal("commit", self._refused) from self._refused

    def close(self) -> None:
        """Let the producer go without waiting for what it holds."""
        self._producer.purge()
        self._producer = None

    def _send(
        self,
        deadline: float,
        topic: str,
        partition: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]] | None,
    ) -> None:
        place = -1 if partition is None else partition
        while True:
            try:
                self._producer.produce(
                    topic, value, key, place, on_delivery=self._delivered, headers=headers
                )
            except BufferError:  # the client's queue is full: let it drain
                if time.monotonic() > deadline:
                    raise Fatal(f"partition {self._partition}: writing takes too long") from None
                self._producer.poll(RETRY_PAUSE)
            except confluent_kafka.KafkaException as error:
                if error.args[0].code() == confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE:
                    raise Fatal(_too_large(topic, key, value, self._settings)) from error
                raise
            else:
                return

    def _delivered(self, error: Any, message: Any) -> None:
        """Keep the first refusal: a commit says only that there was one.

        What is purged was not refused: something else was, and a commit tells it.
        """
        if error is not None and error.code() not in PURGED and self._refused is None:
            self._refused = confluent_kafka.KafkaException(error)
            self._where = f"{message.topic()}[{message.partition()}] refused a record: "

    def _retry(self, what: str, call: Callable[[float], object]) -> None:
        """Call until it succeeds; librdkafka says which errors may pass, and keeps its place."""
        deadline = time.monotonic() + self._timeout
        while True:
            left = deadline - time.monotonic()
            try:
                call(max(left, 0.1))
            except confluent_kafka.KafkaException as error:
                if not error.args[0].retriable() or left <= 0:
                    cause = self._cause(error)
                    raise self._fatal(what, cause) from cause
                time.sleep(RETRY_PAUSE)
            else:
                return

    def _fatal(self, what: str, cause: confluent_kafka.KafkaException) -> Fatal:
        error = cause.args[0]
        if error.code() in FENCED:
            return Fatal(f"partition {self._partition}: another worker owns it now ({error.str()})")
        where = self._where if cause is self._refused else ""
        if error.code() == confluent_kafka.KafkaError.INVALID_TIMESTAMP:
            where += "this machine's clock is an hour or more off the brokers': set it. "
        return Fatal(f"partition {self._partition}: {what}: {where}{error.str()}")

    def _cause(self, error: confluent_kafka.KafkaException) -> confluent_kafka.KafkaException:
        """Find what is behind an error that only says that there was one."""
        code = error.args[0].code()
        if code == confluent_kafka.KafkaError._FATAL:  # noqa: SLF001 - the library's name
            try:  # it broke in the background
                self._producer.commit_transaction(0.1)
            except confluent_kafka.KafkaException as told:
                error = told
        return error if error.args[0].code() in FENCED else self._refused or error


def _too_large(
    topic: str, key: bytes | None, value: bytes | None, settings: RuntimeSettings
) -> str:
    size = len(key or b"") + len(value or b"")
    return (
        f"a record of {size} bytes for {topic}, key {key!r}, is over max_record_bytes "
        f"({settings.max_record_bytes}): raise it, and the topic's max.message.bytes"
    )

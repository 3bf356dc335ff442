"""Reads topics of a broker to their ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import confluent_kafka as ck

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 120.0
"""Seconds in which a topic must be read."""


class Reader:
    """Reads whole topics, committed records only."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self._bootstrap, self._partitions = bootstrap, partitions

    def read(self, topic: str) -> Iterator[ck.Message]:
        """Give every record. Raises KafkaException, and TimeoutError when it takes too long."""
        consumer = ck.Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "tests-reader",  # demanded by the client, never joined
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
            }
        )
        left, deadline = set(range(self._partitions)), time.monotonic() + WITHIN
        consumer.assign([ck.TopicPartition(topic, p, 0) for p in left])
        while left:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic} cannot be read to its end")
            for message in consumer.consume(20_000, 0.1):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == ck.KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
                elif not error.retriable():
                    raise ck.KafkaException(error)
        consumer.close()

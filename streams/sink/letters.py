"""The sink's dead letters: what ClickHouse, or the sink, cannot take, kept with its reason."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from kafka import KafkaProducer

from schemas import topics
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, Origin, encode, letter_id
from streams.kafka_clients import kafka_python_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.settings import Kafka
    from streams.sink.batches import Refused

SEND_SECONDS: Final = 10.0
SOURCE: Final = "jiancha.sink"
"""What stands for the sender in a letter of the sink."""
_REMEDY: Final = (
    "upgrade the sink, or mend the table (`jiancha migrate`); then `jiancha dlq replay --sink`: "
    "docs/dead-letters.md"
)


class Letters:
    """Sends dead letters, over a producer that is made when it is first needed."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._producer: Any = None

    def send(self, refused: Sequence[Refused]) -> None:
        """Send letters, and return when the brokers have them.

        Raises kafka.errors.KafkaError when they do not within `SEND_SECONDS` each.
        """
        if not refused:
            return
        if self._producer is None:
            self._producer = KafkaProducer(
                bootstrap_servers=self._kafka.bootstrap_servers.split(","),
                acks="all",
                max_block_ms=round(SEND_SECONDS * 1000),
                max_request_size=topics.EVENTS.max_message_bytes,
                **kafka_python_options(self._kafka),
            )
        sent = [
            self._producer.send(
                topics.SINK_DEAD_LETTERS.name, key=key, value=value, headers=headers
            )
            for key, value, headers in map(letter, refused)
        ]
        for each in sent:
            each.get(timeout=SEND_SECONDS)

    def close(self) -> None:
        """Close the producer."""
        if self._producer is not None:
            self._producer.close(timeout=1)


def letter(refused: Refused) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
    """Write a dead letter as key, value and headers: the record's own bytes, and why in a header.

    Of a hall's dead letter the bytes stay where they are: they hold applicants' data as it came.
    """
    record = refused.record
    value = record.value or b""
    kept = record.topic != topics.DEAD_LETTERS.name
    about = DeadLetter(
        letter_id=letter_id(record.topic, record.partition, record.offset),
        reason="clickhouse" if refused.what != record.topic else "undecodable",
        field=refused.what,
        value="",
        message=refused.why,
        remedy=_REMEDY,
        source=SOURCE,
        origin=Origin(record.topic, record.partition, record.offset, record.timestamp),
        sha256=hashlib.sha256(value).hexdigest(),
        size=len(value),
        cut=not kept,
    )
    header = (DEAD_LETTER_HEADER, encode(about))
    return record.key, (record.value if kept else b""), [header]

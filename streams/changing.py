"""Sends a change of calendar or catalogue to every partition, and follows its report."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from schemas import topics
from schemas.changes import CaseDifference, ChangeBegun, ChangeEnded, ChangeReport
from schemas.verdicts import encode
from streams.kafka_clients import librdkafka_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.ticks import Change
    from streams.settings import Settings

ANSWER: Final = 10.0  # seconds for a broker's answer
STILL: Final = 120.0
"""Seconds without a word of the engine after which following is given up."""
BARRIERS: Final = (topics.STEPS.name, topics.RULINGS.name)

_REPORT: Final[msgspec.json.Decoder[ChangeBegun | CaseDifference | ChangeEnded]] = (
    msgspec.json.Decoder(ChangeReport)
)


class ChangeFailed(Exception):  # noqa: N818 - named after the condition
    """Raised when a change cannot be sent, or nothing is heard of it; the text says what to do."""


@dataclass(slots=True)
class Progress:
    """What has been heard of a change: each case once, however often it is told."""

    partitions: int
    begun: dict[int, ChangeBegun] = field(default_factory=dict)
    ended: dict[int, ChangeEnded] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @property
    def done(self) -> bool:
        """Whether every partition has ended."""
        return len(self.ended) == self.partitions

    @property
    def cases(self) -> int:
        """How many cases the change can concern, as far as partitions have begun."""
        return sum(begun.cases for begun in self.begun.values())

    def take(self, record: ChangeReport) -> bool:
        """Take a record; False for a case that was told already."""
        if isinstance(record, ChangeBegun):
            self.begun[record.partition] = record
        elif isinstance(record, ChangeEnded):
            self.ended[record.partition] = record
        elif record.case_no in self.seen:
            return False
        else:
            self.seen.add(record.case_no)
        return True


class Changing:
    """One change on its way. Close it when its report has been followed."""

    def __init__(
        self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        kafka = settings.kafka
        self._servers = kafka.bootstrap_servers
        self._monotonic = monotonic
        self._common: dict[str, Any] = {
            "bootstrap.servers": self._servers,
            "client.id": "jiancha-change",
            **librdkafka_options(kafka),
        }
        self._consumer = Consumer(
            {
                **self._common,
                "group.id": "jiancha-change",  # demanded by the client, never joined
                "enable.auto.commit": False,
                "isolation.level": "read_uncommitted" if kafka.embedded else "read_committed",
                "fetch.message.max.bytes": topics.EVENTS.max_message_bytes,
            }
        )
        self._id = b""

    def close(self) -> None:
        """Let go of the brokers."""
        self._consumer.close()

    def send(self, change: Change) -> Progress:
        """Write the change to each partition of the ticks. Raises ChangeFailed.

        What each partition has to apply first are the records that are in the topics now.
        """
        self._id = f'"{change.change_id}"'.encode()
        try:
            partitions = self._partitions()
            self._consumer.assign(
                [
                    TopicPartition(
                        topics.EVENTS.name, number, self._end(topics.EVENTS.name, number)
                    )
                    for number in partitions
                ]
            )
            self._write(change, partitions)
        except KafkaException as error:
            raise ChangeFailed(f"Kafka at {self._servers}: {error.args[0].str()}") from None
        return Progress(len(partitions))

    def _partitions(self) -> list[int]:
        known = self._consumer.list_topics(timeout=ANSWER).topics
        missing = [name for name in (topics.TICKS.name, topics.EVENTS.name) if name not in known]
        if missing:
            raise ChangeFailed(f"there is no topic {missing[0]}: run `jiancha topics` first")
        partitions = sorted(known[topics.TICKS.name].partitions)
        state = known.get(topics.CASE_STATE.name)
        if state is not None and len(state.partitions) > len(partitions):
            raise ChangeFailed(
                f"a repartition to {len(state.partitions)} is half done: end it first, by"
                f" `jiancha repartition --to {len(state.partitions)}`"
            )
        return partitions

    def _end(self, topic: str, partition: int) -> int:
        place = TopicPartition(topic, partition)
        end: int = self._consumer.get_watermark_offsets(place, timeout=ANSWER)[1]
        return end

    def _write(self, change: Change, partitions: list[int]) -> None:
        failed: list[str] = []

        def delivered(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                failed.append(error.str())

        producer = Producer(
            {
                **self._common,
                "enable.idempotence": True,
                "message.max.bytes": topics.TICKS.max_message_bytes,
            }
        )
        known = producer.list_topics(timeout=ANSWER).topics
        for number in partitions:
            barriers = {name: self._end(name, number) for name in BARRIERS if name in known}
            value = encode(msgspec.structs.replace(change, barriers=barriers))
            producer.produce(topics.TICKS.name, value, partition=number, on_delivery=delivered)
        if producer.flush(3 * ANSWER):
            raise ChangeFailed("the brokers did not take the change in time; are they up?")
        if failed:
            remedy = (
                f"does {topics.TICKS.name} allow records of its size (`jiancha topics --check`)?"
            )
            raise ChangeFailed(f"a partition did not take the change: {failed[0]}; {remedy}")

    def follow(self, progress: Progress) -> Iterator[ChangeReport]:
        """Give the records of the report as they come, until every partition has ended.

        Raises ChangeFailed when the engine is silent for too long.
        """
        heard = self._monotonic()
        while not progress.done:
            for message in self._consumer.consume(1000, 0.2):
                value = message.value() or b""
                if message.error() is not None or self._id not in value:
                    continue
                record = _decoded(value)
                if record is None:
                    continue
                heard = self._monotonic()
                if progress.take(record):
                    yield record
            if self._monotonic() - heard > STILL:
                missing = sorted(set(range(progress.partitions)) - set(progress.ended))
                raise ChangeFailed(
                    f"partitions {', '.join(map(str, missing))} have said nothing for"
                    f" {STILL:.0f} s; is `jiancha worker --role engine` running? The change is in"
                    " the ticks, and comes in force when it does"
                )


def _decoded(value: bytes) -> ChangeReport | None:
    try:
        return _REPORT.decode(value)
    except msgspec.MsgspecError:
        return None  # another record that happens to hold the same text

"""The dead letters (退回记录) on their topics, and the bytes that a cut one left at its origin."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas import topics
from schemas.macs import mac_headers
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, decode
from streams.kafka_clients import kafka_python_consumer_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.topics import Topic
    from schemas.verdicts import Origin
    from streams.settings import Kafka

ANSWER_MS: Final = 10_000
"""How long a broker may take to answer, in milliseconds."""
POLL_MS: Final = 500
SILENT_POLLS: Final = 20
"""Polls in a row that bring nothing, although there is more, until we give up."""


class LettersUnavailable(Exception):  # noqa: N818 - named after the condition
    """Raised when the brokers, the topic or a letter's origin cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter as it stands on its topic."""

    about: DeadLetter
    refused_ms: int
    """When it was written: milliseconds since the epoch."""
    key: bytes | None
    raw: bytes
    """The record's bytes; a piece of them where `about.cut`."""
    signed: Sequence[tuple[str, bytes]] = ()
    """The headers that were its MAC, as they came."""


class DeadLetters:
    """The dead letters of one topic on a broker; for one thread."""

    def __init__(self, consumer: Any, topic: Topic = topics.DEAD_LETTERS) -> None:
        self._consumer = consumer
        self._topic = topic.name

    def read(self) -> Iterator[Letter]:
        """Give every letter that stands there now, once, partition by partition.

        What carries no readable header is passed over: it is no letter of ours. Of a record of ours
        each table that refused it has a letter. Raises LettersUnavailable.

        A letter is named by where its record stood: in a topic made anew another may stand there.
        """
        seen: set[tuple[str, str, str]] = set()
        for record in self._records():
            headers = dict(record.headers or ())
            try:
                about = decode(headers.get(DEAD_LETTER_HEADER) or b"", DeadLetter)
            except msgspec.MsgspecError:
                continue
            name = about.letter_id, about.field, about.sha256
            if name not in seen:
                seen.add(name)
                signed = mac_headers(record.headers or ())
                yield Letter(about, record.timestamp, record.key, record.value or b"", signed)

    def whole(self, letter: Letter) -> bytes:
        """Give a letter's bytes as they came, from its origin where the letter was cut.

        Raises LettersUnavailable when the origin no longer holds them.
        """
        if not letter.about.cut:
            return letter.raw
        value: bytes = self.original(letter).value or b""
        return value

    def original(self, letter: Letter) -> Any:
        """Give the record that a letter is about, as it stands at its origin.

        Raises LettersUnavailable when the origin no longer holds it.
        """
        origin = letter.about.origin
        found = self._at(origin)
        raw = None if found is None else found.value or b""
        if raw is None or hashlib.sha256(raw).hexdigest() != letter.about.sha256:
            raise LettersUnavailable(
                f"{letter.about.letter_id}: {origin.topic} partition {origin.partition} offset "
                f"{origin.offset} no longer holds this record; ask {letter.about.source} to send "
                "it again"
            )
        return found

    def _records(self) -> Iterator[Any]:
        with _telling(self._topic):
            numbers = self._consumer.partitions_for_topic(self._topic)
            if not numbers:
                raise LettersUnavailable(
                    f"There is no topic {self._topic}: run `jiancha topics` first."
                )
            places = [TopicPartition(self._topic, number) for number in sorted(numbers)]
            ends = self._consumer.end_offsets(places, timeout_ms=ANSWER_MS)
            begins = self._consumer.beginning_offsets(places, timeout_ms=ANSWER_MS)
            for place in places:
                yield from self._between(place, begins[place], ends[place])

    def _between(self, place: Any, begin: int, end: int) -> Iterator[Any]:
        """Give the records of a partition from one offset up to another."""
        self._consumer.assign([place])
        self._consumer.seek(place, begin)
        silent = 0
        while self._consumer.position(place, timeout_ms=ANSWER_MS) < end:
            found = self._consumer.poll(timeout_ms=POLL_MS).get(place, ())
            silent = 0 if found else silent + 1
            if silent > SILENT_POLLS:
                raise LettersUnavailable(
                    f"{place.topic} partition {place.partition} brings nothing beyond offset "
                    f"{self._consumer.position(place)}; is a transaction open, or a broker away?"
                )
            yield from (record for record in found if record.offset < end)

    def _at(self, origin: Origin) -> Any:
        """Give the record at a place; None when nothing stands there any more."""
        place = TopicPartition(origin.topic, origin.partition)
        with _telling(origin.topic):
            if origin.partition not in (self._consumer.partitions_for_topic(origin.topic) or ()):
                return None
            begin = self._consumer.beginning_offsets([place], timeout_ms=ANSWER_MS)[place]
            end = self._consumer.end_offsets([place], timeout_ms=ANSWER_MS)[place]
            if not begin <= origin.offset < end:
                return None
            for record in self._between(place, origin.offset, origin.offset + 1):
                return record
        return None


@contextmanager
def open_letters(kafka: Kafka, topic: Topic = topics.DEAD_LETTERS) -> Iterator[DeadLetters]:
    """Connect, to read a topic of dead letters. Raises LettersUnavailable without a broker."""
    with _telling(kafka.bootstrap_servers):
        consumer = KafkaConsumer(
            bootstrap_servers=kafka.bootstrap_servers.split(","),
            client_id="jiancha-dlq",
            group_id=None,
            bootstrap_timeout_ms=ANSWER_MS,
            metrics_enabled=False,
            **kafka_python_consumer_options(kafka),
        )
    try:
        yield DeadLetters(consumer, topic)
    finally:
        consumer.close(autocommit=False, timeout_ms=1000)


@contextmanager
def _telling(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise LettersUnavailable(f"Kafka, {what}: {error}") from None

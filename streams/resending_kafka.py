"""Resending on real servers: the state read as an engine reads it, records written beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import KafkaException

from schemas import topics
from streams.resending import MoveName, Sent, name_of, resend
from streams.runtime.engine import runtime_settings
from streams.runtime.positions import Partition
from streams.runtime.restore import read_to_end, restore
from streams.state_layout import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clickhouse_driver import Client

    from streams.engine.rules import Rules
    from streams.resending import Out
    from streams.runtime.ports import RuntimeSettings
    from streams.settings import Settings

WAIT_SECONDS: Final = 30.0
"""How long the brokers may take with what is on its way to them."""
_MOVES: Final = """
SELECT card_id, epoch, move_no FROM card_moves WHERE (case_no, card_id) IN %(cards)s
"""
_REFERENCES: Final = "SELECT DISTINCT toString(subject), version FROM reference_versions"


class Everywhere:
    """The moves that stand in the topic or in the history. About 100 bytes a move of the topic."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._in_topic: set[tuple[bytes, int, int]] = set()
        self._references: set[tuple[str, str]] | None = None

    def read(self, settings: RuntimeSettings, partitions: int) -> None:
        """Read the whole topic: after a repartition a card's moves stand in two partitions."""

        def take(message: Any) -> None:
            name = name_of(message.key(), message.value())
            if name is not None:
                self._in_topic.add(_short(name))

        starts = {Partition(topics.VERDICTS.name, number): 0 for number in range(partitions)}
        read_to_end(settings, starts, take)

    def moves(self, wanted: Iterable[tuple[str, MoveName]]) -> set[MoveName]:
        """Give those of some moves that stand in either. Raises what the driver raises."""
        wanted = list(wanted)
        known = {name for _, name in wanted if _short(name) in self._in_topic}
        cards = list({(case_no, n.card_id) for case_no, n in wanted if n not in known})
        if cards:
            known |= {MoveName(*row) for row in self._client.execute(_MOVES, {"cards": cards})}
        return known

    def references(self) -> set[tuple[str, str]]:
        """Give the catalogues and calendars that the history has: subject and version."""
        if self._references is None:
            self._references = set(self._client.execute(_REFERENCES))
        return self._references


def resend_all(
    settings: Settings,
    rules: Rules,
    client: Client,
    partitions: int,
    tell: Callable[[str, int, int], None],
) -> Sent:
    """Tell every partition's state; `tell` hears what is done, how far, of what.

    Raises `resending.Refused`, Fatal, KafkaException, and what the driver raises. It can be cut off
    at any moment, and is then run again.
    """
    runtime = runtime_settings(settings, data_dir="")
    known = Everywhere(client)
    known.read(runtime, partitions)
    tell("read card moves", 1, 1)
    sent = Sent()
    writer = Writer(runtime)
    for number in range(partitions):
        kept = Kept()
        restore(runtime, {number: kept}, lambda: False)
        resend(number, kept, rules, known, writer.write, sent)
        writer.flush()
        tell("resent partitions", number + 1, partitions)
    return sent


class Writer:
    """Writes records, in the order of each partition, once each."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._producer = confluent_kafka.Producer(
            {
                **settings.security.librdkafka,
                "bootstrap.servers": settings.bootstrap_servers,
                "client.id": "jiancha-resend",
                "enable.idempotence": True,
                "linger.ms": 20,
                "message.max.bytes": settings.max_record_bytes,
            }
        )
        self._error: Any = None

    def write(self, out: Out) -> None:
        """Write a record; it is there when `flush` returns. Raises KafkaException."""
        topic, partition, key, value = out
        while True:
            try:
                self._producer.produce(
                    topic, value, key, partition=partition, on_delivery=self._delivered
                )
            except BufferError:  # as much is on its way as may be
                self._producer.poll(1.0)
            else:
                break
        self._producer.poll(0)
        self._raise()

    def flush(self) -> None:
        """Wait for the brokers. Raises KafkaException when they do not take a record in time."""
        left = self._producer.flush(WAIT_SECONDS)
        self._raise()
        if left:
            raise KafkaException(confluent_kafka.KafkaError(confluent_kafka.KafkaError._TIMED_OUT))  # noqa: SLF001 - its public name for it

    def _delivered(self, error: Any, _message: Any) -> None:
        self._error = self._error or error

    def _raise(self) -> None:
        if self._error is not None:
            raise KafkaException(self._error)


def _short(name: MoveName) -> tuple[bytes, int, int]:
    return bytes.fromhex(name.card_id), name.epoch, name.move_no

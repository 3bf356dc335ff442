"""The cases that are set aside, as the state topic has them; and the word to take one up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaException, Producer

from schemas import topics
from schemas.verdicts import encode
from streams.kafka_clients import librdkafka_options
from streams.runtime.engine import runtime_settings
from streams.runtime.faults import MARKS
from streams.runtime.ports import Fatal
from streams.runtime.positions import Partition
from streams.runtime.restore import read_to_end
from streams.state_layout import Kept

if TYPE_CHECKING:
    from schemas.ticks import Retry
    from streams.runtime.faults import Mark
    from streams.settings import Settings

ANSWER: Final = 10.0  # seconds for a broker's answer


class AsideUnavailable(Exception):  # noqa: N818 - named after the condition
    """Raised when the brokers cannot be read or written; the text says what to do."""


def set_aside(settings: Settings) -> list[tuple[int, Mark]]:
    """Read what is set aside, by partition. Raises AsideUnavailable.

    The state topic is read to its end, as by an engine that starts: seconds for a million cases.
    """
    kept = {number: Kept() for number in _partitions(settings)}

    def take(message: Any) -> None:
        if message.key().startswith(MARKS):
            kept[message.partition()].restore(message.key(), message.value())

    starts = {Partition(topics.CASE_STATE.name, number): 0 for number in kept}
    try:
        read_to_end(runtime_settings(settings, data_dir=""), starts, take)
    except (Fatal, KafkaException) as error:
        raise AsideUnavailable(str(error)) from None
    return [
        (number, mark)
        for number, found in sorted(kept.items())
        for mark in found.marks
        if mark.aside
    ]


def ask_again(settings: Settings, partition: int, retry: Retry) -> None:
    """Write the word to a partition's ticks. Raises AsideUnavailable."""
    failed: list[str] = []
    producer = Producer({**_common(settings), "enable.idempotence": True})
    producer.produce(
        topics.TICKS.name,
        encode(retry),
        partition=partition,
        on_delivery=lambda error, _: failed.append(error.str()) if error is not None else None,
    )
    if producer.flush(3 * ANSWER) or failed:
        raise AsideUnavailable(
            f"the brokers did not take it: {failed[0] if failed else 'no answer'}; try again"
        )


def _partitions(settings: Settings) -> list[int]:
    servers = settings.kafka.bootstrap_servers
    try:
        known = Producer(_common(settings)).list_topics(timeout=ANSWER).topics
    except KafkaException as error:
        raise AsideUnavailable(f"Kafka at {servers}: {error.args[0].str()}") from None
    if topics.CASE_STATE.name not in known:
        raise AsideUnavailable(
            f"there is no topic {topics.CASE_STATE.name}: run `jiancha topics` first"
        )
    return sorted(known[topics.CASE_STATE.name].partitions)


def _common(settings: Settings) -> dict[str, Any]:
    return {
        "bootstrap.servers": settings.kafka.bootstrap_servers,
        "client.id": "jiancha-case",
        **librdkafka_options(settings.kafka),
    }

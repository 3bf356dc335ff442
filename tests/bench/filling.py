"""Topics of a bench made on a broker, and a changelog of open cases put into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics
from streams.runtime.placing import partition_of
from tests.bench.change import named, patterns_of
from tests.bench.task import bench_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT: Final = 120.0


def producer(bootstrap: str) -> Producer:
    """Make the producer of what a bench sends."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 2,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 2,  # the broker goes before it does
        }
    )


def make_topics(bootstrap: str, partitions: int) -> None:
    """Make the product's topics."""
    make(bootstrap, {topic.name: topic.config() for topic in topics.ALL}, partitions)


def make(bootstrap: str, wanted: Mapping[str, dict[str, Any]], partitions: int) -> None:
    """Make topics with their settings."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = [NewTopic(name, partitions, 1, config=config) for name, config in wanted.items()]
    for made in admin.create_topics(new).values():
        made.result(30)


def produce(to: Producer, topic: str, value: bytes, key: str | None, partition: int) -> None:
    """Send a record, waiting for room."""
    while True:
        try:
            to.produce(topic, value, key, partition)
        except BufferError:
            to.poll(0.1)
        else:
            to.poll(0)
            return


def fill(to: Producer, changelog: str, cases: int, partitions: int, concerned: float) -> None:
    """Put the states of open cases into a changelog; `patterns_of` says what is concerned.

    Raises TimeoutError when the broker does not take them.
    """
    for number, packed in patterns_of(bench_rules(), cases, concerned):
        name = named(number)
        produce(to, changelog, packed, name, partition_of(name, partitions))
    if to.flush(TIMEOUT):
        raise TimeoutError("the broker does not take the state")

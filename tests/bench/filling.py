"""Topics of a bench made on a broker, and a changelog of open cases put into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics
from streams.runtime.placing import partition_of
from tests.bench.change import named, patterns_of
from tests.bench.task import bench_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.live import Sender


def make_topics(bootstrap: str, partitions: int) -> None:
    """Make the product's topics."""
    make(bootstrap, {topic.name: topic.config() for topic in topics.ALL}, partitions)


def make(bootstrap: str, wanted: Mapping[str, dict[str, Any]], partitions: int) -> None:
    """Make topics with their settings."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    new = [NewTopic(name, partitions, 1, config=config) for name, config in wanted.items()]
    for made in admin.create_topics(new).values():
        made.result(30)


def fill(to: Sender, changelog: str, cases: int, partitions: int, concerned: float) -> None:
    """Put the states of open cases into a changelog; `patterns_of` says what is concerned.

    Raises TimeoutError when the broker does not take them.
    """
    for number, packed in patterns_of(bench_rules(), cases, concerned):
        name = named(number)
        to.send(changelog, packed, name, partition_of(name, partitions))
    to.flush()

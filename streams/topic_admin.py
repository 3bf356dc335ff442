"""The topics on a broker: what it holds, and making what it lacks."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import CoordinatorNotAvailableError, KafkaError, TopicAlreadyExistsError

from schemas import topics
from streams.kafka_clients import kafka_python_options
from streams.topic_checks import Held, config_of, partitions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from schemas.topics import Topic
    from streams.settings import Kafka

ANSWER_MS: Final = 5_000
"""How long a broker may take to answer at first, in milliseconds."""
SHOWN_WITHIN: Final = 30.0
"""Seconds until partitions that were added have leaders, and a group has its coordinator."""

log = structlog.get_logger(__name__)


class TopicsUnavailable(Exception):  # noqa: N818 - named after the condition
    """Raised when the brokers do not answer, or refuse; the text says why."""


class TopicAdmin:
    """The topics of one cluster; for one thread."""

    def __init__(self, admin: Any, kafka: Kafka) -> None:
        self._admin, self._kafka = admin, kafka

    def held(self) -> dict[str, Held]:
        """Give our topics as they are there, by name. Raises TopicsUnavailable."""
        ours = {topic.name for topic in topics.ALL}
        with _telling(self._kafka):
            there = sorted(ours & set(self._admin.list_topics()))
            if not there:
                return {}
            described = self._admin.describe_topics(there)
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
            configs = self._admin.describe_configs(resources, config_filter="all")["topic"]
        if hidden := [name for name in there if not configs.get(name)]:
            raise TopicsUnavailable(
                f"Kafka at {self._kafka.bootstrap_servers}: the configuration of"
                f" {', '.join(hidden)} is not ours to read → `jiancha topics --acls` lists what"
                " jiancha-topics must be allowed"
            )
        return {
            topic["name"]: Held(
                partitions=len(topic["partitions"]),
                replication=min(len(p["replica_nodes"]) for p in topic["partitions"]),
                config={key: str(of["value"]) for key, of in configs[topic["name"]].items()},
            )
            for topic in described
        }

    def create(self, wanted: Iterable[Topic]) -> None:
        """Make topics; one that another has made meanwhile is left. Raises TopicsUnavailable."""
        for topic in wanted:
            made = {
                "num_partitions": partitions_of(topic, self._kafka),
                "replication_factor": self._kafka.replication_factor,
                "configs": config_of(topic, self._kafka),
            }
            with _telling(self._kafka):
                try:
                    self._admin.create_topics({topic.name: made}, wait_for_metadata=True)
                except TopicAlreadyExistsError:
                    continue

    def widen(self, topic: Topic, partitions: int) -> None:
        """Give a topic more partitions, and wait until the brokers tell of them.

        Nothing is done where it has as many. Raises TopicsUnavailable.
        """
        with _telling(self._kafka):
            if self._count(topic) < partitions:
                self._admin.create_partitions({topic.name: partitions})
            deadline = time.monotonic() + SHOWN_WITHIN
            while self._count(topic) < partitions:
                if time.monotonic() > deadline:
                    raise TopicsUnavailable(f"{topic.name}: the new partitions do not show")
                time.sleep(0.1)

    def ids(self, names: list[str]) -> dict[str, str | None]:
        """Give each topic's id, which changes when it is deleted and made again.

        Raises TopicsUnavailable.
        """
        with _telling(self._kafka):
            found = self._admin.describe_topics(names)
        return {topic["name"]: str(topic["topic_id"]) for topic in found}

    def _count(self, topic: Topic) -> int:
        (described,) = self._admin.describe_topics([topic.name])
        return sum(each["leader_id"] >= 0 for each in described["partitions"])

    def members(self, group: str) -> int:
        """Count the members of a consumer group; none where there is no such group.

        Raises TopicsUnavailable.
        """
        # kafka-python warns of what Faust adds to a member, which does not concern us.
        logging.getLogger("kafka.admin").setLevel(logging.ERROR)
        deadline = time.monotonic() + SHOWN_WITHIN
        with _telling(self._kafka):
            while True:
                try:
                    return len(self._admin.describe_groups([group])[group]["members"])
                except CoordinatorNotAvailableError:  # the brokers are choosing one
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.5)

    def remaining(self, group: str, pause: Callable[[float], None] = time.sleep) -> int:
        """Count the members that are in a group to stay.

        A process that was killed, or ended itself, is a member until its session times out. So the
        count is taken again each second until nobody is left, or a session and five seconds have
        gone by; that it waits is told. Raises TopicsUnavailable.
        """
        seconds = int(self._kafka.session_timeout) + 5
        for second in range(seconds):
            if not (members := self.members(group)):
                return 0
            if not second:
                log.info("waiting for members to leave", group=group, members=members, upto=seconds)
            pause(1.0)
        return self.members(group)


@contextmanager
def open_admin(kafka: Kafka) -> Iterator[TopicAdmin]:
    """Connect. Raises TopicsUnavailable when no broker answers."""
    with _telling(kafka):
        admin = KafkaAdminClient(
            bootstrap_servers=kafka.bootstrap_servers.split(","),
            client_id="jiancha-topics",
            bootstrap_timeout_ms=ANSWER_MS,
            request_timeout_ms=6 * ANSWER_MS,
            **kafka_python_options(kafka),
        )
    try:
        yield TopicAdmin(admin, kafka)
    finally:
        admin.close()


@contextmanager
def _telling(kafka: Kafka) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        # The broker's own words, without the whole request and response around them.
        why = _words(str(error))
        raise TopicsUnavailable(f"Kafka at {kafka.bootstrap_servers}: {why}") from None


def _words(text: str) -> str:
    """Take the broker's message out of an error that shows the whole response."""
    _, marker, rest = text.partition("error_message='")
    return rest.partition("', topic_config_error_code")[0] if marker else text

"""How far the input topics reach, and how far the engines' group says that it has come."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from schemas import topics
from streams.runtime.positions import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from streams.runtime.ports import RuntimeSettings
    from streams.topic_admin import TopicAdmin

ANSWER: Final = 10.0
"""Seconds for a broker's answer."""


@dataclass
class Reach:
    """How far back a topic's partition reaches."""

    low: int
    """The first offset that is still there; those below are gone."""
    next: int
    """Where reading goes on."""
    topic_id: str | None
    since: datetime | None = None
    """When the first record that is there came, UTC; None where there is none."""
    committed: int | None = None
    """How far the engines said that it is judged; None where nothing is said."""


def commit(settings: RuntimeSettings, offsets: Mapping[Partition, int]) -> None:
    """Say for the engines' group, which has no member now, where it reads on."""
    with closing(_asking(settings)) as consumer:
        wanted = [confluent_kafka.TopicPartition(*place, at) for place, at in offsets.items()]
        for said in consumer.commit(offsets=wanted, asynchronous=False):
            if said.error is not None:
                raise confluent_kafka.KafkaException(said.error)


def reaches(
    settings: RuntimeSettings, admin: TopicAdmin, places: Iterable[Partition]
) -> dict[Partition, Reach]:
    """Ask how far some partitions reach, as a reader of what is committed sees it."""
    ids = admin.ids([topic.name for topic in topics.INPUTS])
    with closing(_asking(settings)) as consumer:
        found = {}
        for place in places:
            at = confluent_kafka.TopicPartition(*place)
            low, high = consumer.get_watermark_offsets(at, ANSWER)
            (said,) = consumer.committed([at], ANSWER)
            committed = said.offset if said.offset >= 0 else None
            found[place] = Reach(low, high, ids.get(place.topic), committed=committed)
        return found


def _asking(settings: RuntimeSettings) -> Any:
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "client.id": "jiancha-offsets",
            "group.id": settings.group_id,  # its offsets are asked for; it is never joined
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            **settings.security.librdkafka,
        }
    )

"""Whether a broker holds our topics as it must, and how each mismatch is cured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas import topics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.topics import Topic
    from streams.settings import Kafka

FOR_EVER: Final = -1
"""How Kafka writes a retention without an end."""
REPLICATED: Final = 3
"""Replicas from which on two must hold a write."""


@dataclass(frozen=True, slots=True)
class Held:
    """A topic as a broker holds it."""

    partitions: int
    replication: int
    """The replicas of the partition that has the fewest."""
    config: Mapping[str, str]


def partitions_of(topic: Topic, kafka: Kafka) -> int:
    """Tell how many partitions a topic must have."""
    return kafka.partitions if topic.co_partitioned else 1


def config_of(topic: Topic, kafka: Kafka) -> dict[str, str]:
    """Give the settings that a topic must have there.

    With three replicas or more a write counts once two hold it: one broker may be lost at any time,
    and no write of a lost leader is believed that nobody else has.
    """
    in_sync = {"min.insync.replicas": "2"} if kafka.replication_factor >= REPLICATED else {}
    return topic.config() | in_sync


def missing(held: Mapping[str, Held]) -> list[Topic]:
    """Give the topics that a broker lacks."""
    return [topic for topic in topics.ALL if topic.name not in held]


def mismatches(held: Mapping[str, Held], kafka: Kafka) -> Iterator[str]:
    """Give everything wrong with the topics that are there: what, why, and the cure.

    A topic may keep more, longer, or larger records than it must; it may not keep fewer.
    """
    yield from _partitions(held, kafka)
    for topic in topics.ALL:
        if topic.name in held:
            yield from _replication(topic, held[topic.name], kafka)
            yield from _config(topic, held[topic.name], kafka)


def _partitions(held: Mapping[str, Held], kafka: Kafka) -> Iterator[str]:
    counts = {t.name: held[t.name].partitions for t in topics.ALL
              if t.co_partitioned and t.name in held}  # fmt: skip
    if len(set(counts.values())) == 1:
        count = next(iter(counts.values()))
        if count != kafka.partitions:
            yield (
                f"The co-partitioned topics have {count} partitions, the setting says "
                f"{kafka.partitions} → set JIANCHA_KAFKA__PARTITIONS={count}; for more partitions "
                f"jiancha repartition --to N (docs/scaling.md)"
            )
        return
    state, steps = counts.get(topics.CASE_STATE.name, 0), counts.get(topics.STEPS.name, 0)
    if state > steps > 0:
        yield (
            f"A repartition from {steps} to {state} partitions is half done, and no engine starts "
            f"→ jiancha repartition --to {state}"
        )
        return
    for name, count in counts.items():
        if count != kafka.partitions:
            yield (
                f"{name} has {count} partitions instead of {kafka.partitions}; a case must stand "
                f"in the same partition of each co-partitioned topic → while {name} is empty: "
                f"kafka-topics.sh --bootstrap-server {kafka.bootstrap_servers} --delete "
                f"--topic {name}, then jiancha topics; otherwise read docs/topics.md"
            )


def _replication(topic: Topic, held: Held, kafka: Kafka) -> Iterator[str]:
    if held.replication < kafka.replication_factor:
        yield (
            f"{topic.name} has {held.replication} replicas instead of {kafka.replication_factor} "
            "→ add replicas with kafka-reassign-partitions.sh, or set "
            f"JIANCHA_KAFKA__REPLICATION_FACTOR={held.replication}"
        )


def _config(topic: Topic, held: Held, kafka: Kafka) -> Iterator[str]:
    for key, wanted in config_of(topic, kafka).items():
        found = held.config.get(key, "")
        if not _enough(topic, key, found, wanted):
            yield (
                f"{topic.name} has {key}={found} instead of {wanted} → kafka-configs.sh "
                f"--bootstrap-server {kafka.bootstrap_servers} --alter --entity-type topics "
                f"--entity-name {topic.name} --add-config {key}={wanted}"
            )


def _enough(topic: Topic, key: str, found: str, wanted: str) -> bool:
    if found == wanted or (key == "retention.ms" and topic.compacted):
        return True
    if key == "cleanup.policy":
        return False
    number = int(found)
    if key == "retention.ms":
        return number == FOR_EVER or FOR_EVER < int(wanted) <= number
    return number >= int(wanted)

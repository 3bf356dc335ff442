"""How far the history has come, held against what the group says was read.

The sink writes its offsets beside the rows, after them and before the commit: what the group has
read is in the history, and never less. Where it is not, the history was lost, restored from an
older copy, or is another one; where the topic ends before it, the topic was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kafka import TopicPartition

from streams.sink import tables
from streams.sink.batches import Partition
from streams.sink.inserts import INSERT_SETTINGS, SchemaDiffers
from streams.sink.migrations import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from clickhouse_driver import Client

ANSWER_MS: Final = 3_000
"""How long a broker may take to answer a question, in milliseconds."""
CURE: Final = "run `jiancha history rewind`; docs/recovery.md says what it brings back"

_KEPT: Final = "SELECT topic, topic_id, partition, max(next_offset) FROM sink_offsets GROUP BY ALL"
# Any of these tables has rows as soon as a sink has written anything.
_ROWS: Final = """
SELECT (SELECT count() FROM events) + (SELECT count() FROM cases)
    + (SELECT count() FROM card_moves) + (SELECT count() FROM dead_letters)
"""


class HistoryGap(Exception):  # noqa: N818 - named after the condition
    """Raised when the history lacks what was read; says where either ends, and the cure."""

    def __init__(self, gaps: list[Gap]) -> None:
        super().__init__(f"{'; '.join(gap.text for gap in gaps)}: {CURE}")
        self.gaps = gaps


class Gap(NamedTuple):
    """Records of one partition that are not in the history and would never come."""

    partition: Partition
    first: int
    next: int
    """The one after the last."""
    why: str

    @property
    def text(self) -> str:
        """Say it in one line."""
        topic, number = self.partition
        return f"{topic}[{number}]: {self.why}: {self.first} to {self.next - 1}"


class Read(NamedTuple):
    """A partition of a topic as the broker has it, and how far the group has read it."""

    topic_id: str
    low: int
    """The first record that is there."""
    end: int
    group: int | None
    """The group's committed offset; None where it has none."""


class Kept(NamedTuple):
    """What the history says it has."""

    offsets: Mapping[tuple[str, str, int], int]
    """The next offset by topic, topic id and partition."""
    rows: bool
    """Whether it has any rows: with rows and no offsets it was written by 0.1.0."""

    def next(self, partition: Partition, topic_id: str) -> int | None:
        """Tell how far it has come in a partition of this very topic; None where it is silent."""
        return self.offsets.get((partition.topic, topic_id, partition.partition))

    def adopts(self, partition: Partition) -> bool:
        """Tell whether to take the group's word: its rows are older than the table of offsets."""
        known = {(topic, number) for topic, _, number in self.offsets}
        return self.rows and (partition.topic, partition.partition) not in known


def gap_of(partition: Partition, read: Read, kept: Kept) -> Gap | None:
    """Tell what of a partition the history lacks and will not get by reading on; None: nothing."""
    has = kept.next(partition, read.topic_id)
    group = read.group or 0
    if has is None:
        if not group or kept.adopts(partition):
            return None
        why = f"the history has nothing of this topic, the group is at {group}"
        return Gap(partition, 0, group, why)
    if group > has:
        return Gap(partition, has, group, f"the history ends at {has}, the group at {group}")
    if has > read.end:
        why = f"the history ends at {has}, the topic at {read.end}: it is an older copy, or cut"
        return Gap(partition, read.end, has, why)
    if has < read.low:
        why = f"the history ends at {has}, the topic begins at {read.low}: deleted before they came"
        return Gap(partition, has, read.low, why)
    return None


class Brokers:
    """What the brokers say of the topics and of the group, without joining it."""

    def __init__(
        self, consumer: Any, topic_ids: Callable[[Iterable[str]], Mapping[str, str]]
    ) -> None:
        self._consumer, self._topic_ids = consumer, topic_ids

    def partitions(self, topics: Iterable[str]) -> set[Partition]:
        """Give every partition of some topics. Raises KafkaError."""
        return {
            Partition(topic, number)
            for topic in topics
            for number in self._consumer.partitions_for_topic(topic) or ()
        }

    def read(self, partitions: Iterable[Partition]) -> dict[Partition, Read]:
        """Tell how each partition stands. Raises KafkaError."""
        wire = {partition: TopicPartition(*partition) for partition in partitions}
        # The group before the history, which is written first: read otherwise it might seem behind.
        group = {p: self._consumer.committed(tp, timeout_ms=ANSWER_MS) for p, tp in wire.items()}
        lows = self._consumer.beginning_offsets(list(wire.values()), timeout_ms=ANSWER_MS)
        ends = self._consumer.end_offsets(list(wire.values()), timeout_ms=ANSWER_MS)
        ids = self._topic_ids({partition.topic for partition in wire})
        return {p: Read(ids[p.topic], lows[tp], ends[tp], group[p]) for p, tp in wire.items()}


class Offsets:
    """The offsets beside the rows. `wall` gives seconds since the epoch."""

    def __init__(
        self, client: Client, database: str, brokers: Brokers, wall: Callable[[], float]
    ) -> None:
        self._client, self._database = client, database
        self._brokers, self._wall = brokers, wall
        self._ids: dict[str, str] = {}
        self._come_to: dict[tuple[str, str, int], int] = {}
        """How far the history was seen to have come, or was brought."""

    def check(self, partitions: Iterable[Partition], *, adopt: bool) -> None:
        """Hold the history against the group; with `adopt` one of 0.1.0 gets the group's offsets.

        Raises HistoryGap, SchemaDiffers, KafkaError, and what the driver raises.
        """
        found = self._brokers.read(partitions)
        kept = self.kept()
        gaps = [gap for p, read in sorted(found.items()) if (gap := gap_of(p, read, kept))]
        if gaps:
            raise HistoryGap(gaps)
        self.know(found)
        for p, read in found.items():
            self._came_to(p, kept.next(p, read.topic_id) or 0)
        if adopt:
            taken = {
                p: read.group
                for p, read in found.items()
                if read.group and kept.next(p, read.topic_id) is None
            }
            self.keep(taken)

    def hold(self) -> None:
        """See that the history still has what it had: a server may come back as an older one.

        A sink that runs through that would write on, and nobody would miss what lies between.
        Raises HistoryGap, and what the driver raises.
        """
        there = self._read()
        gaps = []
        for place, come in sorted(self._come_to.items()):
            if (has := there.get(place, 0)) < come:
                why = f"the history ends at {has}, and had come to {come}: it is an older copy"
                gaps.append(Gap(Partition(place[0], place[2]), has, come, why))
        if gaps:
            raise HistoryGap(gaps)

    def _came_to(self, partition: Partition, following: int) -> None:
        place = partition.topic, self._ids[partition.topic], partition.partition
        self._come_to[place] = max(following, self._come_to.get(place, 0))

    def _read(self) -> dict[tuple[str, str, int], int]:
        return {
            (topic, topic_id, number): following
            for topic, topic_id, number, following in self._client.execute(_KEPT)
        }

    def know(self, found: Mapping[Partition, Read]) -> None:
        """Learn the ids of the topics, under which `keep` writes."""
        self._ids |= {p.topic: read.topic_id for p, read in found.items()}

    def kept(self) -> Kept:
        """Read what the history says it has. Raises SchemaDiffers, and what the driver raises."""
        if differences := verify(self._client, self._database, [tables.SINK_OFFSETS]):
            raise SchemaDiffers(f"{'; '.join(differences)}: run `jiancha migrate`")
        return Kept(self._read(), bool(self._client.execute(_ROWS)[0][0]))

    def keep(self, offsets: Mapping[Partition, int]) -> None:
        """Write how far the history has come, when the rows are in.

        Raises what the driver raises.
        """
        now = round(self._wall() * 1000)
        rows = [
            (p.topic, self._ids[p.topic], p.partition, following, now)
            for p, following in sorted(offsets.items())
        ]
        if rows:
            self._client.execute(tables.SINK_OFFSETS.insert, rows, settings=INSERT_SETTINGS)
        for partition, following in offsets.items():
            self._came_to(partition, following)

    def forget(self, partition: Partition) -> None:
        """Forget what the history has of a partition: the topic is not the one that it was."""
        self._client.execute(
            "ALTER TABLE sink_offsets DELETE WHERE topic = %(topic)s AND partition = %(number)s"
            " SETTINGS mutations_sync = 1",
            {"topic": partition.topic, "number": partition.partition},
        )

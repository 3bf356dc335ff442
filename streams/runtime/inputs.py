"""How far a partition has applied each of its input topics, and of which topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from streams.runtime.ports import InputTopic


def accept_gap(topic: str, partition: int, first: int, following: int) -> str:
    """Spell the command by which an operator goes on without [first, following)."""
    return f"`jiancha accept-gap {topic} {partition} {first} {following}`"


class InputPosition(Struct, frozen=True):
    """How far an input topic is applied, and the topic's identity."""

    topic_id: str | None
    next: int


class Inputs:
    """The next offset of each input; it is part of the partition's state."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._next: dict[str, int] = {}
        self._ids: dict[str, str | None] = {}
        self.changed = False
        """Whether anything was applied since `kept` was asked."""

    def restore(self, kept: dict[str, InputPosition]) -> None:
        """Take what was kept."""
        self._next = {topic: position.next for topic, position in kept.items()}
        self._ids = {topic: position.topic_id for topic, position in kept.items()}

    def kept(self) -> dict[str, InputPosition]:
        """Give what is to be kept."""
        self.changed = False
        return {topic: InputPosition(self._ids.get(topic), n) for topic, n in self._next.items()}

    def next(self, topic: str) -> int:
        """Tell the next offset to apply."""
        return self._next.get(topic, 0)

    def advance(self, topic: str, next_offset: int) -> None:
        """Take everything below an offset as applied."""
        if next_offset > self.next(topic):
            self._next[topic] = next_offset
            self.changed = True

    def check(self, topic: str, found: InputTopic) -> None:
        """Hold a topic against what was kept, and remember its identity.

        Raises Fatal when it was made anew, ends below what was applied, or has lost records that
        were not applied yet.
        """
        where = f"{topic}[{self._partition}]"
        known = self._ids.get(topic)
        if known is not None and found.topic_id is not None and known != found.topic_id:
            raise Fatal(
                f"{where}: the topic was deleted and made again (id {known}, now {found.topic_id});"
                " its offsets mean nothing to the state: run `jiancha state rebuild`"
            )
        self._ids[topic] = found.topic_id
        expected = self._next.get(topic)
        if expected is None:
            return
        if expected > found.high:
            raise Fatal(
                f"{where}: the state has applied up to {expected}, the topic ends at {found.high}:"
                " records are lost, or it was restored to an older state: run"
                " `jiancha state rebuild`"
            )
        if expected < found.low:
            raise Fatal(
                f"{where}: records {expected} to {found.low - 1} were deleted before they were"
                " read: raise the topic's retention; go on without them by"
                f" {accept_gap(topic, self._partition, expected, found.low)}"
            )

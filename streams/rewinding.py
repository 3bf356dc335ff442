"""The sink's group goes back to where the history ends: what is to be set, and on what it is set.

What the topics still hold comes again by reading on; what they no longer hold is told, and can only
come from the engine's state (`streams.resending`). To read something twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kafka import OffsetAndMetadata, TopicPartition

from streams.sink.offsets import gap_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streams.sink.batches import Partition
    from streams.sink.offsets import Brokers, Kept, Offsets, Read

COMMIT_MS: Final = 5_000


class Refused(Exception):  # noqa: N818 - named after the condition
    """Raised when the group cannot be set now; says why, and the remedy."""


class Rewound(NamedTuple):
    """What happens to one partition."""

    partition: Partition
    to: int
    """Where the group reads on, and where the history's own account begins again."""
    again: int
    """Records, or markers, that are read again."""
    gone: int
    """Those that the history lacks, or may lack, and the topic no longer holds."""
    other: bool
    """Whether the topic is not the one that the history knows: that account is forgotten."""


def rewinds(
    found: Mapping[Partition, Read], kept: Kept, *, from_the_first: bool = False
) -> list[Rewound]:
    """Tell what has to be set so that the history lacks nothing that a topic holds.

    `from_the_first`: everything that the topics hold is read again, whatever the history says.
    """
    rewound = []
    for partition, read in sorted(found.items()):
        gap = gap_of(partition, read, kept)
        has = kept.next(partition, read.topic_id)
        group = read.low if read.group is None else read.group
        shorter = has is not None and has > read.end
        if from_the_first or shorter:
            to = read.low
        elif gap is None:
            continue
        else:
            to = max(read.low, gap.first)
        gone = 0 if gap is None or shorter else max(0, read.low - gap.first)
        rewound.append(Rewound(partition, to, max(0, group - to), gone, shorter))
    return rewound


def rewind(
    consumer: Any,
    brokers: Brokers,
    offsets: Offsets,
    topics: Iterable[str],
    members: Callable[[], int],
    *,
    from_the_first: bool = False,
    dry_run: bool = False,
) -> list[Rewound]:
    """Set the group's offsets, and the history's account of them; give what was, or would be, set.

    `consumer` names the sink's group and has not joined it. The account is written after the
    offsets are set: cut off between the two it is run again. Raises Refused while the group has
    members, KafkaError, SchemaDiffers, and what the driver raises.
    """
    if not dry_run and (count := members()):
        raise Refused(
            f"{count} sinks are in the group, and stay: stop them (one that stands still for a"
            " gap has left it already)"
        )
    found = brokers.read(brokers.partitions(topics))
    done = rewinds(found, offsets.kept(), from_the_first=from_the_first)
    if dry_run or not done:
        return done
    wire = {TopicPartition(*each.partition): each.to for each in done}
    consumer.commit(
        {tp: OffsetAndMetadata(to, "", -1) for tp, to in wire.items()}, timeout_ms=COMMIT_MS
    )
    offsets.know(found)
    for each in done:
        if each.other:
            offsets.forget(each.partition)
    offsets.keep({each.partition: each.to for each in done})
    return done

"""More partitions for the co-partitioned topics, without losing, inventing or doubling a verdict.

A case stands in murmur2(number) mod partitions; Kafka can add partitions, moves no record, and
takes none away. So the states of cases have to be moved, in place, while no engine runs:

1. **Nobody else writes.** The engine's group is empty, and every partition is claimed under its
   owner's transactional id, which stops an engine that was frozen and wakes up.
2. **Everything sent is judged.** No committed event or ruling, and no change of calendar or
   catalogue, waits behind what the states have applied: it would be judged apart from its case.
3. **The state topic is widened: the mark.** As long as it has more partitions than `hall.steps`, a
   repartition is half done. Every engine refuses to start on that, by the check that it makes
   anyway (`streams.runtime.cluster`), and `jiancha topics --check` tells it. No record and no
   setting has to be kept for it, and none can go wrong.
4. **Every partition gets its own record and all references**: the time that the furthest has
   reached, the input offsets that it had; a new partition's begin at 0, where its inputs will.
5. **Each case moves in one transaction**: its state in the new partition, its removal in the old
   one. At any committed moment a case stands in exactly one place. What has moved is at its place
   and moves no more, so a run that was killed is simply run again.
6. **All is read back as an engine would**: the same number of cases with the same digest, each in
   its place. Only then are the other topics widened, `hall.steps` last: the mark is gone.

What was rejected: topics of a new name for each generation (every hall, reader and dashboard would
have to follow), a rebuild from the events (`hall.steps` keeps 90 days), and a live move (the group
protocol gives a case's old and new partition to different workers, which share no transaction).

Events that come in meanwhile are not lost: an engine sends on what lies in another partition than
its case's. Until they are, time may pass without them; so let the halls pause for the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from schemas import topics
from schemas.verdicts import encode
from streams.runtime.logic import PARTITION_KEY
from streams.runtime.ports import Batch, Output
from streams.state_layout import TRANSACTION_BYTES, Survey, transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streams.runtime.positions import Partition
    from streams.state_layout import Kept

STATE: Final = topics.CASE_STATE.name
WIDENED: Final = (
    *(
        t.name
        for t in topics.ALL
        if t.co_partitioned and t not in (topics.CASE_STATE, topics.STEPS)
    ),
    topics.STEPS.name,
)
"""What follows the state topic, in this order; the last one ends the repartition."""


class Refused(Exception):  # noqa: N818 - named after the condition
    """Raised when the partitions cannot be changed now; each line says why, and the remedy."""


class Unread(NamedTuple):
    """A record that the states have not applied: an event, a ruling, a change; ticks do not count.

    Time passes by the next tick too.
    """

    topic: str
    partition: int
    offset: int
    change_id: str = ""
    """Of a change of calendar or catalogue."""


class Layout(Protocol):
    """The topics on the brokers. Everything is durable when a call returns."""

    def counts(self) -> Mapping[str, int]:
        """Give the partitions of each co-partitioned topic that is there."""

    def members(self) -> int:
        """Count the engines in the group."""

    def claim(self, partitions: Iterable[int]) -> None:
        """Shut out whoever wrote these partitions; wait for what they have committed."""

    def kept(self, partition: int) -> Kept:
        """Read a partition of the state topic to its end."""

    def unread(self, starts: Mapping[Partition, int]) -> list[Unread]:
        """Find the events, rulings and changes from some offsets on, in the order of each topic."""

    def write(self, partition: int, batch: Batch) -> None:
        """Write in one transaction, by the producer of a claimed partition."""

    def widen(self, topic: str, partitions: int) -> None:
        """Add partitions to a topic; return when they are there."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has found and done."""

    before: int
    """The partitions of `hall.steps` when it began."""
    survey: Survey
    late: list[Unread] = field(default_factory=list)
    """What came in while it ran."""


def prospect(layout: Layout, to: int, tell: Callable[[str, int, int], None]) -> Done:
    """Look what a repartition would do, while engines may run; nothing is changed.

    Raises Refused when the numbers of partitions are no ground for one.
    """
    counts = layout.counts()
    before = _grounds(counts, to)
    return Done(before, _look(layout, counts[STATE], to, tell))


def repartition(
    layout: Layout,
    to: int,
    tell: Callable[[str, int, int], None],
    size: int = TRANSACTION_BYTES,
) -> Done:
    """Give every co-partitioned topic `to` partitions; `tell` hears what is done, how far, of what.

    Raises Refused before anything is changed, or where what is read back differs. It can be killed
    at any moment, and is then run again. `size`: bytes of states that move in one transaction.
    """
    counts = layout.counts()
    before = _grounds(counts, to)
    wide = counts[STATE]
    if before == to:
        return Done(before, Survey(to))
    if members := layout.members():
        raise Refused(in_the_way(members))
    layout.claim(range(wide))
    found = _look(layout, wide, to, tell)
    wrong = list(found.wrong)
    if wide == before:  # else it is half done, and was checked when it began
        first = {unread[:2]: unread for unread in reversed(layout.unread(found.starts(before)))}
        wrong += [_why_not(unread) for _, unread in sorted(first.items())]
    if wrong:
        raise Refused("\n".join(wrong))
    _move_all(layout, found, before, size, tell)
    for topic in WIDENED:
        layout.widen(topic, to)
    return Done(before, found, layout.unread(found.starts(before)))


def in_the_way(members: int) -> str:
    """Say that so many engines are in the group while nobody else may write."""
    return f"{members} engines are in the group, and stay: stop them all"


def _move_all(
    layout: Layout, found: Survey, before: int, size: int, tell: Callable[[str, int, int], None]
) -> None:
    to, was = found.partitions, found.read
    layout.widen(STATE, to)
    layout.claim(range(to))
    references = list(found.references.items())
    for partition in range(to):
        own = (PARTITION_KEY, encode(found.record(partition, before)))
        layout.write(partition, Batch([], [*references, own]))
    moved = 0
    for partition in range(was):
        for part in transactions(layout.kept(partition).leaving(partition, to), size):
            arriving = [Output(STATE, place, key, state) for place, key, state in part]
            layout.write(partition, Batch(arriving, [(key, None) for _, key, _ in part]))
            moved += len(part)
            tell("moved cases", moved, found.moving)
    layout.claim(range(to))  # what was committed is now to be seen by every reader
    after = _look(layout, to, to, tell)
    if after.moving or not after.same_cases(found) or len(after.own) != to:
        raise Refused(
            f"read back are {after.cases} cases instead of {found.cases}, {after.moving} of them "
            f"not in their place, digest {after.digest:016x} instead of {found.digest:016x}: "
            "nothing else was changed; do not start an engine, and report this"
        )


def _look(layout: Layout, wide: int, to: int, tell: Callable[[str, int, int], None]) -> Survey:
    survey = Survey(to)
    for partition in range(wide):
        survey.add(partition, layout.kept(partition))
        tell("read partitions", partition + 1, wide)
    return survey


def _grounds(counts: Mapping[str, int], to: int) -> int:
    """Give the number of partitions that the inputs have. Raises Refused."""
    if missing := [name for name in (STATE, *WIDENED) if name not in counts]:
        raise Refused(f"there is no topic {', '.join(missing)}: run `jiancha topics`")
    wide, before = counts[STATE], counts[topics.STEPS.name]
    if wide not in (before, to) and wide > before:
        raise Refused(
            f"a repartition to {wide} is half done: end it first, by "
            f"`jiancha repartition --to {wide}`"
        )
    if to < before:
        raise Refused(f"the topics have {before} partitions: Kafka takes none away")
    if any(counts[name] not in (before, wide) for name in WIDENED) or wide < before:
        raise Refused("the topics' partitions differ: see `jiancha topics --check`")
    return before


def _why_not(unread: Unread) -> str:
    what = f"the change {unread.change_id}" if unread.change_id else "a record"
    return (
        f"{unread.topic}[{unread.partition}]: {what} at {unread.offset} is not applied: let the "
        "halls pause, let the engines read everything, and stop them"
    )

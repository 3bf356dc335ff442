"""A rebuild of the state on real brokers: what is read of the topics, and what is written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas import topics
from schemas.ticks import Tick, read_tick
from schemas.verdicts import ORIGIN_HEADER, Origin, encode
from streams.reaches import commit, reaches
from streams.rebuilding import (
    CASES,
    RULINGS,
    STEPS,
    TICKS,
    VERDICTS,
    Issued,
    Known,
    Rebuild,
    Record,
    epoch_after,
    known_case,
)
from streams.repartition_kafka import KafkaLayout
from streams.repartitioning import in_the_way
from streams.runtime.engine import runtime_settings
from streams.runtime.inputs import InputPosition
from streams.runtime.placing import partition_of
from streams.runtime.ports import Fault
from streams.runtime.positions import Partition
from streams.runtime.restore import read_to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streams.reaches import Reach
    from streams.rebuilding import Found
    from streams.runtime.logic import CasePartition
    from streams.settings import Settings
    from streams.state_layout import Kept
    from streams.topic_admin import TopicAdmin

CHUNK: Final = 4_000
LAST_TICKS: Final = 100
"""How many of a partition's last ticks are asked what time it is."""


class Refused(Exception):  # noqa: N818 - named after the condition
    """Raised when the state cannot be made again now; the text says why, and the remedy."""


@dataclass
class Rebuilt:
    """What a rebuild did."""

    epoch: int
    found: dict[int, Found] = field(default_factory=dict)
    """By partition."""
    reaches: dict[Partition, Reach] = field(default_factory=dict)


@dataclass
class _Read:
    """What the topics say before any partition is made again."""

    reaches: dict[Partition, Reach]
    issued: Issued = field(default_factory=Issued)
    known: dict[str, Known] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """The latest moment on record in each partition, by its ticks and the cards' moves."""
    judged: dict[Partition, int] = field(default_factory=dict)
    """The first record of each input that no engine has judged yet."""
    displaced: dict[Partition, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """Records whose case belongs to another partition by now, by where they belong."""
    coming: set[bytes] = field(default_factory=set)
    """The origins of records that were sent on, and wait in their own partition to be judged."""

    def judge(self, place: Partition, kept: Kept, *, topics_only: bool) -> None:
        """Tell how far an input was judged; where nothing tells, all that is there is taken for it.

        What comes after that is left to the engine, which also says what becomes of it. Ticks are
        read from where the old state was with them, if it counts: what an older one did not see may
        be a change of the law.
        """
        reach, old = self.reaches[place], kept.own
        before = None if old is None else old.inputs.get(place.topic)
        said = [] if reach.committed is None else [reach.committed]
        if before is not None:
            same = before.topic_id in (None, reach.topic_id)
            if same and place.topic == TICKS and not topics_only:
                said.clear()
            said.append(before.next if same else reach.low)
        come = max(said, default=reach.next)
        self.judged[place] = min(reach.next, max(reach.low, come))

    def positions(self, number: int) -> dict[str, InputPosition]:
        """Tell where a partition reads on."""
        places = [Partition(topic.name, number) for topic in topics.INPUTS]
        return {
            place.topic: InputPosition(self.reaches[place].topic_id, self.judged[place])
            for place in places
        }

    def now(self, number: int, kept: Kept | None) -> int:
        """Tell the latest moment that a partition's time is known to have reached."""
        old = None if kept is None else kept.own
        return max(self.times[number], 0 if old is None else old.now)


class Rebuilder:
    """Makes the state of all partitions again; `logic` makes a fresh engine of one.

    `tell` hears what is done, how much of it, of how much. Methods raise Refused before anything is
    changed, Fatal when a read or a write fails, TopicsUnavailable.
    """

    def __init__(
        self,
        settings: Settings,
        admin: TopicAdmin,
        logic: Callable[[int, int], CasePartition],
        tell: Callable[[str, int, int], None],
    ) -> None:
        self._settings = runtime_settings(settings, data_dir="")
        self._layout = KafkaLayout(settings, admin)
        self._admin = admin
        self._logic, self._tell = logic, tell

    def run(self, wall: int, *, topics_only: bool = False, dry_run: bool = False) -> Rebuilt:
        """Rebuild every partition. `wall` is what time it is, seconds since 1970 UTC.

        It can be cut off at any moment, and is then run again: until it has ended no engine starts.
        With `topics_only` the old state counts for nothing but its epoch.
        """
        numbers = range(self._grounds(self._layout.counts(), dry_run=dry_run))
        if not dry_run:
            self._layout.claim(numbers)
        names = [*(topic.name for topic in topics.INPUTS), VERDICTS, CASES]
        places = [Partition(name, number) for name in names for number in numbers]
        read = _Read(reaches(self._settings, self._admin, places))
        kept = {number: self._layout.kept(number) for number in numbers}
        for place in places:
            if place.topic in (STEPS, RULINGS, TICKS):
                read.judge(place, kept[place.partition], topics_only=topics_only)
        self._read_derived(read, numbers)
        self._read_inputs(read, numbers)
        epoch = epoch_after(wall, kept.values(), read.issued, read.known)
        done = Rebuilt(epoch, reaches=read.reaches)
        if not dry_run:
            self._commit_back(read)
        for number in numbers:
            rebuild = self._one(number, kept.pop(number), read, done, topics_only=topics_only)
            done.found[number] = rebuild.found
            for batch in () if dry_run else rebuild.batches():
                self._layout.write(number, batch)
            self._tell("rebuilt partitions", number + 1, len(numbers))
        return done

    def _grounds(self, counts: Mapping[str, int], *, dry_run: bool) -> int:
        wanted = {topic.name for topic in topics.ALL if topic.co_partitioned}
        if missing := sorted(wanted - counts.keys()):
            raise Refused(f"there is no topic {', '.join(missing)}: run `jiancha topics` first")
        if len({counts[name] for name in wanted}) > 1:
            raise Refused("the topics' partitions differ: see `jiancha topics --check`")
        if not dry_run and (members := self._layout.members()):
            raise Refused(in_the_way(members))
        return counts[STEPS]

    def _commit_back(self, read: _Read) -> None:
        """Let the group not be ahead of what will be read again: an engine takes that for a loss.

        Before anything is written: what is begun is not over, and whoever begins again finds this.
        """
        back = {
            place: following
            for place, following in read.judged.items()
            if following < (read.reaches[place].committed or 0)
        }
        if back:
            commit(self._settings, back)

    def _read_derived(self, read: _Read, numbers: Iterable[int]) -> None:
        """Learn what was issued and judged, in whichever partition it stands."""

        def take(message: Any) -> None:
            value = message.value() or b""
            if message.topic() == CASES:
                if (found := known_case(value)) is not None:
                    read.known[found[0]] = found[1]
            elif (move := read.issued.take(value)) is not None:
                read.times[message.partition()] = max(read.times[message.partition()], move.at)

        self._from_low((VERDICTS, CASES), numbers, read, take)

    def _read_inputs(self, read: _Read, numbers: range) -> None:
        """See how far the inputs reach, what stands in another place, and what time it was."""

        def take(message: Any) -> None:
            place = Partition(message.topic(), message.partition())
            reach = read.reaches[place]
            if reach.since is None:
                reach.since = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
            if message.offset() >= read.judged[place]:
                read.coming.add(_origin(_record(message)))
                return
            key = message.key()
            if key:
                target = partition_of(key.decode(errors="replace"), len(numbers))
                if target != place.partition:
                    read.displaced[Partition(place.topic, target)].append(_record(message))

        def tick(message: Any) -> None:
            try:
                found = read_tick(message.value() or b"")
            except msgspec.MsgspecError:
                return
            if isinstance(found, Tick):
                number = message.partition()
                read.times[number] = max(read.times[number], found.now)

        self._from_low((STEPS, RULINGS), numbers, read, take)
        reaches = {number: read.reaches[Partition(TICKS, number)] for number in numbers}
        starts = {
            Partition(TICKS, number): max(reach.low, reach.next - LAST_TICKS)
            for number, reach in reaches.items()
        }
        read_to_end(self._settings, starts, tick)

    def _from_low(
        self,
        names: Iterable[str],
        numbers: Iterable[int],
        read: _Read,
        take: Callable[[Any], None],
    ) -> None:
        places = [Partition(name, number) for name in names for number in numbers]
        total = sum(read.reaches[place].next - read.reaches[place].low for place in places)
        seen = 0

        def count(message: Any) -> None:
            nonlocal seen
            seen += 1
            if seen % 10_000 == 0:
                self._tell("read records", seen, total)
            take(message)

        read_to_end(self._settings, {place: read.reaches[place].low for place in places}, count)

    def _one(
        self, number: int, kept: Kept, read: _Read, done: Rebuilt, *, topics_only: bool
    ) -> Rebuild:
        """Rebuild one partition; a case on which that fails is set aside, and it is tried again."""
        faults: list[Fault] = []
        while True:
            try:
                return self._try(number, kept, read, done, faults, topics_only=topics_only)
            except Fault as fault:
                case_no = fault.told["case"]
                if not case_no or case_no in {known.told["case"] for known in faults}:
                    raise
                faults.append(fault)

    def _try(
        self,
        number: int,
        kept: Kept,
        read: _Read,
        done: Rebuilt,
        faults: list[Fault],
        *,
        topics_only: bool,
    ) -> Rebuild:
        counts = None if topics_only else kept
        partitions = len(read.reaches) // len({place.topic for place in read.reaches})
        rebuild = Rebuild(
            self._logic(number, partitions),
            kept,
            read.positions(number),
            epoch=done.epoch,
            now=read.now(number, counts),
            partitions=partitions,
            topics_only=topics_only,
            aside=faults,
        )
        for topic in (STEPS, RULINGS):
            self._feed(rebuild, read, Partition(topic, number))

        def tell(cases: int, of: int) -> None:
            self._tell(f"partition {number}: cases", cases, of)

        rebuild.renew(read.issued, read.known, tell)
        return rebuild

    def _feed(self, rebuild: Rebuild, read: _Read, place: Partition) -> None:
        displaced = read.displaced.get(place, ())
        waiting = [record for record in displaced if _origin(record) not in read.coming]

        def take(message: Any) -> None:
            if message.offset() >= read.judged[place]:
                return
            waiting.append(_record(message))
            if len(waiting) >= CHUNK:
                rebuild.apply(place.topic, waiting)
                waiting.clear()

        read_to_end(self._settings, {place: read.reaches[place].low}, take)
        if waiting:
            rebuild.apply(place.topic, waiting)


def _record(message: Any) -> Record:
    """Read a record; its headers say where it stood, unless they say already where it came from."""
    headers, timestamp = tuple(message.headers() or ()), message.timestamp()[1]
    if all(name != ORIGIN_HEADER for name, _ in headers):
        here = Origin(message.topic(), message.partition(), message.offset(), timestamp)
        headers = (*headers, (ORIGIN_HEADER, encode(here)))
    return Record(message.key(), message.value(), timestamp, headers)


def _origin(record: Record) -> bytes:
    """Tell where a record stood first, as its header has it."""
    return next(value for name, value in record.headers if name == ORIGIN_HEADER)

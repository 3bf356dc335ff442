"""When records arrived (到达): the `now` of the last tick whose barrier lies at or below them.

Ticks name how far the other inputs were when they were made, so a record above that had surely not
come before. It follows from the log alone: an outage of ours has no ticks, and makes no source
late. Records are often read before the tick that was made before them, so what was taken stays open
until a tick names it. What is open is kept in the state beside the cases.

In a replay records bring the replay's time, as live ticks would have told it, and are dated by it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from schemas import topics
from streams.engine.entries import UNTOLD, Entry
from streams.engine.judge import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streams.runtime.ports import Chunk

OPEN: Final = b"\x00arriving/"
"""What the keys of what is open begin with in the state topic; `TOPIC/OFFSET` follows."""
UNKNOWN: Final = -1
_ENCODER: Final = msgspec.msgpack.Encoder()
_STEPS: Final[msgspec.msgpack.Decoder[list[tuple[int, str, Entry]]]] = msgspec.msgpack.Decoder(
    list[tuple[int, str, Entry]]
)
_RULINGS: Final[msgspec.msgpack.Decoder[list[tuple[int, str, Answer]]]] = msgspec.msgpack.Decoder(
    list[tuple[int, str, Answer]]
)


class Dated:
    """A chunk of a replay, whose records are dated by the replay's time as they are applied."""

    def __init__(self, chunk: Chunk) -> None:
        self._timestamps = list(chunk.timestamps)
        self.chunk = replace(chunk, timestamps=self._timestamps)

    def set(self, index: int, at: int) -> None:
        """Date a record by seconds since the epoch; before the first tick that is not known (0)."""
        if at:
            self._timestamps[index] = at * 1000


class Open(NamedTuple):
    """What was taken before it was known for certain when it arrived, and what was assumed."""

    offset: int
    case_no: str
    taken: Entry | Answer


class Arrival(NamedTuple):
    """When something that was open arrived, seconds since the epoch."""

    case_no: str
    taken: Entry | Answer
    at: int
    """It had surely not come before; -1: not known."""
    by: int
    """It had surely come by then."""


class Named(NamedTuple):
    """The ticks of one barrier: what lies below it had come by the first of them."""

    barrier: int
    first: int
    last: int


class Arrivals:
    """The arrivals in one partition."""

    def __init__(self) -> None:
        self.untold = False
        """Whether records are read again without the ticks of their day, as in a rebuild."""
        self._ticks: dict[str, deque[Named]] = {}
        self._open: dict[str, deque[Open]] = {}
        self._fresh: dict[str, list[Open]] = {}
        self._written: dict[bytes, int] = {}

    # -- the state ------------------------------------------------------------------------------

    def restore(self, ticked: Mapping[str, tuple[int, int]] | None) -> None:
        """Take the last tick that was read, by topic: its barrier and its moment."""
        self._ticks = {
            topic: deque([Named(barrier, at, at)])
            for topic, (barrier, at) in (ticked or {}).items()
        }

    def restore_open(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state topic whose key begins with `OPEN`."""
        if value is None:
            self._written.pop(key, None)
            return
        topic = key.removeprefix(OPEN).decode().rpartition("/")[0]
        decoder = _STEPS if topic == topics.STEPS.name else _RULINGS
        found = [Open(*each) for each in decoder.decode(value)]
        self._written[key] = found[-1].offset
        self._open.setdefault(topic, deque()).extend(found)

    def restored(self) -> None:
        """Know that everything was restored, in whatever order: what a tick named is not open."""
        for topic, waiting in self._open.items():
            barrier = self._ticks[topic][-1].barrier if topic in self._ticks else 0
            still = sorted(each for each in waiting if each.offset >= barrier)
            self._open[topic] = deque(still)

    def kept(self, applied: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """Give for each topic the last tick at or below what is `applied`, as `restore` takes it.

        Those after it are read again by whoever goes on.
        """
        found = {}
        for topic, next_offset in applied.items():
            tick = self._last(topic, next_offset)
            if tick is not None:
                found[topic] = tick.barrier, tick.last
        return found

    def state(self) -> list[tuple[bytes, bytes | None]]:
        """Give what has to be written to the state since this was last asked."""
        written: list[tuple[bytes, bytes | None]] = []
        for topic, fresh in self._fresh.items():
            waiting = self._open.get(topic)
            first = waiting[0].offset if waiting else None
            still = [each for each in fresh if first is not None and each.offset >= first]
            if still:
                key = OPEN + f"{topic}/{still[0].offset}".encode()
                self._written[key] = still[-1].offset
                written.append((key, _ENCODER.encode(still)))
        self._fresh.clear()
        for key, last in list(self._written.items()):
            topic = key.removeprefix(OPEN).decode().rpartition("/")[0]
            waiting = self._open.get(topic)
            if not waiting or waiting[0].offset > last:
                del self._written[key]
                written.append((key, None))
        return written

    # -- records --------------------------------------------------------------------------------

    def of(self, topic: str, offset: int) -> int:
        """Tell when the record at an offset arrived, as far as ticks are read; -1: not known."""
        if self.untold:
            return UNTOLD
        tick = self._last(topic, offset)
        return UNKNOWN if tick is None else tick.last

    def by(self, topic: str, offset: int) -> int:
        """Tell by when the record at an offset had surely come, as far as ticks are read."""
        ticks = () if self.untold else self._ticks.get(topic, ())
        return next((tick.first for tick in ticks if tick.barrier > offset), UNKNOWN)

    def took(self, topic: str, offset: int, case_no: str, taken: Entry | Answer) -> None:
        """Remember what was taken, unless a tick that is read names it already."""
        ticks = self._ticks.get(topic)
        if self.untold or (ticks and ticks[-1].barrier > offset):
            return
        each = Open(offset, case_no, taken)
        self._open.setdefault(topic, deque()).append(each)
        self._fresh.setdefault(topic, []).append(each)

    def _last(self, topic: str, offset: int) -> Named | None:
        """Give the last tick that is read whose barrier lies at or below an offset.

        Offsets are asked in their order, and those before it are forgotten.
        """
        ticks = self._ticks.get(topic)
        if not ticks:
            return None
        while len(ticks) > 1 and ticks[1].barrier <= offset:
            ticks.popleft()
        return ticks[0] if ticks[0].barrier <= offset else None

    # -- ticks ----------------------------------------------------------------------------------

    def read(self, now: int, barriers: Mapping[str, int]) -> Iterable[Arrival]:
        """Read a tick, in their order; give when those arrived that it is the first to name.

        Neither time nor barriers go back: a tick that was held up on its way says nothing new.
        """
        found: list[Arrival] = []
        for topic, named in barriers.items():
            ticks = self._ticks.setdefault(topic, deque())
            before, first, at = ticks[-1] if ticks else (0, UNKNOWN, UNKNOWN)
            barrier, moment = max(before, named), max(at, now)
            waiting = self._open.get(topic, ())
            while waiting and waiting[0].offset < barrier:
                each = waiting.popleft()
                if each.taken.arrived < at or each.taken.at > moment:
                    found.append(Arrival(each.case_no, each.taken, at, moment))
            if ticks and barrier == before:
                ticks[-1] = Named(barrier, first, moment)
            else:
                ticks.append(Named(barrier, moment, moment))
        return found

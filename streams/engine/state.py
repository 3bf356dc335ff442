"""What is kept of a case: its ledger's entries and the cards issued, as compact bytes.

The bytes are what the changelog holds and what the worker holds in memory, so that restoring is
reading. They begin with the format's version, a summary that is counted over all cases, the case's
next deadline, which the index needs without opening the rest, and the last day that its verdict
rests on, by which a change of the calendar finds the cases that it can concern.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from streams.engine.corrections import Correction, Since
from streams.engine.entries import Entry
from streams.engine.judge import NEVER, Answer, Card, card_key
from streams.engine.listing import NO_CLOCK, NoClock
from streams.engine.pins import Pin, PinnedLaw
from streams.engine.rules import StandardDays

FORMAT: Final = 2
"""The version of this form. An unknown one is fatal: state must never be misread."""
MAX_STATE_BYTES: Final = 256 * 1024
"""A case whose state would be larger takes no more events: they go to the dead letters."""

_HEAD: Final = struct.Struct(">BBQi")
HEAD_BYTES: Final = _HEAD.size
"""How many bytes of a packed case `head_of` needs."""
_ENCODER: Final = msgspec.msgpack.Encoder()


class UnknownFormat(Exception):  # noqa: N818 - named after the condition
    """Raised when state was written in a format that this program does not read; says what to do.

    `found` is the format of the state.
    """

    def __init__(self, found: int) -> None:
        if found < FORMAT:
            why = (
                "an older program wrote it: run `jiancha state rebuild`, which makes the state anew"
                " from the topics (docs/upgrade.md, State of another format)"
            )
        else:
            why = (
                "a newer program wrote it: run that version again, or go back as docs/upgrade.md"
                " (How to go back) says"
            )
        super().__init__(f"state has format {found}, this program reads {FORMAT}; {why}")


class Summary(NamedTuple):
    """What is counted over all cases of a partition, kept beside each state."""

    open: bool
    """Whether a clock runs, or the case has not ended."""
    level: int
    """The rank of the highest card that is active."""
    provisional: bool
    """Whether an open clock rests on days that nobody has decreed."""
    watch: int = 0
    """How it is watched: `WATCHED`, `UNLISTED`, or between them why it has no clock."""

    @property
    def no_clock(self) -> NoClock | None:
        """Why it has no clock; None where it has one."""
        return NO_CLOCK[self.watch - 1] if WATCHED < self.watch < UNLISTED else None

    @property
    def unlisted(self) -> bool:
        """Whether the catalogue that it pinned does not know its item: a newer one may."""
        return self.watch == UNLISTED or self.no_clock == "item_unknown"


WATCHED: Final = 0
UNLISTED: Final = len(NO_CLOCK) + 1
"""It has a clock, and its item is none that its catalogue lists."""


def watch_of(no_clock: NoClock | None, *, unlisted: bool) -> int:
    """Give what a summary says of how a case is watched."""
    if no_clock is None or (unlisted and no_clock != "item_unknown"):
        return UNLISTED if unlisted else WATCHED
    return NO_CLOCK.index(no_clock) + 1


_SUMMARIES: Final = tuple(
    Summary(bool(bits & 4), bits & 3, bool(bits & 8), bits >> 4) for bits in range(128)
)


class CaseState(Struct, array_like=True):
    """One case: its entries, sorted, and the latest card of each clock and level."""

    revision: int = 0
    """How often it was written."""
    catalogue: str = ""
    """The catalogue that was in force at the first record: of every record without a pin."""
    accepted: bool = False
    """Whether an acceptance is on record; earlier versions pinned `catalogue` anew then."""
    entries: list[Entry] = msgspec.field(default_factory=list)
    cards: list[Card] = msgspec.field(default_factory=list)
    answers: list[Answer] = msgspec.field(default_factory=list)
    """The rulings on its cards, sorted."""
    epoch: int = 0
    """Of the partition when the case was opened: `revision` counts from there (纪元)."""
    pins: list[Pin] = msgspec.field(default_factory=list)
    """The law of records that came under another than the first's, sorted by record."""
    standard_days: StandardDays | None = None
    """What is pinned with `catalogue` of the standard working days; None by an earlier version."""

    first_due: int = 0
    """The earliest due moment of a clock that runs, or that ended past it; `NEVER` without one."""
    noticed: int = 0
    """The tick after which records came to the case; 0 when one has passed since, or none is over.
    Whether a clock was over by that tick is asked of the first of them."""
    since: Since | None = None
    """How the records of a case with a clock over differ from what that tick found."""
    corrections: list[Correction] = msgspec.field(default_factory=list)
    """Clocks that were corrected after their breach, in the order in which that was found."""

    @property
    def law(self) -> PinnedLaw:
        """What the first record pinned of the law."""
        return PinnedLaw(self.catalogue, self.standard_days)

    @law.setter
    def law(self, law: PinnedLaw) -> None:
        self.catalogue, self.standard_days = law

    def cards_by_key(self) -> dict[str, Card]:
        """Give the cards by clock and level."""
        return {card_key(card.clock_id, card.level): card for card in self.cards}


_DECODER: Final = msgspec.msgpack.Decoder(CaseState)


class Head(NamedTuple):
    """What can be read without opening a state. Moments are seconds since the epoch."""

    summary: Summary
    deadline: int
    horizon: int
    """The last day, since 1970-01-01, that the verdict rests on."""

    @property
    def sleeps(self) -> bool:
        """Whether the case has ended and time alone can change nothing: only a late record can."""
        return not self.summary.open and self.deadline >= NEVER


def pack(state: CaseState, head: Head) -> bytes:
    """Write a case's state behind its head."""
    summary = head.summary
    bits = summary.level | summary.open << 2 | summary.provisional << 3
    bits |= summary.watch << 4
    return _HEAD.pack(FORMAT, bits, head.deadline, head.horizon) + _ENCODER.encode(state)


def unpack(raw: bytes) -> CaseState:
    """Read a case's state. Raises UnknownFormat."""
    head_of(raw)
    return _DECODER.decode(memoryview(raw)[_HEAD.size :])


def head_of(raw: bytes) -> Head:
    """Read only the head. Raises UnknownFormat."""
    if raw[0] != FORMAT:
        raise UnknownFormat(raw[0])
    _, bits, deadline, horizon = _HEAD.unpack_from(raw)
    return Head(_SUMMARIES[bits], deadline, horizon)


def size_with(state: CaseState, new: Entry | Answer) -> int:
    """Measure the bytes that records and rulings would take with one more."""
    return len(_ENCODER.encode((state.entries, state.answers, new)))

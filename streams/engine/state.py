"""What is kept of a case: its ledger's entries and the cards issued, as compact bytes.

The bytes are what the changelog holds and what the worker holds in memory, so that restoring is
reading. They begin with the format's version and the case's next deadline, which the index needs
without opening the rest, and a summary that is counted over all cases.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from streams.engine.judge import Card, card_key
from streams.engine.ledger import Entry

FORMAT: Final = 1
"""The version of this form. An unknown one is fatal: state must never be misread."""
MAX_STATE_BYTES: Final = 256 * 1024
"""A case whose state would be larger takes no more events: they go to the dead letters."""

_HEAD: Final = struct.Struct(">BBQ")
_ENCODER: Final = msgspec.msgpack.Encoder()


class UnknownFormat(Exception):  # noqa: N818 - named after the condition
    """Raised when state was written by a version of the program that this one does not know."""


class Summary(NamedTuple):
    """What is counted over all cases of a partition, kept beside each state."""

    open: bool
    """Whether a clock runs, or the case has not ended."""
    level: int
    """The rank of the highest card that is active."""
    provisional: bool
    """Whether an open clock rests on days that nobody has decreed."""


_SUMMARIES: Final = tuple(Summary(bool(bits & 4), bits & 3, bool(bits & 8)) for bits in range(16))


class CaseState(Struct, array_like=True):
    """One case: its entries, sorted, and the latest card of each clock and level."""

    revision: int = 0
    """How often it was written."""
    catalogue: str = ""
    """The catalogue pinned at acceptance; empty before it."""
    entries: list[Entry] = msgspec.field(default_factory=list)
    cards: list[Card] = msgspec.field(default_factory=list)

    def cards_by_key(self) -> dict[str, Card]:
        """Give the cards by clock and level."""
        return {card_key(card.clock_id, card.level): card for card in self.cards}


_DECODER: Final = msgspec.msgpack.Decoder(CaseState)


def pack(state: CaseState, summary: Summary, deadline: int) -> bytes:
    """Write a case's state with its summary and next deadline (seconds since the epoch)."""
    bits = summary.level | summary.open << 2 | summary.provisional << 3
    return _HEAD.pack(FORMAT, bits, deadline) + _ENCODER.encode(state)


def unpack(raw: bytes) -> CaseState:
    """Read a case's state. Raises UnknownFormat."""
    head_of(raw)
    return _DECODER.decode(memoryview(raw)[_HEAD.size :])


def head_of(raw: bytes) -> tuple[Summary, int]:
    """Read only the summary and the next deadline. Raises UnknownFormat."""
    version, bits, deadline = _HEAD.unpack_from(raw)
    if version != FORMAT:
        raise UnknownFormat(f"state has format {version}, this program knows {FORMAT}")
    return _SUMMARIES[bits & 15], int(deadline)


def size_with(state: CaseState, entry: Entry) -> int:
    """Measure the bytes that the entries would take with one more."""
    return len(_ENCODER.encode(state.entries)) + len(_ENCODER.encode(entry))

"""Records that leave as they came: sent on to their own partition, or to the dead letters."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from schemas import topics
from schemas.bounds import MAX_ORIGIN_BYTES
from schemas.decoding import Refusal
from schemas.events import LATEST
from schemas.macs import mac_headers
from schemas.ticks import REPLAYED_AT
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    ORIGIN_HEADER,
    DeadLetter,
    Origin,
    decode,
    encode,
    letter_id,
)
from streams.runtime.judging import DIGITS
from streams.runtime.ports import Output

if TYPE_CHECKING:
    from streams.runtime.ports import Chunk

MAX_LETTER_BYTES: Final = 256 * 1024
"""A longer value is cut in its dead letter; the whole one stands at its origin."""
MAX_KEY_BYTES: Final = 1_024
"""A longer key is no case number, and stays at the record's origin: a key, like a header, may be
larger than a broker takes, since what a sender compresses is measured compressed."""
_LATEST_MS: Final = int(LATEST.timestamp() * 1000)
_MOST_PARTITIONS: Final = 1 << 31
_MOST_OFFSETS: Final = 1 << 63


def carried_origin(chunk: Chunk, index: int) -> Origin | None:
    """Tell where a record says that it arrived before: it was sent on, or replayed.

    Anybody may write the header: one that names no place of this topic, or no time, says nothing.
    """
    for name, value in chunk.headers[index]:
        if name == ORIGIN_HEADER and value and len(value) <= MAX_ORIGIN_BYTES:
            try:
                origin = decode(value, Origin)
            except msgspec.MsgspecError:
                return None
            return origin if _possible(origin, chunk.topic) else None
    return None


def origin_of(chunk: Chunk, index: int, arrived: int = -1) -> Origin:
    """Tell where a record first arrived, and when (seconds since the epoch; negative: unknown)."""
    carried = carried_origin(chunk, index) if chunk.headers[index] else None
    if carried is not None:
        return carried
    at = min(max(chunk.timestamps[index], 0), _LATEST_MS)  # a sender may date what it sends
    known = arrived if arrived >= 0 else None
    return Origin(chunk.topic, chunk.partition, chunk.offsets[index], at, known)


def _possible(origin: Origin, topic: str) -> bool:
    return (
        origin.topic == topic
        and 0 <= origin.partition < _MOST_PARTITIONS
        and 0 <= origin.offset < _MOST_OFFSETS
        and 0 <= origin.timestamp_ms <= _LATEST_MS
        and (origin.arrived is None or 0 <= origin.arrived * 1000 <= _LATEST_MS)
    )


def sent_on(chunk: Chunk, index: int, case_no: str, partition: int, arrived: int = -1) -> Output:
    """Send a record to its case's own partition, with where it first arrived.

    Of its headers those go along that somebody reads: the others may be of any size and number.
    """
    came = chunk.headers[index]
    dated = [h for h in came if h[0] == REPLAYED_AT and 0 < len(h[1] or b"") <= DIGITS]
    origin = ORIGIN_HEADER, encode(origin_of(chunk, index, arrived))
    headers = [*mac_headers(came), *dated[:1], origin]
    return Output(chunk.topic, partition, case_no.encode(), chunk.values[index], headers)


def dead_letter(
    chunk: Chunk, index: int, refusal: Refusal, epoch: int = 0, arrived: int = -1
) -> Output:
    """Send a record to the dead letters: its bytes, its MAC, and why in a header."""
    raw = chunk.values[index] or b""
    letter = DeadLetter(
        letter_id=letter_id(chunk.topic, chunk.partition, chunk.offsets[index]),
        reason=refusal.reason,
        field=refusal.field,
        value=refusal.value,
        message=refusal.message,
        remedy=refusal.remedy,
        source=refusal.source,
        origin=origin_of(chunk, index, arrived),
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        cut=len(raw) > MAX_LETTER_BYTES,
        epoch=epoch,
    )
    headers = [(DEAD_LETTER_HEADER, encode(letter)), *mac_headers(chunk.headers[index])]
    value = raw[:MAX_LETTER_BYTES]
    key = chunk.keys[index]
    if key is not None and len(key) > MAX_KEY_BYTES:
        key = None
    return Output(topics.DEAD_LETTERS.name, chunk.partition, key, value, headers)


def too_large(case_no: str, source: str, why: str) -> Refusal:
    """Refuse an event that would take its case over a cap."""
    return Refusal(
        "case_too_large",
        "case_no",
        case_no,
        why,
        "check that the source does not use one case number for many cases",
        source,
    )

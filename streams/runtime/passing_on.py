"""Records that leave as they came: sent on to their own partition, or to the dead letters."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from schemas import topics
from schemas.bounds import MAX_ORIGIN_BYTES
from schemas.decoding import Refusal
from schemas.macs import mac_headers
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    ORIGIN_HEADER,
    DeadLetter,
    Origin,
    decode,
    encode,
    letter_id,
)
from streams.runtime.ports import Output

if TYPE_CHECKING:
    from streams.runtime.ports import Chunk

MAX_LETTER_BYTES: Final = 256 * 1024
"""A longer value is cut in its dead letter; the whole one stands at its origin."""


def origin_of(chunk: Chunk, index: int) -> Origin:
    """Tell where a record first arrived: here, unless it was sent on or replayed."""
    for name, value in chunk.headers[index]:
        if name == ORIGIN_HEADER and value and len(value) <= MAX_ORIGIN_BYTES:
            try:
                return decode(value, Origin)
            except msgspec.MsgspecError:
                break  # anybody may write a header: one that is no origin says nothing
    return Origin(chunk.topic, chunk.partition, chunk.offsets[index], chunk.timestamps[index])


def sent_on(chunk: Chunk, index: int, case_no: str, partition: int) -> Output:
    """Send a record to its case's own partition, with where it first arrived."""
    headers = [h for h in chunk.headers[index] if h[0] != ORIGIN_HEADER]
    headers.append((ORIGIN_HEADER, encode(origin_of(chunk, index))))
    return Output(chunk.topic, partition, case_no.encode(), chunk.values[index], headers)


def dead_letter(chunk: Chunk, index: int, refusal: Refusal, epoch: int = 0) -> Output:
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
        origin=origin_of(chunk, index),
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        cut=len(raw) > MAX_LETTER_BYTES,
        epoch=epoch,
    )
    headers = [(DEAD_LETTER_HEADER, encode(letter)), *mac_headers(chunk.headers[index])]
    value = raw[:MAX_LETTER_BYTES]
    return Output(topics.DEAD_LETTERS.name, chunk.partition, chunk.keys[index], value, headers)


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

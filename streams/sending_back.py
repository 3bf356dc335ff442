"""The sink's dead letters again: each record back to where it stood, for the sink to read it anew.

A record of ours is never edited: it goes back as it was, under its key, into its partition, dated
as it was. Rows are the same for the same record, so that one that is read twice is one row. The
header `jiancha-origin` says where it stood: to the notifier it is no news, and no old card rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.verdicts import ORIGIN_HEADER, encode
from streams.curing import CureFailed
from streams.sink.rows import TOPICS, Undecodable, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streams.curing import Sender
    from streams.dead_letters import DeadLetters, Letter


@dataclass(frozen=True, slots=True)
class Original:
    """The record that a letter of the sink is about."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """When it was written: milliseconds since the epoch."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def once_each(found: Iterable[Letter]) -> list[Letter]:
    """Give one letter for each record: each table that refused it wrote one."""
    return list({letter.about.letter_id: letter for letter in found}.values())


def send_back(letters: DeadLetters, sender: Sender, letter: Letter, *, force: bool) -> str:
    """Send the record that a letter is about to where it stood; give its topic.

    Raises CureFailed for what this program's sink could not read either, unless `force`, and for
    what did not come from a topic of the sink; and LettersUnavailable.
    """
    record = original_of(letters, letter)
    if record.topic not in TOPICS:
        raise CureFailed(f"came by {record.topic}, which the sink does not read")
    if not force:
        try:
            rows_of(record)
        except Undecodable as error:
            raise CureFailed(
                f"would be refused again: {error} → upgrade to the version that wrote it, or later"
            ) from None
    sender.put(
        record.topic,
        record.value,
        record.key,
        partition=record.partition,
        headers=[
            *(header for header in record.headers if header[0] != ORIGIN_HEADER),
            (ORIGIN_HEADER, encode(letter.about.origin)),
        ],
        timestamp=record.timestamp,
    )
    return record.topic


def original_of(letters: DeadLetters, letter: Letter) -> Original:
    """Give a letter's record: from the letter, or from its origin where only that holds it.

    A hall's dead letter is not copied: it may name an applicant. Raises LettersUnavailable.
    """
    of, key, value, headers = letter.about.origin, letter.key, letter.raw, ()
    if letter.about.cut:
        there = letters.original(letter)
        key, value, headers = there.key, there.value, there.headers
    return Original(of.topic, of.partition, of.offset, of.timestamp_ms, key, value, headers)

"""Records from our own topics into rows: pure, and the same for the same record, always."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from schemas import topics
from schemas.verdicts import DEAD_LETTER_HEADER
from streams.sink.accepted_rows import accepted_rows
from streams.sink.aside_rows import aside_rows, is_aside
from streams.sink.change_rows import change_rows, is_report
from streams.sink.judged_rows import case_rows, letter_rows, move_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.sink.tables import Row


class Record(Protocol):
    """What of a Kafka record is read; kafka-python's own has it."""

    @property
    def topic(self) -> str:
        """The topic it stands in."""

    @property
    def partition(self) -> int:
        """Its partition of that topic."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When the engine wrote it: milliseconds since the epoch."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""


class Undecodable(Exception):  # noqa: N818 - named after the condition
    """Raised when a record is none that its topic should hold; the text says why."""


TOPICS: Final = tuple(
    topic.name for topic in (topics.EVENTS, topics.CASES, topics.VERDICTS, topics.DEAD_LETTERS)
)
"""What the sink reads."""


def _told_rows(value: bytes) -> list[Row]:
    return change_rows(value) if is_report(value) else accepted_rows(value)


_READERS: Final = {
    topics.EVENTS.name: _told_rows,
    topics.CASES.name: case_rows,
    topics.VERDICTS.name: move_rows,
}


def rows_of(record: Record) -> list[Row]:
    """Give the rows that a record becomes. Of a dead letter the header alone is read.

    Raises `Undecodable` for a record that is none of its topic.
    """
    try:
        if record.topic == topics.DEAD_LETTERS.name:
            return letter_rows(_header(record), record.timestamp)
        value = record.value or b""
        if record.topic == topics.EVENTS.name and is_aside(value):
            return aside_rows(value, record.timestamp)
        return _READERS[record.topic](value)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Undecodable(str(error)) from error


def _header(record: Record) -> bytes:
    for name, value in record.headers:
        if name == DEAD_LETTER_HEADER:
            return value
    raise ValueError(f"the header {DEAD_LETTER_HEADER} is missing")

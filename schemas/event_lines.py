"""Step events in a file: one JSON object a line, plain or gzipped (`.gz`)."""

from __future__ import annotations

import errno
import gzip
import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from schemas.bounds import MAX_EVENT_BYTES
from schemas.decoding import Refusal, decode_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.events import StepEvent

_ENOUGH: Final = MAX_EVENT_BYTES + 3
"""Bytes of a line: an event, the line break, and one more by which it is seen to be too long."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """A line of a file: an event, or why it is none."""

    number: int
    """Counted from 1."""
    raw: bytes
    event: StepEvent | None
    refusal: Refusal | None


def open_lines(path: Path) -> BinaryIO:
    """Open a file for reading; `-` is standard input. Raises OSError."""
    if str(path) == "-":
        return sys.stdin.buffer
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Give each line; of one that is too long for an event only so much that this shows."""
    while line := file.readline(_ENOUGH):
        rest = line
        while len(rest) == _ENOUGH and not rest.endswith(b"\n"):
            rest = file.readline(_ENOUGH)
        yield line


def _whole(file: BinaryIO, path: Path) -> Iterator[bytes]:
    try:
        yield from _lines(file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        why = "is no gzip file, or damaged or cut short: fetch it again, or name it without .gz"
        raise OSError(errno.EIO, why, str(path)) from error


def read_event_lines(path: Path) -> Iterator[EventLine]:
    """Read every line that is not blank. Raises OSError, also for a damaged gzip file."""
    with open_lines(path) as file:
        for number, line in enumerate(_whole(file, path), 1):
            raw = line.rstrip(b"\r\n")
            if not raw.strip():
                continue
            try:
                yield EventLine(number, raw, decode_event(raw), None)
            except Refusal as refusal:
                yield EventLine(number, raw, None, refusal)

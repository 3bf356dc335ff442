"""Step events in a file: one JSON object a line, plain or gzipped (`.gz`)."""

from __future__ import annotations

import gzip
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from schemas.decoding import Refusal, decode_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.events import StepEvent


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


def read_event_lines(path: Path) -> Iterator[EventLine]:
    """Read every line that is not blank. Raises OSError."""
    with open_lines(path) as lines:
        for number, line in enumerate(lines, 1):
            raw = line.rstrip(b"\r\n")
            if not raw.strip():
                continue
            try:
                yield EventLine(number, raw, decode_event(raw), None)
            except Refusal as refusal:
                yield EventLine(number, raw, None, refusal)

"""Ticks (时间节拍): the passing of time, as records in each partition's own order."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from schemas.verdicts import Seconds

TickSource = Literal["worker", "replay"]


class Tick(Struct, frozen=True):
    """It is `now`, once everything below the barriers has been applied."""

    now: Seconds
    source: TickSource
    barriers: dict[str, int]
    """The next offset of each of the partition's other input topics when the tick was made."""

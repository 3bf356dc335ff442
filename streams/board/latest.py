"""The last good figures: a hundred browsers cost one reading, and an outage shows the last one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import structlog

from streams.board.history import HistoryAway

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.board.history import Away

T = TypeVar("T")
_log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 1.0
SHARE: Final = 5.0
"""A reading that took long is kept so many times as long: the board never fills ClickHouse."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value, and what was the matter when it could not be read anew."""

    value: T
    away: Away | None


class Latest(Generic[T]):
    """Reads at most once at a time, and not again while the last value is fresh.

    While one thread reads, the others get the last value at once; only the very first is waited
    for. Safe to use from several threads. `clock` counts seconds, from anywhere.
    """

    def __init__(self, read: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._reading = threading.Lock()
        self._value: T | None = None
        self._away: Away | None = None
        self._next = 0.0

    def get(self) -> Reading[T]:
        """Give the newest value.

        Raises `HistoryAway` when there never was one.
        """
        if self._clock() >= self._next:
            first = self._value is None
            if self._reading.acquire(blocking=first):
                try:
                    if self._clock() >= self._next:
                        self._renew()
                finally:
                    self._reading.release()
        value, away = self._value, self._away
        if value is None:
            raise HistoryAway(away or "unreachable")
        return Reading(value, away)

    def _renew(self) -> None:
        began = self._clock()
        try:
            self._value = self._read()
            if self._away is not None:
                _log.info("history_back")
            self._away = None
        except HistoryAway as error:
            if self._away != error.why:
                _log.warning("history_away", why=error.why)
            self._away = error.why
        ended = self._clock()
        self._next = ended + max(FRESH_SECONDS, SHARE * (ended - began))

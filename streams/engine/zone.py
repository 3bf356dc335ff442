"""The clock face of a time zone: instants to local time and back, in whole seconds and integers.

An *instant* is seconds since 1970-01-01 00:00 UTC. A *face* is seconds on the local clock since
1970-01-01 00:00 local, so that `face // 86400` is the local day. On the face a day always has
86,400 seconds: a change of daylight saving can neither add nor take an hour of a limit.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.calendars import FIRST_DATE, LAST_DATE

DAY = 86_400
_EPOCH = dt.date(1970, 1, 1).toordinal()


def day_of(date: dt.date) -> int:
    """Count the days since 1970-01-01."""
    return date.toordinal() - _EPOCH


def date_of(day: int) -> dt.date:
    """Return the date `day` days after 1970-01-01."""
    return dt.date.fromordinal(day + _EPOCH)


FIRST_DAY, LAST_DAY = day_of(FIRST_DATE), day_of(LAST_DATE)


class OutsideCalendar(LookupError):  # noqa: N818  # named after the condition
    """Raised when a moment lies outside 1990-01-01 … 2100-12-31, which every calendar covers."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} lies outside {FIRST_DATE} … {LAST_DATE}: "
            "check the time of the event and the length of the limit"
        )


class Zone:
    """The offsets of one IANA time zone from 1990 to 2100, as a table."""

    __slots__ = ("_begins", "_changes", "_offsets", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._changes, self._offsets = _changes(name)
        # The face at which each offset begins. It increases: offsets last longer than they shift.
        self._begins = [
            change + offset for change, offset in zip(self._changes, self._offsets[1:], strict=True)
        ]

    def face(self, instant: int) -> int:
        """Return what the local clock shows at `instant`."""
        return instant + self._offsets[bisect_right(self._changes, instant)]

    def instant(self, face: int) -> int:
        """Return the latest instant at which the clock shows `face`.

        A face that a jump forward skips is never shown: then the instant of the jump.
        """
        i = bisect_right(self._begins, face)
        instant = face - self._offsets[i]
        return min(instant, self._changes[i]) if i < len(self._changes) else instant


@lru_cache(maxsize=64)  # pure, and a few dozen milliseconds each
def zone_of(name: str) -> Zone:
    """Return the table of an IANA zone."""
    return Zone(name)


def _changes(name: str) -> tuple[list[int], list[int]]:
    """List the instants at which the offset changes, and the offsets around them."""
    info = ZoneInfo(name)

    def offset(instant: int) -> int:
        local = dt.datetime.fromtimestamp(instant, tz=info).utcoffset()
        assert local is not None  # noqa: S101  # an aware time has one
        return int(local.total_seconds())

    # Two days wider than the calendar, whose faces are local.
    low, high = (FIRST_DAY - 2) * DAY, (LAST_DAY + 3) * DAY
    changes: list[int] = []
    offsets = [offset(low)]
    for start in range(low, high, DAY):
        before, after = start, start + DAY
        if offset(after) == offsets[-1]:
            continue
        while after - before > 1:  # no zone changes twice within a day
            middle = (before + after) // 2
            if offset(middle) == offsets[-1]:
                before = middle
            else:
                after = middle
        changes.append(after)
        offsets.append(offset(after))
    return changes, offsets

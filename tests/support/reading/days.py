"""Days that are worked, the hours of a day, and walking both: one by one."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from functools import cache
from math import floor

from tests.support.time_oracle import rolled, worked, working_days_from

__all__ = ["months_on", "rolled", "worked", "working_days_from"]

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MORNING, AFTERNOON = (time(9), time(12)), (time(13, 30), time(17, 30))
CLOSE = time(17, 30)
STANDARD_DAY = 25_200
MIDNIGHT = time()


def start_of(day: date) -> datetime:
    """Give the first second of a day."""
    return datetime.combine(day, MIDNIGHT)


def close_of(day: date) -> datetime:
    """Give the close of business of a day."""
    return datetime.combine(day, CLOSE)


def months_on(day: date, count: int) -> date:
    """Give the same day `count` months later, or the last of that month."""
    years, month = divmod(day.month - 1 + count, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


@cache
def running(day: date, *, on_the_clock: bool) -> tuple[tuple[datetime, datetime], ...]:
    """Give the spans of a day that count: its working hours, or all of it."""
    if on_the_clock:
        return ((start_of(day), start_of(day + DAY)),)
    if not worked(day):
        return ()
    return tuple(
        (datetime.combine(day, a), datetime.combine(day, b)) for a, b in (MORNING, AFTERNOON)
    )


def without(spans, pauses):
    """Cut the pauses out of the spans."""
    for start, end in pauses:
        spans = (
            [
                piece
                for a, b in spans
                for piece in ((a, min(b, start)), (max(a, end), b))
                if piece[0] < piece[1]
            ]
            if start < end
            else spans
        )
    return spans


def seconds_between(start: datetime, end: datetime) -> int:
    """Count the working seconds of [start, end), day by day."""
    total, day = 0, start.date()
    while day <= end.date():
        for a, b in running(day, on_the_clock=False):
            total += max(0, (min(b, end) - max(a, start)) // SECOND)
        day += DAY
    return total


def first_above(start, seconds, pauses=(), *, on_the_clock=False) -> datetime:
    """Walk to the first second at which more than `seconds` are used since `start`."""
    if seconds < 0:
        return start
    left, day = seconds, start.date()
    while True:
        for a, b in without(running(day, on_the_clock=on_the_clock), pauses):
            length = (b - max(a, start)) // SECOND
            if length > left:
                return max(a, start) + (floor(left) + 1) * SECOND
            left -= max(0, length)
        day += DAY

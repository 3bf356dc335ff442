"""A limit in days, told day by day: which dates are counted, which are not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import Unit
from schemas.words import Words
from streams.engine.counting import DAY
from streams.engine.intervals import Interval, Stop, kind_of, overrun, suspended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.engine.counting import DayCount


def days_told(counting: DayCount, until: int, stops: Sequence[Stop]) -> Iterator[Interval]:
    """Give the dates from the start up to a day, alike ones together.

    Once the limit is used up nothing is counted up to the last day in time: it was moved there.
    `stops` are the special procedures of `counting.stays`, in the same order.
    """
    calendar = counting.calendar
    begin = calendar.face(counting.start) // DAY
    alike: tuple[bool, Words] | None = None
    days = total = 0
    for day in range(begin, until + 1):
        if day <= counting.first:
            told = False, _before(counting, day)
        elif total == counting.days and day <= counting.last:
            told = False, _beyond(counting, day, stops)
        else:
            told = _told(counting, day, stops)
        total += told[0]
        if alike is not None and told != alike:
            yield _stretch(begin, days, alike)
            begin, days = day, 0
        alike, days = told, days + 1
    if alike is not None:
        yield _stretch(begin, days, alike)


def _stretch(begin: int, days: int, told: tuple[bool, Words]) -> Interval:
    counted, reason = told
    return Interval(
        begin * DAY, (begin + days) * DAY, counted=counted, amount=days * counted, reason=reason
    )


def _before(counting: DayCount, day: int) -> Words:
    if day == counting.first:
        return Words("起算当日不计入", "the start day is not counted")
    working, kind = kind_of(counting.calendar, day)
    if working:
        return Words(
            "下班后发生，自下一工作日起算", "after hours: it starts on the next working day"
        )
    return kind


def _beyond(counting: DayCount, day: int, stops: Sequence[Stop]) -> Words:
    """Say why the last day lies beyond the last counted one: 民法典 §203, or a procedure's end."""
    paused = _pausing(counting, day, stops, short=True)
    if paused:
        return suspended(paused)
    working, kind = kind_of(counting.calendar, day)
    if not working:
        return kind
    return Words(
        "期满日遇休息日，顺延至此日（《民法典》第二百零三条）",
        "the last day was a day off: moved to this one (Civil Code §203)",
    )


def _told(counting: DayCount, day: int, stops: Sequence[Stop]) -> tuple[bool, Words]:
    paused = _pausing(counting, day, stops)
    if paused:
        return False, suspended(paused)
    counted, reason = kind_of(counting.calendar, day)
    if counting.limit.unit is not Unit.WORKING_DAY:
        counted, reason = True, Words("自然日", "natural day")
    if counted:
        reason = overrun(reason, _running_over(counting, day, stops))
    return counted, reason


def _pausing(
    counting: DayCount, day: int, stops: Sequence[Stop], *, short: bool = False
) -> list[Words]:
    """Name the special procedures that take a date out; short ones only move the last day."""
    return [
        stop.name
        for stay, stop in zip(counting.stays, stops, strict=True)
        if stay.begin // DAY < day <= stay.last and (short or not stay.short)
    ]


def _running_over(counting: DayCount, day: int, stops: Sequence[Stop]) -> list[Words]:
    """Name the special procedures that go on beyond the days asked."""
    face = counting.calendar.face
    return [
        stop.name
        for stay, stop in zip(counting.stays, stops, strict=True)
        if stay.begin // DAY < day
        and day > stay.last
        and (stop.end is None or day <= face(stop.end) // DAY)
    ]

"""A limit in days, told day by day: which dates are counted, which are not, and why.

A suspended date says its share, the sum of shares and that sum in whole days: a date is out where
the last rises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from schemas.words import Words
from streams.engine.calendar import date_of
from streams.engine.civil_law import civil_law
from streams.engine.counting import DAY
from streams.engine.counting.shares import Part, rounded, running
from streams.engine.intervals import Interval, Shared, Stop, kind_of, overrun, procedures, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.engine.counting import DayCount


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of a date; alike ones are told together."""

    counted: bool
    reason: Words
    part: Part | None = None
    """What of it is suspended, where that is not all of it."""
    whole: bool = False
    """All of it is suspended."""


def days_told(counting: DayCount, until: int, stops: Sequence[Stop]) -> Iterator[Interval]:
    """Give the dates from the start up to a day, alike ones together.

    Once the limit is used up nothing is counted up to the last day in time: it was moved there.
    `stops` are the special procedures of `counting.stays`, in the same order.
    """
    telling = _Telling(counting, stops)
    begin = counting.calendar.face(counting.start) // DAY
    alike: _Told | None = None
    days = 0
    for day in range(begin, until + 1):
        told = telling.of(day)
        if alike is not None and told != alike:
            yield telling.stretch(begin, days, alike)
            begin, days = day, 0
        alike, days = told, days + 1
    if alike is not None:
        yield telling.stretch(begin, days, alike)


class _Telling:
    """Says of each date, in order, whether it is counted."""

    def __init__(self, counting: DayCount, stops: Sequence[Stop]) -> None:
        self._counting, self._stops = counting, stops
        self._suspended = {  # by date: its part, and the sums before it and with it
            spell.first: (spell.part, before, total)
            for spell, before, total in running(counting.spells, counting.first)
            if spell.part is not None
        }
        self._whole = [spell for spell in counting.spells if spell.part is None]
        self._sum = Fraction(0)

    def of(self, day: int) -> _Told:
        counting = self._counting
        if day <= counting.first:
            return _Told(counted=False, reason=_before(counting, day))
        if counting.used_up < day <= counting.last:
            return _Told(counted=False, reason=self._beyond(day))
        working, kind = kind_of(counting.calendar, day)
        if counting.natural:
            working, kind = True, Words("自然日", "natural day")
        if any(spell.first <= day <= spell.last for spell in self._whole):
            if not working:
                return _Told(counted=False, reason=kind)
            return _Told(counted=False, reason=procedures(self._pausing(day)), whole=True)
        if day in self._suspended:
            part, before, total = self._suspended[day]
            reason = procedures(self._pausing(day))
            return _Told(rounded(total) == rounded(before), reason, part)
        if working:
            kind = overrun(kind, self._running_over(day))
        return _Told(working, kind)

    def stretch(self, begin: int, days: int, told: _Told) -> Interval:
        """Give dates that are alike as one, with their shares summed."""
        interval = Interval(
            begin * DAY,
            (begin + days) * DAY,
            counted=told.counted,
            amount=days * told.counted,
            reason=told.reason,
        )
        if not told.whole and told.part is None:
            return interval
        share = Fraction(days) if told.part is None else told.part.share
        self._sum += share
        part = told.part or Part(begin, days, days)
        shared = Shared(part.suspended, part.whole, self._sum, rounded(self._sum))
        figures = shared.said(days)
        out = Words("本日计入", "this date is counted")
        if not told.counted:
            out = Words("不计入", "out")
        reason = Words(
            f"{told.reason.zh}；{figures.zh}：{out.zh}", f"{told.reason.en}; {figures.en}: {out.en}"
        )
        return replace(interval, reason=reason, share=shared)

    def _beyond(self, day: int) -> Words:
        """Say why the last day lies beyond the last counted one: §203, or a procedure's end."""
        counting = self._counting
        working, kind = kind_of(counting.calendar, day)
        paused = self._pausing(day)
        if day > counting.base and paused:
            named = words_of(paused)
            return Words(
                f"期满时特别程序尚未结束：{named.zh}，顺延（《行政许可法》第四十五条）",
                f"not over when the limit would end: {named.en}: moved on (Licensing Law §45)",
            )
        if not working:
            return kind
        if day <= counting.base:
            law = civil_law(date_of(day), 203)
            return Words(
                f"期满日遇休息日，顺延至此日（{law.zh}）",
                f"the last day was a day off: moved to this one ({law.en})",
            )
        return Words(
            "期满时特别程序尚未结束，顺延至其结束后的首个工作日（《行政许可法》第四十五条）",
            "a special procedure was not over when the limit would end: moved to the first working "
            "day that ends after it (Licensing Law §45)",
        )

    def _pausing(self, day: int) -> list[Words]:
        """Name the special procedures within a date."""
        begin, end = day * DAY, (day + 1) * DAY
        return [
            stop.name
            for stay, stop in zip(self._counting.stays, self._stops, strict=True)
            if stay.start < end and stay.end > begin and stay.start < stay.end
        ]

    def _running_over(self, day: int) -> list[Words]:
        """Name the special procedures that go on beyond the days asked."""
        face = self._counting.calendar.face
        return [
            stop.name
            for stay, stop in zip(self._counting.stays, self._stops, strict=True)
            if stay.end <= day * DAY and (stop.end is None or day <= face(stop.end) // DAY)
        ]


def _before(counting: DayCount, day: int) -> Words:
    if day == counting.first:
        return Words("起算当日不计入", "the start day is not counted")
    working, kind = kind_of(counting.calendar, day)
    if working:
        return Words(
            "下班后发生，自下一工作日起算", "after hours: it starts on the next working day"
        )
    return kind

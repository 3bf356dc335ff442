"""The stretches of time of one clock, counted or not, each with its reason.

Whole days for a limit in days, seconds for a limit in working time; the counted ones add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from schemas.codes import Unit
from schemas.words import Words
from streams.engine.counting import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.words import Language
    from streams.engine.calendar import Calendar
    from streams.engine.counting import DayCount, TimeCount

Measure = Literal["day", "second"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of local time: from `begin` up to `end`, exclusive, seconds on the clock face."""

    begin: int
    end: int
    counted: bool
    amount: int
    """Days or seconds, by the clock's measure; 0 where it is not counted."""
    reason: Words

    def span(self, measure: Measure, language: Language = "en") -> str:
        """Write it as dates, or as local times."""
        if measure == "day":
            first, last = _date(self.begin, language), _date(self.end - 1, language)
            return first if first == last else f"{first} – {last}"
        return f"{_moment(self.begin)} – {_moment(self.end)}"


# -- day by day ---------------------------------------------------------------------------------


def days_told(counting: DayCount, last: int, enough: int | None) -> Iterator[Interval]:
    """Give the dates after the start day up to `last`, alike ones together.

    Beyond `enough` counted days nothing is counted any more: the last day was moved.
    """
    yield Interval(
        counting.first * DAY,
        (counting.first + 1) * DAY,
        counted=False,
        amount=0,
        reason=Words("起算当日不计入", "the start day is not counted"),
    )
    begin, alike, days, total = counting.first + 1, None, 0, 0
    for day in range(counting.first + 1, last + 1):
        told = _told(counting, day)
        if enough is not None and total == enough:
            working, reason = _kind(counting.calendar, day)
            told = (False, _MOVED if working else reason)
        total += told[0]
        if alike is not None and told != alike:
            yield _stretch(begin, days, alike)
            begin, days = day, 0
        alike, days = told, days + 1
    if alike is not None:
        yield _stretch(begin, days, alike)


_SUSPENDED = Words(
    "特别程序，不计入（《行政许可法》第四十五条）",
    "special procedure, not counted (Licensing Law §45)",
)
_WORKING = Words("工作日", "working day")
_MADE_UP = Words("调休上班", "make-up working day")
_MOVED = Words("期满日顺延", "the last day was moved")


def _stretch(begin: int, days: int, told: tuple[bool, Words]) -> Interval:
    counted, reason = told
    return Interval(
        begin * DAY, (begin + days) * DAY, counted=counted, amount=days * counted, reason=reason
    )


def _told(counting: DayCount, day: int) -> tuple[bool, Words]:
    if any(pause.start < day <= pause.end for pause in counting.pauses):
        return False, Words(
            "特别程序，不计入（《行政许可法》第四十五条）", "special procedure (§45)"
        )
    working, reason = _kind(counting.calendar, day)
    if counting.limit.unit is Unit.NATURAL_DAY:
        return True, Words("自然日", "natural day")
    return working, reason


def _kind(calendar: Calendar, day: int) -> tuple[bool, Words]:
    info = calendar.day_info(day)
    projected = Words("（暂定）", " (projected)") if info.projected else Words("", "")
    if info.working:
        name = (
            Words("调休上班", "make-up working day")
            if info.name
            else Words("工作日", "working day")
        )
    elif info.name:
        name = Words(f"放假：{info.name}", f"day off: {info.name}")
    else:
        name = Words("周末", "weekend")
    return info.working, Words(name.zh + projected.zh, name.en + projected.en)


# -- second by second ---------------------------------------------------------------------------


def seconds_told(counting: TimeCount, until: int) -> Iterator[Interval]:
    """Give the stretches from the start up to an instant, counted or not."""
    begin, end = counting.axis(counting.start), counting.axis(until)
    place = begin
    for pause in counting.pauses:
        start, stop = max(place, pause.start), min(end, pause.end)
        if stop <= start:
            continue
        yield from _worked(counting, place, start)
        yield Interval(
            *_faces(counting, start, stop),
            counted=False,
            amount=0,
            reason=_SUSPENDED,
        )
        place = stop
    yield from _worked(counting, place, end)


def _faces(counting: TimeCount, begin: int, end: int) -> tuple[int, int]:
    if counting.limit.unit is Unit.HOUR:
        return counting.calendar.face(begin), counting.calendar.face(end)
    return begin, end


def _worked(counting: TimeCount, begin: int, end: int) -> Iterator[Interval]:
    if end <= begin:
        return
    if counting.limit.unit is Unit.HOUR:
        reason = Words("连续计时", "on the clock")
        faces = _faces(counting, begin, end)
        yield Interval(*faces, counted=True, amount=end - begin, reason=reason)
        return
    calendar, place = counting.calendar, begin
    for day in range(begin // DAY, end // DAY + 1):
        for opens, closes in calendar.hours(day):
            start, stop = max(place, day * DAY + opens), min(end, day * DAY + closes)
            if stop <= start:
                continue
            if start > place:
                yield _idle(calendar, place, start)
            reason = _kind(calendar, day)[1]
            yield Interval(start, stop, counted=True, amount=stop - start, reason=reason)
            place = stop
    if end > place:
        yield _idle(calendar, place, end)


def _idle(calendar: Calendar, begin: int, end: int) -> Interval:
    first, last = begin // DAY, (end - 1) // DAY
    names = [kind for day in range(first, last + 1) if not (kind := _kind(calendar, day))[0]]
    if names:
        reason = Words(
            "、".join(dict.fromkeys(n.zh for _, n in names)),
            ", ".join(dict.fromkeys(n.en for _, n in names)),
        )
    elif calendar.opening(first) < begin % DAY and end - first * DAY < calendar.close(first):
        reason = Words("午休", "lunch break")
    else:
        reason = Words("非工作时间", "outside working hours")
    return Interval(begin, end, counted=False, amount=0, reason=reason)


def _moment(face: int) -> str:
    return datetime.fromtimestamp(face, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _date(face: int, language: Language) -> str:
    date = datetime.fromtimestamp(face, UTC)
    day = _WEEK[date.weekday()].said(language)
    return f"{date:%Y-%m-%d} {day}"


_WEEK = tuple(
    Words(f"周{zh}", en)
    for zh, en in zip(
        "一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True
    )
)

"""Moments and spans as people say them: clock faces of a zone, what is left, by how much over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from schemas.codes import Unit
from schemas.words import UNITS, Words
from streams.engine.calendar import OutsideCalendar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from streams.engine.calendar import Calendar

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400


def moment(instant: float, zone: ZoneInfo) -> str:
    """Write an instant on the clock face of a zone, to the second."""
    return datetime.fromtimestamp(instant, zone).strftime("%Y-%m-%d %H:%M:%S")


def machine(instant: float, zone: ZoneInfo) -> str:
    """Write an instant for machines (`<time datetime>`), with its offset."""
    return datetime.fromtimestamp(instant, zone).isoformat(timespec="seconds")


def near(instant: float, now: float, zone: ZoneInfo) -> str:
    """Write an instant as short as is clear beside `now`: the time of today, else the date too."""
    then, today = datetime.fromtimestamp(instant, zone), datetime.fromtimestamp(now, zone)
    if then.date() == today.date():
        return then.strftime("%H:%M:%S" if then <= today else "%H:%M")
    return then.strftime("%m-%d %H:%M" if then.year == today.year else "%Y-%m-%d %H:%M")


def zone_words(zone: str) -> Words:
    """Name a time zone."""
    if zone == "Asia/Shanghai":
        return Words("北京时间", "Beijing time")
    return Words(zone, zone)


def age(seconds: float) -> Words:
    """Write how long ago something was; what lies ahead counts as now."""
    words = _clock(max(0, int(seconds)))
    return Words(f"{words.zh}前", f"{words.en} ago")


def left(now: int, due_at: int, calendar: Calendar | None, limit: str = "") -> Words:
    """Write what is left until a due moment, or by how much it is over.

    Within a day: hours and minutes. Beyond: working days by the calendar, or natural days for a
    limit in natural days or months and where there is no calendar.
    """
    if due_at >= now:
        span = _span(now, due_at, calendar, limit)
        return Words(f"剩 {span.zh}", f"{span.en} left")
    span = _span(due_at, now, calendar, limit)
    return Words(f"超期 {span.zh}", f"over by {span.en}")


def _span(begin: int, end: int, calendar: Calendar | None, limit: str) -> Words:
    seconds = end - begin
    if seconds < DAY:
        return _clock(seconds)
    if calendar is not None and limit.rpartition(" ")[2] not in _NATURAL:
        try:
            days = calendar.count(calendar.face(begin) // DAY, calendar.face(end) // DAY)
        except OutsideCalendar:
            days = 0
        if days:
            return Words(f"{days:,} 个工作日", f"{days:,} working day{_s(days)}")
    days = seconds // DAY
    return Words(f"{days:,} 天", f"{days:,} day{_s(days)}")


def _clock(seconds: int) -> Words:
    if seconds < MINUTE:
        return Words(f"{seconds} 秒", f"{seconds} s")
    if seconds < HOUR:
        return Words(f"{seconds // MINUTE} 分", f"{seconds // MINUTE} min")
    if seconds < DAY:
        hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
        if not minutes:
            return Words(f"{hours} 小时", f"{hours} h")
        return Words(f"{hours} 小时 {minutes} 分", f"{hours} h {minutes} min")
    days = seconds // DAY
    return Words(f"{days:,} 天", f"{days:,} day{_s(days)}")


def stretch(begin: int, end: int, *, by_day: bool) -> Words:
    """Write a stretch of local time, `end` exclusive: as dates with weekdays, or as times.

    Both are seconds on the clock face.
    """
    if not by_day:
        first, last = _face(begin), _face(end)
        form = "%Y-%m-%d %H:%M:%S"
        until = last.strftime("%H:%M:%S" if first.date() == last.date() else form)
        text = f"{first.strftime(form)} – {until}"
        return Words(text, text)
    first, last = _face(begin), _face(end - 1)
    days = [first] if first.date() == last.date() else [first, last]
    return Words(
        " – ".join(f"{d:%Y-%m-%d} {_WEEK[d.weekday()].zh}" for d in days),
        " – ".join(f"{d:%Y-%m-%d} {_WEEK[d.weekday()].en}" for d in days),
    )


def _face(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_WEEK: Final = tuple(
    Words(f"周{zh}", en)
    for zh, en in zip(
        "一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True
    )
)


def limit_words(limit: str) -> Words:
    """Write a clock's limit as it stands on record: `20 working_day`, `stated`."""
    amount, _, unit = limit.partition(" ")
    if limit in UNITS:
        return UNITS[Unit(limit)]
    if unit not in _ONE:
        return Words("窗口承诺的时间", "as the hall states") if limit else Words("", "")
    zh, en = _ONE[unit]
    return Words(f"{amount} {zh}", f"{amount} {en}{_s(int(amount))}")


_NATURAL: Final = frozenset({Unit.NATURAL_DAY.value, Unit.MONTH.value})
_ONE: Final = {
    Unit.WORKING_DAY.value: ("个工作日", "working day"),
    Unit.NATURAL_DAY.value: ("个自然日", "natural day"),
    Unit.WORKING_HOUR.value: ("个工作小时", "working hour"),
    Unit.HOUR.value: ("小时", "hour"),
    Unit.MONTH.value: ("个月", "month"),
    Unit.WORKING_MINUTE.value: ("个工作分钟", "working minute"),
    Unit.MINUTE.value: ("分钟", "minute"),
}


def _s(amount: int) -> str:
    return "" if amount == 1 else "s"

"""Figures of an explanation in words: moments on a clock's face, lengths, amounts of a unit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.codes import Unit
from schemas.words import UNITS, Words
from streams.engine.counting import HOUR

if TYPE_CHECKING:
    from streams.engine.calendar import Calendar


def shown(instant: int, calendar: Calendar) -> str:
    """Write an instant on a calendar's clock; in an hour that occurs twice, with its offset."""
    moment = datetime.fromtimestamp(instant, ZoneInfo(calendar.zone))
    return f"{moment:%Y-%m-%d %H:%M:%S}{_offset(moment)}"


def offset_of(instant: int, calendar: Calendar) -> str:
    """Write the offset from UTC of an instant whose clock time occurs twice; else nothing."""
    return _offset(datetime.fromtimestamp(instant, ZoneInfo(calendar.zone)))


def _offset(moment: datetime) -> str:
    if moment.replace(fold=0).utcoffset() == moment.replace(fold=1).utcoffset():
        return ""
    return moment.isoformat()[-6:]


def stated_told(instant: int, calendar: Calendar, *, by_date: bool) -> str:
    """Write a due moment as it was stated: a date alone, or a moment."""
    said = shown(instant, calendar)
    return said[:10] if by_date else said


def duration(seconds: int) -> Words:
    """Write seconds as hours, minutes and seconds."""
    hours, rest = divmod(seconds, HOUR)
    minutes, left = divmod(rest, 60)
    return Words(f"{hours} 小时 {minutes} 分 {left} 秒", f"{hours} h {minutes} min {left} s")


def brief(seconds: int) -> Words:
    """Write seconds as hours, minutes and seconds, without those that are none."""
    hours, rest = divmod(seconds, HOUR)
    parts = ((hours, "小时", "h"), (rest // 60, "分", "min"), (rest % 60, "秒", "s"))
    there = [part for part in parts if part[0]] or [parts[2]]
    return Words(
        " ".join(f"{number} {zh}" for number, zh, _ in there),
        " ".join(f"{number} {en}" for number, _, en in there),
    )


def amount_of(number: int, unit: Unit) -> Words:
    """Write so many of a unit."""
    words = UNITS[unit]
    english = words.en.removesuffix("s") if number == 1 else words.en
    return Words(f"{number} {words.zh}", f"{number} {english}")

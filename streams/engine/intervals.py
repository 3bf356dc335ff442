"""The stretches of time of one clock, counted or not, each with its reason.

Whole days for a limit in days, seconds for a limit in time; the counted ones add up. Each list
begins where the clock starts (for days: on that day) and goes on without a gap to the end asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from schemas.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.words import Language
    from streams.engine.calendar import Calendar

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
        return spelled(self.begin, self.end, measure, language)


@dataclass(frozen=True, slots=True)
class Stop:
    """A special procedure that stops a clock, as it is told; moments are instants."""

    begin: int
    end: int | None
    """Its end on record, which may lie beyond the days asked."""
    name: Words


def spelled(begin: int, end: int, measure: Measure, language: Language) -> str:
    """Write a stretch of the clock face as dates, or as local times."""
    if measure == "day":
        first, last = _date(begin, language), _date(end - 1, language)
        return first if first == last else f"{first} – {last}"
    return f"{_moment(begin)} – {_moment(end)}"


def words_of(words: Iterable[Words]) -> Words:
    """List things, each once."""
    once = dict.fromkeys(words)
    return Words("、".join(w.zh for w in once), ", ".join(w.en for w in once))


def suspended(names: Iterable[Words]) -> Words:
    """Say that a stretch is not counted, and which special procedures are why."""
    named = words_of(names)
    return Words(
        f"特别程序：{named.zh}，不计入（《行政许可法》第四十五条）",
        f"special procedure: {named.en} (Licensing Law §45)",
    )


def overrun(reason: Words, names: Sequence[Words]) -> Words:
    """Add that special procedures go on beyond the days asked, if any does."""
    if not names:
        return reason
    named = words_of(names)
    return Words(
        f"{reason.zh}；特别程序已超出所需天数：{named.zh}",
        f"{reason.en}; beyond the days asked for the special procedure: {named.en}",
    )


def kind_of(calendar: Calendar, day: int) -> tuple[bool, Words]:
    """Tell whether a day is worked, and what it is called."""
    info = calendar.day_info(day)
    projected = Words("（暂定）", " (projected)") if info.projected else Words("", "")
    if info.working:
        made_up = Words("调休上班", "make-up working day")
        name = made_up if info.name else Words("工作日", "working day")
    elif info.standing == "statutory":
        name = Words(f"法定节假日：{info.name}", f"public holiday by law: {info.name}")
    elif info.name:
        name = Words(f"放假：{info.name}", f"day off: {info.name}")
    else:
        name = Words("周末", "weekend")
    return info.working, Words(name.zh + projected.zh, name.en + projected.en)


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

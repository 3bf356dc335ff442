"""What a person asks a calendar: when a limit ends, what lies between, what a month is like."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from schemas.words import MODES, UNITS, Words
from streams.engine.calendar import date_of, day_of
from streams.engine.counting import DayCount, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.limits import Limit
    from schemas.words import Language
    from streams.engine.calendar import Calendar, DayInfo

DAY: Final = 86_400
WEEKDAYS: Final = tuple(
    Words(zh, en)
    for zh, en in zip("一二三四五六日", ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), strict=True)
)
OFF, MADE_UP, PROJECTED = Words("休", "off"), Words("班", "worked"), Words("暂定", "provisional")
NOT_DECREED: Final = Words(
    "暂定：{first} 起尚无国务院放假通知，届时可能提前，也可能推后。",
    "Provisional: from {first} on no notice has come; it may move either way.",
)


@dataclass(frozen=True, slots=True)
class When:
    """A moment on the local clock, or a whole day."""

    face: int
    """Seconds on the local clock since 1970-01-01 00:00 local."""
    timed: bool
    """Whether a time of day was given."""

    @classmethod
    def of(cls, asked: date | datetime, calendar: Calendar) -> When:
        """Read a day, a time on the calendar's own clock, or a moment with an offset."""
        if not isinstance(asked, datetime):
            return cls(day_of(asked) * DAY, timed=False)
        if asked.tzinfo is not None:
            return cls(calendar.face(int(asked.timestamp())), timed=True)
        seconds = asked.hour * 3600 + asked.minute * 60 + asked.second
        return cls(day_of(asked.date()) * DAY + seconds, timed=True)

    @property
    def day(self) -> int:
        """The local day."""
        return self.face // DAY


def due(calendar: Calendar, start: When, limit: Limit, language: Language) -> str:
    """Tell when a limit ends; its mode and cut-off are resolved. Raises OutsideCalendar."""
    counted = count(calendar, limit, calendar.instant(start.face), 0, (), 0)
    end = datetime.fromtimestamp(counted.due_at, ZoneInfo(calendar.zone)).isoformat(" ")[11:]
    mode = MODES["next_day" if isinstance(counted, DayCount) else "elapsed"].said(language)
    assert limit.unit is not None  # noqa: S101 - a limit that is counted has one
    unit = UNITS[limit.unit].said(language)
    last = calendar.face(counted.due_at) // DAY
    said = Words(
        f"{_day(start.day, language)}起 {limit.amount} {unit}，{mode}，日历 {calendar.name}\n"
        f"到期：{_day(last, language)} {end}",
        f"{limit.amount} {unit} from {_day(start.day, language)}, {mode}, calendar "
        f"{calendar.name}\ndue: {_day(last, language)} {end}",
    ).said(language)
    lines = [said, *_named(calendar, start.day + 1, last, language)]
    if counted.provisional:
        lines.append(_not_decreed(calendar, start.day, last, language))
    return "\n".join(lines)


def between(calendar: Calendar, begin: When, end: When, language: Language) -> str:
    """Tell what lies after one day and up to another. Raises OutsideCalendar."""
    days = calendar.count(begin.day, end.day)
    natural = max(0, end.day - begin.day)
    lines = [
        Words(
            f"{_day(begin.day, language)}之后至{_day(end.day, language)}，日历 {calendar.name}：\n"
            f"{days} 个工作日，{natural} 个自然日",
            f"after {_day(begin.day, language)} up to {_day(end.day, language)}, calendar "
            f"{calendar.name}:\n{days} working days, {natural} natural days",
        ).said(language)
    ]
    if begin.timed or end.timed:
        hours = calendar.measure(begin.face, end.face) / 3600
        lines.append(Words(f"{hours:.2f} 个工作小时", f"{hours:.2f} working hours").said(language))
    if natural:
        lines += _named(calendar, begin.day + 1, end.day, language)
        if calendar.rests_on_projection(begin.day + 1, end.day):
            lines.append(_not_decreed(calendar, begin.day + 1, end.day, language))
    return "\n".join(lines)


def month(calendar: Calendar, year: int, number: int, language: Language) -> str:
    """Show a month: days off and make-up days, with their names. Raises OutsideCalendar."""
    first = day_of(date(year, number, 1))
    last = first + monthrange(year, number)[1] - 1
    title = Words(
        f"{year} 年 {number} 月，日历 {calendar.name}（* 休，+ 调休上班）：",
        f"{year}-{number:02}, calendar {calendar.name} (* off, + worked in exchange):",
    ).said(language)
    heads = "".join(f" {name.said(language)} " for name in WEEKDAYS).rstrip()  # 4 columns each
    cells = ["    "] * date_of(first).weekday()
    cells += [f" {date_of(day).day:2}{_mark(calendar, day)}" for day in range(first, last + 1)]
    weeks = ["".join(cells[at : at + 7]).rstrip() for at in range(0, len(cells), 7)]
    worked = sum(calendar.is_working(day) for day in range(first, last + 1))
    total = Words(f"{worked} 个工作日", f"{worked} working days").said(language)
    lines = [title, heads, *weeks, total]
    lines += _named(calendar, first, last, language)
    if calendar.rests_on_projection(first, last):
        lines.append(_not_decreed(calendar, first, last, language))
    return "\n".join(lines)


def _mark(calendar: Calendar, day: int) -> str:
    if not calendar.is_working(day):
        return "*"
    return " " if date_of(day).weekday() < 5 else "+"  # noqa: PLR2004 - Monday to Friday


def _named(calendar: Calendar, first: int, last: int, language: Language) -> Iterator[str]:
    """Tell the days from one to another, both inclusive, that have a name of their own."""
    for day in range(first, last + 1):
        info = calendar.day_info(day)
        if info.name:
            yield f"  {_day(day, language)} {_kind(info).said(language)} {_whence(info)}"


def _kind(info: DayInfo) -> Words:
    return MADE_UP if info.working else OFF


def _whence(info: DayInfo) -> str:
    return f"{info.name} {info.decree}" if info.decree else f"{info.name}"


def _not_decreed(calendar: Calendar, first: int, last: int, language: Language) -> str:
    awaited = next(day for day in range(first, last + 1) if calendar.is_projected(day))
    return NOT_DECREED.said(language).format(first=date_of(awaited))


def _day(day: int, language: Language) -> str:
    name = WEEKDAYS[date_of(day).weekday()].said(language)
    return f"{date_of(day)}（周{name}）" if language == "zh" else f"{date_of(day)} ({name})"

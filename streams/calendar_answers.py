"""What a person asks a calendar: when a limit ends, what lies between, what a month is like."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from schemas.calendars.days import SATURDAY
from schemas.words import MODES, UNITS, Words
from streams.engine.calendar import date_of, day_of
from streams.engine.counting import DayCount, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.calendars.fields import Hours
    from schemas.limits import Limit
    from schemas.words import Language
    from streams.engine.calendar import Calendar, DayInfo

DAY: Final = 86_400
WEEKDAYS: Final = tuple(
    Words(zh, en)
    for zh, en in zip("一二三四五六日", ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), strict=True)
)
OFF, MADE_UP = Words("休", "off"), Words("班", "worked")
WEEKEND, WORKING = Words("周末", "weekend"), Words("工作日", "working day")
DUE_MAY_MOVE: Final = Words(
    "暂定：{first} 起尚无国务院放假通知，届时可能提前，也可能推后。",
    "Provisional: from {first} on no notice has come; it may move either way.",
)
COUNT_MAY_CHANGE: Final = Words(
    "暂定：{first} 起尚无国务院放假通知，工作日届时可能增加，也可能减少。",
    "Provisional: from {first} on no notice has come; the working days may become more or fewer.",
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
        lines.append(_awaited(DUE_MAY_MOVE, calendar, start.day, last).said(language))
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
            lines.append(
                _awaited(COUNT_MAY_CHANGE, calendar, begin.day + 1, end.day).said(language)
            )
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
    lines = [title, heads, *weeks, total, *days_told(calendar, first, last, language)]
    if calendar.rests_on_projection(first, last):
        lines.append(_awaited(COUNT_MAY_CHANGE, calendar, first, last).said(language))
    return "\n".join(lines)


def days_told(calendar: Calendar, first: int, last: int, language: Language) -> Iterator[str]:
    """Tell of each day, alike ones together, what it is, why, and its hours.

    Both ends inclusive. Raises OutsideCalendar.
    """

    def alike(day: int) -> tuple[DayInfo, Hours]:
        return replace(calendar.day_info(day), day=0), calendar.hours(day)

    for (info, hours), group in groupby(range(first, last + 1), key=alike):
        days = list(group)
        span = _day(days[0], language)
        if len(days) > 1:
            span += f" – {_day(days[-1], language)}"
        what = _what(info, days[0]).said(language)
        why = _why(calendar, info, days[0]).said(language)
        clock = " ".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in hours)
        yield f"  {span} {what}" + (f" {clock}" if clock else "") + f"  {why}"


def _what(info: DayInfo, day: int) -> Words:
    """Say what a day is: worked, worked in exchange, a holiday, or the weekend."""
    weekend = date_of(day).weekday() >= SATURDAY
    if info.working:
        kind = MADE_UP if info.name or weekend else WORKING
    else:
        kind = OFF if info.name or not weekend else WEEKEND
    if info.name is None:
        return kind
    return Words(f"{kind.zh} {info.name}", f"{kind.en} {info.name}")


def _why(calendar: Calendar, info: DayInfo, day: int) -> Words:
    """Say what a day rests on: a decree with its number, the law, or the week until a notice."""
    if info.standing == "projected":
        year = date_of(day).year + (day > calendar.last_decreed_day >= day_of(_begin(day)))
        return Words(
            f"暂定：按每周规律，{year} 年的放假通知尚未载入",
            f"provisional: by the week, until the notice for {year} is loaded",
        )
    if info.standing == "statutory":
        return Words(f"法定：{info.decree}", f"by the law: {info.decree}")
    if info.decree is not None:
        return Words(f"依通知：{info.decree}", f"decreed: {info.decree}")
    if calendar.needs_decrees or info.name is not None:
        return Words("依通知（文号不详）", "decreed (number not known)")
    return Words("按每周规律，无须通知", "by the week, which needs no decree here")


def _begin(day: int) -> date:
    """Give 1 January of a day's year."""
    return date_of(day).replace(month=1, day=1)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _mark(calendar: Calendar, day: int) -> str:
    if not calendar.is_working(day):
        return "*"
    return " " if date_of(day).weekday() < SATURDAY else "+"


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


def _awaited(said: Words, calendar: Calendar, first: int, last: int) -> Words:
    """Say from which day on notices are still to come; one of the days is projected."""
    day = date_of(next(day for day in range(first, last + 1) if calendar.is_projected(day)))
    return Words(said.zh.format(first=day), said.en.format(first=day))


def _day(day: int, language: Language) -> str:
    name = WEEKDAYS[date_of(day).weekday()].said(language)
    return f"{date_of(day)}（周{name}）" if language == "zh" else f"{date_of(day)} ({name})"

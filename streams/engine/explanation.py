"""The explanation (时限说明) of a case: every interval counted and not counted, whose sum is shown.

A clerk who never saw the program must be able to check it with a wall calendar. Two lists for each
clock: how its due moment follows from its limit, and how much of it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from schemas.codes import ClockKind, Unit
from schemas.words import CLOCKS, LEVELS, MODES, STATES, UNITS, Words
from streams.engine.clocks import assess
from streams.engine.counting import DAY, HOUR, DayCount, TimeCount
from streams.engine.ledger import entry_of, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.events import Envelope
    from schemas.limits import Limit
    from schemas.verdicts import LevelReached
    from schemas.words import Language
    from streams.engine.calendar import Calendar
    from streams.engine.clocks import Case, Clock
    from streams.engine.ledger import Entry
    from streams.engine.rules import Rules

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


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """Why a clock is due when it is, and how much of it is used. Moments are instants."""

    clock: Clock
    title: Words
    limit: Words
    measure: Measure
    zone: str
    state: Words
    overdue: bool
    to_due: tuple[Interval, ...]
    """From the start to the due moment; counted amounts add up to the limit."""
    used: tuple[Interval, ...]
    """From the start to the moment of the question, or to the clock's end."""
    total_to_due: int
    total_used: int
    reached: tuple[LevelReached, ...]
    notes: tuple[Words, ...]

    def shown(self, instant: int) -> str:
        """Write an instant in the clock's own time zone."""
        return datetime.fromtimestamp(instant, ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M:%S")

    def figure(self, total: int) -> Words:
        """Write a total as the clock is shown."""
        if self.measure == "second":
            return _duration(total)
        unit = UNITS[self.clock.limit.unit or Unit.WORKING_DAY]
        english = unit.en.removesuffix("s") if total == 1 else unit.en
        return Words(f"{total} {unit.zh}", f"{total} {english}")


@dataclass(frozen=True, slots=True)
class CaseExplanation:
    """A case at a moment: what is on record, and each clock explained."""

    case_no: str
    as_of: int
    case: Case
    entries: tuple[Entry, ...]
    clocks: tuple[ClockExplanation, ...]


def explain_case(
    case_no: str, events: Iterable[Envelope], rules: Rules, as_of: int
) -> CaseExplanation | None:
    """Explain a case at a moment (seconds since the epoch), by what had happened by then.

    None where nothing had.
    """
    entries: list[Entry] = []
    for event in events:
        entry = entry_of(event)
        if entry.at <= as_of:
            entries = merge(entries, entry) or entries
    if not entries:
        return None
    case = assess(entries, rules)
    return CaseExplanation(
        case_no=case_no,
        as_of=as_of,
        case=case,
        entries=tuple(entries),
        clocks=tuple(explain_clock(clock, as_of) for clock in case.clocks),
    )


def explain_clock(clock: Clock, as_of: int) -> ClockExplanation:
    """Explain one clock at a moment (seconds since the epoch)."""
    counting = clock.counting
    until = clock.until(as_of)
    measure: Measure = "second" if isinstance(counting, TimeCount) else "day"
    to_due: list[Interval] = []
    used: list[Interval] = []
    if isinstance(counting, DayCount):
        to_due = list(_days(counting, counting.last, counting.amount))
        used = list(_days(counting, max(counting.first, _day(counting.calendar, until)), None))
    elif isinstance(counting, TimeCount):
        to_due = list(_seconds(counting, clock.due_at))
        used = list(_seconds(counting, until))
    return ClockExplanation(
        clock=clock,
        title=_title(clock),
        limit=_limit(clock.limit),
        measure=measure,
        zone=counting.calendar.zone,
        state=STATES[clock.state(as_of)],
        overdue=clock.overdue(as_of),
        to_due=tuple(to_due),
        used=tuple(used),
        total_to_due=sum(i.amount for i in to_due),
        total_used=sum(i.amount for i in used),
        reached=tuple(clock.reached(as_of)),
        notes=tuple(_notes(clock)),
    )


def level_words(reached: LevelReached) -> Words:
    """Name a level that was reached."""
    return LEVELS[reached.level]


def _title(clock: Clock) -> Words:
    title = CLOCKS[clock.kind]
    if clock.kind is not ClockKind.STEP:
        return title
    name = clock.started.step_name or clock.step or ""
    return Words(f"{title.zh}：{name}", f"{title.en}: {name}")


def _limit(limit: Limit) -> Words:
    if limit.stated:
        return Words("以窗口承诺的办结时间为准", "the due moment that the hall states")
    assert limit.unit is not None  # noqa: S101 - a limit is stated or counted
    unit, mode = UNITS[limit.unit], MODES[limit.mode or "next_day"]
    if limit.unit is not Unit.WORKING_DAY:
        return Words(f"{limit.amount} {unit.zh}", f"{limit.amount} {unit.en}")
    return Words(f"{limit.amount} {unit.zh}，{mode.zh}", f"{limit.amount} {unit.en}, {mode.en}")


def _notes(clock: Clock) -> Iterator[Words]:
    counting, limit = clock.counting, clock.limit
    if counting.provisional:
        yield Words(
            "暂定：到期时间跨越尚未公布放假安排的日期",
            "provisional: the due time rests on days that nobody has decreed yet",
        )
    if isinstance(counting, DayCount | TimeCount) and limit.amount != counting.amount:
        extra = counting.amount - (limit.amount or 0)
        yield Words(f"已延期 {extra}", f"extended by {extra}")
    if limit.cut_off == "close_of_business" and not limit.keep_clock_time:
        yield Words(
            "最后一日至下班时止（《民法典》第二百零三条）",
            "the last day ends at close of business (Civil Code §203)",
        )


def _day(calendar: Calendar, instant: int) -> int:
    return calendar.face(instant) // DAY


# -- day by day ---------------------------------------------------------------------------------


def _days(counting: DayCount, last: int, enough: int | None) -> Iterator[Interval]:
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


def _seconds(counting: TimeCount, until: int) -> Iterator[Interval]:
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
    elif (
        first == last and calendar.opening(first) < begin % DAY < calendar.close(first) - HOUR // 2
    ):
        reason = Words("午休", "lunch break")
    else:
        reason = Words("非工作时间", "outside working hours")
    return Interval(begin, end, counted=False, amount=0, reason=reason)


def _duration(seconds: int) -> Words:
    hours, rest = divmod(seconds, HOUR)
    minutes, left = divmod(rest, 60)
    return Words(f"{hours} 小时 {minutes} 分 {left} 秒", f"{hours} h {minutes} min {left} s")


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

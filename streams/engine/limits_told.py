"""A clock's limit in words: what it is called, how long it is, and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.calendars import LAST_DATE
from schemas.codes import ClockKind, Unit
from schemas.words import CLOCKS, MODES, UNITS, Words
from streams.engine.calendar import OutsideCalendar, date_of
from streams.engine.civil_law import civil_law
from streams.engine.counting import (
    DAY,
    DayCount,
    FarCount,
    SpotCount,
    StatedCount,
    StatedDay,
    TimeCount,
)
from streams.engine.figures import amount_of, duration, shown
from streams.engine.moving import IN_DAYS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from streams.engine.clocks import Clock
    from streams.engine.counting import Counting

STEPS = (ClockKind.STEP, ClockKind.OPINION, ClockKind.FIRST_REVIEW)
"""The clocks of steps, which bear the step's name."""
HOURS = (Unit.HOUR, Unit.WORKING_HOUR)
"""Units whose amount is said as it will be added up."""


def title_of(clock: Clock) -> Words:
    """Name a clock; the second of its kind, or pass of its step, with its number."""
    title = CLOCKS[clock.kind]
    zh, en = title
    if clock.kind in STEPS:
        name = clock.started.step_name or clock.step or ""
        zh, en = f"{zh}：{name}", f"{en}: {name}"
    if clock.round > 1:
        zh, en = f"第 {clock.round} 轮 {zh}", f"round {clock.round}, {en}"
    _, numbered, number = clock.clock_id.rpartition(":")
    if numbered and number != "1":
        return Words(f"{zh}（第 {number} 次）", f"{en} ({number})")
    return Words(zh, en)


def limit_told(clock: Clock) -> Words:
    """Say how long the limit is, its extension among it, in figures that can be counted out."""
    limit, counting = clock.limit, clock.counting
    if limit.stated:
        return _stated(clock)
    assert limit.unit is not None  # noqa: S101 - a limit is stated or counted
    if limit.amount is None:
        return UNITS[limit.unit]
    zh, en = amount_of(limit.amount, limit.unit)
    if clock.extension is not None and isinstance(counting, DayCount | TimeCount):
        extra = amount_of(counting.amount - limit.amount, limit.unit)
        whole = amount_of(counting.amount, limit.unit)
        zh, en = f"{zh} + 延期 {extra.zh} = {whole.zh}", f"{en} + {extra.en} = {whole.en}"
    first = _start_day(clock)
    if first is not None:
        law, mode = civil_law(date_of(first), 201), MODES["next_day"]
        zh, en = f"{zh}，{mode.zh}（{law.zh}）", f"{en}, {mode.en} ({law.en})"
    elif limit.unit is Unit.WORKING_DAY:
        mode = MODES["elapsed"]
        zh, en = f"{zh}，{mode.zh}", f"{en}, {mode.en}"
    if isinstance(counting, TimeCount) and limit.unit not in HOURS:
        whole = duration(counting.seconds)
        zh, en = f"{zh}，共 {whole.zh}", f"{en}: {whole.en}"
        if limit.unit is Unit.WORKING_DAY:
            day = duration(counting.calendar.standard_day)
            zh, en = f"{zh}（每个工作日 {day.zh}）", f"{en} ({day.en} a working day)"
    elif isinstance(counting, DayCount) and limit.unit is Unit.MONTH:
        last = date_of(counting.first + counting.days)
        days = amount_of(counting.days, Unit.NATURAL_DAY)
        zh, en = f"{zh}，至 {last}，共 {days.zh}", f"{en}, to {last}: {days.en}"
    return Words(zh, en)


def _start_day(clock: Clock) -> int | None:
    """Give the day that is not counted; None where the limit is counted from the moment."""
    limit, counting = clock.limit, clock.counting
    if isinstance(counting, DayCount):
        return counting.first
    in_days = limit.unit in IN_DAYS and (limit.unit, limit.mode) != (Unit.WORKING_DAY, "elapsed")
    if isinstance(counting, FarCount) and in_days:
        return counting.calendar.face(counting.start) // DAY
    return None


def hours_told(counting: Counting) -> Words:
    """Say the hours of the first working day from the start on, by which working time adds up."""
    nothing = Words("", "")
    if isinstance(counting, FarCount) or (isinstance(counting, TimeCount) and counting.on_clock):
        return nothing
    calendar = counting.calendar
    try:
        day = calendar.roll(calendar.face(counting.start) // DAY)
    except OutsideCalendar:
        return nothing
    spans = [f"{_clock(opens)}–{_clock(closes)}" for opens, closes in calendar.hours(day)]
    return Words(
        f"；{date_of(day)} 工作时间 {'、'.join(spans)}",
        f"; hours of {date_of(day)}: {', '.join(spans)}",
    )


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _stated(clock: Clock) -> Words:
    counting = clock.counting
    said = Words("以写明的办结时间为准", "the due moment that is stated")
    if not isinstance(counting, StatedDay):
        return said
    days = amount_of(counting.amount, Unit.WORKING_DAY)
    return Words(f"{said.zh}，共 {days.zh}", f"{said.en}: {days.en}")


def notes_of(clock: Clock) -> Iterator[Words]:
    """Say what else a clerk must know to find the due moment."""
    counting = clock.counting
    projected = first_projected(counting)
    if isinstance(counting, FarCount):
        yield Words(
            "到期时间在日历（至 2100 年）之外", "due beyond the calendar, which ends in 2100"
        )
    elif projected is not None:
        yield Words(
            f"暂定：期间涉及 {projected} 起尚未公布放假安排的日期，到期和预警可能提前或推后",
            f"provisional: it crosses days from {projected} on, not decreed yet;"
            " its due time and its levels may move either way",
        )
    if clock.cut is not None:
        yield _cut(clock.cut)
    if isinstance(counting, StatedCount):
        yield from _moved(counting)
    elif isinstance(counting, SpotCount):
        yield _spot(counting)
    elif isinstance(counting, DayCount):
        yield from _end_of_days(counting)
    elif isinstance(counting, TimeCount) and not counting.on_clock:
        yield from _at_an_edge(counting)


def _end_of_days(counting: DayCount) -> Iterator[Words]:
    limit = counting.limit
    if limit.keep_clock_time:
        yield Words("最后一日至起算的时刻止", "the last day ends at the clock time of the start")
    elif limit.cut_off == "close_of_business":
        law = civil_law(date_of(counting.last), 203)
        if counting.calendar.is_working(counting.last):
            yield Words(
                f"最后一日至下班时止（{law.zh}）",
                f"the last day ends at close of business ({law.en})",
            )
        else:
            yield Words(
                f"最后一日为休息日，无业务时间，至 24 时止（{law.zh}）",
                f"the last day is a day off without business hours: it ends at 24:00 ({law.en})",
            )
    if limit.roll == "none" and counting.natural:
        yield Words("期满日为休息日的不顺延", "a last day on a day off is not moved")


def _at_an_edge(counting: TimeCount) -> Iterator[Words]:
    face = counting.calendar.face(counting.due_at)
    if counting.calendar.measure(face, face + 1) and not counting.calendar.measure(face - 1, face):
        yield Words(
            "时限在上一工作时段结束时用完，至下一时段开始前仍未超期",
            "the limit is used up when working hours end, and in time until they begin again",
        )


def _cut(promise: Counting) -> Words:
    due = shown(promise.due_at, promise.calendar)
    if isinstance(promise, FarCount):
        due = str(LAST_DATE)
    said = Words(f"承诺 {due} 到期", f"the promise ends on {due}")
    if isinstance(promise, StatedCount | StatedDay):
        stated = promise.stated
        written = (
            str(date_of(stated))
            if isinstance(promise, StatedDay)
            else shown(stated, promise.calendar)
        )
        said = Words(
            f"写明的办结时间 {written}，承诺 {due} 到期",
            f"the due moment stated is {written}, so the promise ends on {due}",
        )
    return Words(
        f"{said.zh}，晚于法定时限，以法定时限为准（《行政许可法》第四十二条）",
        f"{said.en}, after the statute, which counts instead (Licensing Law §42)",
    )


def _moved(counting: StatedCount) -> Iterator[Words]:
    """Say by how much a stated moment moved, so that it can be added up."""
    calendar = counting.calendar
    if counting.extended != counting.stated:
        extended = shown(counting.extended, calendar)
        yield Words(
            f"延期后为 {extended}：同一钟点，顺延所延的工作日",
            f"extended to {extended}: the same clock time so many working days on",
        )
    if counting.due_at != counting.extended:
        lost, was = duration(counting.suspended), shown(counting.extended, calendar)
        yield Words(
            f"自起算至到期，特别程序占用工作时间 {lost.zh}；自 {was} 起顺延同样长的工作时间",
            f"{lost.en} of working time were suspended from the start to the due moment: it moved "
            f"by as much working time from {was}",
        )


def _spot(counting: SpotCount) -> Words:
    due = shown(counting.due_at, counting.calendar)
    if counting.last == counting.first:
        return Words(f"当日下班时止：{due}", f"by close of business of that day: {due}")
    if counting.stays:
        return Words(f"至 {due} 下班时止", f"by close of business: {due}")
    return Words(
        f"下班后或休息日发生，至下一工作日下班时止：{due}",
        f"after hours or on a day off: by close of business of the next working day: {due}",
    )


def first_projected(counting: Counting) -> dt.date | None:
    """Give the first day that nobody has decreed of those that a provisional clock crosses."""
    if not counting.provisional or isinstance(counting, FarCount):
        return None
    calendar = counting.calendar
    first, last = calendar.face(counting.start) // DAY, calendar.face(counting.due_at) // DAY
    if isinstance(counting, DayCount):
        first += counting.LEFT_OUT
    return date_of(next((d for d in range(first, last + 1) if calendar.is_projected(d)), last))

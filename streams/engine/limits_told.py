"""A clock's limit in words: what it is called, how long it is, and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import ClockKind, Unit
from schemas.words import CLOCKS, MODES, UNITS, Words
from streams.engine.calendar import date_of
from streams.engine.counting import DAY, DayCount, FarCount, SpotCount, TimeCount
from streams.engine.figures import amount_of, duration, shown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from streams.engine.clocks import Clock
    from streams.engine.counting import Counting

STEPS = (ClockKind.STEP, ClockKind.OPINION, ClockKind.FIRST_REVIEW)
"""The clocks of steps, which bear the step's name."""


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
        return Words("以写明的办结时间为准", "the due moment that is stated")
    assert limit.unit is not None  # noqa: S101 - a limit is stated or counted
    if limit.amount is None:
        return UNITS[limit.unit]
    zh, en = amount_of(limit.amount, limit.unit)
    if clock.extension is not None and isinstance(counting, DayCount | TimeCount):
        extra = amount_of(counting.amount - limit.amount, limit.unit)
        whole = amount_of(counting.amount, limit.unit)
        zh, en = f"{zh} + 延期 {extra.zh} = {whole.zh}", f"{en} + {extra.en} = {whole.en}"
    if limit.unit is Unit.WORKING_DAY:
        mode = MODES[limit.mode or "next_day"]
        zh, en = f"{zh}，{mode.zh}", f"{en}, {mode.en}"
    if isinstance(counting, TimeCount):
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


def notes_of(clock: Clock) -> Iterator[Words]:
    """Say what else a clerk must know to find the due moment."""
    counting, limit = clock.counting, clock.limit
    projected = first_projected(counting)
    if isinstance(counting, FarCount):
        yield Words(
            "到期时间在日历（至 2100 年）之外", "due beyond the calendar, which ends in 2100"
        )
    elif projected is not None:
        yield Words(
            f"暂定：到期时间涉及 {projected} 起尚未公布放假安排的日期",
            f"provisional: the due time rests on days from {projected} on, not decreed yet",
        )
    if isinstance(counting, SpotCount):
        yield _spot(counting)
    elif isinstance(counting, DayCount):
        if limit.keep_clock_time:
            yield Words(
                "最后一日至起算的时刻止", "the last day ends at the clock time of the start"
            )
        elif limit.cut_off == "close_of_business":
            yield Words(
                "最后一日至下班时止（《民法典》第二百零三条）",
                "the last day ends at close of business (Civil Code §203)",
            )
        if limit.roll == "none" and limit.unit is not Unit.WORKING_DAY:
            yield Words("期满日为休息日的不顺延", "a last day on a day off is not moved")
    elif isinstance(counting, TimeCount) and not counting.on_clock:
        face = counting.calendar.face(counting.due_at)
        if counting.calendar.measure(face, face + 1) and not counting.calendar.measure(
            face - 1, face
        ):
            yield Words(
                "时限在上一工作时段结束时用完，至下一时段开始前仍未超期",
                "the limit is used up when working hours end, and in time until they begin again",
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
    """Give the first day nobody has decreed that a provisional due moment rests on.

    A limit in natural days rests on its last day only, which may be moved.
    """
    if not counting.provisional or isinstance(counting, FarCount):
        return None
    calendar = counting.calendar
    first, last = calendar.face(counting.start) // DAY, calendar.face(counting.due_at) // DAY
    if isinstance(counting, DayCount) and counting.limit.unit is not Unit.WORKING_DAY:
        first = last
    return date_of(next((d for d in range(first, last + 1) if calendar.is_projected(d)), last))

"""The explanation (时限说明) of a case: every interval counted and not counted, whose sum is shown.

A clerk who never saw the program must be able to check it with a wall calendar. Two lists for each
clock: how its due moment follows from its limit, and how much of it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.codes import ClockKind, Unit
from schemas.words import CLOCKS, MODES, STATES, UNITS, Words
from streams.engine.case import assess
from streams.engine.counting import DAY, HOUR, DayCount, TimeCount
from streams.engine.entries import entry_of, merge
from streams.engine.intervals import Interval, Measure, days_told, seconds_told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.events import Envelope
    from schemas.limits import Limit
    from schemas.verdicts import LevelReached
    from streams.engine.calendar import Calendar
    from streams.engine.case import Case
    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.rules import Rules


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
        clocks=tuple(explain_clock(clock, as_of) for clock in case.known(as_of)),
    )


def explain_clock(clock: Clock, as_of: int) -> ClockExplanation:
    """Explain one clock at a moment (seconds since the epoch)."""
    counting = clock.counting
    until = clock.until(as_of)
    measure: Measure = "second" if isinstance(counting, TimeCount) else "day"
    to_due: list[Interval] = []
    used: list[Interval] = []
    if isinstance(counting, DayCount):
        to_due = list(days_told(counting, counting.last, counting.amount))
        used = list(days_told(counting, max(counting.first, _day(counting.calendar, until)), None))
    elif isinstance(counting, TimeCount):
        to_due = list(seconds_told(counting, clock.due_at))
        used = list(seconds_told(counting, until))
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
    if (
        isinstance(counting, DayCount | TimeCount)
        and limit.amount
        and limit.amount != counting.amount
    ):
        extra = counting.amount - (limit.amount or 0)
        yield Words(f"已延期 {extra}", f"extended by {extra}")
    if limit.cut_off == "close_of_business" and not limit.keep_clock_time:
        yield Words(
            "最后一日至下班时止（《民法典》第二百零三条）",
            "the last day ends at close of business (Civil Code §203)",
        )


def _day(calendar: Calendar, instant: int) -> int:
    return calendar.face(instant) // DAY


def _duration(seconds: int) -> Words:
    hours, rest = divmod(seconds, HOUR)
    minutes, left = divmod(rest, 60)
    return Words(f"{hours} 小时 {minutes} 分 {left} 秒", f"{hours} h {minutes} min {left} s")

"""A second reader of the law of time: slow, obvious, and sharing no code with the engine.

Where the engine computes, this walks: days one by one, then the hours, minutes and seconds of the
day that matters. It knows which days are worked from the package `chinesecalendar` only. All times
are naive wall time of Beijing, which has had no daylight saving since 1991.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise

import chinese_calendar

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
HOURS = ((time(9), time(12)), (time(13, 30), time(17, 30)))
STANDARD_DAY = 25_200
HALF_A_DAY = STANDARD_DAY / 2
CAP = 20
"""The days that a suspension may last where the days asked are not on record."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A special procedure (特别程序)."""

    start: datetime
    end: datetime | None
    asked: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """What was stated about one case, and what happened in it."""

    accepted: datetime
    unit: str
    promised: int | None
    statutory: int | None
    mode: str = "next_day"
    cut_off: str = "midnight"
    ladder: str = "hunan"
    pauses: tuple[Pause, ...] = ()
    extended_by: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """The last second in time, and the first second of each level."""

    due: datetime
    levels: dict[str, datetime]


def clocks_of(case: Case) -> dict[str, Clock]:
    """Read the law for one case: clock → what it comes to.

    Raises `NotImplementedError` (of the package) where no decree is known for a day in question.
    """
    limits = {}
    if case.promised is not None:
        clamp = case.promised if case.statutory is None else min(case.promised, case.statutory)
        limits["promised"] = clamp + case.extended_by
    if case.statutory is not None:
        limits["statutory"] = case.statutory + case.extended_by
    read = by_use if case.unit.endswith("hour") or measured(case) else by_dates
    found = {}
    for name, limit in limits.items():
        over, near = read(case, limit)
        near = max(near, case.accepted)
        levels = {}
        counts_for_the_promise = name == "promised" or "promised" not in limits
        if case.ladder == "hunan":
            if counts_for_the_promise:
                levels["notice"] = near
            levels["yellow" if name == "promised" else "red"] = over
        else:
            if counts_for_the_promise:
                levels["yellow"] = near
            levels["red"] = over
        found[name] = Clock(over - SECOND, levels)
    return found


def measured(case: Case) -> bool:
    """Whether the limit is used up second by second."""
    return case.unit == "working_day" and case.mode == "elapsed"


def lead_days(case: Case, limit: int) -> int | None:
    """Working days from the near level to the due time; None: at half."""
    if limit <= 1:
        return None
    if case.ladder == "chengdu" or limit <= 3:
        return 1
    return 2


# --- days ---------------------------------------------------------------------------------------


@cache
def worked(day: date) -> bool:
    """Tell whether a day is a working day; a Saturday of 2005 is missing from the package."""
    return day == date(2005, 12, 31) or chinese_calendar.is_workday(day)


def rolled(day: date) -> date:
    """Give the day, or the next working day where it is a day off."""
    while not worked(day):
        day += DAY
    return day


def working_days_from(day: date, count: int) -> date:
    """Walk `count` working days on (back, where negative)."""
    step = DAY if count > 0 else -DAY
    while count:
        day += step
        if worked(day):
            count -= 1 if count > 0 else -1
    return day


def by_dates(case: Case, limit: int) -> tuple[datetime, datetime]:
    """Count dates (`next_day`, and natural days in both modes): first seconds of over and near."""
    out = [
        (pause.start.date(), last_day(pause))
        for pause in case.pauses
        if working_seconds(pause.start, end_of(pause)) >= HALF_A_DAY
    ]
    day, count = case.accepted.date(), 0
    while count < limit:
        day += DAY
        if any(start < day <= end for start, end in out):
            continue
        if case.unit == "natural_day" or worked(day):
            count += 1
    day = rolled(day)
    closing = time(17, 30) if case.cut_off == "close_of_business" else time(23, 59, 59)
    while later := [
        last_day(pause)
        for pause in case.pauses
        if pause.start <= datetime.combine(day, closing) and day < last_day(pause)
    ]:
        day = rolled(later[0])
    over = datetime.combine(day, closing) + SECOND
    lead = lead_days(case, limit)
    if lead is None:
        return over, datetime.combine(day, time(12))
    return over, datetime.combine(working_days_from(day, -lead) + DAY, time())


def last_day(pause: Pause) -> date:
    """Give R′: the day it ended, or the last of the days asked."""
    asked = CAP if pause.asked is None else pause.asked
    cap = working_days_from(pause.start.date(), asked)
    return cap if pause.end is None else min(cap, pause.end.date())


def end_of(pause: Pause) -> datetime:
    """Give the moment until which a pause covers time, counted in dates."""
    last = datetime.combine(last_day(pause) + DAY, time())
    return last if pause.end is None else min(last, pause.end)


# --- seconds ------------------------------------------------------------------------------------


def working_seconds(start: datetime, end: datetime) -> int:
    """Count the working seconds of [start, end), day by day."""
    days = (end.date() - start.date()).days + 1
    return sum(used_of_day(start.date() + n * DAY, start, end) for n in range(days))


def used_of_day(
    day: date,
    start: datetime,
    end: datetime,
    pauses: tuple[tuple[datetime, datetime], ...] = (),
    *,
    on_the_clock: bool = False,
) -> int:
    """Count the seconds of one day that run, within [start, end) and outside the pauses."""
    midnight = datetime.combine(day, time())
    if on_the_clock:
        running = [(midnight, midnight + DAY)]
    elif worked(day):
        running = [(datetime.combine(day, a), datetime.combine(day, b)) for a, b in HOURS]
    else:
        return 0
    edges = {midnight, midnight + DAY, start, end}
    for span in (*running, *pauses):
        edges.update(span)
    today = sorted(edge for edge in edges if midnight <= edge <= midnight + DAY)
    return sum(
        (after - edge) // SECOND
        for edge, after in pairwise(today)
        if start <= edge < end
        and any(a <= edge < b for a, b in running)
        and not any(a <= edge < b for a, b in pauses)
    )


def first_above(
    start: datetime,
    seconds: Fraction,
    pauses: tuple[tuple[datetime, datetime], ...] = (),
    *,
    on_the_clock: bool = False,
) -> datetime:
    """Walk to the first second at which more than `seconds` are used since `start`."""

    def used(day: date, until: datetime) -> int:
        return used_of_day(day, start, until, pauses, on_the_clock=on_the_clock)

    day, before = start.date(), 0
    while before + (today := used(day, datetime.combine(day + DAY, time()))) <= seconds:
        before += today
        day += DAY
    moment = max(start, datetime.combine(day, time()))
    for step in (timedelta(hours=1), timedelta(minutes=1), SECOND):
        while before + used(day, moment + step) <= seconds:
            moment += step
    return moment + SECOND


def by_use(case: Case, limit: int) -> tuple[datetime, datetime]:
    """Count seconds (`elapsed`, and hours in both modes): first seconds of over and near."""
    pauses = tuple((p.start, capped_end(p)) for p in case.pauses)
    total = Fraction(limit * (STANDARD_DAY if measured(case) else 3600))
    lead = lead_days(case, limit) if measured(case) else None
    if lead is None:
        nearly = total / 2
    elif lead == 1:
        nearly = Fraction((limit - 1) * STANDARD_DAY)
    else:
        nearly = Fraction((limit - lead - 1) * STANDARD_DAY)
    over, near = (
        first_above(case.accepted, seconds, pauses, on_the_clock=case.unit == "hour")
        for seconds in (total, nearly)
    )
    return over, near


def capped_end(pause: Pause) -> datetime:
    """Give R′ in seconds: where the days asked are used up as working time, or it ended."""
    asked = CAP if pause.asked is None else pause.asked
    cap = pause.start
    if asked:
        cap = first_above(pause.start, Fraction(asked * STANDARD_DAY - 1))
    return cap if pause.end is None else min(cap, pause.end)

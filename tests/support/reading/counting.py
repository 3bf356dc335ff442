"""Counting one limit: from a start, around pauses, to the last second in time and each level."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from fractions import Fraction

from tests.support.reading.days import (
    CLOSE,
    DAY,
    SECOND,
    STANDARD_DAY,
    close_of,
    first_above,
    months_on,
    rolled,
    seconds_between,
    start_of,
    worked,
    working_days_from,
)

DATED = ("working_day", "natural_day", "month")
DAYS = DATED[:2]
CAP = 20
"""The working days a suspension may last where the days asked are not on record."""
PERMIT = {
    "acceptance": {"amount": 5, "unit": "working_day"},
    "statutory": {"amount": 20, "unit": "working_day"},
    "special_procedure": {"stated": "days_asked"},
    "delivery": {"amount": 10, "unit": "working_day"},
    "opinion": {"amount": 7, "unit": "working_day"},
    "first_review": {"amount": 20, "unit": "working_day"},
}
PRESETS = {
    None: {},
    "cn-permit": PERMIT,
    "cn-non-permit": {"special_procedure": PERMIT["special_procedure"]},
}


@dataclass(frozen=True, slots=True)
class Law:
    """What a catalogue states about one item, as `tests.support.cases.rules` takes it."""

    clocks: dict = field(default_factory=dict)
    preset: str | None = None
    flow: tuple = ()
    mode: str = "next_day"
    cut_off: str = "midnight"
    ladder: str = "hunan"
    clock_ends_at: str = "earliest"
    untold_suspensions: str = "stop"

    def limit(self, kind: str) -> dict | None:
        """Give an item's limit of a clock: its own, or its preset's."""
        return {**PRESETS[self.preset], **self.clocks}.get(kind)


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension that counts for a clock."""

    start: datetime
    end: datetime | None
    asked: int | None

    @property
    def last_day(self) -> date:
        """R′ in days: the day it ended, or the last of the days asked."""
        cap = working_days_from(self.start.date(), CAP if self.asked is None else self.asked)
        return cap if self.end is None else min(cap, self.end.date())

    @property
    def excludes(self) -> bool:
        """Whether it covers at least half a working day."""
        end = start_of(self.last_day + DAY)
        end = end if self.end is None else min(end, self.end)
        return 2 * seconds_between(self.start, end) >= STANDARD_DAY

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The seconds it covers: to its end, or until the days asked are used up."""
        asked = CAP if self.asked is None else self.asked
        cap = first_above(self.start, asked * STANDARD_DAY - 1) if asked else self.start
        return self.start, cap if self.end is None else min(cap, self.end)


def due_of(law: Law, limit: dict, start: datetime, pauses=()) -> datetime:
    """Give the last second in time."""
    if limit["unit"] == "on_the_spot":
        if worked(start.date()) and start < close_of(start.date()):
            return close_of(start.date())
        return close_of(working_days_from(start.date(), 1))
    if by_use(law, limit):
        return used(limit, start, total(limit), pauses) - SECOND
    return datetime.combine(last_day(law, limit, start, pauses), day_ends(law, limit, start))


def by_use(law: Law, limit: dict) -> bool:
    """Whether a limit is used up second by second."""
    return limit["unit"] not in DATED or (
        limit["unit"] == "working_day" and limit.get("mode", law.mode) == "elapsed"
    )


def total(limit: dict) -> int:
    """Give the seconds of a limit that is used up."""
    of_one = {"working_day": STANDARD_DAY, "hour": 3600, "working_hour": 3600}
    return limit["amount"] * of_one.get(limit["unit"], 60)


def used(limit: dict, start: datetime, seconds, pauses) -> datetime:
    """Give the first second at which more than `seconds` are used."""
    on_the_clock = limit["unit"] in ("hour", "minute")
    spans = [pause.span for pause in pauses]
    return first_above(start, seconds, spans, on_the_clock=on_the_clock)


def day_ends(law: Law, limit: dict, start: datetime) -> time:
    """Give the clock time at which the last day ends."""
    if limit.get("keep_clock_time"):
        return start.time()
    business = limit.get("cut_off", law.cut_off) == "close_of_business"
    return CLOSE if business else time(23, 59, 59)


def last_day(law: Law, limit: dict, start: datetime, pauses) -> date:
    """X: walk the days of the limit, leave out the suspended ones, roll, and again."""
    out = [(p.start.date(), p.last_day) for p in pauses if p.excludes]
    day = first = start.date()
    count = limit["amount"]
    if limit["unit"] == "month":
        count = (months_on(first, count) - first).days
    while count:
        day += DAY
        if not any(a < day <= b for a, b in out):
            count -= limit["unit"] != "working_day" or worked(day)
    roll = (lambda d: d) if limit.get("roll") == "none" else rolled
    day, ends = roll(day), day_ends(law, limit, start)
    while later := [
        p.last_day for p in pauses if p.start <= datetime.combine(day, ends) and day < p.last_day
    ]:
        day = roll(later[0])
    return day


def passed(law: Law, limit: dict, start: datetime, pauses, more: int) -> datetime:
    """Give the first second at which a limit is passed by more than so many working days."""
    due = due_of(law, limit, start, pauses)
    if not more:
        return due + SECOND
    if limit["unit"] == "working_day" and by_use(law, limit):
        return used(limit, start, total(limit) + more * STANDARD_DAY, pauses)
    last = working_days_from(due.date(), more)
    business = due.time() == CLOSE and limit["unit"] in DATED
    return close_of(last) + SECOND if business else start_of(last + DAY)


def near(law: Law, limit: dict, start: datetime, pauses, leads) -> datetime:
    """Give the first second at which a limit is near; `leads` are (up to, days; None: half)."""
    due = due_of(law, limit, start, pauses)
    amount = limit["amount"] if limit["unit"] in DAYS else 10**6 if limit["unit"] == "month" else 1
    lead = next(days for up_to, days in leads if up_to is None or amount <= up_to)
    if limit["unit"] == "on_the_spot" and lead is None:
        return first_above(start, Fraction(seconds_between(start, due), 2))
    if not by_use(law, limit) or (lead and limit["unit"] not in DATED):
        if lead is None and limit.get("keep_clock_time"):
            return max(start, due - DAY / 2)
        if lead is None:
            return max(start, datetime.combine(due.date(), time(12)))
        return max(start, start_of(working_days_from(due.date(), -lead) + DAY))
    if lead is None:
        return used(limit, start, Fraction(total(limit), 2), pauses)
    days = amount - 1 if lead == 1 else amount - lead - 1
    return used(limit, start, days * STANDARD_DAY, pauses)


HALF, ONE, TWO = ((1, None),), ((None, 1),), ((None, 2),)
DECISION = {
    "hunan": ("notice", "near", (*HALF, (3, 1), *TWO)),
    "chengdu": ("yellow", "near", (*HALF, *ONE)),
}
EVERYWHERE = {
    "statutory": (("red", "passed", 0),),
    "acceptance": (("notice", "near", ONE), ("yellow", "passed", 0)),
    "pre_acceptance": (("notice", "passed", 0), ("yellow", "passed", 3), ("red", "passed", 5)),
    "step": (("yellow", "passed", 0),),
    "opinion": (("yellow", "passed", 0),),
    "first_review": (("yellow", "passed", 0),),
    "special_procedure": (("notice", "near", TWO), ("yellow", "passed", 0), ("red", "passed", 1)),
    "delivery": (("notice", "near", TWO), ("yellow", "passed", 0)),
    "e_licence": (("notice", "near", ONE), ("yellow", "passed", 0)),
}


def levels_of(law: Law, kind: str, limit: dict, start, pauses=(), *, alone=False):
    """Give level → its first second; `alone`: a statutory clock without a promised one."""
    rungs = EVERYWHERE.get(kind, ())
    if kind == "promised":
        rungs = (DECISION[law.ladder], ("yellow" if law.ladder == "hunan" else "red", "passed", 0))
    elif alone:
        rungs = (DECISION[law.ladder], *rungs)
    read = {"near": near, "passed": passed}
    return {level: read[when](law, limit, start, pauses, more) for level, when, more in rungs}


__all__ = ["Law", "Pause", "due_of", "levels_of"]

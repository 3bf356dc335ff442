"""The WABO log judged by a rule alone: in what the deadlines that it states differ from the rule.

Each class of difference is a rule too, counted by the engine with the sample's own calendar. A
case belongs to the first class that fits.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from schemas.limits import Limit
from streams.engine.counting import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streams.engine.calendar import Calendar

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WEEK = 7


class Case(NamedTuple):
    """What the log states of a case, and what the rule gives it."""

    start: datetime
    stated: datetime
    due: datetime

    @property
    def days(self) -> int:
        """The days by which the stated date is later than the rule's."""
        return (self.stated.date() - self.due.date()).days


def limit(amount: int, unit: str = "natural_day") -> Limit:
    return Limit(amount=amount, unit=unit, roll="none", keep_clock_time=True)


def to_the_second(case: Case) -> bool:
    """Tell whether both are the same second; the log's own fractions say nothing."""
    return int(case.stated.timestamp()) == int(case.due.timestamp())


SAME_DAY = {
    "the same second": to_the_second,
    "the same date, at 00:00": lambda case: (case.stated.hour, case.stated.minute) == (0, 0),
    "the same date, another clock time": lambda _: True,
}
OTHER_RULES = {
    "six weeks later": limit(8 * WEEK + 6 * WEEK),
    "56 working days, Monday to Friday": limit(56, "working_day"),
    "two calendar months": limit(2, "month"),
    "26 weeks": limit(26 * WEEK),
    "a year later": limit(56 + 365),
    "a year later, a leap day between": limit(56 + 366),
}
REST = {
    "one day to either side": lambda case: abs(case.days) == 1,
    "other whole weeks later": lambda case: case.days > 0 and case.days % WEEK == 0,
    "other days later": lambda case: case.days > 0,
    "other days earlier": lambda case: case.days < 0,
}


def read(row: dict[str, str], due_at: int) -> Case:
    """Take a case from a row of the log, and from the due moment that the rule gives it."""
    start, stated = (
        datetime.fromisoformat(row[name]).astimezone(AMSTERDAM)
        for name in ("case:startdate", "case:deadline")
    )
    return Case(start, stated, datetime.fromtimestamp(due_at, AMSTERDAM))


def class_of(case: Case, calendar: Calendar) -> str:
    if case.days == 0:
        return next(name for name, fits in SAME_DAY.items() if fits(case))
    for name, other in OTHER_RULES.items():
        due = count(calendar, other, int(case.start.timestamp()), 0, (), 0).due_at
        if datetime.fromtimestamp(due, AMSTERDAM).date() == case.stated.date():
            return name
    return next(name for name, fits in REST.items() if fits(case))


def classes(cases: Iterable[Case], calendar: Calendar) -> Counter[str]:
    return Counter(class_of(case, calendar) for case in cases)


def rows(counted: Counter[str]) -> Iterator[str]:
    """Write the beginning of each row of the table in the sample's README."""
    for name in (*SAME_DAY, *OTHER_RULES, *REST):
        if counted[name]:
            yield f"| {name} | {counted[name]:,} |"

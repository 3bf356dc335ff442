"""Working time told by weeks: one line a week, in which each date's hours can be added up."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from schemas.words import Words
from streams.engine.calendar import date_of
from streams.engine.counting import DAY, TimeCount
from streams.engine.figures import brief
from streams.engine.intervals import PLAIN, Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.engine.counting import Counting


def shortened(counting: Counting, intervals: Sequence[Interval]) -> Sequence[Interval]:
    """Give the stretches of a clock as a person reads them: working time by weeks."""
    if isinstance(counting, TimeCount) and not counting.on_clock:
        return list(by_weeks(intervals))
    return intervals


def by_weeks(intervals: Sequence[Interval]) -> Iterator[Interval]:
    """Give the stretches of working time that begin in one week as one, Monday to Sunday.

    Special procedures stay as they are, and divide a week. Nothing is lost: the amounts add up.
    """
    for (_, procedure), some in groupby(intervals, key=_week):
        together = list(some)
        if procedure or len(together) == 1:
            yield from together
        else:
            yield _week_of(together)


def _week(interval: Interval) -> tuple[int, bool]:
    """Give the number of the week of its begin, and whether it is a special procedure."""
    return (interval.begin // DAY + 3) // 7, interval.procedure  # 1970-01-01 was a Thursday


def _week_of(together: Sequence[Interval]) -> Interval:
    amounts: dict[int, int] = {}
    for interval in together:
        if interval.counted:
            day = interval.begin // DAY
            amounts[day] = amounts.get(day, 0) + interval.amount
    said = [*_dates(amounts), *_exceptions(together)]
    return Interval(
        together[0].begin,
        together[-1].end,
        counted=bool(amounts),
        amount=sum(amounts.values()),
        reason=Words("；".join(w.zh for w in said), "; ".join(w.en for w in said)),
    )


def _dates(amounts: dict[int, int]) -> Iterator[Words]:
    """Say how much of each date is counted; neighbours that are alike together."""
    runs: list[tuple[int, int, int]] = []  # first date, last date, seconds of each
    for day, seconds in amounts.items():
        if runs and runs[-1][1:] == (day - 1, seconds):
            runs[-1] = (runs[-1][0], day, seconds)
        else:
            runs.append((day, day, seconds))
    for first, last, seconds in runs:
        each = brief(seconds)
        if first == last:
            yield Words(f"{date_of(first):%m-%d} {each.zh}", f"{date_of(first):%m-%d} {each.en}")
        else:
            dates = f"{date_of(first):%m-%d} – {date_of(last):%m-%d}"
            yield Words(f"{dates} 各 {each.zh}", f"{dates} {each.en} each")


def _exceptions(together: Sequence[Interval]) -> Iterator[Words]:
    """Say what is out of the ordinary: holidays, make-up days, procedures beyond their days."""
    found: dict[Words, list[int]] = {}
    for interval in together:
        if interval.reason not in PLAIN:
            found.setdefault(interval.reason, []).append(interval.begin // DAY)
    for reason, days in found.items():
        if any(interval.counted and interval.reason == reason for interval in together):
            first, last = f"{date_of(days[0]):%m-%d}", f"{date_of(days[-1]):%m-%d}"
            dates = first if first == last else f"{first} – {last}"
            yield Words(f"{dates} {reason.zh}", f"{dates} {reason.en}")
        else:
            yield Words(f"不计：{reason.zh}", f"not counted: {reason.en}")

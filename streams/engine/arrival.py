"""What the arrival of records shows (到达): what was keyed in late (补录), what is dated ahead.

The arrival of a record is the `now` of the last tick whose barrier lies at or below its offset:
it had surely not come before. That is fair to whoever is late. Fair to whoever dates ahead is the
first tick whose barrier lies above it: by then it had surely come, however long we stood still.
Where these are not known, what rests on them is silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.findings import FindingCode
from schemas.verdicts import FindingDetail
from streams.engine.calendar import OutsideCalendar
from streams.engine.counting import DAY
from streams.engine.findings import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.engine.calendar import Calendar
    from streams.engine.entries import Entry
    from streams.engine.rules import CaseRules


def of_arrivals(entries: Sequence[Entry], rules: CaseRules) -> Iterator[Found]:
    """Give the records that were keyed in late, and those that are dated after their arrival."""
    days, ahead = rules.policy.late_record_days or 0, rules.policy.dated_ahead_seconds or 0
    soon = days * DAY // 2  # however the clocks are set meanwhile, no more than so many dates on
    for entry in entries:
        if max(entry.recorded, entry.arrived) > entry.at + soon and not loaded(entry):
            yield from _late(entry, days, rules.calendar)
        if 0 <= entry.came_by < entry.at - ahead:
            detail = FindingDetail(by="arrival", at=entry.came_by)
            yield Found(FindingCode.DATED_AHEAD, entry, entry.came_by, detail)


def loaded(entry: Entry) -> bool:
    """Tell whether a record came while its source was loading (集中补录)."""
    came = entry.arrived if entry.arrived >= 0 else entry.recorded
    return entry.loading >= 0 and came <= entry.loading


def past(calendar: Calendar, moment: int, since: int, days: int) -> bool:
    """Tell whether the date of a moment is past the n-th working date after that of another.

    The calendar holds both: where it ends before so many, fewer lie between them.
    """
    first, last = calendar.face(since) // DAY, calendar.face(moment) // DAY
    try:
        return last > calendar.nth(first, days)
    except OutsideCalendar:
        return False


def _late(entry: Entry, days: int, calendar: Calendar) -> Iterator[Found]:
    """Say that a record came late: by what its source says, or else by its arrival."""
    for by, moment in (("recorded_at", entry.recorded), ("arrival", entry.arrived)):
        if moment > entry.at and past(calendar, moment, entry.at, days):
            detail = FindingDetail(by=by, at=moment)
            yield Found(FindingCode.LATE_RECORD, entry, entry.at, detail)
            return

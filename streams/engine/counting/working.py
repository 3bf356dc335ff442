"""Working time that is not suspended: used, used up, and left before a due moment.

Places are seconds on the clock face; `pauses` are merged and in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.counting.common import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead
    from streams.engine.calendar import Calendar
    from streams.engine.counting.common import Pause


def used(calendar: Calendar, begin: int, until: int, pauses: Sequence[Pause]) -> int:
    """Measure the working seconds in [begin, until) that are not suspended."""
    return calendar.measure(begin, until) - suspended(calendar, begin, until, pauses)


def suspended(calendar: Calendar, begin: int, until: int, pauses: Sequence[Pause]) -> int:
    """Measure the working seconds in [begin, until) that are suspended."""
    return sum(calendar.measure(max(begin, pause.start), min(until, pause.end)) for pause in pauses)


def latest(calendar: Calendar, begin: int, seconds: int, pauses: Sequence[Pause]) -> int:
    """Give the latest place by which no more than so many seconds are used."""
    place, left = begin, seconds
    for pause in pauses:
        if pause.end <= place:
            continue
        before = calendar.measure(place, pause.start)
        if before > left:
            break
        left -= before
        place = pause.end
    return calendar.add(place, left)


def earliest(calendar: Calendar, begin: int, seconds: int, pauses: Sequence[Pause]) -> int:
    """Give the first place by which so many seconds are used."""
    place, left = begin, seconds
    for pause in pauses:
        if pause.end <= place:
            continue
        before = calendar.measure(place, pause.start)
        if before >= left:
            break
        left -= before
        place = pause.end
    return calendar.reach(place, left)


def hours_before(
    calendar: Calendar, start: int, due_at: int, hours: int, pauses: Sequence[Pause]
) -> int:
    """Give the first second at which less than so many working hours are left; instants."""
    begin, due = calendar.face(start), calendar.face(due_at)
    spent = used(calendar, begin, due, pauses) - hours * HOUR
    if spent < 0:
        return start
    return calendar.instant(latest(calendar, begin, spent, pauses)) + 1


def moment_before(
    calendar: Calendar, start: int, due_at: int, lead: Lead, pauses: Sequence[Pause]
) -> int:
    """Give the last second that leaves a lead of working time before a due moment; instants.

    Not before the start. A share is of the working time from the start to the due moment.
    """
    if lead.working_hours is not None:
        return hours_before(calendar, start, due_at, lead.working_hours, pauses)
    begin, due = calendar.face(start), calendar.face(due_at)
    whole = used(calendar, begin, due, pauses)
    if lead.share is not None:
        spent = int(lead.share * whole)
    else:
        assert lead.working_days is not None  # noqa: S101 - a lead has one of three forms
        spent = whole - lead.working_days * calendar.standard_day
    if spent < 0:
        return start
    near = min(due, latest(calendar, begin, spent, pauses))
    return max(start, calendar.instant(near))

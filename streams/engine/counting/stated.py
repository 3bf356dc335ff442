"""The due moment that the hall states (承诺办结时间): nothing is counted but the lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.counting.common import DAY, days_after, days_before, fitting, hours_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead
    from streams.engine.calendar import Calendar


class StatedCount:
    """The due moment that the hall states (承诺办结时间): nothing is counted but the lead."""

    __slots__ = ("calendar", "due_at", "provisional", "start")

    def __init__(self, calendar: Calendar, start: int, due_at: int) -> None:
        self.calendar, self.start, self.due_at = calendar, start, due_at
        self.provisional = False

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Count the lead before the stated moment by the item's calendar.

        The limit's length, for the choice of the lead, is the working days between the two. A
        moment that lies before the start was never near.
        """
        if self.due_at <= self.start:
            return None
        calendar = self.calendar
        first, last = calendar.face(self.start) // DAY, calendar.face(self.due_at) // DAY
        lead = fitting(leads, calendar.count(first, last))
        if lead.working_days is not None:
            near = days_before(calendar, last, lead.working_days)
        elif lead.working_hours is not None:
            near = hours_before(calendar, self.start, self.due_at, lead)
        else:
            assert lead.share is not None  # noqa: S101 - a lead has one of three forms
            near = self.start + int(lead.share * (self.due_at - self.start)) + 1
        return max(self.start, near)

    def over(self, working_days: int) -> int:
        """Count the days after the stated one by the item's calendar."""
        return days_after(self.calendar, self.due_at, working_days)

    def paused(self, now: int) -> bool:
        """Nothing stops a stated moment."""
        del now
        return False

    def standstills(self) -> list[tuple[int, int]]:
        """Give none: nothing stops a stated moment."""
        return []

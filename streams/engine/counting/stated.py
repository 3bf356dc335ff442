"""The due moment that the hall states (承诺办结时间), and what moves it as it moves a promise.

A stated *date* is a last day and moves as one; a stated *moment* moves by working time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.counting.common import DAY, days_after, fitting, merged, since, within
from streams.engine.counting.days import DayCount
from streams.engine.counting.seconds import working_days_until
from streams.engine.counting.shares import asked_until, stay_of
from streams.engine.counting.working import earliest, moment_before, suspended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead, Limit
    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension


class StatedDay(DayCount):
    """A due *date* that the hall states: it is X, and moves as X does.

    N is the working dates from the start to it. What nothing moves stays, also on a day off.
    """

    __slots__ = ("stated",)

    def __init__(
        self,
        calendar: Calendar,
        limit: Limit,
        start: int,
        stated: int,
        extra: int,
        suspensions: Sequence[Suspension],
        cap_days: int,
    ) -> None:
        self.stated = stated
        """The date as it was stated."""
        first = calendar.begin(calendar.face(start)) // DAY
        amount = calendar.count(first, stated) + extra
        super().__init__(calendar, limit, start, amount, suspensions, cap_days)

    def _used_up(self) -> int:
        return max(self.stated, self.nth(self.amount))

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Count as a limit of so many working days does; none at all as one."""
        if self.amount:
            return super().near(leads)
        lead = fitting(leads, 1)
        if lead.share is None:
            return super().near(leads)
        noon = self.calendar.instant(self.last * DAY + int(lead.share * DAY))
        return max(self.start, noon)


class StatedCount:
    """A due *moment* that the hall states: it moves by the working time that is suspended."""

    __slots__ = (
        "calendar",
        "due_at",
        "extended",
        "pauses",
        "provisional",
        "start",
        "stated",
        "stays",
    )

    def __init__(
        self,
        calendar: Calendar,
        limit: Limit,
        start: int,
        stated: int,
        extra: int,
        suspensions: Sequence[Suspension],
        cap_days: int,
        taken_in: Sequence[Suspension] = (),
    ) -> None:
        self.calendar, self.start, self.stated = calendar, start, stated
        until = working_days_until if limit.mode == "elapsed" else asked_until
        self.stays = [stay_of(calendar, each, cap_days, until) for each in suspensions]
        """Each suspension that moves it on the clock face, [S, R′), in the order given."""
        self.pauses = self.stays
        if suspensions or taken_in:
            others = [stay_of(calendar, each, cap_days, until) for each in taken_in]
            self.pauses = merged([*self.stays, *others])
        """All that is suspended, also what the statement takes in."""
        self.extended = stated
        """The moment with its extension: the same clock time so many working days on."""
        if extra:
            day, second = divmod(calendar.face(stated), DAY)
            self.extended = calendar.instant(calendar.nth(day, extra) * DAY + second)
        self.due_at = self._moved() if self.stays else self.extended
        face = calendar.face
        self.provisional = calendar.rests_on_projection(
            face(start) // DAY, face(self.due_at) // DAY
        )

    @property
    def days(self) -> int:
        """The working dates from the start to it, by which its lead is chosen."""
        face = self.calendar.face
        return self.calendar.count(face(self.start) // DAY, face(self.extended) // DAY)

    @property
    def suspended(self) -> int:
        """The working seconds from the start to the due moment that are suspended."""
        face = self.calendar.face
        return suspended(self.calendar, face(self.start), face(self.due_at), merged(self.stays))

    def _moved(self) -> int:
        """Find the first second t with W(stated, t) = what is suspended in [start, t)."""
        calendar, pauses = self.calendar, merged(self.stays)
        stated = calendar.face(self.extended)
        lost = suspended(calendar, calendar.face(self.start), stated, pauses)
        if not lost:
            return self.extended
        return calendar.instant(earliest(calendar, stated, lost, pauses))

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Count the lead in working time that is not suspended."""
        lead = fitting(leads, self.days)
        return moment_before(self.calendar, self.start, self.due_at, lead, self.pauses)

    def over(self, working_days: int) -> int:
        """Count the days after the due one by the item's calendar."""
        return days_after(self.calendar, self.due_at, working_days)

    def paused(self, now: int) -> bool:
        """Tell whether an instant lies within a suspension that moves it."""
        return now >= self.start and within(self.stays, self.calendar.face(now))

    def standstills(self) -> list[tuple[int, int]]:
        """Give each suspension that moves it, up to the end of the days asked."""
        instant = self.calendar.instant
        return since(self.start, ((instant(s.start), instant(s.end)) for s in self.stays))

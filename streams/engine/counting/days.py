"""Mode `next_day`, natural days and months: whole local dates, the start day not counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from schemas.codes import Unit
from streams.engine.calendar import add_months
from streams.engine.counting.common import DAY, days_before, fitting, merged, since, within
from streams.engine.counting.shares import rounded, running, spells, stay_of
from streams.engine.counting.working import hours_before, latest, moment_before, used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead, Limit
    from streams.engine.calendar import Calendar
    from streams.engine.counting.common import Pause
    from streams.engine.counting.shares import Spell
    from streams.engine.ledger import Suspension


NATURAL: Final = (Unit.NATURAL_DAY, Unit.MONTH)
"""Units by which every date counts."""


class DayCount:
    """Mode `next_day`, natural days and months: whole local dates, the start day not counted.

    Months are the natural days from the start to the same day of the last month (民法典 §202).
    """

    __slots__ = (
        "alike",
        "amount",
        "base",
        "calendar",
        "clock_time",
        "days",
        "due_at",
        "first",
        "last",
        "limit",
        "natural",
        "provisional",
        "spells",
        "start",
        "stays",
        "used_up",
    )

    LEFT_OUT: ClassVar[int] = 1
    """How many days from the start day on are not counted."""

    def __init__(
        self,
        calendar: Calendar,
        limit: Limit,
        start: int,
        amount: int,
        suspensions: Sequence[Suspension],
        cap_days: int,
    ) -> None:
        self.calendar, self.limit, self.start, self.amount = calendar, limit, start, amount
        self.alike: dict[Any, Any] | None = None
        """What follows in the same way for every start of this day; shared by `begun_at`."""
        face = calendar.begin(calendar.face(start))
        self.first, self.clock_time = divmod(face, DAY)
        """The start day A, which is not counted; and the second of that day."""
        self.natural = limit.unit in NATURAL
        """Whether every date counts, not working dates only."""
        self.days = amount
        """The limit in days of its own kind."""
        if limit.unit is Unit.MONTH:
            self.days = add_months(self.first, amount) - self.first
        self.stays = [stay_of(calendar, suspension, cap_days) for suspension in suspensions]
        """Each suspension on the clock face, [S, R′), in the order given."""
        self.spells: list[Spell] = []
        if self.stays:
            self.spells = spells(calendar, self._in_time(), natural=self.natural)
        """The suspended dates, whole or in part."""
        self.used_up = self._used_up()
        """The first date with U = N."""
        self.base = self._base()
        """Where the count alone ends; rolled once."""
        self.last = self._carried(self.base, self.stays)
        """The last day in time, X."""
        self.due_at = calendar.instant(self._end_of(self.last))
        begin = self.first + self.LEFT_OUT
        self.provisional = begin <= self.last and calendar.rests_on_projection(begin, self.last)

    def _in_time(self) -> list[Pause]:
        """Give the suspensions whose shares count: not what begins after the end of X.

        By dates that follows by itself. A limit that ends at a clock time can be over by noon, and
        what begins in the afternoon of that date must not lengthen it.
        """
        if not self.limit.keep_clock_time:
            return self.stays
        counted: list[Pause] = []
        for stay in sorted(self.stays, key=lambda stay: (stay.start, stay.end)):
            self.spells = spells(self.calendar, counted, natural=self.natural)
            self.used_up = self._used_up()
            if stay.start > self._end_of(self._carried(self._base(), counted)):
                break
            counted.append(stay)
        return counted

    def _carried(self, day: int, stays: Sequence[Pause]) -> int:
        """Find X from where the count ends: a suspension that covers its end carries it along.

        However short it is: time that §45 does not count cannot breach. One that starts after
        the breach has no effect.
        """
        while stays:
            end = self._end_of(day)
            over = next((stay.end for stay in stays if stay.start <= end < stay.end), None)
            if over is None:  # of several each carries it in its turn
                break
            day = self.calendar.roll(over // DAY)
            if self._end_of(day) < over:
                day = self.calendar.nth(day, 1)
        return day

    def begun_at(self, start: int) -> DayCount:
        """Give the same count for another start of the same day, where nothing depends on more."""
        other = DayCount.__new__(DayCount)
        other.alike, other.amount, other.calendar = self.alike, self.amount, self.calendar
        other.clock_time, other.days, other.due_at = self.clock_time, self.days, self.due_at
        other.first, other.last, other.limit = self.first, self.last, self.limit
        other.provisional, other.spells, other.stays = self.provisional, self.spells, self.stays
        other.natural = self.natural
        other.base, other.start, other.used_up = self.base, start, self.used_up
        return other

    def _used_up(self) -> int:
        """Give the date on which the count ends, before it is rolled or carried along."""
        return self.nth(self.days)

    def _base(self) -> int:
        """Give X as the count alone gives it; rolled once."""
        if self.natural and self.limit.roll != "none":
            return self.calendar.roll(self.used_up)
        return self.used_up

    def nth(self, amount: int) -> int:
        """Give the first date with U = N: the dates after the start, less the suspended shares."""
        day, left = self.first, amount
        for spell, before, total in running(self.spells, self.first):
            between = self.count(day, max(day, spell.first - 1))
            if between >= left:
                break
            left -= between
            day = spell.last
            if spell.part is not None:
                left -= 1 - (rounded(total) - rounded(before))
                if not left:
                    return day
        return day + left if self.natural else self.calendar.nth(day, left)

    def count(self, after: int, until: int) -> int:
        """Count the dates in (after, until] that this limit knows, suspended or not."""
        return until - after if self.natural else self.calendar.count(after, until)

    def _end_of(self, day: int) -> int:
        """Give the last second of a day in time, on the clock face."""
        if self.limit.keep_clock_time:
            return day * DAY + self.clock_time
        if self.limit.cut_off == "close_of_business" and self.calendar.is_working(day):
            return day * DAY + self.calendar.close(day)
        return day * DAY + DAY - 1  # a day off has no business that could close (民法典 §203)

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Date(t) > X minus the lead in working days; a share of the days, by the clock.

        A limit that ends at a clock time ends at a moment, whose lead is working time.
        """
        lead = fitting(leads, self.days)
        if self.limit.keep_clock_time:
            pauses = merged(self.stays)
            return moment_before(self.calendar, self.start, self.due_at, lead, pauses)
        if lead.working_days is not None:
            return max(self.start, days_before(self.calendar, self.last, lead.working_days))
        if lead.working_hours is not None:
            return hours_before(
                self.calendar, self.start, self.due_at, lead.working_hours, merged(self.stays)
            )
        assert lead.share is not None  # noqa: S101 - a lead has one of three forms
        whole, part = divmod(lead.share * self.days, 1)
        day = self.last if whole + 1 == self.days else self.nth(int(whole) + 1)
        return max(self.start, self.calendar.instant(day * DAY + int(part * DAY)))

    def over(self, working_days: int) -> int:
        """Give the second after the end of the n-th working day after X."""
        day = self.calendar.nth(self.last, working_days)
        return self.calendar.instant(self._end_of(day)) + 1

    def paused(self, now: int) -> bool:
        """Tell whether an instant lies within a suspension, up to the end of the days asked."""
        return now >= self.start and within(self.stays, self.calendar.face(now))

    def standstills(self) -> list[tuple[int, int]]:
        """Give each suspension, up to the end of the days asked, from the start on."""
        instant = self.calendar.instant
        return since(self.start, ((instant(s.start), instant(s.end)) for s in self.stays))


class SpotCount(DayCount):
    """On the spot (即办件): by close of business of the day, or of the next working day.

    The latter for what comes after close or on a day off: it would be over at birth otherwise.
    """

    __slots__ = ()
    LEFT_OUT = 0

    def _base(self) -> int:
        if self.calendar.is_working(self.first) and self.clock_time < self.calendar.close(
            self.first
        ):
            return self.first
        return self.calendar.nth(self.first, 1)

    def _end_of(self, day: int) -> int:
        return day * DAY + self.calendar.close(day)

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Count a share of the working time from the start to the close, less what is suspended."""
        lead = fitting(leads, 1)
        if lead.share is None:
            return super().near(leads)
        calendar, pauses = self.calendar, merged(self.stays)
        begin = self.first * DAY + self.clock_time
        whole = used(calendar, begin, calendar.face(self.due_at), pauses)
        return calendar.instant(latest(calendar, begin, int(lead.share * whole), pauses)) + 1

"""What the ways of counting share: pauses, and the lead before a due moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.limits import Lead
    from streams.engine.calendar import Calendar

DAY: Final = 86_400
HOUR: Final = 3_600
MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that is not counted, on the counting's own axis: from `start` up to `end`."""

    start: int
    end: int


class Counting(Protocol):
    """What every way of counting answers; moments are instants, seconds since the epoch."""

    calendar: Calendar
    start: int
    due_at: int
    provisional: bool
    """Whether the due moment rests on days that nobody has decreed."""

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Give the first second at which the limit is near, by the lead that fits its length."""

    def over(self, working_days: int) -> int | None:
        """Give the first second over the limit by more than so many working days."""

    def paused(self, now: int) -> bool:
        """Tell whether the clock stands still at an instant."""

    def standstills(self) -> list[tuple[int, int]]:
        """Give each time during which the clock stands still: from, and up to, as instants."""


def fitting(leads: Sequence[Lead], days: int) -> Lead:
    """Choose the first lead that is for limits of this length; the last one is for all."""
    return next(lead for lead in leads if lead.up_to is None or days <= lead.up_to)


def days_before(calendar: Calendar, day: int, lead: int) -> int:
    """Give the first second of the date after X minus the lead."""
    return calendar.instant((calendar.nth(day, -lead) + 1) * DAY)


def days_after(calendar: Calendar, due_at: int, working_days: int) -> int:
    """Give the first second of the date after the n-th working day after the due date."""
    if not working_days:
        return due_at + 1
    return calendar.instant((calendar.nth(calendar.face(due_at) // DAY, working_days) + 1) * DAY)


def merged(pauses: Iterable[Pause]) -> list[Pause]:
    """Give the pauses in order, those that overlap or touch as one."""
    merged: list[Pause] = []
    for pause in sorted(pauses, key=lambda p: (p.start, p.end)):
        if merged and pause.start <= merged[-1].end:
            merged[-1] = Pause(merged[-1].start, max(merged[-1].end, pause.end))
        else:
            merged.append(pause)
    return merged


def since(start: int, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give what of some spans of instants lies after a start, in order, as few as there are."""
    pauses = merged(Pause(max(start, begin), end) for begin, end in spans if end > start)
    return [(pause.start, pause.end) for pause in pauses if pause.end > pause.start]


def within(pauses: Sequence[Pause], place: int) -> bool:
    """Tell whether a place on the axis lies in a pause."""
    return any(pause.start <= place < pause.end for pause in pauses)

"""A limit that ends beyond every calendar (2100)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead
    from streams.engine.calendar import Calendar

FAR: Final = 4_102_444_799
"""2099-12-31T23:59:59Z: the due moment of a limit that no calendar reaches."""


class FarCount:
    """A limit that ends beyond every calendar: never due, and said to be provisional."""

    __slots__ = ("calendar", "due_at", "provisional", "start")

    def __init__(self, calendar: Calendar, start: int) -> None:
        self.calendar, self.start = calendar, start
        self.due_at, self.provisional = FAR, True

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Never."""
        del leads
        return None

    def over(self, working_days: int) -> int | None:
        """Never."""
        del working_days
        return None

    def paused(self, now: int) -> bool:
        """Never: it is not counted."""
        del now
        return False

    def standstills(self) -> list[tuple[int, int]]:
        """Give none: it is not counted."""
        return []

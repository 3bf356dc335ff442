"""The horizon of a case: the last day that its verdict rests on.

A change of the calendar from a later day on cannot concern it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.counting import DAY

if TYPE_CHECKING:
    from streams.engine.case import Case

NO_DAY = -(1 << 31)
"""The horizon of a case whose verdict rests on no day: nothing of it runs."""


def horizon_of(case: Case) -> int:
    """Give the last day, since 1970-01-01, that a running clock's due time or levels rest on."""
    last = NO_DAY
    for clock in case.clocks:
        if not clock.running:
            continue
        moments = [clock.due_at, *(level.at for level in clock.levels)]
        last = max(last, clock.counting.calendar.face(max(moments)) // DAY)
    return last

"""How a limit is counted (时限计算): day by day, by time used, or as the hall states it.

The formulas of docs/time.md; each counting answers the same two questions: the last second in
time, and the first second at which the limit is *near*. Nothing here knows levels or cards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import Unit
from streams.engine.counting.common import DAY, HOUR, Counting
from streams.engine.counting.days import DayCount, SpotCount
from streams.engine.counting.far import FarCount
from streams.engine.counting.seconds import TimeCount
from streams.engine.counting.stated import StatedCount, StatedDay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Limit
    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension

__all__ = [
    "DAY",
    "HOUR",
    "Counting",
    "DayCount",
    "FarCount",
    "SpotCount",
    "StatedCount",
    "StatedDay",
    "TimeCount",
    "count",
]


def count(
    calendar: Calendar,
    limit: Limit,
    start: int,
    extra: int,
    suspensions: Sequence[Suspension],
    cap_days: int,
) -> DayCount | TimeCount:
    """Count a limit of N units from an instant.

    `extra` is the extension in the limit's own unit. `suspensions` are those that stop this
    clock; one whose asked days are not on record lasts `cap_days` working days at most. The
    limit's mode and cut-off are resolved already.
    """
    if limit.unit is Unit.ON_THE_SPOT:
        return SpotCount(calendar, limit, start, 0, suspensions, cap_days)
    assert limit.amount is not None  # noqa: S101 - a stated limit is not counted
    amount = limit.amount + extra
    by_days = limit.unit in (Unit.NATURAL_DAY, Unit.MONTH) or (
        limit.unit is Unit.WORKING_DAY and limit.mode != "elapsed"
    )
    if by_days:
        return DayCount(calendar, limit, start, amount, suspensions, cap_days)
    return TimeCount(calendar, limit, start, amount, suspensions, cap_days)

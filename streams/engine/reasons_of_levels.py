"""What a level rests on: the ladder's rung and its lead, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import Unit
from schemas.words import Words
from streams.engine.counting import DAY, DayCount, SpotCount, StatedCount, TimeCount
from streams.engine.counting.common import fitting
from streams.engine.figures import amount_of, duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.limits import Ladder, Lead, Rung
    from schemas.verdicts import LevelReached
    from streams.engine.clocks import Clock
    from streams.engine.counting import Counting


def of_level(clock: Clock, reached: LevelReached, ladders: Mapping[str, Ladder]) -> Words:
    """Say in words what a rule asks: `hunan@3/promised/near` → 到期前 2 个工作日."""
    ladder = ladders[reached.rule.partition("@")[0]]
    condition = reached.rule.rpartition("/")[2]
    rung = min(
        (
            rung
            for rung in ladder.rungs
            if clock.kind in (rung.clock, rung.instead)
            and rung.level is reached.level
            and rung.condition == condition
        ),
        key=lambda rung: (rung.clock is not clock.kind, rung.working_days),
    )
    said = _near(rung, clock.counting) if rung.when == "near" else _passed(rung)
    if rung.clock is clock.kind:
        return said
    return Words(f"{said.zh}（无承诺时限，以本时限计）", f"{said.en} (there is no promised limit)")


def _near(rung: Rung, counting: Counting) -> Words:
    lead = fitting(rung.leads, _length(counting))
    said = _lead(lead, counting)
    if lead.up_to is None:
        return said
    return Words(
        f"{said.zh}（时限不超过 {lead.up_to} 日的）", f"{said.en} (for limits up to {lead.up_to} d)"
    )


def _lead(lead: Lead, counting: Counting) -> Words:
    if lead.working_hours is not None:
        hours = lead.working_hours
        return Words(f"距到期不足 {hours} 个工作小时", f"less than {hours} working hours left")
    if lead.working_days is None:
        return Words(
            f"已用时间超过时限的 {lead.share}", f"more than {lead.share} of the limit is used"
        )
    days = amount_of(lead.working_days, Unit.WORKING_DAY)
    said = Words(f"到期前 {days.zh}", f"{days.en} before the due time")
    if not isinstance(counting, TimeCount) or counting.limit.unit is not Unit.WORKING_DAY:
        return said
    rounding = 1 if lead.working_days > 1 else 0
    spent = (counting.amount - lead.working_days - rounding) * counting.calendar.standard_day
    used = duration(max(0, spent))
    return Words(
        f"{said.zh}（已用时间进整计，即已用超过 {used.zh}）",
        f"{said.en} (the time used rounded up: over {used.en})",
    )


def _passed(rung: Rung) -> Words:
    if not rung.working_days:
        return Words("超过到期时间", "past the due time")
    days = amount_of(rung.working_days, Unit.WORKING_DAY)
    return Words(f"超过到期时间 {days.zh}以上", f"past the due time by more than {days.en}")


def _length(counting: Counting) -> int:
    """Give the length by which a lead is chosen, in the limit's own days."""
    if isinstance(counting, SpotCount):
        return 1
    if isinstance(counting, DayCount):
        return counting.days
    if isinstance(counting, TimeCount):
        return counting.amount if counting.limit.unit is Unit.WORKING_DAY else 1
    if isinstance(counting, StatedCount):
        calendar = counting.calendar
        first, last = calendar.face(counting.start) // DAY, calendar.face(counting.due_at) // DAY
        return calendar.count(first, last)
    return 1

"""What a level rests on: the ladder's rung and its lead, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import Unit
from schemas.words import Words
from streams.engine.counting import DayCount, SpotCount, StatedCount, TimeCount
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
    said = _near(rung, clock.counting, reached.at) if rung.when == "near" else _passed(rung)
    if rung.clock is clock.kind:
        return said
    return Words(f"{said.zh}（无承诺时限，以本时限计）", f"{said.en} (there is no promised limit)")


def _near(rung: Rung, counting: Counting, at: int) -> Words:
    lead = fitting(rung.leads, _length(counting))
    said = _lead(lead, counting)
    if at == counting.start:
        said = Words(f"{said.zh}，起算时已近", f"{said.en}: it is near from the start")
    if lead.up_to is None:
        return said
    if isinstance(counting, TimeCount) and counting.limit.unit is not Unit.WORKING_DAY:
        return Words(
            f"{said.zh}（以小时、分钟计的时限）", f"{said.en} (for limits in hours or minutes)"
        )
    return Words(
        f"{said.zh}（时限不超过 {lead.up_to} 日的）", f"{said.en} (for limits up to {lead.up_to} d)"
    )


def _lead(lead: Lead, counting: Counting) -> Words:
    if lead.working_hours is not None:
        hours = lead.working_hours
        return Words(f"距到期不足 {hours} 个工作小时", f"less than {hours} working hours left")
    if lead.working_days is None:
        return _share(lead, counting)
    days = amount_of(lead.working_days, Unit.WORKING_DAY)
    said = Words(f"到期前 {days.zh}", f"{days.en} before the due time")
    if _is_moment(counting):
        left = duration(lead.working_days * counting.calendar.standard_day)
        return Words(
            f"{said.zh}（工作时间只剩 {left.zh}）", f"{said.en} ({left.en} of working time left)"
        )
    if isinstance(counting, TimeCount) and counting.limit.unit is Unit.WORKING_DAY:
        return _by_time_used(lead.working_days, counting, said)
    return said


def _by_time_used(working_days: int, counting: TimeCount, said: Words) -> Words:
    rounding = 1 if working_days > 1 else 0
    spent = (counting.amount - working_days - rounding) * counting.calendar.standard_day
    if spent < 0:
        return said
    used = duration(spent)
    if not rounding:
        return Words(f"{said.zh}（已用超过 {used.zh}）", f"{said.en} (over {used.en} used)")
    return Words(
        f"{said.zh}（已用时间进整计，即已用超过 {used.zh}）",
        f"{said.en} (the time used rounded up: over {used.en})",
    )


def _share(lead: Lead, counting: Counting) -> Words:
    """Say of which time a share must be used, and how much that is where it is counted in time."""
    assert lead.share is not None  # noqa: S101 - a lead has one of three forms
    if _is_moment(counting) or isinstance(counting, SpotCount):
        return Words(
            f"自起算至到期的工作时间已用 {lead.share}",
            f"{lead.share} of the working time up to the due moment is used",
        )
    said = Words(f"已用时间超过时限的 {lead.share}", f"more than {lead.share} of the limit is used")
    if not isinstance(counting, TimeCount):
        return said
    used = duration(int(lead.share * counting.seconds))
    return Words(f"{said.zh}（超过 {used.zh}）", f"{said.en} (over {used.en})")


def _is_moment(counting: Counting) -> bool:
    """Tell whether it is due at a moment, before which a lead is working time."""
    return isinstance(counting, StatedCount) or (
        isinstance(counting, DayCount) and counting.limit.keep_clock_time
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
        return counting.days
    return 1

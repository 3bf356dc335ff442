"""A case judged by two states of the law: what a change does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.changes import ClockDifference
from streams.engine.clocks import highest

if TYPE_CHECKING:
    from streams.engine.case import Case
    from streams.engine.clocks import Clock


def alike(before: Case, after: Case) -> bool:
    """Tell whether a change leaves everything of a case as it was, also what is still to come."""
    return (
        len(before.clocks) == len(after.clocks)
        and len(before.findings) == len(after.findings)
        and all(map(_same_clock, before.clocks, after.clocks))
        and all(
            a.clock_id == b.clock_id and a.at == b.at and a.level is b.level
            for a, b in zip(before.findings, after.findings, strict=True)
        )
    )


def _same_clock(a: Clock, b: Clock) -> bool:
    return (
        a.due_at == b.due_at
        and a.clock_id == b.clock_id
        and a.levels == b.levels
        and a.counting.provisional == b.counting.provisional
        and a.counting.start == b.counting.start
        and a.known_from == b.known_from
        and a.stopped_at == b.stopped_at
        and a.silence == b.silence
    )


def differences(before: Case, after: Case, now: int) -> list[ClockDifference]:
    """Give each clock known at `now` whose due time, level or provisional flag is another.

    In the order of the clocks after the change; those that are gone come last.
    """
    was = {clock.clock_id: clock for clock in before.known(now)}
    found = []
    for clock in after.known(now):
        difference = _difference(was.pop(clock.clock_id, None), clock, now)
        if difference is not None:
            found.append(difference)
    found += [gone for clock in was.values() if (gone := _difference(clock, None, now))]
    return found


def _difference(before: Clock | None, after: Clock | None, now: int) -> ClockDifference | None:
    either = after or before
    assert either is not None  # noqa: S101 - there is one of the two
    due = [None if clock is None else clock.due_at for clock in (before, after)]
    level = [highest(() if clock is None else clock.reached(now)) for clock in (before, after)]
    flag = [clock is not None and clock.counting.provisional for clock in (before, after)]
    if due[0] == due[1] and level[0] is level[1] and flag[0] == flag[1]:
        return None
    return ClockDifference(
        clock_id=either.clock_id,
        clock=either.kind,
        step=either.step,
        due_before=due[0],
        due_after=due[1],
        level_before=level[0],
        level_after=level[1],
        provisional_before=flag[0],
        provisional_after=flag[1],
    )

"""Clocks (时限): the ledger, the limits in force and the calendar give each clock of a case.

A due time is computed anew each time, never kept. What a clock reaches, and when, follows from
its due time and the ladder alone; whether it has been reached is the judge's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind, Level
from schemas.verdicts import LevelReached
from streams.engine.calendar import OutsideCalendar
from streams.engine.counting import StatedCount, count
from streams.engine.ledger import read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from schemas.limits import Lead, Limit, Rung
    from schemas.verdicts import ClockState
    from streams.engine.calendar import Calendar
    from streams.engine.counting import Counting
    from streams.engine.ledger import Entry, Ledger, StepRun, Suspension
    from streams.engine.rules import CaseRules, Rules

FAR: Final = 4_102_444_799
"""2099-12-31T23:59:59Z: the due moment of a limit that no calendar reaches."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a case, with every level it will reach unless it is stopped."""

    clock_id: str
    kind: ClockKind
    limit: Limit
    counting: Counting
    started: Entry
    stopped_at: int | None
    levels: tuple[LevelReached, ...]
    """In the order of their moments."""
    step: str | None = None

    @property
    def due_at(self) -> int:
        """The last second in time, an instant."""
        return self.counting.due_at

    def until(self, now: int) -> int:
        """Give the moment up to which this clock has run."""
        return now if self.stopped_at is None else min(now, self.stopped_at)

    def reached(self, now: int) -> list[LevelReached]:
        """Give the levels that hold at a moment."""
        until = self.until(now)
        return [level for level in self.levels if level.at <= until]

    def overdue(self, now: int) -> bool:
        """Tell whether it is, or was when it stopped, over its due moment."""
        return self.until(now) > self.due_at

    def state(self, now: int) -> ClockState:
        """Tell whether it runs, stands still (特别程序), or has ended."""
        if self.stopped_at is not None and self.stopped_at <= now:
            return "stopped"
        return "paused" if self.counting.paused(now) else "running"


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it can be judged: what happened, what holds, its clocks."""

    ledger: Ledger
    rules: CaseRules
    clocks: tuple[Clock, ...]
    ended_at: int | None


class FarCount:
    """A limit that ends beyond every calendar (2100): never due, and said to be provisional."""

    __slots__ = ("calendar", "due_at", "provisional", "start")

    def __init__(self, calendar: Calendar, start: int) -> None:
        self.calendar, self.start = calendar, start
        self.due_at, self.provisional = FAR, True

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Never."""
        del leads
        return None

    def paused(self, now: int) -> bool:
        """Never: it is not counted."""
        del now
        return False


def assess(entries: Sequence[Entry], rules: Rules) -> Case:
    """Read a case's entries and set its clocks."""
    ledger = read(entries)
    start = _start(ledger)
    found = rules.resolve(
        ledger.value("item"),
        ledger.value("region"),
        ledger.value("department"),
        (start or ledger.opened).at,
    )
    end = _end(ledger, found)
    clocks: list[Clock] = []
    if start is not None:
        limits = _decision_limits(ledger, found)
        for kind, limit in limits.items():
            counting = _decision_counting(kind, limit, start, ledger, found)
            levels = _levels(kind, counting, found, limits)
            stopped_at = _stopped_at(limit, end)
            clocks.append(Clock(str(kind), kind, limit, counting, start, stopped_at, levels))
    ended_at = None if end is None else end.at
    for run in ledger.steps:
        clocks += _step_clock(run, ledger, found, ended_at)
    return Case(ledger, found, tuple(clocks), ended_at)


def _stopped_at(limit: Limit, end: Entry | None) -> int | None:
    """Give the second in which a clock ended; against a stated moment, the one after it began."""
    if end is None:
        return None
    return end.at + end.within if limit.stated is not None else end.at


def _start(ledger: Ledger) -> Entry | None:
    """Find what starts the decision clocks: acceptance (受理).

    Where it is missing and the case has ended all the same: the last supply of corrections, or
    the receipt, or the earliest event (domain.md §2, readings).
    """
    if ledger.accepted is not None:
        return ledger.accepted
    if ledger.decided is None and ledger.finished is None:
        return None
    return ledger.supplied or ledger.received or ledger.opened


def _end(ledger: Ledger, rules: CaseRules) -> Entry | None:
    """Find what ends the decision clocks: 作出决定 (§42 ¶1), 办结 (¶2), or the earlier of them."""
    acts = {
        "decision": [ledger.decided, ledger.refused],
        "finishing": [ledger.finished],
        "earliest": [],
    }
    chosen = [act for act in acts[rules.policy.clock_ends_at or "earliest"] if act is not None]
    ends = chosen or [
        act for act in (ledger.decided, ledger.refused, ledger.finished) if act is not None
    ]
    return min(ends, key=lambda act: (act.at, act.within), default=None)


def _decision_limits(ledger: Ledger, rules: CaseRules) -> dict[ClockKind, Limit]:
    """Give the limits that this case has: one that the hall states, only where it stated it."""
    return {
        kind: limit
        for kind in (ClockKind.PROMISED, ClockKind.STATUTORY)
        if (limit := rules.limits.get(kind)) is not None
        and (limit.stated is None or ledger.stated_due is not None)
    }


def _decision_counting(
    kind: ClockKind, limit: Limit, start: Entry, ledger: Ledger, rules: CaseRules
) -> Counting:
    if limit.stated is not None:
        assert ledger.stated_due is not None  # noqa: S101 - or the case has no such limit
        return StatedCount(rules.calendar, start.at, ledger.stated_due)
    extra = sum(e.amount for e in ledger.extensions if e.unit == limit.unit)
    return _counted(kind, limit, start.at, extra, ledger.suspensions, rules)


def _step_clock(
    run: StepRun, ledger: Ledger, rules: CaseRules, ended_at: int | None
) -> list[Clock]:
    """Set a step's own clock (环节时限); it ends with the step, or with the case."""
    known = rules.steps.get(run.code)
    limit = (known and known.limit) or rules.limits.get(ClockKind.STEP)
    if limit is None:
        return []
    if limit.stated is not None:
        if run.started.amount < 1 or not run.started.unit:
            return []
        limit = limit.model_copy(
            update={"stated": None, "amount": run.started.amount, "unit": run.started.unit}
        )
    counting = _counted(ClockKind.STEP, limit, run.started.at, 0, ledger.suspensions, rules)
    stops = [] if ended_at is None else [ended_at]
    if run.finished is not None:
        stops.append(run.finished.at)
    return [
        Clock(
            f"step:{run.code}:{run.number}",
            ClockKind.STEP,
            limit,
            counting,
            run.started,
            min(stops, default=None),
            _levels(ClockKind.STEP, counting, rules, rules.limits),
            run.code,
        )
    ]


def _counted(
    kind: ClockKind,
    limit: Limit,
    start: int,
    extra: int,
    suspensions: Sequence[Suspension],
    rules: CaseRules,
) -> Counting:
    policy = rules.policy
    stopping: Sequence[Suspension] = ()
    if suspensions and kind in (policy.suspension_stops or ()):
        kinds = policy.suspension_kinds or ()
        stopping = [s for s in suspensions if s.kind in kinds]
    try:
        return count(rules.calendar, limit, start, extra, stopping, policy.suspension_cap_days or 0)
    except OutsideCalendar:
        return FarCount(rules.calendar, start)


def _levels(
    kind: ClockKind, counting: Counting, rules: CaseRules, present: Collection[ClockKind]
) -> tuple[LevelReached, ...]:
    """Give each level the ladder has for this clock, and the first second at which it holds.

    `present` are the clocks of the case: a rung that counts `instead` of one of them is left out.
    """
    found: dict[Level, LevelReached] = {}
    for rung, rule in rules.rungs[kind]:
        if rung.clock is not kind and rung.clock in present:
            continue
        at = _first_second(rung, counting)
        if at is None:
            continue
        earlier = found.get(rung.level)
        if earlier is None or at < earlier.at:  # two rungs may lead to one level
            found[rung.level] = LevelReached(rung.level, at, rule)
    return tuple(sorted(found.values(), key=lambda reached: (reached.at, reached.level.rank)))


def _first_second(rung: Rung, counting: Counting) -> int | None:
    if rung.when == "passed":
        return counting.due_at + 1
    try:
        return counting.near(rung.leads)
    except OutsideCalendar:
        return None


def highest(levels: Sequence[LevelReached]) -> Level:
    """Give the highest of some levels, `none` where there is none."""
    return max((reached.level for reached in levels), key=lambda v: v.rank, default=Level.NONE)

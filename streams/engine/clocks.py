"""Clocks (时限): a limit counted from a record, and every level it will reach unless it is stopped.

A due time is computed anew each time, never kept. What a clock reaches, and when, follows from
its due time and the ladder alone; whether it has been reached is the judge's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from schemas.codes import ClockKind, Level
from schemas.verdicts import LevelReached
from streams.engine.calendar import OutsideCalendar, date_of, day_of
from streams.engine.counting import DAY, DayCount, FarCount, count

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from schemas.catalogue import Post
    from schemas.limits import Limit, Rung
    from schemas.verdicts import ClockState
    from streams.engine.counting import Counting
    from streams.engine.entries import Entry
    from streams.engine.ledger import Suspension
    from streams.engine.rules import CaseRules, Silence

REMEMBERED: Final = 65_536
"""Plain counts that are remembered for one catalogue, a kilobyte each."""
DECISION: Final = (ClockKind.PROMISED, ClockKind.STATUTORY)
"""The clocks that run to the decision."""


Reason = Literal[
    "kind",  # no law allows this special procedure
    "basis",  # no basis on record
    "untold",  # the applicant was not told in writing
    "policy",  # special procedures do not stop this clock
    "breach",  # the limit was over already
    "once",  # it was extended before
    "no_time",  # it gives no time
    "unit",  # not in the clock's own unit
    "cap",  # longer than the law allows
    "no_reason",
    "approver",  # not approved by the right rank
    "told_late",  # the applicant was not told by the due time
    "due_unstated",  # it neither states the due moment anew nor gives time
    "before_start",  # approved before the clock starts
    "taken_in",  # the due moment was stated later, and takes it in: it counts, and moves nothing
]
"""Why a record moves no clock."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was to move a clock and does not."""

    record: Entry
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One clock of a case, with every level it will reach unless it is stopped."""

    clock_id: str
    kind: ClockKind
    limit: Limit
    counting: Counting
    started: Entry
    """The record that it starts with; its moment is `counting.start`."""
    stopped_at: int | None
    known_from: int
    """Since when it is known that it runs: deemed acceptance is known after the fact."""
    levels: tuple[LevelReached, ...]
    """In the order of their moments."""
    silence: Silence | None = None
    step: str | None = None
    post: Post | None = None
    """The post that answers for the step."""
    deemed: bool = False
    """Nobody answered in time: it runs from a receipt or a supply (§32)."""
    assumed: bool = False
    """No record states its start: it is taken from what is there."""
    extension: Entry | None = None
    """The extension (延期) that moved it."""
    suspensions: Sequence[Suspension] = ()
    """The special procedures that stop it."""
    refused: Sequence[Refused] = ()
    """What was to move it and does not, with the reason."""
    unextended: int | None = None
    """The due moment without an extension, by which one had to be approved and told."""
    cut: Counting | None = None
    """The promise as it was: it ended after the statute, which counts instead."""
    handed_over: Sequence[Entry] = ()
    """The later starts of a step: who began each answers for it since (移交)."""
    round: int = 1
    """Which life of the case it is of (轮次): only how it is shown."""

    @property
    def due_at(self) -> int:
        """The last second in time, an instant."""
        return self.counting.due_at

    @property
    def record(self) -> Entry:
        """The record by which it is known again where its name changes."""
        return self.started

    @property
    def running(self) -> bool:
        """Whether nothing on record stops it."""
        return self.stopped_at is None

    def until(self, now: int) -> int:
        """Give the moment up to which this clock has run."""
        return now if self.stopped_at is None else min(now, self.stopped_at)

    def reached(self, now: int) -> list[LevelReached]:
        """Give the levels that hold, and are known to hold, at a moment."""
        if now < self.known_from:
            return []
        until = self.until(now)
        return [level for level in self.levels if level.at <= until]

    def coming(self, now: int) -> int | None:
        """Give the next moment after `now` at which it is known to reach a level, if it does.

        Or at which it is known at all: then the case is told anew.
        """
        if self.deemed and now < self.known_from:
            return self.known_from
        for reached in self.levels:
            at = max(reached.at, self.known_from)
            if at > now and (self.stopped_at is None or reached.at <= self.stopped_at):
                return at
        return None

    def hands_over(self, now: int) -> int | None:
        """Give the next moment after `now` at which somebody else may answer for it: while it runs.

        `now` is 0 before the first tick.
        """
        if self.post is None or self.stopped_at is not None:
            return None
        calendar = self.counting.calendar
        turn = self.post.turn_after(date_of(calendar.face(now) // DAY) if now else None)
        return None if turn is None else calendar.instant(day_of(turn) * DAY)

    def overdue(self, now: int) -> bool:
        """Tell whether it is, or was when it stopped, over its due moment."""
        return self.until(now) > self.due_at

    def state(self, now: int) -> ClockState:
        """Tell whether it runs, stands still (特别程序), or has ended."""
        if self.stopped_at is not None and self.stopped_at <= now:
            return "stopped"
        return "paused" if self.counting.paused(now) else "running"


def counted(
    limit: Limit,
    start: int,
    rules: CaseRules,
    extra: int = 0,
    suspensions: Sequence[Suspension] = (),
) -> Counting:
    """Count a limit by a case's calendar; one that ends beyond every calendar is never due."""
    if not extra and not suspensions:
        return _plainly(limit, start, rules)
    return _counted(limit, start, rules, extra, suspensions)


def _plainly(limit: Limit, start: int, rules: CaseRules) -> Counting:
    """Count a limit that nothing moves: the same for every start of a day, and remembered so."""
    key = (id(limit), rules.calendar.face(start) // DAY)  # what is remembered holds the limit
    known = rules.plain.get(key)
    if known is not None:
        return known.begun_at(start)
    made = _counted(limit, start, rules, 0, ())
    alike = not (limit.keep_clock_time or rules.calendar.has_start_rule)
    if alike and type(made) is DayCount:
        if len(rules.plain) >= REMEMBERED:
            rules.plain.clear()
        made.alike = {}
        rules.plain[key] = made
    return made


def _counted(
    limit: Limit, start: int, rules: CaseRules, extra: int, suspensions: Sequence[Suspension]
) -> Counting:
    cap = rules.policy.suspension_cap_days or 0
    try:
        return count(rules.calendar, limit, start, extra, suspensions, cap)
    except OutsideCalendar:
        return FarCount(rules.calendar, start)


def levels_of(
    kind: ClockKind, counting: Counting, rules: CaseRules, present: Collection[ClockKind] = ()
) -> tuple[LevelReached, ...]:
    """Give each level the ladder has for this clock, and the first second at which it holds.

    `present` are the decision clocks of the case: a rung that counts `instead` of one of them is
    left out.
    """
    if not isinstance(counting, DayCount) or counting.alike is None:
        return _levels_of(kind, counting, rules, present)
    key = (kind, *present)
    known: tuple[LevelReached, ...] | None = counting.alike.get(key)
    if known is None:
        known = _levels_of(kind, counting, rules, present)
        tomorrow = counting.calendar.instant((counting.first + 1) * DAY)
        if all(level.at >= tomorrow for level in known):  # none begins with this very start
            counting.alike[key] = known
    return known


def _levels_of(
    kind: ClockKind, counting: Counting, rules: CaseRules, present: Collection[ClockKind]
) -> tuple[LevelReached, ...]:
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
    try:
        if rung.when == "near":
            return counting.near(rung.leads)
        return counting.over(rung.working_days)
    except OutsideCalendar:
        return None


def highest(levels: Sequence[LevelReached]) -> Level:
    """Give the highest of some levels, `none` where there is none."""
    return max((reached.level for reached in levels), key=lambda v: v.rank, default=Level.NONE)

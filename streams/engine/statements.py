"""A due moment that the hall states (承诺办结时间), and what moves it: a promise like any other.

A statement takes in what had begun, or was approved, when it was written; only what comes later
moves it. Of two the later written holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streams.engine.calendar import OutsideCalendar
from streams.engine.clocks import Refused
from streams.engine.counting import DAY, FarCount, StatedCount, StatedDay
from streams.engine.moving import Moved, invalid, stopping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schemas.codes import ClockKind
    from schemas.limits import Limit
    from streams.engine.calendar import Calendar
    from streams.engine.counting import Counting
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger, Suspension
    from streams.engine.rules import CaseRules


@dataclass(frozen=True, slots=True)
class Statement:
    """A due moment, or a due date, as a record states it; moments are instants."""

    record: Entry
    written: int
    """When this version of the record was written, else when the act happened."""
    due: int
    by_date: bool
    """It is the date of `due`, whatever the clock time."""

    def precedes(self, start: int, calendar: Calendar) -> bool:
        """Tell whether it lies before the start of its clock: nobody can keep it."""
        if not self.by_date:
            return self.due < start
        return calendar.face(self.due) // DAY < calendar.begin(calendar.face(start)) // DAY

    def takes_in(self, begun: int) -> bool:
        """Tell whether what began, or was approved, then had done so when it was written."""
        return begun <= self.written


def stated_by(entry: Entry | None) -> Statement | None:
    """Read the statement off a record, if it makes one."""
    if entry is None or entry.due < 0:
        return None
    written = entry.at if entry.recorded < 0 else entry.recorded
    return Statement(entry, written, entry.due, entry.by_date)


def statement_of(ledger: Ledger) -> Statement | None:
    """Give the statement that holds, extensions apart: of two the later written."""
    both = (stated_by(ledger.received), stated_by(ledger.accepted))
    return max(
        (one for one in both if one is not None),
        key=lambda one: (one.written, one.record),
        default=None,
    )


def stated_moved(
    kind: ClockKind,
    limit: Limit,
    start: int,
    ledger: Ledger,
    rules: CaseRules,
    first: Statement,
) -> Moved:
    """Count the due moment of a statement, extensions apart, with what moves it."""

    def holding(extension: Entry | None) -> tuple[Statement, int]:
        """Give the statement that holds with an extension, and by how many days it still moves."""
        if extension is None:
            return first, 0
        anew = stated_by(extension)
        if anew is None or anew.written < first.written or anew.precedes(start, rules.calendar):
            return first, extension.amount
        return anew, 0

    def count(extension: Entry | None, suspensions: Sequence[Suspension]) -> Counting:
        holds, extra = holding(extension)
        return _counted(holds, limit, start, rules, extra, suspensions)

    if not ledger.suspensions and not ledger.extensions:
        counting = count(None, ())
        return Moved(counting, None, (), (), counting.due_at, count, first.record)
    suspensions, refused = stopping(kind, ledger.suspensions, rules.policy)
    counting = unextended = count(None, suspensions)
    extension = valid = None
    for record in ledger.extensions:
        reason = "once" if valid is not None else invalid(record, limit, unextended, rules)
        if reason is None:
            valid = record
            if first.takes_in(record.at) and holding(record)[0] is first:
                reason = "taken_in"
            else:
                extension = record
        if reason is not None:
            refused.append(Refused(record, reason))
    holds, _ = holding(extension)
    return _moved(holds, extension, suspensions, refused, unextended.due_at, count)


def _moved(
    holds: Statement,
    extension: Entry | None,
    suspensions: Sequence[Suspension],
    refused: list[Refused],
    unextended: int,
    count: Callable[[Entry | None, Sequence[Suspension]], Counting],
) -> Moved:
    """Count with what began in time; say of what did not, and of what is taken in, so."""
    counting = count(extension, suspensions)
    late = [s for s in suspensions if s.start > counting.due_at and not holds.takes_in(s.start)]
    if late:
        suspensions = [s for s in suspensions if s not in late]
        counting = count(extension, suspensions)
    refused += [Refused(s.record, "breach") for s in late]
    refused += [Refused(s.record, "taken_in") for s in suspensions if holds.takes_in(s.start)]
    moving = [s for s in suspensions if not holds.takes_in(s.start)]
    return Moved(counting, extension, moving, refused, unextended, count, holds.record)


def stated_anew(
    kind: ClockKind, limit: Limit, start: int, ledger: Ledger, rules: CaseRules, move: Moved
) -> Moved:
    """Count the due moment that an extension states, where no other record states one that holds.

    `limit` is what the item says of the stated moment, `move` the item's own promise as the
    extension moves it.
    """
    anew = stated_by(move.extension)
    if anew is None or anew.precedes(start, rules.calendar):
        return move
    plain = move.count

    def count(extension: Entry | None, suspensions: Sequence[Suspension]) -> Counting:
        if extension is None:
            return plain(None, suspensions)
        return _counted(anew, limit, start, rules, 0, suspensions)

    suspensions, refused = stopping(kind, ledger.suspensions, rules.policy)
    refused += [each for each in move.refused if each.record.kind == "extended"]
    return _moved(anew, move.extension, suspensions, refused, move.unextended, count)


def _counted(
    statement: Statement,
    limit: Limit,
    start: int,
    rules: CaseRules,
    extra: int,
    suspensions: Sequence[Suspension],
) -> Counting:
    calendar, cap = rules.calendar, rules.policy.suspension_cap_days or 0
    moving = [s for s in suspensions if not statement.takes_in(s.start)]
    try:
        if statement.by_date:
            day = calendar.face(statement.due) // DAY
            return StatedDay(calendar, limit, start, day, extra, moving, cap)
        taken_in = [s for s in suspensions if statement.takes_in(s.start)]
        return StatedCount(calendar, limit, start, statement.due, extra, moving, cap, taken_in)
    except OutsideCalendar:
        return FarCount(calendar, start)

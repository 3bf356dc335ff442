"""What moves a clock: special procedures (特别程序, §45) and the one extension (延期, §42).

And what does not, with the reason, so that the explanation can say why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind, SuspensionKind, Unit
from schemas.findings import FindingCode
from streams.engine.calendar import OutsideCalendar
from streams.engine.clocks import Refused, counted
from streams.engine.counting import DAY, FarCount
from streams.engine.findings import Found, unrecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from schemas.limits import Limit, Policy
    from streams.engine.calendar import Calendar
    from streams.engine.clocks import Reason
    from streams.engine.counting import Counting
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger, Suspension
    from streams.engine.rules import CaseRules

RANKS: Final = {"": 0, "other": 1, "agency_head": 2, "government_head": 3}
IN_DAYS: Final = frozenset({Unit.WORKING_DAY, Unit.NATURAL_DAY, Unit.MONTH})


@dataclass(frozen=True, slots=True)
class Moved:
    """How a clock is counted after all that moves it."""

    counting: Counting
    extension: Entry | None
    suspensions: Sequence[Suspension]
    refused: Sequence[Refused]
    unextended: int
    """The due moment without an extension."""
    count: Callable[[Entry | None, Sequence[Suspension]], Counting]
    """Counts the clock again, with another extension and other special procedures."""
    stated: Entry | None = None
    """The record whose stated due moment this is, if it is one."""


# -- special procedures -------------------------------------------------------------------------


def why_not(suspension: Suspension, policy: Policy) -> Reason | None:
    """Tell why a special procedure stops no clock, if it does not."""
    record, asks = suspension.record, policy.suspension_requires or ()
    if suspension.kind not in (policy.suspension_kinds or ()):
        return "kind"
    if "basis" in asks and not record.grounds and not record.cannot_hold("reason"):
        return "basis"
    if policy.untold_suspensions == "run" and is_untold(record, policy):
        return "untold"
    return None


def is_untold(record: Entry, policy: Policy) -> bool:
    """Tell whether the written notice to the applicant is missing, and could be on record."""
    asks = policy.suspension_requires or ()
    return "told" in asks and record.told < 0 and not record.cannot_hold("told_at")


def stopping(
    kind: ClockKind, suspensions: Sequence[Suspension], policy: Policy
) -> tuple[Sequence[Suspension], list[Refused]]:
    """Divide special procedures into those that stop a clock of this kind, and the others."""
    if kind not in (policy.suspension_stops or ()):
        return [], [Refused(suspension.record, "policy") for suspension in suspensions]
    counting: list[Suspension] = []
    refused: list[Refused] = []
    for suspension in suspensions:
        reason = why_not(suspension, policy)
        if reason is None:
            counting.append(suspension)
        else:
            refused.append(Refused(suspension.record, reason))
    return counting, refused


# -- extensions ---------------------------------------------------------------------------------


def moved(kind: ClockKind, limit: Limit, start: int, ledger: Ledger, rules: CaseRules) -> Moved:
    """Count a decision clock with the special procedures that stop it and its one extension."""

    def count(extension: Entry | None, suspensions: Sequence[Suspension]) -> Counting:
        extra = 0 if extension is None else extension.amount
        return counted(limit, start, rules, extra, suspensions)

    if not ledger.suspensions and not ledger.extensions:
        counting = counted(limit, start, rules)
        return Moved(counting, None, (), (), counting.due_at, count)
    suspensions, refused = stopping(kind, ledger.suspensions, rules.policy)
    counting = unextended = count(None, suspensions)
    extension: Entry | None = None
    for record in ledger.extensions:
        reason = "once" if extension is not None else invalid(record, limit, unextended, rules)
        if reason is None:
            extension = record
        else:
            refused.append(Refused(record, reason))
    if extension is not None:
        counting = count(extension, suspensions)
    amount = 0 if extension is None else extension.amount
    counting, suspensions, late = without_late(counting, limit, rules, suspensions, amount)
    refused += late
    return Moved(counting, extension, suspensions, refused, unextended.due_at, count)


def without_late(
    counting: Counting,
    limit: Limit,
    rules: CaseRules,
    suspensions: Sequence[Suspension],
    extra: int = 0,
) -> tuple[Counting, Sequence[Suspension], list[Refused]]:
    """Count without the special procedures begun after the breach: the clock does not even stand.

    The due moment is the same without them.
    """
    late = [s for s in suspensions if s.start > counting.due_at]
    if not late:
        return counting, suspensions, []
    in_time = [s for s in suspensions if s.start <= counting.due_at]
    counting = counted(limit, counting.start, rules, extra, in_time)
    return counting, in_time, [Refused(s.record, "breach") for s in late]


def invalid(record: Entry, limit: Limit, plain: Counting, rules: CaseRules) -> Reason | None:
    """Tell why an extension does not move a clock: §42, and 延期办结告知制.

    `plain` is the clock without it: it must be approved, and told, while that is not over.
    """
    policy = rules.policy
    asks = policy.extension_requires or ()
    told = record.cannot_hold("told_at") or 0 <= record.told <= plain.due_at
    tests: tuple[tuple[bool, Reason], ...] = (
        ("reason" in asks and not (record.grounds or record.cannot_hold("reason")), "no_reason"),
        ("approver" in asks and not _approved(record, policy), "approver"),
        (record.at < plain.start, "before_start"),
        (record.at > plain.due_at, "breach"),
        ("told" in asks and not told, "told_late"),
    )
    shape = _misshapen(record, limit, plain, rules)
    return shape or next((reason for failed, reason in tests if failed), None)


def _misshapen(record: Entry, limit: Limit, plain: Counting, rules: CaseRules) -> Reason | None:
    """Tell what is wrong with the time that an extension gives.

    A stated due moment counts in working days; stated anew, what lies between the two is time given
    too. The cap of the law holds for both.
    """
    cap = limit.extension_cap or rules.policy.extension_cap or 0
    anew = limit.stated is not None and record.due >= 0
    if record.amount < 1 and not anew:
        return "no_time" if limit.stated is None else "due_unstated"
    if record.unit != (limit.unit or Unit.WORKING_DAY):
        return "unit"
    given = record.amount
    if anew and not isinstance(plain, FarCount):
        face, days = rules.calendar.face, rules.calendar.count
        given = max(given, days(face(plain.due_at) // DAY, face(record.due) // DAY))
    return "cap" if given > cap else None


def _approved(record: Entry, policy: Policy) -> bool:
    if not record.approver and record.cannot_hold("approver_rank"):
        return True
    return RANKS[record.approver] >= RANKS[policy.extension_approver or ""]


# -- findings -----------------------------------------------------------------------------------


def found_in(
    ledger: Ledger,
    rules: CaseRules,
    moves: Mapping[ClockKind, Moved],
    end: Entry | None,
) -> Iterator[Found]:
    """Give what the special procedures and extensions show, and on whose record.

    `moves` are the decision clocks, which `end` ended.
    """
    for suspension in ledger.suspensions:
        yield from _of_suspension(suspension, ledger, rules.policy)
    counting = [s for s in ledger.suspensions if why_not(s, rules.policy) is None]
    for suspension in counting[rules.policy.suspension_max :][:1]:
        yield Found(FindingCode.SUSPENSIONS_MANY, suspension.record, suspension.start)
    if moves:
        for suspension in counting:
            earlier = [s for s in counting if s.record < suspension.record]
            yield from _of_timing(suspension, earlier, rules, moves, end)
    for record in ledger.extensions:
        yield from unrecorded(record)
        if moves and not any(counts(record, move) for move in moves.values()):
            yield Found(FindingCode.EXTENSION_REFUSED, record, record.at)


def counts(record: Entry, move: Moved) -> bool:
    """Tell whether an extension moves a clock, or its stated due moment takes it in."""
    return move.extension is record or Refused(record, "taken_in") in move.refused


def _of_suspension(suspension: Suspension, ledger: Ledger, policy: Policy) -> Iterator[Found]:
    record, ended_at = suspension.record, ledger.ended_at
    reason = why_not(suspension, policy)
    if reason == "kind":
        if suspension.kind is not SuspensionKind.CORRECTION:
            yield Found(FindingCode.SUSPENSION_NOT_ALLOWED, record, record.at)
        return
    yield from unrecorded(record)
    if reason == "basis":
        yield Found(FindingCode.SUSPENSION_WITHOUT_BASIS, record, record.at)
    if is_untold(record, policy):
        yield Found(FindingCode.SUSPENSION_UNTOLD, record, record.at)
    if suspension.days_asked is None:
        yield Found(FindingCode.SUSPENSION_DAYS_UNKNOWN, record, record.at)
    if suspension.end is None and ended_at is not None and record.at < ended_at:
        yield Found(FindingCode.SUSPENSION_NOT_ENDED, record, ended_at)


def _of_timing(
    suspension: Suspension,
    earlier: Sequence[Suspension],
    rules: CaseRules,
    moves: Mapping[ClockKind, Moved],
    end: Entry | None,
) -> Iterator[Found]:
    """Hold its start against the clocks as they stood: begun after the breach, or just before.

    As they stood: with the special procedures begun earlier and the extension approved by then.
    Just before is by the dates, and by the earliest due, of a case that is sent back (压线退件);
    after the breach, where each clock that it would stop ran past its due.
    """
    policy, begun = rules.policy, suspension.start
    running: list[int] = []
    breached: list[bool] = []
    stops = policy.suspension_stops or ()
    for kind, move in moves.items():
        extension = move.extension
        if extension is not None and extension.at > begun:
            extension = None
        is_cut = move is moves.get(ClockKind.STATUTORY)  # then it is counted as the statute is
        counted_as = ClockKind.STATUTORY if is_cut else kind
        counting = move.count(extension, earlier if counted_as in stops else ())
        due = counting.due_at
        if kind in stops:
            breached.append(begun > due and (end is None or end.at > due))
        is_running = counting.start <= begun and (end is None or begun <= end.at)
        if is_running and not isinstance(counting, FarCount):  # that is never due
            running.append(due)
    if running and begun <= (due := min(running)):
        days = policy.suspension_brink_days or 0
        if on_the_brink(begun, due, days, rules.calendar):
            yield Found(FindingCode.SUSPENSION_AT_BRINK, suspension.record, begun)
    if breached and all(breached):
        yield Found(FindingCode.SUSPENSION_AFTER_BREACH, suspension.record, begun)


def on_the_brink(start: int, due: int, days: int, calendar: Calendar) -> bool:
    """Tell whether it begins so few working days, or fewer, before a due time that it is not after.

    The calendar holds both: where it begins after so many before the due day, fewer lie between.
    """
    try:
        first = calendar.nth(calendar.face(due) // DAY, -days)
    except OutsideCalendar:
        return True
    return calendar.face(start) // DAY >= first

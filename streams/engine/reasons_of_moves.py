"""What moves a clock, and what does not: with the figures by which a clerk can check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.codes import Unit
from schemas.words import REFUSALS, SUSPENSIONS, UNITS, Words
from streams.engine.counting import DayCount, SpotCount, StatedCount
from streams.engine.figures import amount_of, shown, stated_told

if TYPE_CHECKING:
    from streams.engine.calendar import Calendar
    from streams.engine.clocks import Clock, Refused
    from streams.engine.entries import Entry
    from streams.engine.ledger import Suspension
    from streams.engine.reasons import Why

RANKS: Final = {
    "agency_head": Words("机关负责人", "the head of the agency"),
    "government_head": Words("政府负责人", "the head of the government"),
    "other": Words("其他人员", "somebody of no such rank"),
    "": Words("未记录", "not on record"),
}
"""Who approves an extension."""
UNRECORDED: Final = Words("来源系统无法记录", "the source cannot hold it")


def procedure(why: Why, suspension: Suspension) -> Words:
    """Name a special procedure and its record."""
    name, number = SUSPENSIONS[suspension.kind], why.numbers[suspension.record]
    return Words(f"{name.zh}（记录 {number}）", f"{name.en} (record {number})")


def of_suspension(why: Why, clock: Clock, suspension: Suspension) -> Words:
    """Say how long a special procedure stops a clock."""
    counting, asked = clock.counting, suspension.days_asked
    calendar = counting.calendar
    name = procedure(why, suspension)
    days = amount_of(asked or 0, Unit.WORKING_DAY)
    if asked is None:
        days = Words("未记录，以规定上限为准", "not on record: up to the cap")
    ended = Words("尚未结束", "not ended")
    if suspension.end is not None:
        end = shown(suspension.end, calendar)
        ended = Words(f"{end} 结束", f"ended {end}")
    out = Words("", "")
    if isinstance(counting, DayCount | StatedCount) and not isinstance(counting, SpotCount):
        stay = counting.stays[list(clock.suspensions).index(suspension)]
        until = shown(calendar.instant(stay.end), calendar)
        out = Words(f"；不计至 {until}", f"; not counted up to {until}")
    return Words(
        f"特别程序：{name.zh}；所需天数：{days.zh}；{ended.zh}{out.zh}",
        f"special procedure: {name.en}; days asked: {days.en}; {ended.en}{out.en}",
    )


def of_extension(why: Why, clock: Clock) -> Words:
    """Say by how much an extension moved the clock, who approved it, when they told."""
    entry = clock.extension
    assert entry is not None  # noqa: S101 - the caller has one
    calendar = clock.counting.calendar
    if entry.due >= 0 and clock.limit.stated is not None:
        due = stated_told(entry.due, calendar, by_date=entry.by_date)
        by = Words(f"办结时间改为 {due}", f"due anew on {due}")
    else:
        amount = amount_of(entry.amount, Unit(entry.unit))
        by = Words(f"延长 {amount.zh}", f"by {amount.en}")
    before = shown(_unextended(clock), calendar)
    told = _told(entry, calendar)
    approver = RANKS[entry.approver]
    if not entry.approver and entry.cannot_hold("approver_rank"):
        approver = UNRECORDED
    named = why.named(entry)
    return Words(
        f"{named.zh}：{by.zh}；原到期 {before}；批准：{approver.zh}；告知：{told.zh}",
        f"{named.en}: {by.en}; due before {before}; approved by {approver.en}; told: {told.en}",
    )


def _unextended(clock: Clock) -> int:
    """Give the due moment without the extension, by which it had to be approved and told."""
    return clock.due_at if clock.unextended is None else clock.unextended


def of_refusal(why: Why, clock: Clock, refused: Refused) -> Words:
    """Say what was to move the clock and does not, and why, with the figures to check it."""
    record, reason = refused.record, REFUSALS[refused.reason]
    ended = refused.reason == "breach" and _had_ended(clock, record)
    if ended:
        reason = Words("此前计时已结束", "the clock had ended already")
    what = why.named(record)
    if record.kind == "suspended":
        suspension = next(s for s in why.case.ledger.suspensions if s.record == record)
        name = procedure(why, suspension)
        what = Words(f"特别程序：{name.zh}", f"special procedure: {name.en}")
    if refused.reason == "taken_in":
        return Words(f"{what.zh}：{reason.zh}", f"{what.en}: {reason.en}")
    facts = _ended(clock) if ended else _facts(why, clock, refused)
    zh, en = (f"（{facts.zh}）", f" ({facts.en})") if facts.zh else ("", "")
    return Words(
        f"{what.zh}不予认可：{reason.zh}{zh}", f"{what.en} does not count: {reason.en}{en}"
    )


def _facts(why: Why, clock: Clock, refused: Refused) -> Words:
    """Give what a refusal is held against; empty where the reason says it all."""
    record, limit, calendar = refused.record, clock.limit, clock.counting.calendar
    policy, reason = why.case.rules.policy, refused.reason
    facts = Words("", "")
    if record.kind == "suspended":
        return _late(clock) if reason == "breach" else facts
    if reason == "breach":
        due = shown(_unextended(clock), calendar)
        facts = Words(f"原到期 {due}", f"due {due}")
    elif reason == "told_late":
        due, told = shown(_unextended(clock), calendar), _told(record, calendar)
        facts = Words(f"告知：{told.zh}；原到期 {due}", f"told: {told.en}; due {due}")
    elif reason == "cap":
        facts = _beyond_the_cap(clock, record, limit.extension_cap or policy.extension_cap or 0)
    elif reason == "approver":
        got, asks = RANKS[record.approver], RANKS[policy.extension_approver or ""]
        facts = Words(f"批准：{got.zh}；应为：{asks.zh}", f"by {got.en}; it takes {asks.en}")
    elif reason == "unit" and record.unit and (limit.unit is not None or limit.stated):
        theirs, ours = UNITS[Unit(record.unit)], UNITS[limit.unit or Unit.WORKING_DAY]
        facts = Words(
            f"延期以“{theirs.zh}”计，时限以“{ours.zh}”计", f"{theirs.en}, the limit is in {ours.en}"
        )
    elif reason == "before_start":
        started = shown(clock.counting.start, calendar)
        facts = Words(f"起算 {started}", f"it starts on {started}")
    elif reason == "once" and clock.extension is not None:
        first = why.named(clock.extension)
        facts = Words(f"已有{first.zh}", f"there is: {first.en}")
    return facts


def _had_ended(clock: Clock, record: Entry) -> bool:
    """Tell whether a clock ended in time, before a record: then it was never over."""
    return clock.stopped_at is not None and clock.stopped_at <= min(record.at, clock.due_at)


def _ended(clock: Clock) -> Words:
    assert clock.stopped_at is not None  # noqa: S101 - the caller asks of one that ended
    end = shown(clock.stopped_at, clock.counting.calendar)
    return Words(f"{end} 结束", f"it ended on {end}")


def _late(clock: Clock) -> Words:
    due = shown(clock.due_at, clock.counting.calendar)
    return Words(f"时限已于 {due} 届满", f"the limit ended on {due}")


def _beyond_the_cap(clock: Clock, record: Entry, most: int) -> Words:
    """Say how much an extension gives, as an amount or as a due moment, and what is the most."""
    calendar = clock.counting.calendar
    if clock.limit.stated is not None and record.due >= 0:
        before = shown(_unextended(clock), calendar)
        due = stated_told(record.due, calendar, by_date=record.by_date)
        cap = amount_of(most, Unit.WORKING_DAY)
        return Words(
            f"自 {before} 至 {due}，最多 {cap.zh}", f"from {before} to {due}; the most is {cap.en}"
        )
    asked, cap = (amount_of(number, Unit(record.unit)) for number in (record.amount, most))
    return Words(f"延长 {asked.zh}，最多 {cap.zh}", f"{asked.en}; the most is {cap.en}")


def _told(entry: Entry, calendar: Calendar) -> Words:
    if entry.told >= 0:
        told = shown(entry.told, calendar)
        return Words(told, told)
    return UNRECORDED if entry.cannot_hold("told_at") else RANKS[""]

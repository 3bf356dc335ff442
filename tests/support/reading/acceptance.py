"""Acceptance (受理, §32): the walk through notices, supplies and answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.support.reading.counting import due_of
from tests.support.reading.days import rolled

ENDS = ("accepted", "refused", "decided", "finished")


@dataclass(slots=True)
class Period:
    """The time from a receipt, or from a full supply, to the answer."""

    start: datetime
    due: datetime
    stopped: datetime | None = None


@dataclass(slots=True)
class Walk:
    """What the walk came to."""

    periods: list[Period] = field(default_factory=list)
    findings: set = field(default_factory=set)
    deemed: bool = False
    """Whether the last period passed without an answer."""


def walked(law, records) -> Walk:
    """Walk the answers in time order."""
    limit, received = law.limit("acceptance"), records.first("received")
    walk = Walk()
    if limit is None or received is None:
        return walk
    accepted = records.first("accepted")
    if accepted and accepted.at < received.at:
        walk.findings.add(("times_reversed", received.at))
        return walk
    begin(walk, law, limit, received.at)
    unlawful = notices(walk, records)
    waiting, asked, supplied = False, set(), set()
    for moment, record in answers(records, received.at):
        now = walk.periods[-1]
        late = not waiting and moment > now.due
        walk.deemed = walk.deemed or late
        if record.kind in ENDS:
            if not waiting:
                now.stopped = moment
            walk.findings |= ended(walk, record, received)
            return walk
        items = record.get("items")
        if record.kind == "corrections_requested":
            if record not in unlawful and not walk.deemed and not waiting:
                asked |= set(items or ())
                now.stopped, waiting = moment, True
        elif waiting:
            supplied |= set(items or ())
            if of_all(record, asked, supplied):
                begin(walk, law, limit, moment)
                waiting = False
    walk.deemed = not waiting
    return walk


def of_all(record, asked, supplied):
    """Whether a supply is of all that was asked."""
    stated = record.get("all_supplied")
    if stated is not None:
        return stated
    return not asked or record.get("items") is None or asked <= supplied


def notices(walk, records):
    """Count the notices that name something new; the second and later count as none."""
    named, new, unlawful = set(), 0, []
    for moment, record in sorted(
        ((told(r), r) for r in records.of("corrections_requested")), key=lambda pair: pair[0]
    ):
        if moment < walk.periods[0].start:
            continue
        items = record.get("items")
        is_new = not new or items is None or bool(set(items) - named)
        new += is_new
        if is_new and new > 1:
            unlawful.append(record)
            walk.findings.add(("second_notice" if new == 2 else "third_notice", moment))
        else:
            named |= set(items or ())
    return unlawful


def begin(walk, law, limit, start):
    """Begin a period."""
    walk.periods.append(Period(start, due_of(law, limit, start)))


def ended(walk, record, received):
    """Tell what the answer that ends the walk shows."""
    if walk.deemed:
        late = {"accepted": "late_acceptance", "refused": "late_refusal"}
        return {(late[record.kind], record.at)} if record.kind in late else set()
    at_once = record.get("grounds") in ("not_required", "out_of_remit")
    if record.kind == "refused" and at_once and record.at.date() > rolled(received.at.date()):
        return {("refusal_not_at_once", record.at)}
    return set()


def answers(records, since):
    """Give notices, supplies and the first answers, as they came."""
    found = [(told(r), r) for r in records.of("corrections_requested")]
    found += [(r.at, r) for r in records.of("corrections_supplied")]
    found += [(r.at, r) for kind in ENDS if (r := records.first(kind))]
    return sorted((f for f in found if f[0] >= since), key=lambda pair: pair[0])


def told(record):
    """Give when a notice was told, or else happened."""
    moment = record.get("told_at")
    return moment.replace(microsecond=0) if moment else record.at

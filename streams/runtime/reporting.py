"""The records of a change's report, as one partition tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.changes import CaseDifference, ChangeBegun, ChangeEnded
from streams.engine.calendar import date_of
from streams.runtime.sweep import Position

if TYPE_CHECKING:
    from schemas.changes import ChangeReport, ChangeResult, ClockDifference
    from schemas.ticks import Change
    from streams.engine.case import Case
    from streams.runtime.sweep import Task

Told = tuple[bytes, "ChangeReport"]
"""A record of the report and its key."""


def begun(task: Task, partition: int, now: int, cases: int) -> Told:
    """Tell that a partition has begun, with so many cases to judge."""
    change, first = task.change, task.first_day
    names = [f"{p.name or p.subject}@{p.version}" for p in task.after.parts(task.before)]
    record = ChangeBegun(
        change_id=change.change_id,
        partition=partition,
        at=now,
        subject=change.subject,
        names=names,
        retroactive=change.retroactive,
        dry_run=change.dry_run,
        made_at=change.made_at,
        by=change.by,
        first_day=None if first is None else str(date_of(first)),
        cases=cases,
    )
    return _key(change), record


def difference(
    change: Change, partition: int, now: int, case_no: str, case: Case, found: list[ClockDifference]
) -> Told:
    """Tell what a change does to a case."""
    ledger = case.ledger
    record = CaseDifference(
        change_id=change.change_id,
        partition=partition,
        case_no=case_no,
        at=now,
        item=ledger.value("item") or None,
        region=ledger.value("region") or None,
        department=ledger.value("department") or None,
        dry_run=change.dry_run,
        clocks=found,
    )
    return case_no.encode(), record


def ended(
    change: Change,
    partition: int,
    now: int,
    result: ChangeResult,
    *,
    done: Position | None = None,
    reason: str = "",
) -> Told:
    """Tell that a partition has ended, how far it came, and why when it refuses."""
    done = done or Position()
    record = ChangeEnded(
        change_id=change.change_id,
        partition=partition,
        at=now,
        result=result,
        reason=reason,
        judged=done.judged,
        changed=done.changed,
    )
    return _key(change), record


def _key(change: Change) -> bytes:
    """Give a key that is no case number's."""
    return b"\x00change/" + change.change_id.encode()

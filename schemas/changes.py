"""The report of a change of calendar or catalogue (变更报告): what it does to each case.

Each partition tells when it begins, each case that the change moves, and when it has ended.
Moments are seconds since 1970-01-01T00:00:00Z. Ids are those of the change, so that what is told
twice reads as once.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from schemas.codes import ClockKind, Level
from schemas.ticks import ChangeSubject
from schemas.verdicts import Epoch, Seconds

ChangeResult = Literal["applied", "compared", "unchanged", "refused"]


class ClockDifference(Struct, frozen=True, kw_only=True):
    """A clock before and after; None where there was, or is, no such clock."""

    clock_id: str
    clock: ClockKind
    step: str | None = None
    due_before: Seconds | None
    due_after: Seconds | None
    level_before: Level
    level_after: Level
    provisional_before: bool
    provisional_after: bool


class ChangeBegun(Struct, frozen=True, kw_only=True, tag="change_begun"):
    """A partition has put a change in force, or begins to compare."""

    change_id: str
    partition: int
    epoch: Epoch = 0
    at: Seconds
    """The engine's time (the last tick); 0 before the first tick."""
    subject: ChangeSubject
    names: list[str]
    """What is replaced, each as `name@version`."""
    retroactive: bool
    dry_run: bool
    made_at: Seconds
    by: str
    first_day: str | None
    """The first day that differs from what was in force, of any calendar (`2027-01-01`)."""
    cases: int
    """How many open cases the change can concern."""


class CaseDifference(Struct, frozen=True, kw_only=True, tag="case_difference"):
    """What a change does to one case."""

    change_id: str
    partition: int
    epoch: Epoch = 0
    case_no: str
    at: Seconds
    item: str | None = None
    region: str | None = None
    department: str | None = None
    dry_run: bool
    clocks: list[ClockDifference]


class ChangeEnded(Struct, frozen=True, kw_only=True, tag="change_ended"):
    """A partition has judged every case that a change can concern, or refuses the change."""

    change_id: str
    partition: int
    epoch: Epoch = 0
    at: Seconds
    result: ChangeResult
    reason: str = ""
    """Why it is refused: the field, the value and the remedy."""
    judged: int = 0
    changed: int = 0


ChangeReport = ChangeBegun | CaseDifference | ChangeEnded
"""What `jiancha.events` holds of a change."""

"""What a case consists of, as plain facts: the law that holds for it, and its records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.law.days import Calendar

if TYPE_CHECKING:
    from datetime import datetime

SUSPENSION_KINDS = (
    "hearing",
    "tender",
    "auction",
    "inspection",
    "testing",
    "quarantine",
    "appraisal",
    "expert_review",
)


CHINA = Calendar()


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units; `on_the_spot` has no amount."""

    amount: int | None
    unit: str = "working_day"
    mode: str | None = None
    cut_off: str | None = None
    roll: bool = True
    keep_clock_time: bool = False
    extension_cap: int | None = None


@dataclass(frozen=True, slots=True)
class Law:
    """Which limits hold, and how they are counted; `steps`: code → (clock, its own limit)."""

    limits: dict[str, Limit]
    steps: dict[str, tuple[str, Limit | None]] = field(default_factory=dict)
    special_procedure: bool = False
    mode: str = "next_day"
    cut_off: str = "midnight"
    ladder: str = "hunan"
    calendar: Calendar = CHINA
    clock_ends_at: str = "earliest"
    suspension_stops: tuple[str, ...] = ("promised", "statutory", "step")
    suspension_kinds: tuple[str, ...] = SUSPENSION_KINDS
    suspension_requires: tuple[str, ...] = ("basis", "told")
    suspension_cap_days: int = 20
    untold_suspensions: str = "stop"
    suspension_max: int = 2
    suspension_brink_days: int = 1
    extension_cap: int = 10
    extension_approver: str = "agency_head"
    extension_requires: tuple[str, ...] = ("reason", "approver", "told")
    late_record_days: int = 1
    online_channels: tuple[str, ...] = ("online", "mobile")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the source; `facts` bear the names of the step event's fields."""

    kind: str
    at: datetime
    id: str
    facts: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    recorded: datetime | None = None
    voided: bool = False
    unrecorded: tuple[str, ...] = ()

    def get(self, fact: str) -> Any:
        return self.facts.get(fact)

    def lacks(self, fact: str) -> bool:
        """Tell whether the source holds this fact elsewhere, and here it is missing."""
        return self.get(fact) is None and fact not in self.unrecorded

    def cannot_hold(self, fact: str) -> bool:
        return self.get(fact) is None and fact in self.unrecorded


Finding = tuple[str, "datetime"]


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock: `due` is the last second in time, a level is given by its first second."""

    start: datetime
    due: datetime
    stopped: datetime | None
    known_from: datetime
    levels: dict[str, datetime]


@dataclass(frozen=True, slots=True)
class Verdict:
    clocks: dict[str, ClockView]
    findings: set[Finding]

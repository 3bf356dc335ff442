"""What a case consists of, as plain facts: the law that holds for it, and its records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
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
    """So many units; `on_the_spot` has no amount.

    `stated`: the due moment that the hall states; an amount beside it is the item's own promise.
    """

    amount: int | None
    unit: str = "working_day"
    mode: str | None = None
    cut_off: str | None = None
    roll: bool = True
    keep_clock_time: bool = False
    extension_cap: int | None = None
    stated: bool = False


STATED = Limit(None, stated=True)


@dataclass(frozen=True, slots=True)
class Law:
    """Which limits hold for an item, and how they are counted.

    `steps` is its flow, in order: code → (clock, its own limit).
    """

    limits: dict[str, Limit]
    steps: dict[str, tuple[str, Limit | None]] = field(default_factory=dict)
    mandatory: frozenset[str] = frozenset()
    """The steps that must be there."""
    decision_step: str | None = None
    """The step in which the decision is made: what stands after it in the flow may come later."""
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
    in_force: tuple[date, date] = (date.min, date.max)
    """The first and the last day on which the item is in force."""
    star: Law | None = None
    """What the catalogue states for any item that it does not list (`*`)."""
    lists_items: bool = True
    loading_until: datetime | None = None
    """The source is being loaded until then: its records may come late."""

    def holds_on(self, day: date) -> bool:
        return self.in_force[0] <= day <= self.in_force[1]


OWN_ITEM = "i"
"""The item that a `Law` is about; a record of another code names one that is not listed."""


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
    item: str | None = OWN_ITEM
    arrived: datetime | None = None
    """When it had surely not come before, by the ticks of its partition."""
    came_by: datetime | None = None
    """By when it had surely come."""
    offline: bool = True
    """Whether there are no ticks: then it arrived when it was written down."""
    within: bool = False
    """Once read: whether it happened after the second of `at` had begun."""

    @property
    def arrival(self) -> datetime | None:
        """When it arrived; None: unknown."""
        return self.recorded if self.offline else self.arrived

    @property
    def known_by(self) -> datetime | None:
        """By when it had surely come; None: unknown."""
        return self.recorded if self.offline else self.came_by

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
    provisional: bool = False
    """Whether it crosses a day whose notice is not known yet."""


@dataclass(frozen=True, slots=True)
class Verdict:
    clocks: dict[str, ClockView]
    findings: set[Finding]

"""Limits (时限), ladders (预警规则) and policies: what a catalogue may state about time."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.codes import ClockKind, Level, Unit

Basis = Annotated[str, Field(min_length=1, max_length=400)]
"""The law or document a rule rests on, as a finding will cite it."""


class Stated(BaseModel):
    """Base of everything a person writes into a catalogue: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(Stated):
    """A clock's limit: *N units by a calendar*, or *the due moment the hall states*.

    Exactly one of the two forms. `roll` and `keep_clock_time` are options of day limits: whether
    a last day on a day off rolls to the next working day (民法典 §203), and whether the limit ends
    at the clock time of its start rather than at the day's end.
    """

    amount: Annotated[int, Field(ge=1, le=10_000)] | None = None
    unit: Unit | None = None
    stated: Literal["promised_due_at", "step_limit"] | None = None
    mode: Literal["next_day", "elapsed"] | None = None
    cut_off: Literal["midnight", "close_of_business"] | None = None
    roll: Literal["working_day", "none"] = "working_day"
    keep_clock_time: bool = False
    basis: Basis | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Limit:
        if (self.stated is None) == (self.amount is None and self.unit is None):
            raise ValueError("a limit is either amount with unit, or stated")
        if (self.amount is None) != (self.unit is None):
            raise ValueError("amount and unit belong together")
        return self

    def text(self) -> str:
        """Write the limit as a machine sorts it: `20 working_day`, `stated`."""
        return "stated" if self.stated else f"{self.amount} {self.unit}"


class Lead(Stated):
    """How long before the due time a level begins; exactly one of the three forms.

    `up_to` bounds the limits it is for, in the clock's own days; the first lead that fits counts.
    """

    up_to: Annotated[int, Field(ge=1)] | None = None
    working_days: Annotated[int, Field(ge=1, le=100)] | None = None
    working_hours: Annotated[int, Field(ge=1, le=1000)] | None = None
    share: Annotated[Fraction, Field(gt=0, lt=1)] | None = None
    """The share of the limit that is used up when the level begins."""

    @model_validator(mode="after")
    def _one_form(self) -> Lead:
        if sum(v is not None for v in (self.working_days, self.working_hours, self.share)) != 1:
            raise ValueError("a lead is one of working_days, working_hours, share")
        return self


class Rung(Stated):
    """One rung of a ladder: the level a clock reaches when its limit is near or passed."""

    clock: ClockKind
    level: Level
    when: Literal["near", "passed"]
    leads: tuple[Lead, ...] = ()
    """For `near`: by the length of the limit, the last one without a bound."""
    instead: ClockKind | None = None
    """The clock that this rung counts from where the case has no `clock`."""

    @model_validator(mode="after")
    def _leads_where_near(self) -> Rung:
        if (self.when == "near") != bool(self.leads):
            raise ValueError("leads belong to `when: near`, and to nothing else")
        if self.leads and self.leads[-1].up_to is not None:
            raise ValueError("the last lead must fit every limit: leave out its up_to")
        return self


class Ladder(Stated):
    """The levels of a region (预警规则): `hunan`, `chengdu`, or a region's own."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    version: Annotated[int, Field(ge=1)] = 1
    title: str
    rungs: tuple[Rung, ...] = Field(min_length=1)


class Policy(Stated):
    """How a region, department or item counts; what is left out is inherited.

    Order: the built-in defaults, the region from its root down, the department, the item.
    """

    calendar: str | None = None
    ladder: str | None = None
    mode: Literal["next_day", "elapsed"] | None = None
    """`next_day`: the start day is not counted (民法典 §201); `elapsed`: from the moment."""
    cut_off: Literal["midnight", "close_of_business"] | None = None
    clock_ends_at: Literal["earliest", "decision", "finishing"] | None = None
    """What ends a decision clock: 作出决定 (§42 ¶1), 办结 (practice, ¶2), or the earlier."""
    suspension_stops: tuple[ClockKind, ...] | None = None
    """The clocks that a special procedure (特别程序, §45) stops."""
    suspension_kinds: tuple[str, ...] | None = None
    """The special procedures that stop a clock."""
    suspension_cap_days: Annotated[int, Field(ge=1, le=1000)] | None = None
    """The working days a suspension may last when the days asked are not on record."""

    def over(self, lower: Policy) -> Policy:
        """Put this policy over a more general one."""
        return lower.model_copy(update=self.model_dump(exclude_none=True))

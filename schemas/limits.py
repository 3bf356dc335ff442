"""Limits (时限), ladders (预警规则) and policies: what a catalogue may state about time."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from schemas.bounds import MOST_RUNGS
from schemas.codes import Channel, ClockKind, Level, SuspensionKind, Unit
from schemas.findings import FindingCode

Basis = Annotated[str, Field(min_length=1, max_length=400)]
"""The law or document a rule rests on, as a finding will cite it."""


class Stated(BaseModel):
    """Base of everything a person writes into a catalogue: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(Stated):
    """A clock's limit: *N units by a calendar*, or *what the hall states*.

    `on_the_spot` is a unit without an amount. Beside `stated: promised_due_at` the amount and unit
    are the item's own limit, which counts where no record states the due moment. `roll` and
    `keep_clock_time` are options of limits in days: whether a last day on a day off rolls to the
    next working day (民法典 §203), and whether the limit ends at the clock time of its start rather
    than at the day's end.
    """

    amount: Annotated[int, Field(ge=1, le=10_000)] | None = None
    unit: Unit | None = None
    stated: Literal["promised_due_at", "step_limit", "days_asked"] | None = None
    """The due moment of the record (承诺办结时间), the step record's limit, the days asked."""
    mode: Literal["next_day", "elapsed"] | None = None
    cut_off: Literal["midnight", "close_of_business"] | None = None
    roll: Literal["working_day", "none"] = "working_day"
    keep_clock_time: bool = False
    extension_cap: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """The longest extension (延期), in this limit's own unit; left out, the policy's."""
    basis: Basis | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Limit:
        counted = self.amount is not None or self.unit is not None
        if self.stated is None and not counted:
            raise ValueError("a limit is either amount with unit, or stated")
        if counted and self.stated in ("step_limit", "days_asked"):
            raise ValueError(f"{self.stated} states the amount and its unit: leave them out")
        if self.unit is Unit.ON_THE_SPOT:
            if self.amount is not None:
                raise ValueError("on_the_spot has no amount: it ends with the day")
        elif (self.amount is None) != (self.unit is None):
            raise ValueError("amount and unit belong together")
        return self

    def text(self) -> str:
        """Write the limit as a machine sorts it: `20 working_day`, `on_the_spot`, `stated`."""
        if self.stated:
            return "stated"
        return str(self.unit) if self.amount is None else f"{self.amount} {self.unit}"


def _a_clock(kind: ClockKind) -> ClockKind:
    if kind is ClockKind.FINDING:
        raise ValueError("a finding has no limit: give its level in policy.finding_levels")
    return kind


Clocks = dict[Annotated[ClockKind, AfterValidator(_a_clock)], Limit]
"""The limit of each clock."""


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
    """One rung of a ladder: the level a clock reaches when its limit is near or passed.

    Or when it is passed and nobody says why (`silent`): the yellow card of this clock was neither
    answered nor closed by the end of the last of `working_days` after it was issued.
    """

    clock: Annotated[ClockKind, AfterValidator(_a_clock)]
    level: Level
    when: Literal["near", "passed", "silent"]
    leads: tuple[Lead, ...] = Field((), max_length=MOST_RUNGS)
    """For `near`: by the length of the limit, the last one without a bound."""
    working_days: Annotated[int, Field(ge=0, le=1000)] = 0
    """For `passed`: by more than so many; for `silent`: how long the silence may last."""
    instead: ClockKind | None = None
    """The clock that this rung counts from where the case has no `clock`."""

    @property
    def condition(self) -> str:
        """Its part of a rule's name: `near`, `passed`, `passed+3` (by more than 3 wd), `silent`."""
        if self.when == "passed" and self.working_days:
            return f"passed+{self.working_days}"
        return self.when

    @model_validator(mode="after")
    def _leads_where_near(self) -> Rung:
        if (self.when == "near") != bool(self.leads):
            raise ValueError("leads belong to `when: near`, and to nothing else")
        if self.when == "near" and self.working_days:
            raise ValueError("`when: near` states its working days in leads")
        if self.when == "silent" and not self.working_days:
            raise ValueError("`when: silent` needs working_days: how long the silence may last")
        if self.leads and self.leads[-1].up_to is not None:
            raise ValueError("the last lead must fit every limit: leave out its up_to")
        return self


class Ladder(Stated):
    """The levels of a region (预警规则): `hunan`, `chengdu`, or a region's own."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    version: Annotated[int, Field(ge=1)] = 1
    title: str
    rungs: tuple[Rung, ...] = Field(min_length=1, max_length=MOST_RUNGS)


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
    limits: Clocks | None = None
    """Limits in place of a preset's, for the items whose preset has that clock."""
    suspension_stops: tuple[ClockKind, ...] | None = None
    """The clocks that a special procedure (特别程序, §45) stops."""
    suspension_kinds: tuple[SuspensionKind, ...] | None = None
    """The special procedures that stop a clock."""
    suspension_cap_days: Annotated[int, Field(ge=1, le=1000)] | None = None
    """The working days a suspension may last when the days asked are not on record."""
    suspension_requires: tuple[Literal["basis", "told"], ...] | None = None
    """What a suspension must show: without a basis it does not count, untold it is a finding."""
    untold_suspensions: Literal["stop", "run"] | None = None
    """Whether the clocks stop or run on in one of which the applicant was not told in writing."""
    suspension_max: Annotated[int, Field(ge=0, le=1000)] | None = None
    """More special procedures than this in one case are a finding."""
    suspension_brink_days: Annotated[int, Field(ge=0, le=1000)] | None = None
    """One begun so few working days before a due day is a finding (压线挂起)."""
    extension_cap: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """The longest extension (延期, §42), in the clock's own unit."""
    extension_approver: Literal["other", "agency_head", "government_head"] | None = None
    """The lowest rank that may approve an extension."""
    extension_requires: tuple[Literal["reason", "approver", "told"], ...] | None = None
    """What an extension must show to move a clock."""
    late_record_days: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Working days from what happened to its record; more is a finding (补录)."""
    dated_ahead_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    """Seconds by which a record may be dated after its arrival; more is a finding."""
    online_channels: tuple[Channel, ...] | None = None
    """The channels whose applications are looked at before they are received (网上预受理)."""
    finding_levels: dict[FindingCode, Level] | None = None
    """The level of a finding where it is not the built-in one; `none` only records it."""

    def over(self, lower: Policy) -> Policy:
        """Put this policy over a more general one; limits and levels are joined one by one."""
        stated = {name: value for name, value in self if value is not None}
        for joined in ("limits", "finding_levels"):
            if joined in stated:
                stated[joined] = (getattr(lower, joined) or {}) | stated[joined]
        return lower.model_copy(update=stated)

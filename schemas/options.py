"""Which options of a catalogue have meaning where: one table, for `jiancha check` and for docs/.

A limit, a ladder or a policy can be written with options that its contract allows and that nothing
reads, since another option rules them out. Whoever wrote them meant something: so each is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from schemas.codes import ClockKind, Unit
from schemas.limits import Limit
from schemas.words import Words

DECISION: Final = (ClockKind.PROMISED, ClockKind.STATUTORY)
STEPS: Final = (ClockKind.STEP, ClockKind.OPINION, ClockKind.FIRST_REVIEW)
_DATES: Final = (Unit.NATURAL_DAY, Unit.MONTH)
_CLOCK: Final = (Unit.HOUR, Unit.MINUTE)
_TIMES: Final = (*_CLOCK, Unit.WORKING_HOUR, Unit.WORKING_MINUTE)


class StatedLimit(NamedTuple):
    """A limit as it is stated for a clock, with the mode that holds for it where that is known."""

    limit: Limit
    clock: ClockKind

    @property
    def by_use(self) -> bool:
        """Whether it counts the time used: hours and minutes, and days in mode `elapsed`."""
        unit, mode = self.limit.unit, self.limit.mode
        return unit in _TIMES or (unit is Unit.WORKING_DAY and mode == "elapsed")

    @property
    def open(self) -> bool:
        """Whether the record says its unit (`step_limit`), or it is in days asked."""
        return self.limit.stated in {"step_limit", "days_asked"}

    @property
    def by_dates(self) -> bool:
        """Whether it may end with a date."""
        unit = self.limit.unit
        return self.open or unit in _DATES or (unit is Unit.WORKING_DAY and not self.by_use)


Stated = TypeVar("Stated")


@dataclass(frozen=True, slots=True)
class Option(Generic[Stated]):
    """An option: where it has meaning, and why it has none elsewhere."""

    written: str
    """As a catalogue has it."""
    key: tuple[str, ...]
    """Where it stands in what it is an option of."""
    where: str
    """Where it has meaning."""
    why: Words
    """Why it has none elsewhere."""
    idle: Callable[[Stated], bool]
    """Whether it is stated, and nothing reads it."""
    remedy: str = "leave it out"


LIMITS: Final[tuple[Option[StatedLimit], ...]] = (
    Option(
        "mode: elapsed",
        ("mode",),
        "working days; hours and minutes, which always count so",
        Words("此类时限按日期计算，没有已用时间", "such a limit counts dates, not the time used"),
        lambda s: s.limit.mode == "elapsed" and not (s.by_use or s.open),
    ),
    Option(
        "mode: next_day",
        ("mode",),
        "limits in days and months",
        Words("此类时限自该时刻起计，不按日期", "such a limit runs from the moment, not by dates"),
        lambda s: s.limit.mode == "next_day" and not s.by_dates,
    ),
    Option(
        "cut_off",
        ("cut_off",),
        "limits that end with a date: natural days, months, working days in mode `next_day`",
        Words(
            "此类时限不以某日终了为止（即办件总是下班时止）",
            "such a limit does not end with a date (on the spot always ends at close of business)",
        ),
        lambda s: (
            s.limit.cut_off is not None
            and not s.by_dates
            and (s.limit.unit, s.limit.cut_off) != (Unit.ON_THE_SPOT, "close_of_business")
        ),
    ),
    Option(
        "cut_off with keep_clock_time",
        ("cut_off",),
        "never together",
        Words(
            "keep_clock_time 已定止于起算的时刻", "keep_clock_time ends it at the time of its start"
        ),
        lambda s: s.limit.cut_off is not None and s.limit.keep_clock_time and s.by_dates,
        "keep one of the two",
    ),
    Option(
        "roll: none",
        ("roll",),
        "natural days and months; hours on the clock, which never roll",
        Words("此类时限不会止于休息日", "such a limit never ends on a day off"),
        lambda s: (
            s.limit.roll == "none"
            and s.limit.unit not in (*_DATES, *_CLOCK)
            and s.limit.stated != "step_limit"
        ),
    ),
    Option(
        "keep_clock_time",
        ("keep_clock_time",),
        "limits that end with a date: natural days, months, working days in mode `next_day`",
        Words("此类时限不以某日终了为止", "such a limit does not end with a date"),
        lambda s: s.limit.keep_clock_time and not s.by_dates,
    ),
    Option(
        "stated: promised_due_at",
        ("stated",),
        "the clock `promised`",
        Words("承诺办结时间只是承诺时限", "the due moment that a hall promises is a promise only"),
        lambda s: s.limit.stated == "promised_due_at" and s.clock is not ClockKind.PROMISED,
        "state an amount with its unit",
    ),
    Option(
        "stated: step_limit",
        ("stated",),
        "steps: the clocks `step`, `opinion`, `first_review`, and the steps of a flow",
        Words("只有环节的记录写有环节时限", "only the record of a step says the step's limit"),
        lambda s: s.limit.stated == "step_limit" and s.clock not in STEPS,
        "state an amount with its unit",
    ),
    Option(
        "stated: days_asked",
        ("stated",),
        "the clock `special_procedure`",
        Words("只有特别程序写有所需天数", "only a special procedure says the days asked"),
        lambda s: s.limit.stated == "days_asked" and s.clock is not ClockKind.SPECIAL_PROCEDURE,
        "state an amount with its unit",
    ),
    Option(
        "special_procedure with an amount",
        ("unit",),
        "never: a special procedure lasts the days asked",
        Words("特别程序以所需天数为限", "a special procedure lasts the days asked"),
        lambda s: s.clock is ClockKind.SPECIAL_PROCEDURE and s.limit.stated is None,
        "write `stated: days_asked`",
    ),
    Option(
        "extension_cap",
        ("extension_cap",),
        "the clocks `promised` and `statutory`, unless on the spot",
        Words("此时限不能延期", "nothing extends such a limit"),
        lambda s: (
            s.limit.extension_cap is not None
            and (s.clock not in DECISION or s.limit.unit is Unit.ON_THE_SPOT)
        ),
    ),
)
"""Of a limit, wherever it is stated."""

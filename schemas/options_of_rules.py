"""Which options of a ladder's rung and of a policy have meaning where (`schemas.options`)."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from schemas.codes import ClockKind, Level
from schemas.limits import Ladder, Policy, Rung
from schemas.options import DECISION, STEPS, Option
from schemas.words import Words


class StatedRung(NamedTuple):
    """A rung in its ladder."""

    ladder: Ladder
    place: int

    @property
    def rung(self) -> Rung:
        """The rung itself."""
        return self.ladder.rungs[self.place]

    @property
    def others(self) -> tuple[Rung, ...]:
        """The other rungs."""
        return self.ladder.rungs[: self.place] + self.ladder.rungs[self.place + 1 :]


class StatedPolicy(NamedTuple):
    """A policy, whose it is, and the clocks that some preset has."""

    policy: Policy
    of: Literal["catalogue", "region", "department", "preset", "item"]
    presets: frozenset[ClockKind]


def _unreachable(rung: Rung) -> bool:
    """Tell whether a lead stands behind one that fits all that it fits."""
    bounds = [lead.up_to for lead in rung.leads]
    highest = 0
    for place, bound in enumerate(bounds):
        if bound is None:
            return place + 1 < len(bounds)
        if bound <= highest:
            return True
        highest = bound
    return False


RUNGS: Final[tuple[Option[StatedRung], ...]] = (
    Option(
        "level: none",
        ("level",),
        "never: a rung leads to a level",
        Words("这一级不发任何牌", "such a rung issues nothing"),
        lambda s: s.rung.level is Level.NONE,
        "leave the rung out, or write notice, yellow or red",
    ),
    Option(
        "when: silent, of a clock without a yellow rung",
        ("when",),
        "clocks that have a yellow rung",
        Words(
            "该时限不发黄牌，无从因未说明而升级", "no yellow card of this clock can go unanswered"
        ),
        lambda s: (
            s.rung.when == "silent"
            and not any(
                s.rung.clock in (other.clock, other.instead) and other.level is Level.YELLOW
                for other in s.others
                if other.when != "silent"
            )
        ),
        "add its yellow rung, or leave this one out",
    ),
    Option(
        "when: silent, to notice or yellow",
        ("level",),
        "level red",
        Words("未说明的黄牌只能升为红牌", "a yellow card that nobody answers can only turn red"),
        lambda s: s.rung.when == "silent" and s.rung.level in (Level.NOTICE, Level.YELLOW),
        "write `level: red`",
    ),
    Option(
        "two rungs that are silent, or passed to one level",
        ("when",),
        "one of each for a clock: the earlier rung would count, and the other never",
        Words("同一时限的同一级已有一条", "the clock has such a rung already"),
        lambda s: any(
            (other.clock, other.when, other.when == "silent" or other.level)
            == (s.rung.clock, s.rung.when, s.rung.when == "silent" or s.rung.level)
            and other.instead == s.rung.instead
            for other in s.ladder.rungs[: s.place]
        ),
        "keep one of the two",
    ),
    Option(
        "instead",
        ("instead",),
        "between `promised` and `statutory`, where the level is near or passed",
        Words("只有承诺与法定时限可相代", "only promise and statute stand for each other"),
        lambda s: (
            s.rung.instead is not None
            and (
                s.rung.when == "silent"
                or s.rung.clock is s.rung.instead
                or not {s.rung.clock, s.rung.instead} <= set(DECISION)
            )
        ),
    ),
    Option(
        "a lead behind one that fits as much",
        ("leads",),
        "leads in rising order of `up_to`, the one without it last",
        Words("前面的已适用于同样长的时限", "an earlier one is for limits of that length already"),
        lambda s: _unreachable(s.rung),
        "put them in rising order of up_to",
    ),
)
"""Of a ladder's rung."""

POLICIES: Final[tuple[Option[StatedPolicy], ...]] = (
    Option(
        "limits, of an item or a preset",
        ("limits",),
        "the policy of a catalogue, a region, a department",
        Words("事项与法定预设以 clocks 写明时限", "an item and a preset state theirs in clocks"),
        lambda s: s.policy.limits is not None and s.of in ("item", "preset"),
        "write them in `clocks`",
    ),
    Option(
        "limits, of a clock that no preset has",
        ("limits",),
        "the clocks of the presets: it varies what a preset states",
        Words("没有法定预设有此时限", "no preset has such a clock for it to vary"),
        lambda s: (
            s.of not in ("item", "preset") and not (s.policy.limits or {}).keys() <= s.presets
        ),
        "state it in the items' clocks",
    ),
    Option(
        "suspension_stops, of a clock that nothing stops",
        ("suspension_stops",),
        "`promised`, `statutory`, `step`, `opinion`, `first_review`",
        Words(
            "特别程序只停办理时限与环节时限（第四十五条）",
            "a special procedure stops the clocks to the decision and those of steps (§45)",
        ),
        lambda s: not set(s.policy.suspension_stops or ()) <= {*DECISION, *STEPS},
        "leave out the other clocks",
    ),
    Option(
        "untold_suspensions: run, without told in suspension_requires",
        ("untold_suspensions",),
        "where `suspension_requires` names `told`",
        Words("不要求书面告知，便无未告知者", "where notice is not asked for none is missing"),
        lambda s: (
            s.policy.untold_suspensions == "run"
            and "told" not in (s.policy.suspension_requires or ("told",))
        ),
        "add `told` to suspension_requires, or leave this out",
    ),
    Option(
        "extension_approver, without approver in extension_requires",
        ("extension_approver",),
        "where `extension_requires` names `approver`",
        Words("不要求批准人，便不问其级别", "where no approver is asked for, nobody asks his rank"),
        lambda s: (
            s.policy.extension_approver is not None
            and "approver" not in (s.policy.extension_requires or ("approver",))
        ),
        "add `approver` to extension_requires, or leave this out",
    ),
)
"""Of a policy, wherever it is stated."""

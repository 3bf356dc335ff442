"""Rules: a catalogue and its calendars, resolved for one case (region → department → item)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from schemas.catalogue import OTHER
from schemas.codes import ClockKind
from schemas.limits import Limit
from streams.engine.calendar import Calendar, date_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.catalogue import Catalogue, FlowStep, Item, ItemVersion, Post
    from schemas.codes import Level
    from schemas.limits import Ladder, Policy, Rung
    from streams.engine.counting import DayCount


StandardDays: TypeAlias = tuple[tuple[str, int], ...]
"""The calendars whose standard working day (D) is not of seven hours, with its seconds; sorted."""
USUAL_DAY: Final = 25_200
REMEMBERED: Final = 20_000
"""Answers that are remembered, by item, region, department and version."""
UNLISTED: Final = {ClockKind.PROMISED: Limit(stated="promised_due_at")}
"""What holds for an item that no version in force is of: the due moment that the hall states."""

Standing = Literal["listed", "covered", "not_in_force", "unknown", "missing", "no_items"]
"""How an item stands in a catalogue on a day; `covered`: by what is stated for any other (`*`);
`no_items`: the catalogue lists none, so that none is missed."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A yellow card that nobody answers turns into this level after so many working days."""

    level: Level
    working_days: int
    rule: str


@dataclass(frozen=True, slots=True)
class CaseRules:
    """What holds for one case: its policy, calendar, ladder and limits."""

    policy: Policy
    calendar: Calendar
    ladder: Ladder
    limits: Mapping[ClockKind, Limit]
    steps: Mapping[str, FlowStep]
    posts: Mapping[str, Post]
    rungs: Mapping[ClockKind, Sequence[tuple[Rung, str]]]
    """The ladder's rungs for each clock, with the rule's id; also those of another clock, which
    count from this one where the case lacks it (`Rung.instead`)."""
    limits_apart: bool
    """Whether promise and statute are counted in different ways: then only counting both from a
    start tells whether the promise ends later."""
    own: Mapping[ClockKind, Limit]
    """The item's own limits, which count where the hall was to state the due moment and did not."""
    silences: Mapping[ClockKind, Silence]
    """What the silence about a yellow card of each clock leads to."""
    standing: Standing
    """How the item stands in the catalogue."""
    item: Item | None
    """The item as the catalogue lists it."""
    stated: Item | None
    """Where the limits are stated: the item itself, or what covers it."""
    version: int
    """Which version of the item is in force; -1 for none."""
    catalogue: str
    """The version of the catalogue."""
    plain: dict[tuple[int, int], DayCount] = field(default_factory=dict)
    """Limits in days that nothing moves, by the limit and the day of the start: a memory only,
    one for all rules of a catalogue, for the rules of single places are many."""


class Rules:
    """A catalogue with its calendars, ready for questions; answers are remembered."""

    def __init__(self, catalogue: Catalogue, calendars: Mapping[str, Calendar]) -> None:
        self.catalogue = catalogue
        self.calendars = calendars
        self._policies: dict[tuple[str, str], Policy] = {}
        self._known: dict[tuple[str, str, str, int, str], CaseRules] = {}
        self._plain: dict[tuple[int, int], DayCount] = {}
        self._lasting: dict[StandardDays, Rules] = {}
        self.standard_days: StandardDays = tuple(
            (name, calendar.standard_day)
            for name, calendar in sorted(calendars.items())
            if calendar.standard_day != USUAL_DAY
        )

    @classmethod
    def of(cls, catalogue: Catalogue) -> Rules:
        """Make the rules of a catalogue, its calendars built from their definitions."""
        return cls(catalogue, {name: Calendar(made) for name, made in catalogue.calendars.items()})

    def lasting(self, days: StandardDays | None) -> Rules:
        """Give the same rules by the standard working days (D) that were pinned; None: by its own.

        Days and hours of a calendar hold for every open case as soon as they change; D does not, as
        the limit does not: it is the length of what was promised.
        """
        if days is None or days == self.standard_days:
            return self
        known = self._lasting.get(days)
        if known is None:
            pinned = dict(days)
            calendars = {
                name: calendar.with_standard_day(pinned.get(name, USUAL_DAY))
                for name, calendar in self.calendars.items()
            }
            known = self._lasting[days] = Rules(self.catalogue, calendars)
        return known

    def resolve(self, item: str, region: str, department: str, start: int) -> CaseRules:
        """Find what holds for an item, region and department at the start of the clocks.

        `start` is in seconds since the epoch; its local date says which version is in force. A
        code that the catalogue does not know inherits what is above it, and an unknown item, or
        one not in force, has no clock.
        """
        listed = self.catalogue.items.get(item) if item != OTHER else None
        if listed is not None:
            version = self._version(listed, region, department, start)
            standing: Standing = "listed" if version >= 0 else "not_in_force"
            return self._of(item, region, department, version, standing, listed)
        if not item:
            standing = "missing" if self.catalogue.items else "no_items"
            return self._of(item, region, department, -1, standing, None)
        for other in self._others(region, department):
            version = self._version(other, region, department, start)
            if version >= 0:
                return self._of(item, region, department, version, "covered", other)
        standing = "unknown" if self.catalogue.items else "no_items"
        return self._of(item, region, department, -1, standing, None)

    def resolve_as(self, rules: CaseRules, region: str, department: str) -> CaseRules:
        """Find what holds for the same version of the same item where another body handles it."""
        item = "" if rules.item is None else rules.item.code
        return self._of(item, region, department, rules.version, rules.standing, rules.stated)

    def resolve_version(self, item: Item, version: ItemVersion) -> CaseRules:
        """Find what holds for a version of an item at its own department."""
        standing: Standing = "covered" if item.code == OTHER else "listed"
        index = item.versions.index(version)
        code = "" if standing == "covered" else item.code
        return self._of(code, item.region or "", item.department or "", index, standing, item)

    def _version(self, item: Item, region: str, department: str, start: int) -> int:
        """Find which version of an item is in force at a start; -1 for none."""
        if len(item.versions) == 1 and item.versions[0].always:
            return 0
        place = department or item.department or ""
        return self._in_force(item, self._place_policy(region, place), start)

    def _others(self, region: str, department: str) -> Iterator[Item]:
        """Give what is stated for any other item (`*`), what is nearest to the case first."""
        others = self.catalogue.others
        if not others:
            return
        if department and (("department", department) in others):
            yield others["department", department]
        known = self.catalogue.departments.get(department)
        for above in self.catalogue.ancestors(region or (known.region if known else "")):
            if ("region", above.code) in others:
                yield others["region", above.code]
        if ("", "") in others:
            yield others["", ""]

    def _of(
        self,
        item: str,
        region: str,
        department: str,
        version: int,
        standing: Standing,
        stated: Item | None,
    ) -> CaseRules:
        listed = stated if standing != "covered" else None
        place = "" if stated is None or listed is not None else stated.key
        key = (item if listed is not None else place, region, department, version, standing)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:  # codes that no catalogue has are without number
                self._known.clear()
                self._policies.clear()
            policy = self._place_policy(region, department or (stated and stated.department) or "")
            known = self._known[key] = self._make(policy, stated, version, standing)
        return known

    def _in_force(self, item: Item, policy: Policy, start: int) -> int:
        assert policy.calendar is not None  # noqa: S101 - the default policy states all
        date = date_of(self.calendars[policy.calendar].face(start) // 86_400)
        for index, version in enumerate(item.versions):
            if version.in_force(date):
                return index
        return -1

    def _place_policy(self, region: str, department: str) -> Policy:
        """Lay the regions from the root down, then the department, over the catalogue's policy."""
        key = (region, department)
        policy = self._policies.get(key)
        if policy is None:
            policy = self.catalogue.policy
            known = self.catalogue.departments.get(department)
            place = region or (known.region if known else "")
            for above in reversed(list(self.catalogue.ancestors(place))):
                policy = above.policy.over(policy)
            if known is not None:
                policy = known.policy.over(policy)
            self._policies[key] = policy
        return policy

    def _make(
        self, policy: Policy, item: Item | None, version: int, standing: Standing
    ) -> CaseRules:
        limits: dict[ClockKind, Limit] = dict(UNLISTED)
        below: dict[ClockKind, Limit] = {}
        flow: Sequence[FlowStep] = ()
        if item is not None and version >= 0:
            limits = {}
            stated = item.versions[version]
            presets = list(self.catalogue.preset_and_bases(stated.preset))
            for preset in presets:
                limits.update(preset.clocks)
            varied = policy.limits or {}
            limits.update({kind: varied[kind] for kind in limits if kind in varied})
            below = dict(limits)
            limits.update(stated.clocks)
            for law in (*(preset.policy for preset in presets), stated.policy):
                policy = law.over(policy)
            flow = stated.flow
        assert policy.calendar is not None  # noqa: S101
        assert policy.ladder is not None  # noqa: S101
        ladder = self.catalogue.ladders[policy.ladder]
        own = _own(limits, below)
        limits = {kind: _resolved(limit, policy) for kind, limit in _clamped(limits).items()}
        flow = [
            step.model_copy(update={"limit": _resolved(step.limit, policy)}) if step.limit else step
            for step in flow
        ]
        return CaseRules(
            policy=policy,
            calendar=self.calendars[policy.calendar],
            ladder=ladder,
            limits=limits,
            steps={step.code: step for step in flow},
            posts=self.catalogue.posts,
            rungs={kind: _rungs(ladder, kind) for kind in ClockKind},
            limits_apart=_apart(limits),
            own={kind: _resolved(limit, policy) for kind, limit in own.items()},
            silences={
                rung.clock: Silence(rung.level, rung.working_days, _rule(ladder, rung.clock, rung))
                for rung in ladder.rungs
                if rung.when == "silent"
            },
            standing=standing,
            item=item if standing != "covered" else None,
            stated=item,
            version=version,
            catalogue=self.catalogue.version,
            plain=self._plain,
        )


def promise_exceeds_statute(limits: Mapping[ClockKind, Limit]) -> bool:
    """Tell whether the promised limit is longer than the statutory one, in the same unit."""
    promised, statutory = limits.get(ClockKind.PROMISED), limits.get(ClockKind.STATUTORY)
    return (
        promised is not None
        and statutory is not None
        and promised.amount is not None
        and statutory.amount is not None
        and promised.unit == statutory.unit
        and promised.amount > statutory.amount
    )


def _clamped(limits: dict[ClockKind, Limit]) -> dict[ClockKind, Limit]:
    """Promised longer than statutory: promised := statutory (domain.md §2)."""
    if promise_exceeds_statute(limits):
        limits[ClockKind.PROMISED] = limits[ClockKind.STATUTORY]
    return limits


def _own(
    limits: dict[ClockKind, Limit], below: Mapping[ClockKind, Limit]
) -> dict[ClockKind, Limit]:
    """Give what counts where the hall does not state the due moment that it was to state.

    The amount beside `stated`, which is taken out of the limit; else what stands in a preset or a
    policy. A promise longer than the statute in its own unit is the statute's.
    """
    own: dict[ClockKind, Limit] = {}
    for kind, limit in limits.items():
        if limit.stated != "promised_due_at":
            continue
        instead = below.get(kind)
        if limit.unit is not None:
            instead = limit.model_copy(update={"stated": None})
            limits[kind] = limit.model_copy(update={"amount": None, "unit": None})
        if instead is not None and instead.stated is None:
            own[kind] = instead
    clamped = _clamped({**limits, **own})
    return {kind: clamped[kind] for kind in own}


def _apart(limits: Mapping[ClockKind, Limit]) -> bool:
    """Tell whether both decision limits are there, and are not counted alike."""
    promised, statutory = limits.get(ClockKind.PROMISED), limits.get(ClockKind.STATUTORY)
    ways = ("stated", "unit", "mode", "cut_off", "roll", "keep_clock_time")
    return (
        promised is not None
        and statutory is not None
        and any(getattr(promised, way) != getattr(statutory, way) for way in ways)
    )


def _resolved(limit: Limit, policy: Policy) -> Limit:
    """Fill in the mode and the cut-off that the policy gives."""
    return limit.model_copy(
        update={
            "mode": limit.mode or policy.mode,
            "cut_off": limit.cut_off or policy.cut_off,
        }
    )


def _rungs(ladder: Ladder, clock: ClockKind) -> list[tuple[Rung, str]]:
    return [
        (rung, _rule(ladder, clock, rung))
        for rung in ladder.rungs
        if clock in (rung.clock, rung.instead) and rung.when != "silent"
    ]


def _rule(ladder: Ladder, clock: ClockKind, rung: Rung) -> str:
    return f"{ladder.name}@{ladder.version}/{clock}/{rung.condition}"

"""The catalogue (事项目录): who handles what within which limits, each version in force from/to.

A catalogue is a directory of YAML files, each holding any of the lists below, beside a directory
`calendars/` (`schemas.calendars`). `docs/catalogue.md` shows one.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, model_validator

from schemas.bounds import MOST_PEOPLE, MOST_STEPS, MOST_VERSIONS
from schemas.calendars import LAST_DATE, CalendarDefinition
from schemas.calendars.fields import Date
from schemas.codes import CaseType, Channel, ClockKind, SuspensionKind
from schemas.events import Code, Name
from schemas.limits import Basis, Clocks, Ladder, Limit, Policy, Stated
from schemas.sources import EVERYWHERE, Loading, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Region(Stated):
    """A region (行政区划): GB/T 2260 where it is Chinese, any code elsewhere."""

    code: Code
    name: Name
    name_en: Name | None = None
    parent: Code | None = None
    """Left out for a GB/T 2260 code: zero-filling names it (430102 → 430100 → 430000)."""
    policy: Policy = Policy()


class Department(Stated):
    """A department (实施主体), by its credit code (GB 32100) or the source's own code."""

    code: Code
    name: Name
    name_en: Name | None = None
    region: Code
    policy: Policy = Policy()


class Absence(Stated):
    """An officer is away (外出, 请假), from one local date to another, both inclusive."""

    officer: Code
    away_from: Date = Field(alias="from")
    away_to: Date = Field(alias="to")

    @model_validator(mode="after")
    def _forwards(self) -> Absence:
        if self.away_to < self.away_from:
            raise ValueError("`to` lies before `from`")
        return self


class Post(Stated):
    """A post (岗位) with who holds it, and who stands in when they are away (职位代理)."""

    code: Code
    name: Name
    department: Code
    officers: tuple[Code, ...] = Field(min_length=1, max_length=MOST_PEOPLE)
    deputies: tuple[Code, ...] = Field((), max_length=MOST_PEOPLE)
    absences: tuple[Absence, ...] = Field((), max_length=MOST_PEOPLE)

    def is_away(self, officer: str, day: date) -> bool:
        """Tell whether an officer is away on a local date."""
        return any(
            absence.officer == officer and absence.away_from <= day <= absence.away_to
            for absence in self.absences
        )

    def responsible(self, officer: str | None, day: date) -> str:
        """Give who answers on a local date: the officer named, the post's own, or a deputy.

        When all of them are away it stays with the one who was named, or the first of the post.
        """
        chosen = officer or self.officers[0]
        if not self.is_away(chosen, day):
            return chosen
        others = (*(() if officer else self.officers), *self.deputies)
        return next((other for other in others if not self.is_away(other, day)), chosen)

    def turn_after(self, day: date | None) -> date | None:
        """Give the next local date after `day` on which an absence begins or is over, if any.

        Only then can `responsible` give another answer. None is before all days.
        """
        turns = self._turns
        place = 0 if day is None else bisect_right(turns, day)
        return turns[place] if place < len(turns) else None

    @cached_property
    def _turns(self) -> list[date]:
        begins = {absence.away_from for absence in self.absences}
        over = {absence.away_to + timedelta(days=1) for absence in self.absences}
        return sorted(day for day in begins | over if day <= LAST_DATE)


class Window(Stated):
    """A window (窗口) of a hall."""

    code: Code
    name: Name
    region: Code
    departments: tuple[Code, ...] = Field((), max_length=MOST_PEOPLE)


class FlowStep(Stated):
    """A step (环节) of an item's flow: its limit and the post that answers for it."""

    code: Code
    name: Name
    clock: Literal[ClockKind.STEP, ClockKind.OPINION, ClockKind.FIRST_REVIEW] = ClockKind.STEP
    """What the step is: an ordinary one, a co-department's opinion (会签), or the first review of
    a lower level (下级初审); the item's limit of that clock holds where the step states none."""
    post: Code | None = None
    limit: Limit | None = None
    mandatory: bool = False
    decision: bool = False
    """Whether the decision is made in it: what stands after it may begin after the decision."""


class ItemVersion(Stated):
    """An item's limits and flow, as in force from one day to another (both inclusive)."""

    effective_from: Date | None = Field(None, alias="from")
    effective_to: Date | None = Field(None, alias="to")
    preset: str | None = None
    """A legal preset (e.g. `cn-permit`) whose clocks hold where `clocks` states none."""
    clocks: Clocks = Field(default_factory=dict)
    flow: tuple[FlowStep, ...] = Field((), max_length=MOST_STEPS)
    policy: Policy = Policy()

    @model_validator(mode="after")
    def _forwards(self) -> ItemVersion:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("`to` lies before `from`")
        return self

    @property
    def always(self) -> bool:
        """Whether it was always in force and always will be."""
        return self.effective_from is None and self.effective_to is None

    def in_force(self, day: date) -> bool:
        """Tell whether this version is in force on a local date."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day <= self.effective_to
        )


OTHER: Final = "*"
"""The code of what a catalogue states for any other item than those that it lists."""


class Item(Stated):
    """An item (事项) by its implementation code (实施编码).

    One of code `*` states what holds for every item that is not listed: of its department, or its
    region and what lies in it, or, without either, of the whole catalogue.
    """

    code: Code
    name: Name
    name_en: Name | None = None
    item_type: Annotated[str, Field(pattern=r"^(0[1-9]|10|20)$")] | None = None
    """事项类型: 01 许可 … 10 其他, 20 公共服务."""
    case_type: CaseType | None = None
    department: Code | None = None
    region: Code | None = None
    """Only of code `*`: where it holds."""
    versions: tuple[ItemVersion, ...] = Field(min_length=1, max_length=MOST_VERSIONS)

    @property
    def place(self) -> tuple[str, str]:
        """Where an item of code `*` holds: of a department, in a region, or everywhere."""
        if self.department is not None:
            return "department", self.department
        return ("region", self.region) if self.region is not None else ("", "")

    @property
    def key(self) -> str:
        """What it goes by in a catalogue: its code; `*` once for each place."""
        if self.code != OTHER or self.place == ("", ""):
            return self.code
        return f"{OTHER}@{self.place[0]}:{self.place[1]}"

    @model_validator(mode="after")
    def _placed(self) -> Item:
        if self.region is not None and self.code != OTHER:
            raise ValueError("only an item of code `*` states a region: leave it out")
        if self.region is not None and self.department is not None:
            raise ValueError("`*` holds for a department or for a region: state one of the two")
        return self

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Item:
        spans = sorted(
            (v.effective_from or date.min, v.effective_to or date.max) for v in self.versions
        )
        for (_, end), (begin, _) in pairwise(spans):
            if begin <= end:
                raise ValueError(f"two versions are in force on {begin}")
        return self


class LegalPreset(Stated):
    """Clocks that a law gives to every item that names it (e.g. `cn-permit`: 行政许可法)."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    title: str
    basis: Basis
    extends: str | None = None
    """Another preset, whose clocks and policy hold where this one states none."""
    clocks: Clocks = Field(default_factory=dict)
    policy: Policy = Policy()
    """What the law asks of these items; the item's own policy comes over it."""


class CatalogueFile(Stated):
    """One YAML file: any of these lists."""

    name: str | None = None
    """The catalogue's name; one file says it."""
    policy: Policy | None = None
    """What holds for the whole catalogue, over the built-in defaults; one file says it."""
    regions: tuple[Region, ...] = ()
    departments: tuple[Department, ...] = ()
    posts: tuple[Post, ...] = ()
    windows: tuple[Window, ...] = ()
    items: tuple[Item, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    presets: tuple[LegalPreset, ...] = ()
    sources: tuple[Source, ...] = Field((), min_length=1)
    """Who may send. Where no file lists anybody, everybody may."""
    loading: tuple[Loading, ...] = Field((), min_length=1)
    """Which sources are keying in, or sending again, what happened before (集中补录)."""


@dataclass(frozen=True)
class Catalogue:
    """A whole catalogue, checked: every code it names exists."""

    name: str
    policy: Policy
    regions: Mapping[str, Region]
    departments: Mapping[str, Department]
    posts: Mapping[str, Post]
    windows: Mapping[str, Window]
    items: Mapping[str, Item]
    ladders: Mapping[str, Ladder]
    presets: Mapping[str, LegalPreset]
    sources: Mapping[str, Source]
    loading: Mapping[str, Loading]
    calendars: Mapping[str, CalendarDefinition]

    @cached_property
    def content(self) -> dict[str, Any]:
        """The whole content as JSON, calendars apart."""
        dumped: dict[str, Any] = _CONTENT.dump_python(self._parts(), mode="json", by_alias=True)
        for kind in LATER_LISTS:  # a catalogue of an earlier version keeps its own version
            if not getattr(self, kind):
                del dumped[kind]
        _without_later(dumped)
        for item in dumped["items"]:
            if item["region"] is None:
                del item["region"]
            for step in (step for version in item["versions"] for step in version["flow"]):
                if not step["decision"]:
                    del step["decision"]
        return dumped

    @cached_property
    def loading_until(self) -> Mapping[str, int]:
        """Until when each source is loading, seconds since 1970-01-01T00:00:00Z."""
        return {code: int(each.until.timestamp()) for code, each in self.loading.items()}

    def loads_until(self, source: str) -> int:
        """Tell until when a source is loading, as `loading_until`; -1 where it is not."""
        until = self.loading_until
        return until.get(source, until.get(EVERYWHERE, -1)) if until else -1

    @cached_property
    def version(self) -> str:
        """A digest of the content: the same files give the same version everywhere."""
        canonical = json.dumps(self.content, ensure_ascii=False, sort_keys=True).encode()
        return hashlib.blake2b(canonical, digest_size=6).hexdigest()

    @cached_property
    def others(self) -> dict[tuple[str, str], Item]:
        """What is stated for any other item (`*`), by where it holds."""
        return {item.place: item for item in self.items.values() if item.code == OTHER}

    def lists(self, item: str) -> bool:
        """Tell whether an item is listed by its own code, in force or not."""
        return item != OTHER and item in self.items

    def _parts(self) -> CatalogueFile:
        lists = {kind: tuple(getattr(self, kind).values()) for kind in LISTS}
        return CatalogueFile(
            name=self.name,
            policy=self.policy,
            **{kind: stated for kind, stated in lists.items() if stated},
        )

    def ancestors(self, code: str | None) -> Iterator[Region]:
        """Give a region and what it lies in, from the leaf to the root."""
        seen: set[str] = set()
        if code and code not in self.regions:  # a code that is not listed lies in one that is
            code = self._zero_filled(code)
        while code and code in self.regions and code not in seen:
            seen.add(code)
            region = self.regions[code]
            yield region
            code = region.parent or self._zero_filled(code)

    def preset_and_bases(self, name: str | None) -> Iterator[LegalPreset]:
        """Give what a preset extends, the most general first, and the preset itself."""
        if name is not None:
            preset = self.presets[name]
            yield from self.preset_and_bases(preset.extends)
            yield preset

    def _zero_filled(self, code: str) -> str | None:
        """Find the nearest region above a GB/T 2260 code: 430102003 → 430102 → 430100 → 430000."""
        if not code.isdigit():
            return None
        shorter = [code[:9], code[:6], code[:4] + "00", code[:2] + "0000"]
        return next((c for c in shorter if c != code and c in self.regions), None)


LATER_LISTS: Final = ("sources", "loading")
"""Lists that the first version did not have: an empty one is left out of the content."""
LISTS: Final = (
    *("regions", "departments", "posts", "windows", "items", "ladders", "presets"),
    *LATER_LISTS,
)
"""The lists of a catalogue, as a file and as a `Catalogue` name them."""
_CONTENT: Final = TypeAdapter(CatalogueFile)
_LATER_POLICY: Final = {"dated_ahead_seconds": 300}
"""What policies state since 0.3.0, with its default: one that says no other is left out of the
content, so that the catalogue of an earlier version keeps its own version."""


def _without_later(content: Any) -> None:
    if isinstance(content, list):
        for each in content:
            _without_later(each)
    elif isinstance(content, dict):
        for name, default in _LATER_POLICY.items():
            if content.get(name) in (None, default):
                content.pop(name, None)
        for each in content.values():
            _without_later(each)


DEFAULT_POLICY: Final = Policy(
    calendar="cn",
    ladder="hunan",
    mode="next_day",
    cut_off="midnight",
    clock_ends_at="earliest",
    suspension_stops=(ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.STEP),
    suspension_kinds=(
        SuspensionKind.HEARING,
        SuspensionKind.TENDER,
        SuspensionKind.AUCTION,
        SuspensionKind.INSPECTION,
        SuspensionKind.TESTING,
        SuspensionKind.QUARANTINE,
        SuspensionKind.APPRAISAL,
        SuspensionKind.EXPERT_REVIEW,
    ),
    suspension_cap_days=20,
    suspension_requires=("basis", "told"),
    untold_suspensions="stop",
    suspension_max=2,
    suspension_brink_days=1,
    extension_cap=10,
    extension_approver="agency_head",
    extension_requires=("reason", "approver", "told"),
    late_record_days=1,
    dated_ahead_seconds=300,
    online_channels=(Channel.ONLINE, Channel.MOBILE),
)
"""What holds where a catalogue says nothing (domain.md §2, with the bases there)."""

"""The catalogue (事项目录): who handles what within which limits, each version in force from/to.

A catalogue is a directory of YAML files, each holding any of the lists below, beside a directory
`calendars/` (`schemas.calendars`). `docs/catalogue.md` shows one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, TypeAdapter, model_validator

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.codes import CaseType, ClockKind
from schemas.events import Code, Name
from schemas.limits import Basis, Ladder, Limit, Policy, Stated
from schemas.reading import Problem, SchemaError, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path


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


class Post(Stated):
    """A post (岗位) with who holds it, and who stands in when they are away (职位代理)."""

    code: Code
    name: Name
    department: Code
    officers: tuple[Code, ...] = Field(min_length=1)
    deputies: tuple[Code, ...] = ()


class Window(Stated):
    """A window (窗口) of a hall."""

    code: Code
    name: Name
    region: Code
    departments: tuple[Code, ...] = ()


class FlowStep(Stated):
    """A step (环节) of an item's flow: its limit and the post that answers for it."""

    code: Code
    name: Name
    post: Code | None = None
    limit: Limit | None = None
    mandatory: bool = False


class ItemVersion(Stated):
    """An item's limits and flow, as in force from one day to another (both inclusive)."""

    effective_from: date | None = Field(None, alias="from")
    effective_to: date | None = Field(None, alias="to")
    preset: str | None = None
    """A legal preset (e.g. `cn-permit`) whose clocks hold where `clocks` states none."""
    clocks: dict[ClockKind, Limit] = Field(default_factory=dict)
    flow: tuple[FlowStep, ...] = ()
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


class Item(Stated):
    """An item (事项) by its implementation code (实施编码)."""

    code: Code
    name: Name
    name_en: Name | None = None
    item_type: Annotated[str, Field(pattern=r"^(0[1-9]|10|20)$")] | None = None
    """事项类型: 01 许可 … 10 其他, 20 公共服务."""
    case_type: CaseType | None = None
    department: Code | None = None
    versions: tuple[ItemVersion, ...] = Field(min_length=1)

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
    clocks: dict[ClockKind, Limit]


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
    calendars: Mapping[str, CalendarDefinition]

    @cached_property
    def content(self) -> dict[str, Any]:
        """The whole content as JSON, calendars apart."""
        dumped: dict[str, Any] = _CONTENT.dump_python(self._parts(), mode="json", by_alias=True)
        return dumped

    @cached_property
    def version(self) -> str:
        """A digest of the content: the same files give the same version everywhere."""
        canonical = json.dumps(self.content, ensure_ascii=False, sort_keys=True).encode()
        return hashlib.blake2b(canonical, digest_size=6).hexdigest()

    def _parts(self) -> CatalogueFile:
        return CatalogueFile(
            name=self.name,
            policy=self.policy,
            **{kind: tuple(getattr(self, kind).values()) for kind in _LISTS},
        )

    @classmethod
    def from_content(cls, content: Any, calendars: Mapping[str, CalendarDefinition]) -> Catalogue:
        """Make a catalogue from `content` again (a restored state holds it)."""
        return _joined([("", CatalogueFile.model_validate(content))], calendars)

    def ancestors(self, code: str | None) -> Iterator[Region]:
        """Give a region and what it lies in, from the leaf to the root."""
        seen: set[str] = set()
        while code and code in self.regions and code not in seen:
            seen.add(code)
            region = self.regions[code]
            yield region
            code = region.parent or self._zero_filled(code)

    def _zero_filled(self, code: str) -> str | None:
        """Find the nearest region above a GB/T 2260 code: 430102003 → 430102 → 430100 → 430000."""
        if not code.isdigit():
            return None
        shorter = [code[:9], code[:6], code[:4] + "00", code[:2] + "0000"]
        return next((c for c in shorter if c != code and c in self.regions), None)


_LISTS: Final = ("regions", "departments", "posts", "windows", "items", "ladders", "presets")
_KEYS: Final = {"ladders": "name", "presets": "name"}
_CONTENT: Final = TypeAdapter(CatalogueFile)


def load_catalogue(directory: Path) -> Catalogue:
    """Read a catalogue directory, with the built-in ladders, presets and calendars.

    Raises `SchemaError` with everything that is wrong at once: file, line, key, value, remedy.
    """
    if not directory.is_dir():
        raise SchemaError(
            [
                Problem(
                    file=str(directory),
                    line=0,
                    key="",
                    value="",
                    message="There is no such directory.",
                    remedy="name a catalogue directory, e.g. --catalogue deploy/samples/boston",
                )
            ]
        )
    problems: list[Problem] = []
    calendars: Mapping[str, CalendarDefinition] = {}
    try:
        calendars = load_calendars([directory])
    except SchemaError as error:
        problems += error.problems
    built_in = resources.files("schemas").joinpath("presets")
    files: list[tuple[str, CatalogueFile]] = []
    for path in [*_yaml_files(built_in), *_yaml_files(directory)]:
        try:
            files.append((str(path), read_yaml(path, CatalogueFile)))
        except SchemaError as error:
            problems += error.problems
    if problems:
        raise SchemaError(problems)
    return _joined(files, calendars)


def _yaml_files(directory: Path | Traversable) -> list[Any]:
    return sorted(
        (f for f in directory.iterdir() if f.name.endswith((".yaml", ".yml"))),
        key=lambda f: f.name,
    )


def _joined(
    files: Iterable[tuple[str, CatalogueFile]], calendars: Mapping[str, CalendarDefinition]
) -> Catalogue:
    problems: list[Problem] = []
    found: dict[str, dict[str, Any]] = {kind: {} for kind in _LISTS}
    name, policy, where = "unnamed", DEFAULT_POLICY, ""
    for file, part in files:
        where = file
        name = part.name or name
        policy = part.policy.over(policy) if part.policy else policy
        for kind in _LISTS:
            key = _KEYS.get(kind, "code")
            for thing in getattr(part, kind):
                code = getattr(thing, key)
                if code in found[kind]:
                    problems.append(
                        Problem(
                            file=file,
                            line=0,
                            key=f"{kind}.{key}",
                            value=code,
                            message=f"{code} is stated twice.",
                            remedy="keep one of the two, or give the other its own code",
                        )
                    )
                found[kind][code] = thing
    catalogue = Catalogue(name=name, policy=policy, calendars=calendars, **found)
    problems += [
        Problem(file=where, line=0, key=key, value=value, message=message, remedy=remedy)
        for key, value, message, remedy in dangling(catalogue)
    ]
    if problems:
        raise SchemaError(problems)
    return catalogue


def dangling(catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """Give every code that is named but not stated: key, value, message, remedy."""
    for kind, key, code in _references(catalogue):
        if code is not None and code not in getattr(catalogue, kind):
            yield (
                key,
                code,
                f"There is no such entry in {kind}.",
                f"state {code} in {kind}, or correct the code",
            )


def _references(catalogue: Catalogue) -> Iterator[tuple[str, str, str | None]]:
    """Give every reference: the list it points into, the key it stands under, the code."""
    yield from _policy_references("catalogue", catalogue.policy)
    for region in catalogue.regions.values():
        yield "regions", f"regions[{region.code}].parent", region.parent
        yield from _policy_references(f"regions[{region.code}]", region.policy)
    for department in catalogue.departments.values():
        yield "regions", f"departments[{department.code}].region", department.region
        yield from _policy_references(f"departments[{department.code}]", department.policy)
    for post in catalogue.posts.values():
        yield "departments", f"posts[{post.code}].department", post.department
    for window in catalogue.windows.values():
        yield "regions", f"windows[{window.code}].region", window.region
        for code in window.departments:
            yield "departments", f"windows[{window.code}].departments", code
    for item in catalogue.items.values():
        yield "departments", f"items[{item.code}].department", item.department
        for version in item.versions:
            yield "presets", f"items[{item.code}].preset", version.preset
            yield from _policy_references(f"items[{item.code}]", version.policy)
            for step in version.flow:
                yield "posts", f"items[{item.code}].flow[{step.code}].post", step.post


def _policy_references(key: str, policy: Policy) -> Iterator[tuple[str, str, str | None]]:
    yield "calendars", f"{key}.policy.calendar", policy.calendar
    yield "ladders", f"{key}.policy.ladder", policy.ladder


DEFAULT_POLICY: Final = Policy(
    calendar="cn",
    ladder="hunan",
    mode="next_day",
    cut_off="midnight",
    clock_ends_at="earliest",
    suspension_stops=(ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.STEP),
    suspension_kinds=(
        "hearing",
        "tender",
        "auction",
        "inspection",
        "testing",
        "quarantine",
        "appraisal",
        "expert_review",
    ),
    suspension_cap_days=20,
)
"""What holds where a catalogue says nothing (domain.md §2, with the bases there)."""

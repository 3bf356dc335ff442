"""Read a catalogue: its files, joined and checked against each other, everything wrong at once."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.catalogue import DEFAULT_POLICY, LISTS, Catalogue, CatalogueFile
from schemas.reading import Problem, SchemaError, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from schemas.limits import Policy

_KEYS: Final = {"ladders": "name", "presets": "name"}


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
    found: dict[str, dict[str, Any]] = {kind: {} for kind in LISTS}
    name, policy, where = "unnamed", DEFAULT_POLICY, ""
    for file, part in files:
        where = file
        name = part.name or name
        policy = part.policy.over(policy) if part.policy else policy
        for kind in LISTS:
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


def catalogue_from(content: Any, calendars: Mapping[str, CalendarDefinition]) -> Catalogue:
    """Make a catalogue from `Catalogue.content` again: a restored state, or the history, holds it.

    Raises `SchemaError` when it names a calendar that is not there.
    """
    return _joined([("", CatalogueFile.model_validate(content))], calendars)

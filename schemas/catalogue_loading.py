"""Read a catalogue: its files, joined and checked against each other, everything wrong at once."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from schemas.bounds import MAX_FILES, MOST_HEIRS
from schemas.calendars import CalendarDefinition, load_calendars
from schemas.catalogue import DEFAULT_POLICY, LISTS, Catalogue, CatalogueFile
from schemas.kept import Kept
from schemas.reading import Document, Problem, SchemaError, read_document
from schemas.sources import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from schemas.catalogue import ItemVersion
    from schemas.limits import Policy
    from schemas.reading import Loc

_KEPT: Final = Kept(TypeAdapter(CatalogueFile))
_KEYS: Final = {"ladders": "name", "presets": "name", "loading": "source"}


def load_catalogue(directory: Path) -> Catalogue:
    """Read a catalogue directory, with the built-in ladders, presets and calendars.

    Raises `SchemaError` with everything that is wrong at once: file, line, key, value, remedy.
    """
    if not directory.is_dir():
        remedy = "name a catalogue directory, e.g. --catalogue deploy/samples/boston/catalogue"
        raise SchemaError(
            [Problem(str(directory), 1, "", "", "there is no such directory", remedy)]
        )
    problems: list[Problem] = []
    calendars: Mapping[str, CalendarDefinition] = {}
    try:
        calendars = load_calendars([directory])
    except SchemaError as error:
        problems += error.problems
    built_in = resources.files("schemas").joinpath("presets")
    parts: list[tuple[Document, CatalogueFile]] = []
    files = _yaml_files(directory)
    if len(files) > MAX_FILES:
        message = f"the folder holds {len(files):,} files, more than {MAX_FILES:,}"
        problems.append(Problem(str(directory), 1, "", "", message, "join them"))
        files = []
    for path in [*_yaml_files(built_in), *files]:
        try:
            document = read_document(path)
            parts.append((document, document.parse(CatalogueFile)))
        except SchemaError as error:
            problems += error.problems
    if problems:
        raise SchemaError(problems)
    return _joined(parts, calendars)


def catalogue_from(content: Any, calendars: Mapping[str, CalendarDefinition]) -> Catalogue:
    """Make a catalogue from `Catalogue.content` again: a restored state, or the history, holds it.

    Raises `SchemaError` when it names a calendar that is not there.
    """
    document = Document("catalogue", content, {})
    return _joined([(document, _KEPT.validate_python(content))], calendars)


def read_parts(directory: Path) -> Iterator[tuple[Document, CatalogueFile]]:
    """Read the files of a catalogue directory as written, each with its lines.

    Raises `SchemaError` for one that cannot be read.
    """
    for path in _yaml_files(directory):
        document = read_document(path)
        yield document, document.parse(CatalogueFile)


def _yaml_files(directory: Path | Traversable) -> list[Any]:
    return sorted(
        (f for f in directory.iterdir() if f.name.endswith((".yaml", ".yml"))),
        key=lambda f: f.name,
    )


def _joined(
    parts: Sequence[tuple[Document, CatalogueFile]],
    calendars: Mapping[str, CalendarDefinition],
) -> Catalogue:
    problems: list[Problem] = []
    found: dict[str, dict[str, Any]] = {kind: {} for kind in LISTS}
    name, policy = "unnamed", DEFAULT_POLICY
    for document, part in parts:
        name = part.name or name
        policy = part.policy.over(policy) if part.policy else policy
        for kind in LISTS:
            key = _KEYS.get(kind, "code")
            for index, thing in enumerate(getattr(part, kind)):
                code = thing.key if kind == "items" else getattr(thing, key)
                if code in found[kind]:
                    remedy = "keep one of the two, or give the other its own code"
                    message = f"{code} is stated twice"
                    problems.append(document.problem((kind, index, key), message, remedy))
                found[kind][code] = thing
    catalogue = Catalogue(name=name, policy=policy, calendars=calendars, **found)
    owners: dict[str, str] = {}
    for document, part in parts:
        problems += _dangling(document, part, catalogue)
        problems += _shared_keys(document, part, owners)
        problems += _circles(document, part, catalogue)
    if not problems:  # what holds by default must be there too: a catalogue may come without files
        for kind, loc, code in _of_policy(("policy",), policy):
            if code not in getattr(catalogue, kind):
                problems.append(parts[-1][0].problem(loc, *_missing(kind, code)))
    if problems:
        raise SchemaError(problems)
    return catalogue


def _missing(kind: str, code: str | None) -> tuple[str, str]:
    """Say that a code is named and not there, and what to do."""
    return f"there is no {code} in {kind}", f"state {code} in {kind}, or correct the code"


def _dangling(document: Document, part: CatalogueFile, catalogue: Catalogue) -> Iterator[Problem]:
    """Give every code that a file names and no file states."""
    for kind, loc, code in _references(part):
        if kind == "sources" and not catalogue.sources:  # everybody may send
            continue
        if code is not None and code not in getattr(catalogue, kind):
            yield document.problem(loc, *_missing(kind, code))


def _shared_keys(
    document: Document, part: CatalogueFile, owners: dict[str, str]
) -> Iterator[Problem]:
    """Give every key that is stated twice: it would not say which source has signed."""
    for n, source in enumerate(part.sources):
        for m, key in enumerate(source.keys):
            owner = owners.setdefault(key, source.code)
            if owner != source.code or key in source.keys[:m]:
                message = f"the key {key} is that of {owner} already"
                yield document.problem(("sources", n, "keys", m), message, "give each its own key")


def _circles(document: Document, part: CatalogueFile, catalogue: Catalogue) -> Iterator[Problem]:
    """Give every preset that extends itself, directly or not, or through too many others."""
    for index, preset in enumerate(part.presets):
        seen, base = {preset.name}, preset.extends
        while base is not None and base not in seen and len(seen) <= MOST_HEIRS + 1:
            seen.add(base)
            above = catalogue.presets.get(base)
            base = above.extends if above else None
        loc = ("presets", index, "extends")
        if base == preset.name:
            yield document.problem(loc, f"{preset.name} extends itself", "break the circle")
        elif len(seen) > MOST_HEIRS + 1:
            message = f"more than {MOST_HEIRS} presets extend each other"
            yield document.problem(loc, message, "leave some of them out")


def _references(part: CatalogueFile) -> Iterator[tuple[str, Loc, str | None]]:
    """Give every reference of a file: the list it points into, where it stands, the code."""
    if part.policy is not None:
        yield from _of_policy(("policy",), part.policy)
    for n, region in enumerate(part.regions):
        yield "regions", ("regions", n, "parent"), region.parent
        yield from _of_policy(("regions", n, "policy"), region.policy)
    for n, department in enumerate(part.departments):
        yield "regions", ("departments", n, "region"), department.region
        yield from _of_policy(("departments", n, "policy"), department.policy)
    for n, post in enumerate(part.posts):
        yield "departments", ("posts", n, "department"), post.department
    for n, window in enumerate(part.windows):
        yield "regions", ("windows", n, "region"), window.region
        for m, code in enumerate(window.departments):
            yield "departments", ("windows", n, "departments", m), code
    yield from _of_sources(part)
    for n, preset in enumerate(part.presets):
        yield "presets", ("presets", n, "extends"), preset.extends
        yield from _of_policy(("presets", n, "policy"), preset.policy)
    for n, item in enumerate(part.items):
        yield "departments", ("items", n, "department"), item.department
        yield "regions", ("items", n, "region"), item.region
        for m, version in enumerate(item.versions):
            yield from _of_version(("items", n, "versions", m), version)


def _of_sources(part: CatalogueFile) -> Iterator[tuple[str, Loc, str | None]]:
    for n, source in enumerate(part.sources):
        for m, code in enumerate(source.regions):
            yield "regions", ("sources", n, "regions", m), None if code == EVERYWHERE else code
        for m, code in enumerate(source.departments):
            yield "departments", ("sources", n, "departments", m), code
    for n, loading in enumerate(part.loading):
        code = loading.source
        yield "sources", ("loading", n, "source"), None if code == EVERYWHERE else code


def _of_version(loc: Loc, version: ItemVersion) -> Iterator[tuple[str, Loc, str | None]]:
    yield "presets", (*loc, "preset"), version.preset
    yield from _of_policy((*loc, "policy"), version.policy)
    for k, step in enumerate(version.flow):
        yield "posts", (*loc, "flow", k, "post"), step.post


def _of_policy(loc: Loc, policy: Policy) -> Iterator[tuple[str, Loc, str | None]]:
    yield "calendars", (*loc, "calendar"), policy.calendar
    yield "ladders", (*loc, "ladder"), policy.ladder

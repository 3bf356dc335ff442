"""The catalogues and calendars that a partition knows, and which of them are in force.

They are kept in the partition's state beside its cases. A case keeps the limits that were in force
at its acceptance, so every catalogue that was ever in force here stays known by its version.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct
from pydantic import ValidationError

from schemas.bounds import SHOWN_TEXT, shown
from schemas.calendars import CalendarDefinition
from schemas.catalogue_loading import catalogue_from
from schemas.reading import SchemaError
from schemas.ticks import NO_CONTENT, ChangeSubject
from schemas.verdicts import ReferenceRecord, decode, encode
from streams.engine.calendar import Calendar
from streams.engine.rules import Rules
from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.catalogue import Catalogue
    from schemas.ticks import Change

IN_FORCE: Final = b"\x00in-force"
PREFIXES: Final = (b"\x00catalogue/", b"\x00calendar/")
"""What the keys of contents begin with in the state topic; a version follows, or `name@version`."""
SHARED: Final = 32
"""Contents that the partitions of a process have in common."""


class Part(NamedTuple):
    """One catalogue or calendar, of one version. A catalogue goes by its version alone."""

    subject: ChangeSubject
    name: str
    version: str

    @property
    def key(self) -> bytes:
        """Its key in the state."""
        if self.subject == "catalogue":
            return PREFIXES[0] + self.version.encode()
        return PREFIXES[1] + f"{self.name}@{self.version}".encode()


class Law(Struct, frozen=True):
    """What is in force together: a catalogue for new cases, calendars for all, by version."""

    catalogue: str
    calendars: dict[str, str]

    def parts(self, without: Law | None = None) -> list[Part]:
        """Give its parts; those that are not so in another law, when one is given."""
        found = []
        if without is None or self.catalogue != without.catalogue:
            found.append(Part("catalogue", "", self.catalogue))
        found += [
            Part("calendar", name, version)
            for name, version in self.calendars.items()
            if without is None or without.calendars.get(name) != version
        ]
        return found


class InForce(Struct, frozen=True):
    """The law in force in a partition, and what the program's files said when it last read them."""

    law: Law
    files: Law


class Adopted(NamedTuple):
    """What has to be written once a law is in force."""

    state: list[tuple[bytes, bytes | None]]
    told: list[tuple[bytes, ReferenceRecord]]


class Refused(Exception):  # noqa: N818 - named after the condition
    """Raised when a change cannot come in force; the text says what is wrong, and the remedy."""


class References:
    """What is in force, and what was. `rules` are those of the files that the program was given."""

    def __init__(self, partition: int, rules: Rules) -> None:
        self._partition = partition
        self._contents: dict[bytes, bytes] = {}
        self._stored: set[bytes] = set()
        self._rules: dict[tuple[str, frozenset[tuple[str, str]]], Rules] = {}
        self._current: dict[str, Rules] = {}
        self._in_force: InForce | None = None
        self.files = self._learned(rules.catalogue)
        self._rules[_key(self.files, "")] = rules

    @property
    def law(self) -> Law:
        """The law in force."""
        return self.files if self._in_force is None else self._in_force.law

    def restore(self, key: bytes, value: bytes) -> None:
        """Take a content, or what is in force, as it was written."""
        if key == IN_FORCE:
            self._in_force = decode(value, InForce)
            self._current.clear()
        else:
            self._contents[key] = value
            self._stored.add(key)

    def newer_files(self) -> Law | None:
        """Give the law that the files make of the one in force; None when they bring nothing new.

        The files are newer only where they have changed since this partition last read them: what
        was imported meanwhile stays in force.
        """
        force = self._in_force
        if force is None:
            return self.files
        if force.files == self.files:
            return None
        same = force.files.catalogue == self.files.catalogue
        catalogue = force.law.catalogue if same else self.files.catalogue
        calendars = dict(force.law.calendars)
        for part in self.files.parts(without=force.files):
            if part.subject == "calendar":
                calendars[part.name] = part.version
        return Law(catalogue, calendars)

    def law_of(self, change: Change) -> Law:
        """Give the law that a change makes of the one in force, and learn its contents.

        Raises Refused: a content does not validate, or a calendar lacks a decreed year of the one
        that it replaces.
        """
        definitions = {
            name: self._definition(Part("calendar", name, version))
            for name, version in self.law.calendars.items()
        }
        catalogue = self.law.catalogue
        try:
            for raw in change.calendars:
                made = _definition(bytes(raw))
                _keeps_years(definitions.get(made.name), made)
                definitions[made.name] = made
            made_of = None
            if bytes(change.catalogue) != bytes(NO_CONTENT):
                made_of = catalogue_from(decode(bytes(change.catalogue), dict), definitions)
        except (msgspec.MsgspecError, ValidationError, SchemaError) as error:
            raise Refused(_first_line(error)) from None
        for made in definitions.values():
            self._contents.setdefault(_part(made).key, _content(made))
        if made_of is not None:
            catalogue = made_of.version
            content = msgspec.json.encode(made_of.content)
            self._contents.setdefault(Part("catalogue", "", catalogue).key, content)
        return Law(catalogue, {name: made.version for name, made in definitions.items()})

    def adopt(self, law: Law, now: int) -> Adopted:
        """Put a law in force."""
        new = law.parts(without=None if self._in_force is None else self._in_force.law)
        self._in_force = InForce(law, self.files)
        self._current.clear()
        state: list[tuple[bytes, bytes | None]] = []
        for part in new:
            if part.key not in self._stored:
                self._stored.add(part.key)
                state.append((part.key, self._contents[part.key]))
        state.append((IN_FORCE, encode(self._in_force)))
        return Adopted(state, [(part.key, self._told(part, now)) for part in new])

    def retold(self, now: int) -> Iterator[tuple[bytes, ReferenceRecord]]:
        """Tell again what is in force, as since `now`, and the other catalogues, as since ever.

        Cases may have those pinned. Calendars that were replaced hold for nothing any more.
        """
        in_force = {part.key: part for part in self.law.parts()}
        for key in sorted(self._stored):
            if key in in_force:
                yield key, self._told(in_force[key], now)
            elif key.startswith(PREFIXES[0]):
                yield key, self._told(Part("catalogue", "", key[len(PREFIXES[0]) :].decode()), 0)

    def _told(self, part: Part, now: int) -> ReferenceRecord:
        catalogue = self.rules(self.law, part.version).catalogue if not part.name else None
        return ReferenceRecord(
            subject=part.subject,
            name=part.name if catalogue is None else catalogue.name,
            version=part.version,
            partition=self._partition,
            at=now,
            content=Raw(self._contents[part.key]),
        )

    def calendars(self, law: Law) -> Mapping[str, CalendarDefinition]:
        """Give the calendars of a law by their names."""
        return {
            name: self._definition(Part("calendar", name, version))
            for name, version in law.calendars.items()
        }

    def rules_of(self, version: str = "") -> Rules:
        """Give the rules of a pinned catalogue, or of the one in force for "".

        The calendars are always those in force. Raises Fatal when the catalogue is not known.
        """
        known = self._current.get(version)
        if known is None:
            known = self._current[version] = self.rules(self.law, version)
        return known

    def rules(self, law: Law, version: str = "") -> Rules:
        """Give the rules of a catalogue's version under a law's calendars; the law's own for "".

        Raises Fatal when the catalogue is not known.
        """
        key = _key(law, version)
        known = self._rules.get(key)
        if known is None:
            known = self._rules[key] = self._made(law, version or law.catalogue)
        return known

    def forget(self) -> None:
        """Let go of rules under calendars that are no longer in force."""
        kept = _key(self.law, "")[1]
        self._rules = {key: rules for key, rules in self._rules.items() if key[1] == kept}

    def _made(self, law: Law, version: str) -> Rules:
        content = self._contents.get(Part("catalogue", "", version).key)
        if content is None:
            raise Fatal(f"partition {self._partition}: catalogue {version} is not in its state")
        parts = (Part("calendar", name, of) for name, of in law.calendars.items())
        return _rules(content, tuple(self._contents[part.key] for part in parts))

    def _definition(self, part: Part) -> CalendarDefinition:
        return _definition(self._contents[part.key])

    def _learned(self, catalogue: Catalogue) -> Law:
        content = msgspec.json.encode(catalogue.content)
        self._contents[Part("catalogue", "", catalogue.version).key] = content
        for made in catalogue.calendars.values():
            self._contents[_part(made).key] = _content(made)
        versions = {name: made.version for name, made in catalogue.calendars.items()}
        return Law(catalogue.version, versions)


def _key(law: Law, version: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return version or law.catalogue, frozenset(law.calendars.items())


def _part(made: CalendarDefinition) -> Part:
    return Part("calendar", made.name, made.version)


def _content(made: CalendarDefinition) -> bytes:
    return msgspec.json.encode(made.model_dump(mode="json"))


@lru_cache(maxsize=SHARED)
def _definition(content: bytes) -> CalendarDefinition:
    return CalendarDefinition.model_validate_json(content)


@lru_cache(maxsize=SHARED)
def _calendar(content: bytes) -> Calendar:
    return Calendar(_definition(content))


@lru_cache(maxsize=SHARED)
def _rules(catalogue: bytes, calendars: tuple[bytes, ...]) -> Rules:
    """Make rules once for all partitions: pure, and each calendar takes a thirtieth of a second."""
    definitions = {made.name: made for made in map(_definition, calendars)}
    built = {calendar.name: calendar for calendar in map(_calendar, calendars)}
    return Rules(catalogue_from(msgspec.json.decode(catalogue), definitions), built)


def _keeps_years(old: CalendarDefinition | None, new: CalendarDefinition) -> None:
    """Refuse a calendar that would make a decreed year projected again: a file is missing."""
    lost = {year.year for year in old.years} - {year.year for year in new.years} if old else set()
    if lost and new.decrees == "yearly":
        years = ", ".join(map(str, sorted(lost)))
        raise Refused(
            f"calendars.{new.name}.years: {years} is decreed in what is in force and missing here;"
            f" add the year's file ({min(lost)}.yaml) to the catalogue's calendars and try again"
        )


def _first_line(error: msgspec.MsgspecError | ValidationError | SchemaError) -> str:
    if isinstance(error, msgspec.MsgspecError):
        return f"catalogue: {error}; send the change again with this program's own command"
    if isinstance(error, SchemaError):
        return str(error.problems[0])
    first = error.errors(include_url=False, include_input=True)[0]
    field = shown(".".join(str(part) for part in first["loc"]), SHOWN_TEXT)
    message = shown(first["msg"], SHOWN_TEXT)
    return f"{field} = {shown(first['input'])}: {message}; correct it and send the change again"

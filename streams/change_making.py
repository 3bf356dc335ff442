"""What an import would put in force: the contents of a change, and the days it moves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from msgspec import Raw

from schemas.calendars import DecreedYear, load_calendars
from schemas.calendars.differing import changed_days
from schemas.calendars.holding import at_odds_with_law
from schemas.calendars.importing import read_year, write_year
from schemas.reading import Problem, SchemaError
from schemas.ticks import LARGEST_CHANGE, NO_CONTENT, Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.calendars import CalendarDefinition
    from schemas.calendars.differing import DayChange
    from schemas.calendars.importing import YearImport
    from schemas.catalogue import Catalogue
    from schemas.words import Words

_MARK: Final = "which calendars rest on this year?"


@dataclass(frozen=True, slots=True)
class YearChange:
    """A year that was read, and what it makes of the calendars in the files."""

    found: YearImport
    calendar: str
    calendars: Mapping[str, CalendarDefinition]
    """Every calendar that rests on the year, as it will be."""
    days: tuple[DayChange, ...]
    """The days of the calendar itself that are worked otherwise than in the files so far."""
    objections: tuple[Words, ...]
    """What it has against the law on public holidays."""

    def written_to(self, directory: Path) -> list[Path]:
        """Write the year into a catalogue directory; tell which files."""
        return write_year(self.found, self.calendar, directory, [directory])


def year_change(
    file: Path, calendar: str, decree: str | None, directory: Path | None
) -> YearChange:
    """Read a year for a calendar of a catalogue directory, or of the built-in ones.

    Raises SchemaError.
    """
    found = read_year(file, decree)
    sources = [] if directory is None else [directory]
    before = load_calendars(sources)
    if calendar not in before:
        message, remedy = "there is no such calendar", f"write one of: {', '.join(sorted(before))}"
        raise SchemaError([Problem(str(file), 1, "--calendar", calendar, message, remedy)])
    after = _with_year(found, calendar, sources)
    marked = replace(found, year=found.year.model_copy(update={"decree": _MARK}))
    touched = _with_year(marked, calendar, sources)
    resting = {name: made for name, made in after.items() if made != touched[name]}
    made, year = after[calendar], found.year.year
    days = changed_days(before[calendar], made)
    # Only where nothing is inherited the year is the nation's own, and must have all its days.
    whole = DecreedYear(year=year, decree=_MARK) in touched[calendar].years
    against = at_odds_with_law(made, year, whole=whole)
    return YearChange(
        found,
        calendar,
        {calendar: made, **resting},
        tuple(days),
        tuple(said for _, said in against),
    )


def _with_year(
    found: YearImport, calendar: str, sources: list[Path]
) -> Mapping[str, CalendarDefinition]:
    """Read the calendars as they will be once the year's files are there."""
    with TemporaryDirectory() as name:
        write_year(found, calendar, Path(name), sources)
        return load_calendars([*sources, Path(name)])


def calendar_change(made: YearChange, *, dry_run: bool, made_at: int, by: str) -> Change:
    """Make the change; its barriers are still to come. Raises SchemaError when it is too large."""
    contents = tuple(_raw(each) for each in made.calendars.values())
    return _checked(
        Change(
            change_id=_name(contents, made_at, by),
            subject="calendar",
            calendars=contents,
            dry_run=dry_run,
            made_at=made_at,
            by=by,
            barriers={},
        )
    )


def catalogue_change(
    catalogue: Catalogue, *, retroactive: bool, dry_run: bool, made_at: int, by: str
) -> Change:
    """Make the change of a catalogue, with its calendars. Raises SchemaError when it is too large.

    The barriers are still to come.
    """
    content = Raw(json.dumps(catalogue.content, ensure_ascii=False).encode())
    calendars = tuple(_raw(each) for each in catalogue.calendars.values())
    return _checked(
        Change(
            change_id=_name((content, *calendars), made_at, by),
            subject="catalogue",
            catalogue=content,
            calendars=calendars,
            retroactive=retroactive,
            dry_run=dry_run,
            made_at=made_at,
            by=by,
            barriers={},
        )
    )


def _raw(calendar: CalendarDefinition) -> Raw:
    return Raw(calendar.model_dump_json().encode())


def _name(contents: tuple[Raw, ...], made_at: int, by: str) -> str:
    digest = hashlib.blake2b(f"{made_at}\x00{by}".encode(), digest_size=8)
    for content in contents:
        digest.update(bytes(content))
    return digest.hexdigest()


def _checked(change: Change) -> Change:
    size = sum(len(bytes(raw)) for raw in change.calendars)
    if change.catalogue is not NO_CONTENT:
        size += len(bytes(change.catalogue))
    if size > LARGEST_CHANGE - 65_536:
        message = f"the contents take {size:,} bytes; a change may take {LARGEST_CHANGE:,}"
        remedy = "divide the catalogue: one for each city, each with its own engine"
        raise SchemaError([Problem("catalogue", 1, "", "", message, remedy)])
    return change

"""Years that stand in a catalogue's folder and are at odds with the law on public holidays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.calendars.files import CalendarFile, YearFile
from schemas.calendars.holding import at_odds_with_law
from schemas.reading import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from schemas.calendars import CalendarDefinition
    from schemas.reading import Loc, Problem

_REMEDY: Final = "hold the file against the notice"


def unlawful_years(
    directory: Path, calendars: Mapping[str, CalendarDefinition]
) -> Iterator[Problem]:
    """Give what each year's file has against the law: an import would have been refused.

    `calendars` are what the directory's files, and the built-in ones, make. Raises SchemaError
    when a file cannot be read.
    """
    folder = directory / "calendars"
    for path in sorted(folder.glob("*/*.yaml")):
        name = path.parent.name
        document = read_document(path)
        year = document.parse(YearFile)
        places: dict[object, Loc] = {day.date: place for place, day in year.listed()}
        settings = folder / f"{name}.yaml"
        inherits = settings.is_file() and read_document(settings).parse(CalendarFile).extends
        for date, said in at_odds_with_law(calendars[name], year.year, whole=not inherits):
            message = f"{said.zh}。 {said.en}"
            yield document.problem(places.get(date, ("year",)), message, _REMEDY)

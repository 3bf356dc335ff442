"""Read every calendar: the built-in ones, then those of the catalogue directories."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from schemas.bounds import MAX_FILES, MOST_HEIRS
from schemas.calendars.definition import CalendarDefinition, DecreedYear, ListedDay
from schemas.calendars.files import CalendarFile, ListedDays, YearFile
from schemas.reading import Document, Problem, SchemaError, read_document

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from schemas.calendars.fields import WeekdayHours
    from schemas.reading import Loc

_FOLDER = "calendars"
_SUFFIX = ".yaml"
_ROOT_DEFAULTS = {
    "week": ("mon", "tue", "wed", "thu", "fri"),
    "decrees": "yearly",
}
_MUST_BE_SAID = {"time_zone": "Asia/Shanghai", "hours": "[09:00-12:00, 13:30-17:30]"}
"""What nobody may assume of a region, each with an example."""


def load_calendars(
    directories: Sequence[Path | Traversable] = (),
) -> Mapping[str, CalendarDefinition]:
    """Read the built-in calendars, then `calendars/` of each catalogue directory.

    A file takes the place of the file of the same name from an earlier directory: so
    `calendars/cn/2027.yaml` adds a year to the built-in `cn`, without a release.
    Raises SchemaError holding everything that is wrong.
    """
    loading = _Loading()
    loading.read(resources.files(__package__))
    for directory in directories:
        if not directory.is_dir():
            loading.report(str(directory), "no such directory", "check the path")
        elif (folder := directory / _FOLDER).is_dir():
            loading.read(folder)
    return loading.resolve()


@dataclass(slots=True)
class _Sources:
    """The files that make up one calendar, before inheritance.

    `broken`: one of them could not be read, which is reported. What follows from it is not.
    """

    settings: tuple[Document, CalendarFile] | None = None
    years: dict[int, tuple[Document, YearFile]] = field(default_factory=dict)
    broken: bool = False


class _Loading:
    def __init__(self) -> None:
        self._sources: dict[str, _Sources] = {}
        self._resolved: dict[str, CalendarDefinition | None] = {}
        self._problems: list[Problem] = []

    def report(self, file: str, message: str, remedy: str) -> None:
        self._problems.append(Problem(file, 1, "", "", message, remedy))

    def read(self, folder: Path | Traversable) -> None:
        for entry in self._entries(folder):
            if entry.is_dir():
                for file in self._entries(entry):
                    self._collect(file, entry.name)
            elif entry.name.endswith(_SUFFIX):
                self._collect(entry, None)

    def _entries(self, folder: Path | Traversable) -> list[Path | Traversable]:
        """List what a person put there, in order: no hidden file, no __pycache__."""
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(("_", "."))]
        if len(entries) > MAX_FILES:
            message = f"the folder holds {len(entries):,} files, more than {MAX_FILES:,}"
            self.report(str(folder), message, "leave in it what is used")
            return []
        return sorted(entries, key=lambda entry: entry.name)

    def _collect(self, file: Path | Traversable, calendar: str | None) -> None:
        """Take in one file: a year of `calendar`, or a calendar's settings if that is None."""
        stem = file.name.removesuffix(_SUFFIX)
        if stem == file.name:
            self.report(str(file), "not a calendar's file", "name it YYYY.yaml, or move it away")
            return
        sources = self._sources.setdefault(calendar or stem, _Sources())
        try:
            document = read_document(file)
            if calendar is None:
                settings = document.parse(CalendarFile)
                self._check_name(document, "name", settings.name, stem)
                sources.settings = (document, settings)
            else:
                year = document.parse(YearFile)
                self._check_year(document, year)
                if self._check_name(document, "year", str(year.year), stem):
                    sources.years[year.year] = (document, year)
        except SchemaError as error:
            self._problems.extend(error.problems)
            sources.broken = True

    def _check_name(self, document: Document, key: str, written: str, stem: str) -> bool:
        if written != stem:
            message = f"the file is named {stem}{_SUFFIX}"
            self._problems.append(document.problem((key,), message, "let the two agree"))
        return written == stem

    def _check_year(self, document: Document, year: YearFile) -> None:
        for place, day in year.listed():
            if day.date.year != year.year:
                message = f"{day.date} lies outside {year.year}"
                remedy = f"list it in {day.date.year}{_SUFFIX}, with `decree` where it differs"
                self._problems.append(document.problem(place, message, remedy))
                return

    def resolve(self) -> Mapping[str, CalendarDefinition]:
        for name in self._sources:
            self._define(name, ())
        if self._problems:
            raise SchemaError(self._problems)
        return {name: made for name, made in sorted(self._resolved.items()) if made}

    def _define(self, name: str, heirs: tuple[str, ...]) -> CalendarDefinition | None:
        """Make one calendar, its parents first; None where something is wrong with it."""
        if name not in self._resolved:
            self._resolved[name] = None
            sources = self._sources[name]
            if sources.broken:
                return None
            if sources.settings is None:
                for document, _ in sources.years.values():
                    message = f"there is no calendar {name!r} for this year"
                    self.report(document.file, message, f"write {name}{_SUFFIX} beside the folder")
            else:
                document, settings = sources.settings
                parent = self._parent(document, settings, (*heirs, name))
                if settings.extends is None or parent is not None:
                    self._resolved[name] = self._build(name, document, settings, parent)
        return self._resolved[name]

    def _parent(
        self, document: Document, settings: CalendarFile, heirs: tuple[str, ...]
    ) -> CalendarDefinition | None:
        name = settings.extends
        if name is None:
            return None
        if len(heirs) > MOST_HEIRS:
            message = f"more than {MOST_HEIRS} calendars inherit from each other"
            self._problems.append(document.problem(("extends",), message, "leave some of them out"))
        elif name in heirs:
            message = f"a calendar inherits from itself: {' ← '.join((*heirs, name))}"
            self._problems.append(document.problem(("extends",), message, "break the circle"))
        elif name not in self._sources:
            remedy = f"write one of: {', '.join(sorted(self._sources))}"
            self._problems.append(document.problem(("extends",), "no such calendar", remedy))
        else:
            return self._define(name, heirs)
        return None

    def _build(
        self,
        name: str,
        document: Document,
        settings: CalendarFile,
        parent: CalendarDefinition | None,
    ) -> CalendarDefinition | None:
        written = {
            key: value
            for key, value in settings.model_dump(
                exclude={"extends", "decree", "off", "work"}
            ).items()
            if value is not None
        }
        inherited = parent.model_dump() if parent else _ROOT_DEFAULTS
        missing = [key for key in _MUST_BE_SAID if key not in inherited | written]
        for key in missing:
            remedy = f"add it, such as {_MUST_BE_SAID[key]}, or `extends` a calendar that has it"
            self._problems.append(document.problem((key,), "field required", remedy))
        if missing:
            return None
        years = {year.year: year for year in parent.years} if parent else {}
        days = {day.date: day for day in parent.days} if parent else {}
        # What extends another decrees the days that it lists; the others are as sure as there.
        whole = parent is None or settings.decrees not in (None, parent.decrees)
        for year_document, year in self._sources[name].years.values():
            decreed = DecreedYear(year=year.year, decree=year.decree, whole=whole)
            if whole or year.year not in years:
                years[year.year] = decreed
            days |= self._days(year_document, year)
        days |= self._days(document, settings)
        if self._sources[name].years:
            self._check_gap(document, [year.year for year in years.values() if year.whole])
        made = CalendarDefinition.model_validate(
            inherited
            | written
            | {
                "years": tuple(years[year] for year in sorted(years)),
                "days": tuple(days[date] for date in sorted(days)),
            }
        )
        self._problems.extend(_at_odds(document, settings, made))
        return made

    def _days(self, document: Document, listed: ListedDays) -> dict[dt.date, ListedDay]:
        days: dict[dt.date, ListedDay] = {}
        for place, day in listed.listed():
            if day.date in days:
                message = f"{day.date} is listed already"
                self._problems.append(document.problem(place, message, "list each day once"))
            days[day.date] = day
        return days

    def _check_gap(self, document: Document, years: list[int]) -> None:
        """Report a year missing between two decreed ones: a lost file, not a projection."""
        for year in _gaps(sorted(years)):
            self.report(
                document.file, f"{year} is missing between two years", f"add {year}{_SUFFIX}"
            )


def _gaps(years: list[int]) -> Iterator[int]:
    if years:
        yield from sorted(set(range(years[0], years[-1])) - set(years))


def _at_odds(
    document: Document, settings: CalendarFile, made: CalendarDefinition
) -> Iterator[Problem]:
    """Give what a calendar states, or inherits, that cannot hold together."""
    if settings.statute == "cn" and made.decrees == "week":
        message = "the week decrees every day: no law adds a public holiday"
        yield document.problem(("statute",), message, "leave it out, or write `decrees: yearly`")
    hours: list[tuple[Loc, WeekdayHours]] = [(("weekday_hours",), made.weekday_hours)]
    hours += [
        (("seasons", n, "weekday_hours"), s.weekday_hours) for n, s in enumerate(made.seasons)
    ]
    for loc, weekdays in hours:
        for day in weekdays.keys() - set(made.week):
            message = f"{day} is no day of the week that is worked: hours do not make it one"
            yield document.problem(
                (*loc, day), message, f"add {day} to `week`, or leave it out here"
            )
    for n, season in enumerate(made.seasons):
        for day in made.weekday_hours.keys() - season.weekday_hours.keys():
            message = f"{day} has hours of its own outside the season, and none within"
            remedy = f"state them here too: `weekday_hours: {{{day}: […]}}`"
            yield document.problem(("seasons", n), message, remedy)

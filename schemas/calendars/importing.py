"""A year's decree (放假通知) from one file: our own form, or the JSON that is widespread.

`{"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}, …]}`: a day is
off, or (`false`) a make-up day that is worked. A notice may reach back into the December before:
such days are put into that year's file, each with the notice's own number.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from schemas.calendars.days import SATURDAY
from schemas.calendars.fields import LONGEST_NAME, CalendarContract, Date, Text, Year
from schemas.calendars.files import DaysOff, DayWorked, YearFile
from schemas.reading import Document, SchemaError, read_document
from schemas.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from schemas.calendars.definition import ListedDay

MOST_LISTED = 1_000
"""Days of one file of the widespread form: a year has 366, and some December before."""


def _truth(value: Any) -> Any:
    """JSON's own words, which reach the contract as text."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


_EXCHANGED = "调休"
_PLAIN = re.compile(r"[\w〔〕（）、·]+( [\w〔〕（）、·]+)*")
"""What needs no quotes in YAML, and is no number of another kind."""


class _Day(CalendarContract):
    name: Annotated[Text, Field(max_length=LONGEST_NAME - len(_EXCHANGED))]
    date: Date
    off: Annotated[bool, BeforeValidator(_truth)] = Field(alias="isOffDay", strict=True)


class _Widespread(CalendarContract):
    """The widespread form; what else its files say (`$schema`, `papers`) is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    year: Year
    days: tuple[_Day, ...] = Field(min_length=1, max_length=MOST_LISTED)


@dataclass(frozen=True, slots=True)
class YearImport:
    """A year as it is imported, and what its notice says of the year before."""

    year: YearFile
    before: tuple[ListedDay, ...]
    warnings: tuple[Words, ...]
    """What is not plausible, each with the day, and what to check."""


def read_year(path: Path, decree: str | None = None) -> YearImport:
    """Read a year; `decree` is the notice's number where the file lacks it, or has another.

    Raises SchemaError: file, line, key, value, remedy.
    """
    document = read_document(path)
    widespread = isinstance(document.data, dict) and "days" in document.data
    year = _from_days(document) if widespread else document.parse(YearFile)
    if decree is not None:
        year = year.model_copy(update={"decree": decree})
    days: dict[dt.date, ListedDay] = {}
    before: list[ListedDay] = []
    for place, day in year.listed():
        at = ("days",) if widespread else place
        if day.date in days:
            problem = document.problem(at, f"{day.date} is listed twice", "list each day once")
            raise SchemaError([problem])
        days[day.date] = day
        if day.date.year == year.year:
            continue
        if (day.date.year, day.date.month) != (year.year - 1, 12):
            message = f"{day.date} lies outside {year.year} and the December before"
            raise SchemaError([document.problem(at, message, "correct the date, or the year")])
        before.append(day)
    return YearImport(_within(year), tuple(before), tuple(_exchanged_weekdays(days)))


def _from_days(document: Document) -> YearFile:
    found = document.parse(_Widespread)
    off = [day for day in found.days if day.off]
    work = tuple(
        DayWorked(date=day.date, name=day.name + _EXCHANGED) for day in found.days if not day.off
    )
    return YearFile(
        year=found.year, off=tuple(_spans(sorted(off, key=lambda d: d.date))), work=work
    )


def _spans(off: Iterable[_Day]) -> Iterator[DaysOff]:
    """Join days of one holiday that follow each other."""
    first = last = None
    for day in off:
        if last is not None and first is not None:
            if day.name == last.name and (day.date - last.date).days == 1:
                last = day
                continue
            yield _span(first, last)
        first = last = day
    if first is not None and last is not None:
        yield _span(first, last)


def _span(first: _Day, last: _Day) -> DaysOff:
    if first.date == last.date:
        return DaysOff(name=first.name, date=first.date)
    return DaysOff.model_validate({"name": first.name, "from": first.date, "to": last.date})


def _within(year: YearFile) -> YearFile:
    """Give the year without the days of the year before; a span across both is cut."""
    off = []
    for span in year.off:
        days = [day.date for _, day in YearFile(year=year.year, off=(span,)).listed()]
        inside = [day for day in days if day.year == year.year]
        if len(inside) == len(days):
            off.append(span)
        elif inside:
            off.append(
                DaysOff.model_validate({"name": span.name, "from": inside[0], "to": inside[-1]})
            )
    work = tuple(day for day in year.work if day.date.year == year.year)
    return year.model_copy(update={"off": tuple(off), "work": work})


def _exchanged_weekdays(days: dict[dt.date, ListedDay]) -> Iterator[Words]:
    for day in sorted(days.values(), key=lambda d: d.date):
        if day.working and day.date.weekday() < SATURDAY:
            yield Words(
                f"{day.date} 列为调休上班，却是周一至周五：请核对日期",
                f"{day.date} is worked in exchange, but is a weekday: check the date",
            )


def write_year(
    found: YearImport, calendar: str, folder: Path, sources: Sequence[Path]
) -> list[Path]:
    """Write the files of an import into `folder/calendars/CALENDAR/`; tell which.

    Days of the year before go into that year's file, made from the one that is in force: of the
    last of the catalogue directories `sources` that has it, or else the built-in one.
    """
    place = folder / "calendars" / calendar
    place.mkdir(parents=True, exist_ok=True)
    written = [place / f"{found.year.year}.yaml"]
    written[0].write_text(year_text(found.year), encoding="utf-8")
    if found.before:
        old = _year_in_force(calendar, found.year.year - 1, sources)
        written.append(place / f"{old.year}.yaml")
        written[1].write_text(year_text(_amended(old, found)), encoding="utf-8")
    return written


def _year_in_force(calendar: str, year: int, sources: Sequence[Path]) -> YearFile:
    name = f"{year}.yaml"
    places: list[Path | Traversable] = [
        source / "calendars" / calendar / name for source in reversed(sources)
    ]
    places.append(resources.files(__package__).joinpath(calendar, name))
    for place in places:
        if place.is_file():
            return read_document(place).parse(YearFile)
    return YearFile(year=year)


def _amended(old: YearFile, found: YearImport) -> YearFile:
    """Put the days of a later notice in place of what the year's own says of them."""
    dates = {day.date for day in found.before}
    off: list[DaysOff] = []
    for span in old.off:
        days = [day for _, day in YearFile(year=old.year, off=(span,), decree=old.decree).listed()]
        if dates.isdisjoint(day.date for day in days):
            off.append(span)
        else:
            off += [DaysOff(name=span.name, date=d.date) for d in days if d.date not in dates]
    work = [day for day in old.work if day.date not in dates]
    for day in found.before:
        kept = {"name": day.name, "date": day.date, "decree": found.year.decree}
        if day.working:
            work.append(DayWorked(**kept, hours=day.hours))
        else:
            off.append(DaysOff.model_validate(kept))
    return old.model_copy(update={"off": tuple(off), "work": tuple(work)})


def year_text(year: YearFile) -> str:
    """Write a year as a person would: one line a holiday, one a make-up day."""
    lines = [f"year: {year.year}", f"decree: {_scalar(year.decree)}"]
    if year.off:
        lines.append("off:")
        lines += [f"  - {_flow(_entry(span))}" for span in sorted(year.off, key=_first)]
    if year.work:
        lines.append("work:")
        lines += [f"  - {_flow(_entry(day))}" for day in sorted(year.work, key=lambda d: d.date)]
    return "\n".join(lines) + "\n"


def _first(span: DaysOff) -> dt.date:
    return span.date or span.first or dt.date.max


def _entry(entry: DaysOff | DayWorked) -> dict[str, Any]:
    """Give what was written of an entry: a decree of null is said, one that is not given is not."""
    dumped = entry.model_dump(mode="json", by_alias=True)
    unsaid = {"decree"} - entry.model_fields_set
    return {
        key: value
        for key, value in dumped.items()
        if key not in unsaid and (value is not None or key == "decree")
    }


def _flow(entry: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in entry.items()) + "}"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() != "null"
    dated = len(text) > 1 and text[0].isdigit() and set(text) <= set("0123456789-:")
    if plain or dated:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())  # such quotes are YAML's too

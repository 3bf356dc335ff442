"""How halls write a moment: ISO 8601, forms as `strptime` has them, and some that have a name.

A text is a moment, or a date alone: a date has no clock time, and what it then gets depends on what
it is of. What happens gets the clock time that the mapping declares, midnight without one; a due
date ends its day (23:59:59). 24:00 is midnight of the next day; of a due moment, the day's end.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from schemas.bounds import shown
from schemas.events import EARLIEST, LATEST
from schemas.mapping_forms import ISO, NAMED, form_named, like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.mapping_forms import Form

DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
END_OF_DAY: Final = time(23, 59, 59)
MOST_DAYS_KEPT: Final = 40_000
"""Local days whose offset is remembered: a century of them."""
_TWENTY_FOUR: Final = re.compile(
    r"(?P<date>.*[\sT]|\d{8})24(?P<rest>:?00(?::?00(?:[.,]0+)?)?)(?P<offset>Z|[+-][\d:]+)?"
)


_USUAL: Final = re.compile(r"\d{4}-\d\d-\d\d[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)
_NO_YEARS: Final = frozenset({1, 1900, 1970, 9999})
_NO_DAY: Final = re.compile(r"0000|1900.01.00|[0\-/: .]*$")


class Unfit(ValueError):  # noqa: N818 - named after the condition
    """Raised when a cell's text cannot be what its field asks."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Moments:
    """Reads the moments of one table. `zone` is the zone of times without an offset."""

    def __init__(
        self,
        forms: Sequence[str] = (),
        zone: str | None = None,
        of_dates: time | None = None,
        of_due_dates: time | None = None,
    ) -> None:
        self._forms: tuple[Form, ...] = tuple(form_named(name) for name in forms) or (ISO,)
        self._stated = bool(forms)
        self._zone_name, self._zone = zone, None if zone is None else ZoneInfo(zone)
        self._of_dates, self._of_due_dates = of_dates, of_due_dates or END_OF_DAY
        self._due_dates_have_a_clock_time = of_due_dates is not None
        self._offsets: dict[date, tzinfo | None] = {}
        self._days: dict[str, tuple[str, str, int]] = {}
        """Days without a change of the clocks: the offset as ISO and as JSON have it, and the
        midnight in microseconds since 1970."""

    def read(
        self, text: str, *, due: bool = False, dated: bool = False, of_a_date: time | None = None
    ) -> datetime:
        """Read a moment, with its offset. Raises Unfit.

        `due`: it is a due moment. `dated`: its column holds dates, whatever clock time they show.
        `of_a_date`: the clock time that the law gives to a date here.
        """
        moment, clock = self._written(text)
        if due and self._at_24(text) is not None:
            moment -= SECOND
        bare = self._of_dates is not None and moment.tzinfo is None and moment.time() == time()
        if dated or not clock or bare:
            at = of_a_date or (self._of_due_dates if due else self._of_dates)
            moment = moment if at is None else datetime.combine(moment.date(), at, moment.tzinfo)
        if moment.tzinfo is None:
            moment = self._placed(moment, last=due)
        if (moment.utcoffset() or timedelta()) % MINUTE:
            raise Unfit(
                "an offset with seconds, which no event may have",
                "write it in hours and minutes, such as +08:00",
            )
        if moment.year in _NO_YEARS and not EARLIEST <= moment <= LATEST:
            raise Unfit(
                "no moment, but what stands for one that is not known",
                "state the text in table.empty_values, or correct the time",
            )
        return moment

    def at_once(self, text: str) -> tuple[str, str, int] | None:
        """Read a moment of the most usual form without making it; None where it takes more.

        Gives it as ISO and as JSON have it, and in microseconds since 1970.
        """
        if _USUAL.fullmatch(text) is None or self._forms[0] is not ISO:
            return None
        clock = text[11:]
        day = self._days.get(text[:10]) or self._day(text[:10])
        if day is None or (self._of_dates is not None and clock == "00:00:00"):
            return None
        seconds = int(clock[:2]) * 3_600 + int(clock[3:5]) * 60 + int(clock[6:])
        said = f"{text[:10]}T{clock}"
        return said + day[0], said + day[1], day[2] + seconds * 1_000_000

    def _day(self, text: str) -> tuple[str, str, int] | None:
        """Give what `at_once` asks of a day; None for one that takes a closer look."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        if self._zone is None or not EARLIEST.year < day.year < LATEST.year - 1:
            return None
        offset = self._offset_all_day(day)
        if offset is None:
            return None
        midnight = datetime.combine(day, time(), offset)
        iso = midnight.isoformat()[19:]
        found = (iso, "Z" if iso == "+00:00" else iso, round(midnight.timestamp()) * 1_000_000)
        if len(self._days) < MOST_DAYS_KEPT:
            self._days[text] = found
        return found

    def is_date(self, text: str, *, dated: bool = False) -> bool:
        """Tell whether a text that can be read states a date and no clock time, by the mapping.

        A due date with a clock time that the mapping states is a moment.
        """
        if self._due_dates_have_a_clock_time:
            return False
        moment, clock = self._written(text)
        bare = self._of_dates is not None and moment.tzinfo is None and moment.time() == time()
        return (dated or not clock or bare) and self._at_24(text) is None

    def _written(self, text: str) -> tuple[datetime, bool]:
        """Give a moment, and whether a clock time was written. Raises Unfit."""
        first = None
        for form in self._forms:
            found = form.read(text)
            if found is not None and _of_our_years(found[0]):
                return found
            first = first or found
        if first is not None:
            return first
        plain = unicodedata.normalize("NFKC", text)
        if plain != text:
            return self._written(plain)
        late = self._at_24(text)
        if late is not None:
            return late, True
        raise Unfit(*self._no_time(text))

    def _at_24(self, text: str) -> datetime | None:
        """Read 24:00, which is 00:00 of the next day."""
        found = _TWENTY_FOUR.fullmatch(unicodedata.normalize("NFKC", text))
        if found is None:
            return None
        midnight = f"{found['date']}00{found['rest']}{found['offset'] or ''}"
        for form in self._forms:
            read = form.read(midnight)
            if read is not None and read[1] and not read[0].hour:
                return read[0] + DAY
        return None

    def _no_time(self, text: str) -> tuple[str, str]:
        """Say why a text is no moment, and what would read it."""
        forms = ", or as ".join(shown(form.example) for form in self._forms)
        fits = like(text)
        turned = next((f for form in self._forms if (f := _turned(form.name, text))), "")
        if turned:
            return f"no time written as {forms}", (
                f"state table.time_format {turned} instead, if day and month stand the other way"
                " round: then other rows were read wrongly"
            )
        if not any(c.isdigit() for c in text) or _NO_DAY.match(text):
            remedy = "if it stands for 'not known', state it in table.empty_values; else correct it"
        elif fits and (self._stated or fits != ISO.name):
            known = "add" if self._stated else "state"
            remedy = f"{known} table.time_format {fits} in the mapping, if that is how it is meant"
        else:
            remedy = "correct it, or state table.time_format in the mapping"
        return f"no time written as {forms}", remedy

    def _placed(self, moment: datetime, *, last: bool) -> datetime:
        """Give a local time its offset. `last`: of one that occurs twice, the second."""
        if self._zone is None:
            raise Unfit("the time has no offset", "state table.time_zone in the mapping")
        day = moment.date()
        try:
            offset = self._offsets[day]
        except KeyError:
            offset = self._offset_all_day(day)
            if len(self._offsets) < MOST_DAYS_KEPT:
                self._offsets[day] = offset
        if offset is not None:
            return moment.replace(tzinfo=offset)
        local = moment.replace(tzinfo=self._zone, fold=int(last and moment.time() == END_OF_DAY))
        try:
            back = local.astimezone(UTC).astimezone(self._zone)
        except OverflowError:  # on the first or the last day that Python knows
            raise Unfit("no year that an event may have", "correct the time") from None
        if back.replace(tzinfo=None) != moment:
            raise Unfit(
                f"the clocks of {self._zone_name} skip this time: daylight saving begins",
                "correct the time, or table.time_zone in the mapping",
            )
        return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()), fold=0)

    def _offset_all_day(self, day: date) -> tzinfo | None:
        """Give the offset of a day on which the clocks are not changed; None on any other."""
        if not EARLIEST.year <= day.year < LATEST.year:
            return None
        begin = datetime.combine(day, time(), self._zone)
        end = (datetime.combine(day, time(), self._zone) + DAY).replace(fold=1)
        first, last = begin.utcoffset(), end.utcoffset()
        if first != last or first is None or first != begin.replace(fold=1).utcoffset():
            return None
        return timezone(first)


def _turned(name: str, text: str) -> str:
    """Give a form with day and month the other way round, if it reads a text; else ""."""
    other = name.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return other if other != name and form_named(other).read(text) is not None else ""


def _of_our_years(moment: datetime) -> bool:
    return EARLIEST.year <= moment.year <= LATEST.year


def ambiguous(names: Sequence[str]) -> str:
    """Give a text that two of the forms read as two moments, or "".

    Forms are tried in order, so the second reading would never be seen.
    """
    forms = [form_named(name) for name in names]
    for form in forms:
        for text in form.examples:
            read = {found[0] for other in forms if (found := other.read(text)) is not None}
            if len([moment for moment in read if _of_our_years(moment)]) > 1:
                return text
    return ""


def is_a_form(name: str) -> bool:
    """Tell whether a form of times is one: one of those with a name, or as `strptime` has it."""
    if name in NAMED:
        return True
    form = form_named(name)
    return "%" in name and bool(form.examples) and form.read(form.examples[0]) is not None

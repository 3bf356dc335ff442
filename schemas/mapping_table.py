"""How a hall's table is written, and which of its rows a condition picks."""

from __future__ import annotations

from datetime import time
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from schemas.bounds import MOST_RULES
from schemas.limits import Stated
from schemas.mapping_forms import NAMED
from schemas.mapping_times import Moments, ambiguous, is_a_form
from schemas.reading import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_FORMS: Final = 20
LAST_HEADING: Final = 100
"""The last line on which a heading may stand."""


def _quoted(value: Any) -> Any:
    """Refuse what YAML takes for nothing where a text is asked."""
    if value is None:
        raise fault("a plain null is nothing, no text", 'put it in quotes, such as "NULL"')
    return value


Marker = Annotated[str, Field(min_length=1, max_length=100), BeforeValidator(_quoted)]


def _listed(value: Any) -> Any:
    """Let one form stand for a list of one."""
    return [value] if isinstance(value, str) else value


class When(Stated):
    """A condition on a column; with nothing beside it the column must hold something."""

    column: str
    among: tuple[Annotated[str, BeforeValidator(_quoted)], ...] | None = None
    begins_with: tuple[Marker, ...] | None = None
    differs_from: str | None = None
    """Another column, which must not hold the same: for tables that repeat the start of what has no
    end yet in the column of its end."""

    @model_validator(mode="after")
    def _can_hold(self) -> When:
        for name in ("among", "begins_with"):
            given: tuple[str, ...] | None = getattr(self, name)
            if given is not None and not given:
                raise ValueError(f"{name} lists nothing, so the condition never holds")
            for value in given or ():
                if value != value.strip():
                    raise ValueError(
                        f"{name} has {value!r}: a cell is compared without blanks at its ends"
                    )
        if self.differs_from == self.column:
            raise ValueError("a column never differs from itself")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return (self.column,) if self.differs_from is None else (self.column, self.differs_from)


class Table(Stated):
    """How the table is written."""

    encoding: Annotated[str, Field(max_length=40)] = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    escape: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """What stands before a quote within quotes, as MySQL writes it; a doubled quote, when left
    out."""
    heading_line: Annotated[int, Field(ge=1, le=LAST_HEADING)] = 1
    """The line of the names of the columns; what stands above is a title."""
    leave_out: Annotated[tuple[When, ...], Field(max_length=MOST_RULES)] = ()
    """Rows for which any of these holds are none: lines of totals, notes below the table."""
    empty_values: Annotated[tuple[Marker, ...], Field(max_length=100)] = ()
    """What a cell holds that is empty, such as NULL, - or 0000-00-00 00:00:00."""
    time_zone: str | None = None
    """The zone of times without an offset.

    A local time that occurs twice is the first of them; one that never occurs is an error.
    """
    time_format: Annotated[
        tuple[Annotated[str, Field(max_length=100)], ...],
        Field(max_length=MOST_FORMS),
        BeforeValidator(_listed),
    ] = ()
    """Forms of times, each as `strptime` has it or one with a name; ISO 8601, when left out."""
    clock_time_of_dates: time | None = None
    """For a source that records dates only: the clock time that a date gets."""
    clock_time_of_due_dates: time | None = None
    """The clock time of a due date; it ends its day, when left out."""
    date_columns: Annotated[tuple[str, ...], Field(max_length=MOST_RULES)] = ()
    """Columns that hold dates, whatever clock time they show (2026-03-02 00:00:00)."""
    list_separator: Annotated[str, Field(min_length=1, max_length=10)] | None = None
    """What parts the entries of a field that holds several; left out, a cell is one entry."""
    thousands: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """What parts the thousands of a number, such as a comma."""
    decimal: Annotated[str, Field(min_length=1, max_length=1)] = "."
    """What stands before the fraction of a number."""
    zeros_are_meant: bool = False
    """Case numbers of more than 15 figures do end in zeros: no spreadsheet has rounded them."""

    @model_validator(mode="after")
    def _known(self) -> Table:
        """Check the names that only the machine knows."""
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"there is no time zone {self.time_zone}") from None
        try:
            "a".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(f"there is no encoding {self.encoding}") from None
        for form in self.time_format:
            if not is_a_form(form):
                raise ValueError(
                    f"{form} is no form of a time, as strptime has it,"
                    f" and none of {', '.join(NAMED)}"
                )
        return self

    @model_validator(mode="after")
    def _of_one_meaning(self) -> Table:
        """Check what contradicts itself."""
        if text := ambiguous(self.time_format):
            raise ValueError(
                f"two forms of time_format read {text} as two moments: leave the wrong one out"
            )
        if self.thousands == self.decimal:
            raise ValueError("thousands and decimal are the same")
        if '"' in {self.delimiter, self.escape} or self.delimiter in {"\n", "\r", self.escape}:
            raise ValueError("delimiter, escape and the double quote must be three characters")
        for value in self.empty_values:
            if value != value.strip():
                raise ValueError(
                    f"empty_values has {value!r}: a cell is compared without blanks at its ends"
                )
        if self.clock_time_of_dates is not None and self.clock_time_of_dates.tzinfo is not None:
            raise ValueError("clock_time_of_dates has an offset: time_zone states it")
        return self

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        named = {column for condition in self.leave_out for column in condition.columns}
        return frozenset(named | set(self.date_columns))

    @property
    def moments(self) -> Moments:
        """What reads its times."""
        return _moments(
            self.time_format,
            self.time_zone,
            self.clock_time_of_dates,
            self.clock_time_of_due_dates,
        )


_moments = lru_cache(64)(Moments)


class Condition:
    """A condition over the cells of a row, by the places of its columns."""

    def __init__(self, when: When, place: Callable[[str], int], table: Table) -> None:
        self.when = when
        self._at = place(when.column)
        self._among = None if when.among is None else frozenset(when.among)
        self._begins = when.begins_with
        self._other = None if when.differs_from is None else place(when.differs_from)
        self._empty = frozenset(("", *table.empty_values))
        self._moments = table.moments

    def value(self, cells: Sequence[str]) -> str:
        """Give what the column holds; "" for a marker of emptiness."""
        value = cells[self._at].strip()
        return "" if value in self._empty else value

    def holds(self, cells: Sequence[str]) -> bool:
        """Tell whether it holds for a row."""
        value = cells[self._at].strip()
        if value in self._empty:
            return self._among is not None and value in self._among
        if self._among is not None and value not in self._among:
            return False
        if self._begins is not None and not value.startswith(self._begins):
            return False
        return self._other is None or self._differs(value, cells[self._other].strip())

    def _differs(self, value: str, other: str) -> bool:
        """Tell whether two cells do not hold the same: two spellings of one moment are the same."""
        if value == other:
            return False
        try:
            return self._moments.read(value) != self._moments.read(other)
        except ValueError:
            return True

"""The forms in which a table may write a moment: those with a name, and those of `strptime`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from schemas.events import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Callable

_SOME: Final = (
    datetime(2026, 3, 2, 9, 4, 5, tzinfo=UTC),
    datetime(2012, 11, 10, 10, 11, 12, tzinfo=UTC),
)
"""Moments whose day, month and year can be taken for each other."""
_CLOCK: Final = re.compile(r"%[HIMSfpXcTRr]")


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its name, texts in it, and how it is read.

    `read` gives the moment, naive where no offset is written, and whether a clock time is written;
    None for a text of another form.
    """

    name: str
    examples: tuple[str, ...]
    read: Callable[[str], tuple[datetime, bool] | None]

    @property
    def example(self) -> str:
        """How the form looks to a person."""
        return self.examples[0] if self.name in NAMED else self.name


def _iso(text: str) -> tuple[datetime, bool] | None:
    try:
        return datetime.fromisoformat(text), len(text) > 10  # noqa: PLR2004 - 2026-03-02
    except ValueError:
        return None


_CHINESE: Final = re.compile(
    r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]"
    r"(?:\s*(凌晨|早上|上午|中午|下午|晚上)?\s*(\d{1,2})\s*(?:[时点:])"
    r"(?:\s*(\d{1,2})\s*(?:分|:|$)(?:\s*(\d{1,2})\s*秒?)?)?)?"
)


def _chinese(text: str) -> tuple[datetime, bool] | None:
    found = _CHINESE.fullmatch(text)
    if found is None:
        return None
    year, month, day, part, hour, minute, second = found.groups()
    clock = _hour_of(part, int(hour)) if hour else 0
    if clock is None:
        return None
    return _made(
        (int(year), int(month), int(day), clock, int(minute or 0), int(second or 0)), bool(hour)
    )


def _hour_of(part: str | None, hour: int) -> int | None:
    """Give the hour of 24 that is meant, None for what nobody says (上午 15 点, 晚上 12 点)."""
    match part:
        case None:
            return hour
        case "凌晨" | "早上" | "上午":
            return hour % 12 if hour <= 12 else None  # noqa: PLR2004 - the clock face
        case "中午":
            return hour + 12 if hour < 3 else hour if 11 <= hour <= 14 else None  # noqa: PLR2004
        case "晚上" if hour in {0, 12}:
            return None
    if hour > 12:  # noqa: PLR2004 - the clock face
        return hour
    return hour % 12 + 12


_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_ORACLE: Final = re.compile(
    r"(\d{1,2})-\s*([A-Z]{3}|\d{1,2}月)\s*-(\d{4}|\d{2})"
    r"(?:\s+(\d{1,2})[.:](\d{2})[.:](\d{2})(?:\.(\d{1,9}))?\s*(AM|PM|上午|下午)?"
    r"\s*([+-]\d{2}:\d{2})?)?"
)


def _oracle(text: str) -> tuple[datetime, bool] | None:
    found = _ORACLE.fullmatch(text.upper())
    if found is None:
        return None
    day, name, year, hour, minute, second, fraction, part, offset = found.groups()
    month = int(name[:-1]) if name.endswith("月") else _MONTHS.get(name, 0)
    whole = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)  # noqa: PLR2004 - RR
    clock = int(hour or 0)
    if part:
        half = _hour_of("上午" if part in {"AM", "上午"} else "下午", clock)
        if half is None:
            return None
        clock = half
    micro = int((fraction or "0").ljust(6, "0")[:6])
    made = _made(
        (whole, month, int(day), clock, int(minute or 0), int(second or 0), micro), bool(hour)
    )
    if made is None or offset is None:
        return made
    return datetime.fromisoformat(made[0].isoformat() + offset), True


def _made(parts: tuple[int, ...], clock: bool) -> tuple[datetime, bool] | None:
    try:
        return datetime(*parts), clock  # type: ignore[arg-type]  # noqa: DTZ001 - as written
    except ValueError:
        return None


_NUMBER: Final = re.compile(r"\d{1,17}(?:\.\d{1,17})?")
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - on the clock face
"""Day 0, as it must be for every day after February 1900, which Excel gives a day too many."""
_FROM_1904: Final = 1_462


def _excel(shift: int) -> Callable[[str], tuple[datetime, bool] | None]:
    """Days since 1899-12-30, or since 1904-01-01, with their fraction, to the millisecond."""

    def read(text: str) -> tuple[datetime, bool] | None:
        if _NUMBER.fullmatch(text) is None:
            return None
        days = float(text)
        if not 32_000 < days + shift < 73_100:  # noqa: PLR2004 - 1987 to 2100
            return None
        since = timedelta(milliseconds=round((days + shift) * 86_400_000))
        return _EXCEL_EPOCH + since, "." in text

    return read


def _epoch(per_second: int) -> Callable[[str], tuple[datetime, bool] | None]:
    """Seconds, or parts of them, since 1970 in UTC: one unit alone gives a year of our time."""

    def read(text: str) -> tuple[datetime, bool] | None:
        if _NUMBER.fullmatch(text) is None:
            return None
        whole, _, fraction = text.partition(".")
        micro = int(whole) * (1_000_000 // per_second)
        if fraction and per_second < 1_000_000:  # noqa: PLR2004 - microseconds have no parts
            micro += round(float(f"0.{fraction}") * (1_000_000 // per_second))
        if not EARLIEST.timestamp() <= micro / 1_000_000 <= LATEST.timestamp():
            return None
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro), True

    return read


ISO: Final = Form("iso", ("2026-03-02 09:00:00", "2026-03-02", "20260302T090000"), _iso)
NAMED: Final = {
    form.name: form
    for form in (
        ISO,
        Form("chinese", ("2026年3月2日 上午9:00", "2026年3月2日9时05分"), _chinese),
        Form("oracle", ("02-MAR-26 09.00.00.000000 AM", "02-3月 -26"), _oracle),
        Form("excel", ("46083.375", "46083"), _excel(0)),
        Form("excel_1904", ("44621.375", "44621"), _excel(_FROM_1904)),
        Form("epoch_s", ("1772413200",), _epoch(1)),
        Form("epoch_ms", ("1772413200000",), _epoch(1_000)),
        Form("epoch_us", ("1772413200000000",), _epoch(1_000_000)),
    )
}
"""The forms that no text of `strptime` can say."""
_USUAL: Final = (
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%b %d %Y %I:%M%p",
    "%a %b %d %H:%M:%S CST %Y",
)

_PARTS: Final = {
    "Y": r"(?P<Y>\d\d\d\d)",
    "m": r"(?P<m>1[0-2]|0[1-9]|[1-9])",
    "d": r"(?P<d>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])",
    "H": r"(?P<H>2[0-3]|[0-1]\d|\d)",
    "M": r"(?P<M>[0-5]\d|\d)",
    "S": r"(?P<S>6[0-1]|[0-5]\d|\d)",
    "f": r"(?P<f>[0-9]{1,6})",
    "%": "%",
}
"""What each part of a form takes, as Python's `strptime` does: which is slow, and so is left aside
for forms that have none but these."""


@lru_cache(256)
def form_named(name: str) -> Form:
    """Give a form: one of those with a name, or as `strptime` has it."""
    if name in NAMED:
        return NAMED[name]
    return Form(name, _examples(name), _quick(name) or _by_strptime(name))


def _examples(name: str) -> tuple[str, ...]:
    try:
        return tuple(moment.strftime(name) for moment in _SOME)
    except ValueError:
        return ()


def _by_strptime(name: str) -> Callable[[str], tuple[datetime, bool] | None]:
    clock = _CLOCK.search(name) is not None

    def read(text: str) -> tuple[datetime, bool] | None:
        try:
            return datetime.strptime(text, name), clock  # noqa: DTZ007 - the zone follows
        except (ValueError, re.error):  # re.error: a part stands twice
            return None

    return read


def _quick(name: str) -> Callable[[str], tuple[datetime, bool] | None] | None:
    """Read a form without `strptime`, where it has a whole date and figures only."""
    parts = re.split(r"%(.)", name)
    letters = parts[1::2]
    if not {"Y", "m", "d"} <= set(letters) <= set(_PARTS) or len(set(letters)) < len(letters):
        return None
    pattern = "".join(
        _PARTS[part] if place % 2 else re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(part))
        for place, part in enumerate(parts)
    )
    taken = re.compile(pattern, re.IGNORECASE)
    clock = _CLOCK.search(name) is not None

    def read(text: str) -> tuple[datetime, bool] | None:
        found = taken.fullmatch(text)
        if found is None:
            return None
        of = found.groupdict("0")
        return _made(
            (
                int(of["Y"]),
                int(of["m"]),
                int(of["d"]),
                int(of.get("H", 0)),
                int(of.get("M", 0)),
                int(of.get("S", 0)),
                int(of.get("f", "0").ljust(6, "0")),
            ),
            clock,
        )

    return read


def like(text: str) -> str:
    """Give the form, with a name or a usual one, that reads a text; "" where none does."""
    for name in (*NAMED, *_USUAL):
        if form_named(name).read(text) is not None:
            return name
    return ""

"""The stretches of time of one clock, counted or not, each with its reason.

Whole days for a limit in days, seconds for a limit in time; the counted ones add up. Each list
begins where the clock starts (for days: on that day) and goes on without a gap to the end asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

from schemas.words import Words
from streams.engine.figures import brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.words import Language
    from streams.engine.calendar import Calendar

Measure = Literal["day", "second"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of local time: from `begin` up to `end`, exclusive, seconds on the clock face."""

    begin: int
    end: int
    counted: bool
    amount: int
    """Days or seconds, by the clock's measure; 0 where it is not counted."""
    reason: Words
    share: Shared | None = None
    """How much of it is suspended, by shares of days; of whole dates, only for limits in days."""
    procedure: bool = False
    """A special procedure is why it is not counted."""
    offsets: tuple[str, str] = ("", "")
    """The offsets of its ends from UTC, where the clock shows such a time twice."""

    def span(self, measure: Measure, language: Language = "en") -> str:
        """Write it as dates, or as local times."""
        if any(self.offsets):
            begins, ends = self.offsets
            return f"{_moment(self.begin)}{begins} – {_moment(self.end)}{ends}"
        return spelled(self.begin, self.end, measure, language)


@dataclass(frozen=True, slots=True)
class Shared:
    """What is suspended of a date, or of whole dates, and what that sums to so far."""

    suspended: int
    """Seconds of the date's own; of several whole dates, of all of them."""
    whole: int
    total: Fraction
    """The shares of days up to here, this one among them."""
    rounded: int
    """That sum in whole days, half up: so many dates are out."""

    def said(self, days: int) -> Words:
        """Write it so that a clerk can add it up: the share, the sum, the rounded sum."""
        total = Words(_fraction(self.total), _fraction(self.total))
        if self.suspended == self.whole:
            part = Words(f"{days} 整日", f"{days} whole " + ("day" if days == 1 else "days"))
        else:
            share = _fraction(Fraction(self.suspended, self.whole))
            ours, all_ = brief(self.suspended), brief(self.whole)
            part = Words(
                f"{ours.zh} / {all_.zh} = {share} 日", f"{ours.en} of {all_.en} = {share} d"
            )
        return Words(
            f"停 {part.zh}，累计 {total.zh} 日，取整 {self.rounded} 日",
            f"suspended {part.en}, sum {total.en} d, rounded {self.rounded} d",
        )


def _fraction(share: Fraction) -> str:
    """Write a sum of shares exactly; one that is no whole number also in decimals."""
    if share.denominator == 1:
        return str(share.numerator)
    thousandths = (2000 * share.numerator + share.denominator) // (2 * share.denominator)
    return f"{share} (≈{thousandths // 1000}.{thousandths % 1000:03})"


@dataclass(frozen=True, slots=True)
class Stop:
    """A special procedure that stops a clock, as it is told; moments are instants."""

    begin: int
    end: int | None
    """Its end on record, which may lie beyond the days asked."""
    name: Words


def spelled(begin: int, end: int, measure: Measure, language: Language) -> str:
    """Write a stretch of the clock face as dates, or as local times."""
    if measure == "day":
        first, last = _date(begin, language), _date(end - 1, language)
        return first if first == last else f"{first} – {last}"
    return f"{_moment(begin)} – {_moment(end)}"


def words_of(words: Iterable[Words]) -> Words:
    """List things, each once."""
    once = dict.fromkeys(words)
    return Words("、".join(w.zh for w in once), ", ".join(w.en for w in once))


def procedures(names: Iterable[Words]) -> Words:
    """Name the special procedures of a date, whether it is counted or not."""
    named = words_of(names)
    return Words(
        f"特别程序：{named.zh}（《行政许可法》第四十五条）",
        f"special procedure: {named.en} (Licensing Law §45)",
    )


def suspended(names: Iterable[Words]) -> Words:
    """Say that a stretch is not counted, and which special procedures are why."""
    named = words_of(names)
    return Words(
        f"特别程序：{named.zh}，不计入（《行政许可法》第四十五条）",
        f"special procedure: {named.en} (Licensing Law §45)",
    )


def overrun(reason: Words, names: Sequence[Words]) -> Words:
    """Add that special procedures go on though the days asked are used up, if any does."""
    if not names:
        return reason
    named = words_of(names)
    return Words(
        f"{reason.zh}；特别程序所需天数已用完，照常计时：{named.zh}",
        f"{reason.en}; the days asked are used up, time counts again: {named.en}",
    )


WORKED: Final = Words("工作日", "working day")
WEEKEND: Final = Words("周末", "weekend")
LUNCH: Final = Words("午休", "lunch break")
AFTER_HOURS: Final = Words("非工作时间", "outside working hours")
PLAIN: Final = frozenset({WORKED, WEEKEND, LUNCH, AFTER_HOURS})
"""What a week is made of, unless something is out of the ordinary."""


def kind_of(calendar: Calendar, day: int) -> tuple[bool, Words]:
    """Tell whether a day is worked, and what it is called."""
    info = calendar.day_info(day)
    projected = Words("（暂定）", " (projected)") if info.projected else Words("", "")
    if info.working:
        made_up = Words("调休上班", "make-up working day")
        name = made_up if info.name else WORKED
    elif info.standing == "statutory":
        name = Words(f"法定节假日：{info.name}", f"public holiday by law: {info.name}")
    elif info.name:
        name = Words(f"放假：{info.name}", f"day off: {info.name}")
    else:
        name = WEEKEND
    return info.working, Words(name.zh + projected.zh, name.en + projected.en)


def _moment(face: int) -> str:
    return datetime.fromtimestamp(face, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _date(face: int, language: Language) -> str:
    date = datetime.fromtimestamp(face, UTC)
    day = _WEEK[date.weekday()].said(language)
    return f"{date:%Y-%m-%d} {day}"


_WEEK = tuple(
    Words(f"周{zh}", en)
    for zh, en in zip(
        "一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True
    )
)

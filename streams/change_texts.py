"""What an operator reads of a change: the days it moves, the cases it concerns, the totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from schemas.words import CLOCKS, LEVELS, PROVISIONAL, Words
from streams.calendar_answers import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.calendars.days import DayState
    from schemas.changes import CaseDifference, ClockDifference
    from schemas.codes import Level
    from schemas.words import Language
    from streams.change_making import YearChange
    from streams.changing import Progress

OFF: Final = Words("休", "off")
WORKED: Final = Words("上班", "worked")
NOTHING: Final = Words("无", "none")
RESULTS: Final = {
    "applied": Words("已生效", "in force"),
    "compared": Words("试算完毕，未作任何改动", "compared; nothing was changed"),
    "unchanged": Words("与现行的一致，无须改动", "as in force already; nothing to change"),
    "refused": Words("不予采用", "refused"),
}


def year_told(made: YearChange, language: Language) -> Iterator[str]:
    """Tell what a year makes of the calendar in the files, day by day, and what is odd about it."""
    year, others = made.found.year, sorted(set(made.calendars) - {made.calendar})
    decree = year.decree or Words("（未写文号）", "(no number)").said(language)
    yield Words(
        f"日历 {made.calendar}，{year.year} 年，{decree}：",
        f"calendar {made.calendar}, {year.year}, {decree}:",
    ).said(language)
    for change in made.days:
        weekday = WEEKDAYS[change.date.weekday()].said(language)
        name = f" {change.after.name}" if change.after.name else ""
        yield (
            f"  {change.date} {weekday} {_state(change.before).said(language)} →"
            f" {_state(change.after).said(language)}{name}"
        )
    if not made.days:
        yield Words("  各日与文件中的一致", "  every day is as in the files").said(language)
    if others:
        names = ", ".join(others)
        yield Words(f"随之改动的日历：{names}", f"calendars that follow: {names}").said(language)
    for warning in made.found.warnings:
        yield Words(f"请核对：{warning.zh}", f"check: {warning.en}").said(language)
    for each in made.objections:
        yield Words(f"与法律不符：{each.zh}", f"against the law: {each.en}").said(language)


def _state(state: DayState) -> Words:
    return WORKED if state.hours else OFF


@dataclass(frozen=True, slots=True)
class Row:
    """One clock of one case, before and after, in words."""

    case_no: str
    clock: str
    before: str
    after: str


def heads(language: Language) -> tuple[str, str, str, str]:
    """Give the table's heads."""
    words = (
        Words("办件", "case"),
        Words("时限", "clock"),
        Words("变更前", "before"),
        Words("变更后", "after"),
    )
    first, second, third, fourth = (word.said(language) for word in words)
    return first, second, third, fourth


def rows(case: CaseDifference, zone: str, language: Language) -> Iterator[Row]:
    """Tell each clock of a case that the change moves; times on the clock of `zone`."""
    for clock in case.clocks:
        name = CLOCKS[clock.clock].said(language)
        yield Row(
            case.case_no,
            f"{name} {clock.step}" if clock.step else name,
            _figure(clock, zone, language, after=False),
            _figure(clock, zone, language, after=True),
        )


def _figure(clock: ClockDifference, zone: str, language: Language, *, after: bool) -> str:
    due: int | None = clock.due_after if after else clock.due_before
    level: Level = clock.level_after if after else clock.level_before
    provisional = clock.provisional_after if after else clock.provisional_before
    if due is None:
        return NOTHING.said(language)
    said = f"{datetime.fromtimestamp(due, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
    if level.rank:
        said += f" {LEVELS[level].said(language)}"
    if provisional:
        said += f" {PROVISIONAL.said(language)}"
    return said


def totals(progress: Progress, language: Language) -> Iterator[str]:
    """Tell what came of a change, and why it was refused where it was."""
    ended = progress.ended.values()
    for result in sorted({each.result for each in ended}):
        there = sum(each.result == result for each in ended)
        text = RESULTS[result].said(language)
        yield Words(f"{there} 个分区：{text}", f"{there} partitions: {text}").said(language)
    for reason in sorted({each.reason for each in ended if each.reason}):
        yield f"  {reason}"
    judged, changed = (sum(getattr(each, of) for each in ended) for of in ("judged", "changed"))
    yield Words(
        f"重新判定 {judged} 件在办件，其中 {changed} 件有变化",
        f"{judged} open cases judged again, of which {changed} changed",
    ).said(language)

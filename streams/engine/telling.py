"""An explanation, told: as text for a person in either language, and as JSON for a program."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from schemas.words import KINDS, LEVELS, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.words import Language
    from streams.engine.explanation import CaseExplanation, ClockExplanation
    from streams.engine.intervals import Interval

_LABELS = {
    "case": Words("办件编号", "Case"),
    "as_of": Words("截至", "As of"),
    "catalogue": Words("目录版本", "Catalogue version"),
    "records": Words("记录", "Records"),
    "no_clock": Words(
        "目录未对此事项规定时限，因此没有计时（不等于按时）。",
        "The catalogue states no limit for this item: there is no clock (which is not “in time”).",
    ),
    "limit": Words("时限", "Limit"),
    "basis": Words("依据", "Basis"),
    "calendar": Words("日历", "Calendar"),
    "started": Words("起算", "Started"),
    "due": Words("到期（最后一秒）", "Due (the last second in time)"),
    "stopped": Words("终止", "Stopped"),
    "state": Words("状态", "State"),
    "to_due": Words("到期时间的推算", "How the due time follows"),
    "used": Words("已用时间", "Time used"),
    "sum": Words("合计", "Sum"),
    "cards": Words("达到的级别", "Levels reached"),
    "counted": Words("计入", "counted"),
    "not_counted": Words("不计", "not counted"),
    "late": Words("超期", "overdue"),
    "in_time": Words("未超期", "in time"),
}


def tell(found: CaseExplanation, language: Language) -> str:
    """Tell an explanation as lines of text."""
    return "\n".join(_lines(found, language))


def _lines(found: CaseExplanation, language: Language) -> Iterator[str]:
    def label(name: str) -> str:
        return _LABELS[name].said(language)

    zone = ZoneInfo(found.case.rules.calendar.zone)

    def local(instant: int) -> str:
        return datetime.fromtimestamp(instant, zone).strftime("%Y-%m-%d %H:%M:%S")

    yield f"{label('case')}: {found.case_no}"
    yield f"{label('as_of')}: {local(found.as_of)} ({zone.key})"
    yield f"{label('catalogue')}: {found.case.rules.catalogue}"
    yield ""
    yield f"{label('records')}:"
    for entry in found.entries:
        facts = "  ".join(
            x for x in (entry.step_name or entry.step, entry.officer, entry.what) if x
        )
        yield f"  {local(entry.at)}  {KINDS[entry.kind].said(language)}  {facts}".rstrip()
    if not found.clocks:
        yield ""
        yield label("no_clock")
    for clock in found.clocks:
        yield ""
        yield from _clock_lines(clock, language)


def _clock_lines(clock: ClockExplanation, language: Language) -> Iterator[str]:
    def label(name: str) -> str:
        return _LABELS[name].said(language)

    counting, stopped = clock.clock.counting, clock.clock.stopped_at
    verdict = label("late" if clock.overdue else "in_time")
    yield f"■ {clock.title.said(language)} — {verdict}"
    yield f"  {label('limit')}: {clock.limit.said(language)}"
    if clock.clock.limit.basis:
        yield f"  {label('basis')}: {clock.clock.limit.basis}"
    calendar = counting.calendar
    yield f"  {label('calendar')}: {calendar.name} {calendar.version} ({clock.zone})"
    yield f"  {label('started')}: {clock.shown(counting.start)}"
    yield f"  {label('due')}: {clock.shown(counting.due_at)}"
    if stopped is not None:
        yield f"  {label('stopped')}: {clock.shown(stopped)}"
    yield f"  {label('state')}: {clock.state.said(language)}"
    for note in clock.notes:
        yield f"  * {note.said(language)}"
    for name, intervals, total in (
        ("to_due", clock.to_due, clock.total_to_due),
        ("used", clock.used, clock.total_used),
    ):
        if intervals:
            yield f"  {label(name)}:"
            for interval in intervals:
                mark = label("counted" if interval.counted else "not_counted")
                amount = clock.figure(interval.amount).said(language) if interval.counted else ""
                span = interval.span(clock.measure, language)
                yield f"    {span}  {mark}  {interval.reason.said(language)}  {amount}".rstrip()
            yield f"    {label('sum')}: {clock.figure(total).said(language)}"
    if clock.reached:
        yield f"  {label('cards')}:"
        for reached in clock.reached:
            name = LEVELS[reached.level].said(language)
            yield f"    {clock.shown(reached.at)}  {name}  {reached.rule}"


def as_json(found: CaseExplanation) -> dict[str, Any]:
    """Give an explanation as one JSON object; times carry their offset."""
    zone = ZoneInfo(found.case.rules.calendar.zone)

    def moment(instant: int | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, zone).isoformat()

    return {
        "case": found.case_no,
        "as_of": moment(found.as_of),
        "catalogue": found.case.rules.catalogue,
        "records": [
            {
                "at": moment(entry.at),
                "kind": entry.kind,
                "version": entry.version,
                "source": entry.source,
                "step": entry.step or None,
                "officer": entry.officer or None,
            }
            for entry in found.entries
        ],
        "clocks": [_clock_json(clock) for clock in found.clocks],
    }


def _clock_json(clock: ClockExplanation) -> dict[str, Any]:
    zone = ZoneInfo(clock.zone)

    def moment(instant: int | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, zone).isoformat()

    def intervals(found: tuple[Interval, ...]) -> list[dict[str, Any]]:
        return [
            {
                "span": interval.span(clock.measure),
                "counted": interval.counted,
                "amount": interval.amount,
                "reason": {"zh": interval.reason.zh, "en": interval.reason.en},
            }
            for interval in found
        ]

    calendar = clock.clock.counting.calendar
    return {
        "clock": clock.clock.clock_id,
        "title": {"zh": clock.title.zh, "en": clock.title.en},
        "limit": {"zh": clock.limit.zh, "en": clock.limit.en},
        "basis": clock.clock.limit.basis,
        "calendar": calendar.name,
        "calendar_version": calendar.version,
        "started_at": moment(clock.clock.counting.start),
        "due_at": moment(clock.clock.due_at),
        "stopped_at": moment(clock.clock.stopped_at),
        "overdue": clock.overdue,
        "provisional": clock.clock.counting.provisional,
        "measure": clock.measure,
        "to_due": intervals(clock.to_due),
        "total_to_due": clock.total_to_due,
        "used": intervals(clock.used),
        "total_used": clock.total_used,
        "notes": [{"zh": note.zh, "en": note.en} for note in clock.notes],
        "reached": [
            {"level": str(r.level), "at": moment(r.at), "rule": r.rule} for r in clock.reached
        ],
    }

"""A limit in time, told second by second: the working time, or the clock's, from the start."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from schemas.words import Words
from streams.engine.counting import DAY, HOUR
from streams.engine.counting.common import merged
from streams.engine.figures import offset_of
from streams.engine.intervals import (
    AFTER_HOURS,
    LUNCH,
    Interval,
    Stop,
    kind_of,
    overrun,
    suspended,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from streams.engine.calendar import Calendar
    from streams.engine.counting import SpotCount, TimeCount
    from streams.engine.counting.common import Pause


def seconds_told(counting: TimeCount, until: int, stops: Sequence[Stop]) -> Iterator[Interval]:
    """Give the stretches from the start up to an instant, counted or not."""
    begin, end = counting.axis(counting.start), counting.axis(until)
    due = counting.axis(counting.due_at)
    pauses = [pause for pause in counting.pauses if pause.start <= due]
    for span in _spans(begin, end, pauses, stops, counting.axis):
        if not counting.on_clock:
            yield from _of_working_time(counting.calendar, span)
        else:
            yield _on_clock(counting.calendar, span)


def spot_told(counting: SpotCount, until: int, stops: Sequence[Stop]) -> Iterator[Interval]:
    """Give the stretches of an on-the-spot case: the working time from its start."""
    calendar = counting.calendar
    pauses = merged(counting.stays)
    begin, end = calendar.face(counting.start), calendar.face(until)
    for span in _spans(begin, end, pauses, stops, calendar.face):
        yield from _of_working_time(calendar, span)


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of a counting's axis in which the same special procedures stand."""

    begin: int
    end: int
    paused: list[Words]
    over: list[Words]


def _spans(
    begin: int,
    end: int,
    pauses: Sequence[Pause],
    stops: Sequence[Stop],
    axis: Callable[[int], int],
) -> Iterator[_Span]:
    """Divide an axis where a special procedure begins, stops to count as one, or ends."""
    paused: list[tuple[int, int, Words]] = []
    over: list[tuple[int, int, Words]] = []
    for stop in stops:
        start = axis(stop.begin)
        pause = next((p for p in pauses if p.start <= start < p.end), None)
        beyond = start if pause is None else pause.end
        if pause is not None:
            paused.append((pause.start, pause.end, stop.name))
        over.append((beyond, end if stop.end is None else axis(stop.end), stop.name))
    edges = {edge for a, b, _ in (*paused, *over) if b > a for edge in (a, b)}
    cuts = [begin, *sorted(edge for edge in edges if begin < edge < end), end]
    for a, b in pairwise(cuts):
        if b > a:
            yield _Span(
                a,
                b,
                [name for since, to, name in paused if since <= a < to],
                [name for since, to, name in over if since <= a < to],
            )


def _on_clock(calendar: Calendar, span: _Span) -> Interval:
    begin, end = calendar.face(span.begin), calendar.face(span.end)
    offsets = offset_of(span.begin, calendar), offset_of(span.end, calendar)
    if span.paused:
        reason = suspended(span.paused)
        return Interval(
            begin, end, counted=False, amount=0, reason=reason, procedure=True, offsets=offsets
        )
    amount = span.end - span.begin
    reason = Words("连续计时", "on the clock")
    shifted = amount - (end - begin)
    if shifted:
        reason = Words(
            f"{reason.zh}（期间钟表拨动 {-shifted / HOUR:+g} 小时）",
            f"{reason.en} (clocks were changed by {-shifted / HOUR:+g} h meanwhile)",
        )
    reason = overrun(reason, span.over)
    return Interval(begin, end, counted=True, amount=amount, reason=reason, offsets=offsets)


def _of_working_time(calendar: Calendar, span: _Span) -> Iterator[Interval]:
    if span.paused:
        reason = suspended(span.paused)
        yield Interval(span.begin, span.end, counted=False, amount=0, reason=reason, procedure=True)
        return
    place, end = span.begin, span.end
    for day in range(place // DAY, end // DAY + 1):
        for opens, closes in calendar.hours(day):
            start, stop = max(place, day * DAY + opens), min(end, day * DAY + closes)
            if stop <= start:
                continue
            if start > place:
                yield _idle(calendar, place, start)
            reason = overrun(kind_of(calendar, day)[1], span.over)
            yield Interval(start, stop, counted=True, amount=stop - start, reason=reason)
            place = stop
    if end > place:
        yield _idle(calendar, place, end)


def _idle(calendar: Calendar, begin: int, end: int) -> Interval:
    first, last = begin // DAY, (end - 1) // DAY
    names = [kind for day in range(first, last + 1) if not (kind := kind_of(calendar, day))[0]]
    if names:
        reason = words_of(name for _, name in names)
    elif calendar.opening(first) < begin % DAY and end - first * DAY < calendar.close(first):
        reason = LUNCH
    else:
        reason = AFTER_HOURS
    return Interval(begin, end, counted=False, amount=0, reason=reason)

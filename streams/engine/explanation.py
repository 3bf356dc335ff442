"""The explanation (时限说明) of a case: every interval counted and not counted, whose sum is shown.

A clerk who never saw the program must be able to check it with a wall calendar. Two lists for each
clock: how its due moment follows from its limit, and how much of it is used; and why it starts
there, what moved it, what was refused, and what each level rests on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import Unit
from schemas.words import STATES, Words
from streams.engine.case import assess
from streams.engine.counting import DAY, DayCount, SpotCount, TimeCount
from streams.engine.figures import amount_of, duration, shown
from streams.engine.intervals import Interval, Measure, Stop
from streams.engine.intervals_of_days import days_told
from streams.engine.intervals_of_seconds import seconds_told, spot_told
from streams.engine.limits_told import first_projected, limit_told, notes_of, title_of
from streams.engine.offline import by_then
from streams.engine.reasons import Why
from streams.engine.reasons_of_levels import of_level
from streams.engine.reasons_of_moves import of_extension, of_refusal, of_suspension, procedure
from streams.engine.zone import LAST_DAY

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from schemas.codes import Level
    from schemas.events import Envelope
    from schemas.limits import Ladder
    from streams.engine.card_stories import CardStory
    from streams.engine.case import Case
    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.findings import Finding
    from streams.engine.offline import Came
    from streams.engine.rules import Rules


NOTHING: Final = Words("", "")


@dataclass(frozen=True, slots=True)
class Told:
    """What a record does to a clock, in words; `record` is its number in the list of records."""

    at: int
    record: int
    what: Words
    reason: str = ""
    """Why it is refused (`schemas.words.REFUSALS`); empty where it is not."""


@dataclass(frozen=True, slots=True)
class ToldLevel:
    """A level of a clock, the first second at which it holds, and what its rule asks in words."""

    level: Level
    at: int
    rule: str
    why: Words


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """Why a clock is due when it is, and how much of it is used. Moments are instants."""

    clock: Clock
    title: Words
    limit: Words
    start: Words
    """What it starts with: a record, silence, an assumption."""
    end: Words
    """The record that stopped it; empty while it runs."""
    due: Words
    """Where the due moment comes from, when it is not counted; else empty."""
    measure: Measure
    zone: str
    state: Words
    stopped_at: int | None
    """When it stopped, if it has by the moment of the question."""
    overdue: bool
    to_due: tuple[Interval, ...]
    """From the start to the due moment; counted amounts add up to the limit."""
    used: tuple[Interval, ...]
    """From the start to the moment of the question, or to the clock's end."""
    total_to_due: int
    total_used: int
    reached: tuple[ToldLevel, ...]
    """The levels that hold, and are known to hold."""
    coming: tuple[ToldLevel, ...]
    """Those that will, unless something happens."""
    moved_by: tuple[Told, ...]
    """The special procedures that stop it, and the extension that lengthened it."""
    refused: tuple[Told, ...]
    """What was to move it and does not, with the reason."""
    first_projected: dt.date | None
    """The first day nobody has decreed that a provisional due moment rests on."""
    notes: tuple[Words, ...]

    def shown(self, instant: int) -> str:
        """Write an instant on the clock's own calendar."""
        return shown(instant, self.clock.counting.calendar)

    def figure(self, total: int) -> Words:
        """Write a total as the clock is shown: months are counted out in natural days."""
        if self.measure == "second":
            return duration(total)
        unit = self.clock.limit.unit or Unit.WORKING_DAY  # a stated date counts in those
        return amount_of(total, Unit.NATURAL_DAY if unit is Unit.MONTH else unit)


@dataclass(frozen=True, slots=True)
class CaseExplanation:
    """A case at a moment: what is on record, each clock explained, what was found and issued."""

    case_no: str
    as_of: int
    known_at: int | None
    """By whose knowledge it is told; None for what is known now."""
    case: Case
    entries: tuple[Entry, ...]
    """The records, in order; they are cited by their number, from 1."""
    clocks: tuple[ClockExplanation, ...]
    findings: tuple[Finding, ...]
    cards: tuple[CardStory, ...] | None
    """From the history; None where there is none to ask."""

    def number(self, entry: Entry) -> int | None:
        """Give a record's number in the list; None where it was replaced since.

        Two that contradict each other under one version have each its own.
        """
        place = next((n for n, each in enumerate(self.entries, 1) if each == entry), None)
        return place or self.numbered(entry.id, entry.version)

    def numbered(self, record: int, version: int) -> int | None:
        """Give the number of a version of a record."""
        places = enumerate(self.entries, 1)
        return next((n for n, e in places if (e.id, e.version) == (record, version)), None)


def explain_case(  # noqa: PLR0913 - by name, each with a default
    case_no: str,
    events: Iterable[Envelope],
    rules: Rules,
    as_of: int,
    cards: Sequence[CardStory] | None = None,
    *,
    known_at: int | None = None,
    came: Came | None = None,
    remembered: Sequence[Finding] = (),
    pins: Mapping[int, Rules] | None = None,
) -> CaseExplanation | None:
    """Explain a case at a moment (seconds since the epoch), by what had happened by then.

    `events` and `cards` are those that are known: as known at another time (`known_at`, which is
    only told), leave out what came later; `came` is when each event arrived, `remembered` what is
    found once and never derived again, and `pins` the law of the records that pinned another than
    `rules`. None where nothing had happened.
    """
    entries = by_then(events, as_of, rules, came)
    if not entries:
        return None
    laws = pins or {}
    case = assess(entries, rules, (lambda record: laws.get(record.id, rules)) if laws else None)
    numbers = {entry: number for number, entry in enumerate(entries, 1)}
    whys = [Why(each, numbers) for each in case.rounds]
    ladders = dict(rules.catalogue.ladders)
    for law in laws.values():
        ladders = {**law.catalogue.ladders, **ladders}
    return CaseExplanation(
        case_no=case_no,
        as_of=as_of,
        known_at=known_at,
        case=case,
        entries=tuple(entries),
        clocks=tuple(
            explain_clock(clock, as_of, whys[clock.round - 1], ladders)
            for clock in case.known(as_of)
        ),
        findings=tuple(f for f in (*case.findings, *remembered) if f.at <= as_of),
        cards=None if cards is None else tuple(c for c in cards if c.holds_from <= as_of),
    )


def explain_clock(
    clock: Clock, as_of: int, why: Why, ladders: Mapping[str, Ladder]
) -> ClockExplanation:
    """Explain one clock at a moment (seconds since the epoch)."""
    counting = clock.counting
    stopped = clock.stopped_at is not None and clock.stopped_at <= as_of
    to_due, used = _intervals(clock, clock.until(as_of), _stops(clock, why))
    reached = clock.reached(as_of)
    coming = () if stopped else [level for level in clock.levels if level not in reached]
    levels, ahead = (
        tuple(ToldLevel(it.level, it.at, it.rule, of_level(clock, it, ladders)) for it in some)
        for some in (reached, coming)
    )
    return ClockExplanation(
        clock=clock,
        title=title_of(clock),
        limit=limit_told(clock),
        start=why.start(clock),
        end=why.end(clock) if stopped else NOTHING,
        due=why.stated(clock) if clock.limit.stated is not None else NOTHING,
        measure="second" if isinstance(counting, TimeCount | SpotCount) else "day",
        zone=counting.calendar.zone,
        state=STATES[clock.state(as_of)],
        stopped_at=clock.stopped_at if stopped else None,
        overdue=clock.overdue(as_of),
        to_due=to_due,
        used=used,
        total_to_due=sum(interval.amount for interval in to_due),
        total_used=sum(interval.amount for interval in used),
        reached=levels,
        coming=ahead,
        moved_by=tuple(_moved_by(clock, why)),
        refused=tuple(
            Told(r.record.at, why.numbers[r.record], of_refusal(why, clock, r), r.reason)
            for r in sorted(clock.refused, key=lambda r: r.record)
            if r.reason != "taken_in"
        ),
        first_projected=first_projected(counting),
        notes=(
            *notes_of(clock),
            *(of_refusal(why, clock, r) for r in clock.refused if r.reason == "taken_in"),
        ),
    )


def _stops(clock: Clock, why: Why) -> list[Stop]:
    return [Stop(s.start, s.end, procedure(why, s)) for s in clock.suspensions]


def _intervals(
    clock: Clock, until: int, stops: Sequence[Stop]
) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
    """Give the stretches up to the due moment, and up to the end or the moment asked."""
    counting = clock.counting
    until = min(max(until, counting.start), counting.calendar.instant(LAST_DAY * DAY))
    if isinstance(counting, TimeCount):
        to_due, used = (seconds_told(counting, at, stops) for at in (clock.due_at, until))
    elif isinstance(counting, SpotCount):
        to_due, used = (spot_told(counting, at, stops) for at in (clock.due_at, until))
    elif isinstance(counting, DayCount):
        to_due = days_told(counting, counting.last, stops)
        used = days_told(counting, counting.calendar.face(until) // DAY, stops)
    else:
        return (), ()
    return tuple(to_due), tuple(used)


def _moved_by(clock: Clock, why: Why) -> Iterator[Told]:
    for suspension in clock.suspensions:
        record = suspension.record
        yield Told(record.at, why.numbers[record], of_suspension(why, clock, suspension))
    if clock.extension is not None:
        record = clock.extension
        yield Told(record.at, why.numbers[record], of_extension(why, clock))

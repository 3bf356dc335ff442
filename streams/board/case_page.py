"""The case page's view: each clock with its explanation, cards with their moves, the time line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal

from pydantic import ValidationError

from schemas.events import STEP_EVENT, StepEvent
from schemas.kept import Kept
from streams.board.spans import stretch
from streams.engine.explanation import explain_case
from streams.engine.telling_weeks import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.events import Envelope
    from schemas.words import Words
    from streams.board.history import CaseFile, ClockLine, FindingLine, Happening, Move, Ruling
    from streams.engine.explanation import ClockExplanation
    from streams.engine.intervals import Interval
    from streams.engine.rules import Rules

LONGEST: Final = 400
"""Stretches listed of one clock; a page must stay quick though a case is years over."""
SHORT: Final = 24
_KEPT: Final[Kept[StepEvent]] = Kept(STEP_EVENT)
Fate = Literal["", "taken_back", "replaced"]
LATE: Final = 86_400
"""Seconds between occurrence and arrival above which the time line says so."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, counted or not; `start` and `width` place it on a ribbon, in per cent."""

    span: Words
    counted: bool
    amount: Words | None
    reason: Words
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Count:
    """A list of stretches whose counted ones add up to the total."""

    stretches: Sequence[Stretch]
    left_out: int
    left_out_amount: Words | None
    total: Words

    @property
    def short(self) -> bool:
        """Whether it is short enough to stand open on the page."""
        return len(self.stretches) <= SHORT


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock on record, and how it is counted where that can be told."""

    line: ClockLine
    overdue: bool
    explained: ClockExplanation | None
    to_due: Count | None
    used: Count | None


@dataclass(frozen=True, slots=True)
class CardView:
    """A card and its moves, oldest first."""

    first: Move
    moves: Sequence[Move]

    @property
    def standing(self) -> bool:
        """Whether it was not retracted."""
        return self.moves[-1].move != "retracted"


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding, and the place in the time line of the record that shows it."""

    line: FindingLine
    record: Happening | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the time line: an event, a card's move, or a ruling."""

    at: int
    event: Happening | None = None
    move: Move | None = None
    ruling: Ruling | None = None
    fate: Fate = ""
    """What became of the record: a later version voids it, or says something else."""

    @property
    def late(self) -> bool:
        """Whether it was keyed in long after it happened (补录)."""
        return self.event is not None and self.event.arrived_at - self.at > LATE


@dataclass(frozen=True, slots=True)
class CaseView:
    """The case page."""

    file: CaseFile
    clocks: Sequence[ClockView]
    findings: Sequence[FindingView]
    cards: Sequence[CardView]
    entries: Sequence[Entry]
    unreadable: int
    catalogue: str | None
    """The version of the catalogue that explains; None where there is none."""


def case_view(file: CaseFile, rules: Rules | None) -> CaseView:
    """Arrange a case's file; explain its clocks where the rules are at hand."""
    events, unreadable = _events(file.events)
    explanation = None
    if rules is not None and events and file.aside is None:  # else it would fail here too
        explanation = explain_case(file.case.case_no, events, rules, file.now)
    explained = {c.clock.clock_id: c for c in explanation.clocks} if explanation else {}
    entries = _entries(file)
    return CaseView(
        file=file,
        clocks=[_clock(line, explained.get(line.clock_id), file.now) for line in file.clocks],
        findings=[_finding(line, entries) for line in file.findings],
        cards=_cards(file.moves),
        entries=entries,
        unreadable=unreadable,
        catalogue=rules.catalogue.version if rules else None,
    )


def _events(recorded: Iterable[Happening]) -> tuple[list[Envelope], int]:
    events: list[Envelope] = []
    unreadable = 0
    for each in recorded:
        try:
            events.append(_KEPT.validate_json(each.content))
        except ValidationError:
            unreadable += 1
    return events, unreadable


def _clock(line: ClockLine, explained: ClockExplanation | None, now: int) -> ClockView:
    if explained is not None and explained.clock.due_at != line.due_at:
        explained = None  # an earlier round's law, which this catalogue is not: nothing untrue
    until = now if line.stopped_at is None else min(now, line.stopped_at)
    return ClockView(
        line=line,
        overdue=until > line.due_at,
        explained=explained,
        to_due=_count(explained, explained.to_due, explained.total_to_due) if explained else None,
        used=_count(explained, explained.used, explained.total_used) if explained else None,
    )


def _count(clock: ClockExplanation, intervals: Sequence[Interval], total: int) -> Count | None:
    intervals = shortened(clock.clock.counting, intervals)
    if not intervals:
        return None
    begin, end = intervals[0].begin, intervals[-1].end
    length = max(1, end - begin)
    rest = intervals[LONGEST:]
    return Count(
        stretches=[
            Stretch(
                span=stretch(i.begin, i.end, by_day=clock.measure == "day"),
                counted=i.counted,
                amount=clock.figure(i.amount) if i.counted else None,
                reason=i.reason,
                start=round(100 * (i.begin - begin) / length, 3),
                width=round(100 * (i.end - i.begin) / length, 3),
            )
            for i in intervals[:LONGEST]
        ],
        left_out=len(rest),
        left_out_amount=clock.figure(sum(i.amount for i in rest)) if rest else None,
        total=clock.figure(total),
    )


def _cards(moves: Sequence[Move]) -> list[CardView]:
    ordered = sorted(moves, key=lambda m: (m.card_id, m.epoch, m.move_no))
    cards = [list(of_one) for _, of_one in groupby(ordered, key=lambda m: m.card_id)]
    cards.sort(key=lambda of_one: (of_one[0].at, of_one[0].holds_from, of_one[0].card_id))
    return [CardView(of_one[0], of_one) for of_one in cards]


def _fate(event: Happening, latest: int, voided: bool) -> Fate:
    if voided:
        return "taken_back"
    return "replaced" if event.version < latest else ""


def _finding(line: FindingLine, entries: Sequence[Entry]) -> FindingView:
    for place, entry in enumerate(entries):
        event = entry.event
        shows = (line.record, line.record_version, line.occurred_at)
        if event and (event.record, event.version, event.at) == shows:
            return FindingView(line, event, place)
    return FindingView(line, None, None)


def _entries(file: CaseFile) -> list[Entry]:
    latest: dict[tuple[str, str], tuple[int, bool]] = {}
    for event in file.events:
        name, version = (event.source, event.event_id), (event.version, event.voided)
        latest[name] = max(version, latest.get(name, version))
    entries = [
        Entry(e.at, event=e, fate=_fate(e, *latest[e.source, e.event_id])) for e in file.events
    ]
    entries += [Entry(m.at, move=m) for m in file.moves]
    entries += [Entry(r.at, ruling=r) for r in file.rulings]
    return sorted(entries, key=lambda entry: entry.at)

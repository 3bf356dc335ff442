"""The judge (研判): clocks and findings and now give levels; less what was issued, they give moves.

A card is a statement: this clock reached this level at this second. While the statement is true
the card stands; when a record makes it untrue it is retracted with its reason, and a new statement
gets a new card. An alert lives while its card stands, its clock runs and nobody has closed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from schemas.about import is_finding, kind_of, round_of, step_of
from schemas.codes import Level
from schemas.verdicts import LevelReached
from streams.engine.calendar import OutsideCalendar
from streams.engine.clocks import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.codes import ClockKind
    from schemas.verdicts import Move
    from streams.engine.entries import Entry

NEVER: Final = 1 << 62
"""Later than every moment."""
DAY: Final = 86_400


class Subject(Protocol):
    """What a card can be about: a clock, or a finding."""

    @property
    def record(self) -> Entry:
        """The record by which it is known again where its name changes."""

    @property
    def clock_id(self) -> str:
        """Its name within the case."""

    @property
    def kind(self) -> ClockKind:
        """What it is."""

    @property
    def due_at(self) -> int:
        """The last second in time; of a finding, its moment."""

    @property
    def running(self) -> bool:
        """Whether a card on it should ring."""

    def reached(self, now: int) -> list[LevelReached]:
        """Give the levels that hold, and are known to hold, at a moment."""

    def coming(self, now: int) -> int | None:
        """Give the next moment after `now` at which it reaches a level."""


class Card(Struct, array_like=True, frozen=True, order=True):
    """What is remembered of the latest card of a clock and level."""

    clock_id: str
    level: Level
    sequence: int
    """1 for the first card of this clock and level, 2 for the next, …"""
    issued_at: int
    holds_from: int
    due_at: int
    rule: str
    moves: int
    standing: bool
    active: bool
    """Whether it stands, its clock runs, and nobody has closed it."""
    record: int = -1
    """What its clock started with when it was issued; -1 where an earlier version issued it."""
    replaces: str = ""
    """The card (`card_name`) in whose place it was issued: its clock had changed its round."""


class Answer(Struct, array_like=True, frozen=True, order=True):
    """A ruling (处理意见) on one card, as far as the verdicts depend on it."""

    card_id: str
    at: int
    """When it was decided, as its author says."""
    ruling_id: str
    closed: bool
    arrived: int = -1
    """When it had surely not come before; -1: before the first tick, or not known; `UNTOLD`."""

    @property
    def since(self) -> int:
        """Since when it takes effect: since its arrival, or what it says, where that is later."""
        return max(self.at, self.arrived)

    @property
    def closed_from(self) -> int:
        """Since when the card is closed by it."""
        return self.since if self.closed else NEVER

    def same(self, other: Answer) -> bool:
        """Tell whether another is a copy of it."""
        return (self.card_id, self.at, self.ruling_id, self.closed) == (
            other.card_id, other.at, other.ruling_id, other.closed,
        )  # fmt: skip


class Answered(NamedTuple):
    """What all rulings on one card come to: since when it is answered, and closed."""

    since: int
    closed_from: int


def answers_of(answers: Sequence[Answer]) -> dict[str, Answered]:
    """Join the rulings on each card, by the card's id."""
    joined: dict[str, Answered] = {}
    for answer in answers:
        first = joined.get(answer.card_id, Answered(NEVER, NEVER))
        joined[answer.card_id] = Answered(
            min(first.since, answer.since), min(first.closed_from, answer.closed_from)
        )
    return joined


@dataclass(frozen=True, slots=True)
class CardMove:
    """A move of a card, and the card as it is after it."""

    move: Move
    reason: str
    card: Card
    subject: Subject | None
    """None when the clock is gone: the records no longer say that it ever ran."""


NO_ANSWERS: Final[Mapping[str, Answered]] = {}
"""The answer to each card, by the card's name within the case (`card_name`)."""


def judge(
    subjects: Sequence[Subject],
    cards: Mapping[str, Card],
    now: int,
    answers: Mapping[str, Answered] = NO_ANSWERS,
) -> list[CardMove]:
    """Give every move that is due at `now`, in the order of the subjects and their levels."""
    moves: list[CardMove] = []
    held: set[str] = set()
    for subject in subjects:
        for reached in _reached(subject, cards, now, answers):
            key = card_key(subject.clock_id, reached.level)
            held.add(key)
            moves += _moves(subject, reached, cards.get(key), now, answers)
    if not held.issuperset(cards):
        by_id = {subject.clock_id: subject for subject in subjects}
        for key, card in cards.items():
            if card.standing and key not in held:
                subject_now = by_id.get(card.clock_id)
                moves.append(_retract(card, subject_now, _why(card, subject_now, answers)))
    return _of_other_rounds(moves, subjects, now, answers) if moves else moves


def _of_other_rounds(
    moves: list[CardMove],
    subjects: Sequence[Subject],
    now: int,
    answers: Mapping[str, Answered],
) -> list[CardMove]:
    """Say of cards whose clock has changed its round that this is why they are retracted.

    A clock is known again by the record that it starts with; the card that is issued on it under
    its new name names the one that it replaces, and does not ring where that was closed.
    """
    renamed: dict[str, str] = {}
    for index, moved in enumerate(moves):
        card = moved.card
        if moved.move != "retracted" or is_finding(card.clock_id):
            continue
        subject = next((s for s in subjects if _is_renamed(s, card)), None)
        if subject is not None:
            moves[index] = replace(moved, reason="round")
            renamed[card_key(subject.clock_id, card.level)] = card_name(card)
    if not renamed:
        return moves
    for index, moved in enumerate(moves):
        old = renamed.get(card_key(moved.card.clock_id, moved.card.level), "")
        if old and moved.move == "issued":
            closed = old in answers and answers[old].closed_from <= now
            rings = moved.card.active and not closed
            card = msgspec.structs.replace(moved.card, replaces=old, active=rings)
            moves[index] = replace(moved, card=card)
    # The new card first: so whoever is told of it sees that the old one still rings.
    return sorted(moves, key=lambda moved: moved.reason == "round")


def _is_renamed(subject: Subject, card: Card) -> bool:
    """Tell whether a card's clock goes by another name now: it is of another round.

    A card of an earlier version does not say what its clock started with: its due moment tells.
    """
    same = subject.record.id == card.record if card.record >= 0 else subject.due_at == card.due_at
    return (
        same
        and subject.clock_id != card.clock_id
        and round_of(subject.clock_id) != round_of(card.clock_id)
        and kind_of(subject.clock_id) is kind_of(card.clock_id)
        and step_of(subject.clock_id) == step_of(card.clock_id)
    )


def next_at(
    subjects: Sequence[Subject],
    cards: Mapping[str, Card],
    now: int,
    answers: Mapping[str, Answered] = NO_ANSWERS,
) -> int:
    """Give the next moment at which a verdict can change; `now` itself when one is due already.

    `now` is 0 before the first tick: no date is known, and no level is reached.
    """
    due = judge(subjects, cards, now, answers)
    return now if due else coming(subjects, cards, now, answers)


def coming(
    subjects: Sequence[Subject],
    cards: Mapping[str, Card],
    now: int,
    answers: Mapping[str, Answered] = NO_ANSWERS,
) -> int:
    """Give the next moment after `now` at which a level is reached, or `NEVER`.

    Or at which another officer may answer for a clock: then the case is told anew.
    """
    soonest = NEVER
    for subject in subjects:
        at = subject.coming(now)
        if at is not None and at < soonest:
            soonest = at
        if isinstance(subject, Clock) and subject.post is not None:
            at = subject.hands_over(now)
            if at is not None and at < soonest:
                soonest = at
        if cards:
            silent = _silence(subject, cards, answers)
            if silent is not None and now < silent.at < soonest:
                soonest = silent.at
    for answer in answers.values():
        if now < answer.closed_from < soonest:
            soonest = answer.closed_from
    return soonest


def card_key(clock_id: str, level: Level) -> str:
    """Name a clock's level within its case."""
    return f"{clock_id}/{level}"


def card_name(card: Card) -> str:
    """Name a card within its case."""
    return f"{card.clock_id}/{card.level}/{card.sequence}"


def replaced_by(card: Card, cards: Mapping[str, Card]) -> list[str]:
    """Give the names of the cards in whose place a card was issued, the latest first."""
    found: list[str] = []
    while card.replaces and card.replaces not in found:
        found.append(card.replaces)
        before = cards.get(card.replaces.rpartition("/")[0])
        if before is None or card_name(before) != card.replaces:
            break
        card = before
    return found


def _reached(
    subject: Subject, cards: Mapping[str, Card], now: int, answers: Mapping[str, Answered]
) -> list[LevelReached]:
    """Give the levels that hold, the one that silence leads to among them."""
    reached = subject.reached(now)
    silent = _silence(subject, cards, answers) if reached else None
    if silent is None or silent.at > now:
        return reached
    same = next((level for level in reached if level.level is silent.level), None)
    if same is None:
        return [*reached, silent]
    if same.at <= silent.at:
        return reached
    return [silent if level is same else level for level in reached]


def _silence(
    subject: Subject, cards: Mapping[str, Card], answers: Mapping[str, Answered]
) -> LevelReached | None:
    """Give what the silence about a yellow card leads to: only while its clock runs.

    The officer has until the end of the last working day, counted from the day of issue.
    """
    if not isinstance(subject, Clock) or subject.silence is None:
        return None
    card = cards.get(card_key(subject.clock_id, Level.YELLOW))
    if card is None or not card.standing or not _stands(card, subject):
        return None
    calendar, silence = subject.counting.calendar, subject.silence
    try:
        last = calendar.nth(calendar.face(card.issued_at) // DAY, silence.working_days)
        at = calendar.instant((last + 1) * DAY)
    except OutsideCalendar:
        return None
    answer = answers.get(card_name(card))
    if answer is not None and answer.since < at:
        return None
    if subject.stopped_at is not None and subject.stopped_at < at:
        return None
    return LevelReached(silence.level, at, silence.rule)


def _stands(card: Card, clock: Clock) -> bool:
    """Tell whether what a card says of a clock is still so."""
    return card.due_at == clock.due_at and any(
        level.level is card.level and level.at == card.holds_from for level in clock.levels
    )


def _moves(
    subject: Subject,
    reached: LevelReached,
    card: Card | None,
    now: int,
    answers: Mapping[str, Answered],
) -> list[CardMove]:
    if card is None or not card.standing:
        return [_issue(subject, reached, 1 if card is None else card.sequence + 1, now)]
    if card.holds_from != reached.at or card.due_at != subject.due_at:
        return [
            _retract(card, subject, "due_moved"),
            _issue(subject, reached, card.sequence + 1, now),
        ]
    answer = answers.get(card_name(card))
    closed = answer is not None and answer.closed_from <= now
    rings = subject.running and not closed
    if card.active == rings:
        return []
    reason = "clock_runs" if rings else "clock_stopped" if not subject.running else "closed"
    moved = _moved(card, active=rings)
    return [CardMove("reopened" if rings else "resolved", reason, moved, subject)]


def _issue(subject: Subject, reached: LevelReached, sequence: int, now: int) -> CardMove:
    card = Card(
        clock_id=subject.clock_id,
        level=reached.level,
        sequence=sequence,
        issued_at=now,
        holds_from=reached.at,
        due_at=subject.due_at,
        rule=reached.rule,
        moves=1,
        standing=True,
        active=subject.running,
        record=subject.record.id,
    )
    reason = "silence" if reached.rule.endswith("/silent") else "level_reached"
    return CardMove("issued", reason, card, subject)


def _retract(card: Card, subject: Subject | None, reason: str) -> CardMove:
    return CardMove("retracted", reason, _moved(card, standing=False, active=False), subject)


def _why(card: Card, subject: Subject | None, answers: Mapping[str, Answered]) -> str:
    """Tell why a card's statement is no longer true."""
    if subject is None:
        return "clock_gone"
    if card.rule.endswith("/silent") and any(
        name.startswith(f"{card_key(card.clock_id, Level.YELLOW)}/") for name in answers
    ):
        return "answered"
    stopped_at = subject.stopped_at if isinstance(subject, Clock) else None
    if stopped_at is not None and stopped_at < card.holds_from:
        return "ended_in_time"
    return "due_moved"


def _moved(card: Card, *, active: bool, standing: bool = True) -> Card:
    return Card(
        clock_id=card.clock_id,
        level=card.level,
        sequence=card.sequence,
        issued_at=card.issued_at,
        holds_from=card.holds_from,
        due_at=card.due_at,
        rule=card.rule,
        moves=card.moves + 1,
        standing=standing,
        active=active,
        record=card.record,
        replaces=card.replaces,
    )

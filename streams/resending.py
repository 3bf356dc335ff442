"""What the engine's state knows, written out again for a history that has lost it.

Each case with its clocks is told as it stands, under its own epoch and revision: beside a running
engine that says nothing new, and where a reader has a later revision it is outranked. Of cards the
state keeps the latest of each clock and level; a move is made from it only where neither the topic
nor the history has the true one, and says so in its reason. Catalogues and calendars that the
history lacks are told as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from schemas import topics
from schemas.verdicts import MoveRecord, encode
from streams.engine.case import assess
from streams.engine.judge import CardMove
from streams.engine.pins import pinned_by
from streams.engine.records import case_record, move_record
from streams.engine.remembering import with_cured, with_remembered
from streams.engine.state import unpack
from streams.runtime.faults import told_of
from streams.runtime.logic import RESERVED
from streams.runtime.references import IN_FORCE, PREFIXES, References

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from schemas.verdicts import Move
    from streams.engine.case import Case
    from streams.engine.judge import Card
    from streams.engine.rules import Rules
    from streams.engine.state import CaseState
    from streams.state_layout import Kept

FROM_STATE: Final = "from_state"
"""The reason of a move that was made from the state."""
ASKED_AT_ONCE: Final = 1_000


class MoveName(NamedTuple):
    """What a move is called: in another life the same card counts anew."""

    card_id: str
    epoch: int
    move_no: int


class Refused(Exception):  # noqa: N818 - named after the condition
    """Raised when a state cannot be told from; says why, and the remedy."""


class Known(Protocol):
    """What readers have, or will have by reading on."""

    def moves(self, wanted: Iterable[tuple[str, MoveName]]) -> set[MoveName]:
        """Give those of some moves, each with its case, that are known."""

    def references(self) -> set[tuple[str, str]]:
        """Give the catalogues and calendars that are known: subject and version."""


class Out(NamedTuple):
    """A record to write: its topic, partition, key, value."""

    topic: str
    partition: int
    key: bytes
    value: bytes


@dataclass
class Sent:
    """What was written."""

    cases: int = 0
    clocks: int = 0
    moves: int = 0
    references: int = 0
    cards: int = 0
    """All that the states hold, whether their moves had to be made or not."""
    aside: int = 0
    """Cases that are set aside: the engine decides on them no more, and neither does this."""
    partitions: set[int] = field(default_factory=set)


class _Name(msgspec.Struct, frozen=True):
    card_id: str
    move_no: int
    epoch: int = 0


_NAME: Final = msgspec.json.Decoder(_Name)


def name_of(key: bytes | None, value: bytes | None) -> MoveName | None:
    """Tell which move a record of `jiancha.verdicts` is; None where it is none."""
    if key is None or key.startswith(RESERVED) or value is None:
        return None
    try:
        found = _NAME.decode(value)
    except msgspec.MsgspecError:
        return None
    return MoveName(found.card_id, found.epoch, found.move_no)


def resend(
    partition: int,
    kept: Kept,
    rules: Rules,
    known: Known,
    write: Callable[[Out], None],
    sent: Sent,
) -> None:
    """Tell what one partition's state holds. Raises Refused where it has no record of its own."""
    own = kept.own
    if own is None:
        if kept.cases:
            raise Refused(
                f"partition {partition} holds cases and no record of its own: the state topic lost"
                " records; see docs/recovery.md"
            )
        return
    references = References(partition, rules)
    for key, raw in kept.references.items():
        if key.startswith(PREFIXES) or key == IN_FORCE:
            references.restore(key, raw)
    there = known.references()
    for key, told in references.retold(max(1, own.epoch)):
        if (told.subject, told.version) not in there:
            dated = msgspec.structs.replace(told, epoch=own.epoch)
            write(Out(topics.EVENTS.name, partition, key, encode(dated)))
            sent.references += 1
    aside = _tell_aside(partition, kept, own.epoch, write)
    sent.aside += len(aside)
    made: list[MoveRecord] = []
    for key, raw in kept.cases.items():
        case_no, state = key.decode(), unpack(raw)
        if case_no in aside:
            continue
        law, pinned = pinned_by(state.pins, state.law, references.rules_of)
        assessed = assess(state.entries, law, pinned)
        assessed = with_remembered(case_no, assessed, state.corrections, state.answers, state.cards)
        assessed = with_cured(case_no, assessed, state.cards)
        record = case_record(case_no, state.revision, assessed, own.now, state.cards, state.epoch)
        write(Out(topics.CASES.name, partition, key, encode(record)))
        sent.cases += 1
        sent.clocks += len(record.clocks)
        sent.cards += len(state.cards)
        made += made_moves(case_no, state, assessed, own.now)
        if len(made) >= ASKED_AT_ONCE:
            _write_unknown(partition, made, known, write, sent)
            made = []
    _write_unknown(partition, made, known, write, sent)
    sent.partitions.add(partition)


def _tell_aside(partition: int, kept: Kept, epoch: int, write: Callable[[Out], None]) -> set[str]:
    """Tell which cases are set aside, and give them: what an engine stumbles over, this would."""
    marks = [mark for mark in kept.marks if mark.aside and mark.case_no]
    for mark in marks:
        told = told_of(mark, partition, epoch, from_state=True)
        write(Out(topics.EVENTS.name, partition, mark.case_no.encode(), encode(told)))
    return {mark.case_no for mark in marks}


def _write_unknown(
    partition: int,
    made: list[MoveRecord],
    known: Known,
    write: Callable[[Out], None],
    sent: Sent,
) -> None:
    """Write those that nobody has; a made one must never stand in a true one's place."""
    names = [MoveName(move.card_id, move.epoch, move.move_no) for move in made]
    there = known.moves((move.case_no, name) for move, name in zip(made, names, strict=True))
    for move, name in zip(made, names, strict=True):
        if name not in there:
            write(Out(topics.VERDICTS.name, partition, move.case_no.encode(), encode(move)))
            sent.moves += 1


def made_moves(case_no: str, state: CaseState, case: Case, now: int) -> Iterator[MoveRecord]:
    """Make of each card the moves that its state still says: its issue, and the last one.

    When the last one was is not known: it is dated `now`, seconds since 1970 UTC.
    """
    by_id = {subject.clock_id: subject for subject in case.subjects}
    for card in state.cards:
        subject = by_id.get(card.clock_id)
        only = card.moves == 1
        issued = msgspec.structs.replace(
            card, moves=1, standing=True, active=card.active if only else True
        )
        told = [(CardMove("issued", FROM_STATE, issued, subject), card.issued_at)]
        if not only:
            told.append((CardMove(_last_move(card), FROM_STATE, card, subject), now))
        for moved, at in told:
            yield move_record(case_no, state.revision, case, moved, at, state.epoch)


def _last_move(card: Card) -> Move:
    if not card.standing:
        return "retracted"
    return "reopened" if card.active else "resolved"

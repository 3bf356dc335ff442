"""What the history must say by its views: all that the topics say, and what the state says now.

It is gathered over the lives of the topics: when they are lost the history keeps what they said.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas import topics
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    CaseRecord,
    DeadLetter,
    EventRecord,
    MoveRecord,
    card_id,
    decode,
)
from streams.engine.state import unpack
from streams.runtime.logic import RESERVED
from tests.faults.oracle import event_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streams.engine.judge import Card
    from tests.support.reader import Reader

    Ask = Callable[[str], list[Any]]

SHOWN = 3
"""How many differences of a kind are told."""


class Stands(NamedTuple):
    """A card as the state has it."""

    card_id: str
    case_no: str
    epoch: int
    move_no: int
    standing: bool
    active: bool


class Views:
    """What the views must show."""

    def __init__(self) -> None:
        self._events: set[tuple[str, bytes]] = set()
        self._letters: set[tuple[str, int, int]] = set()
        """By name, epoch, and when the record arrived, ms since 1970."""
        self._moves: set[tuple[str, int, int]] = set()
        self._cases: dict[str, CaseRecord] = {}
        self._state: dict[str, tuple[int, int]] = {}
        self._cards: dict[str, list[Stands]] = {}
        """As the latest state that knew its case has it."""

    def read(self, reader: Reader) -> None:
        """Take what the topics say by now."""
        for message in reader.read(topics.EVENTS.name):
            if not _reserved(message) and isinstance(record := event_of(message), EventRecord):
                self._events.add((record.case_no, bytes(record.event)))
        for message in reader.read(topics.DEAD_LETTERS.name):
            letter = decode(dict(message.headers() or ())[DEAD_LETTER_HEADER], DeadLetter)
            self._letters.add((letter.letter_id, letter.epoch, letter.origin.timestamp_ms))
        for message in reader.read(topics.VERDICTS.name):
            if not _reserved(message):
                move = decode(message.value(), MoveRecord)
                self._moves.add((move.card_id, move.epoch, move.move_no))
        for message in reader.read(topics.CASES.name):
            case = decode(message.value(), CaseRecord)
            before = self._cases.get(case.case_no)
            if before is None or _rank(before) < _rank(case):
                self._cases[case.case_no] = case
        self._read_state(reader)

    def _read_state(self, reader: Reader) -> None:
        latest: dict[str, bytes] = {}
        for message in reader.read(topics.CASE_STATE.name):
            if not _reserved(message):
                latest[message.key().decode()] = message.value()
        for case_no, raw in latest.items():
            state = unpack(raw)
            self._state[case_no] = state.epoch, state.revision
            self._cards[case_no] = [_stands(case_no, state.epoch, card) for card in state.cards]

    def compare(self, ask: Ask) -> list[str]:
        """Say what the views show otherwise; nothing when they are right."""
        return [
            *_differ("v_events", ask("SELECT count() FROM v_events"), [(len(self._events),)]),
            *_differ(
                "dead_letters",
                ask("SELECT letter_id, epoch FROM dead_letters FINAL"),
                {(name, epoch) for name, epoch, _ in self._letters},
            ),
            *_differ(
                "v_dead_letters",
                ask("SELECT letter_id, toUnixTimestamp64Milli(arrived_at) FROM v_dead_letters"),
                {(name, arrived) for name, _, arrived in self._letters},
            ),
            *_differ(
                "v_card_history", ask("SELECT card_id, epoch, move_no FROM v_card_history"),
                self._moves,
            ),
            *self._compare_cases(ask),
            *self._compare_cards(ask),
        ]  # fmt: skip

    def _compare_cases(self, ask: Ask) -> list[str]:
        """Each case and its clocks are those of its last record, and that is the state's."""
        cases = self._cases.values()
        return [
            *_differ(
                "the state",
                [(name, *rank) for name, rank in self._state.items()],
                [(case.case_no, *_rank(case)) for case in cases],
            ),
            *_differ(
                "v_cases",
                ask("SELECT case_no, epoch, revision, events, toString(level), open FROM v_cases"),
                [(c.case_no, *_rank(c), c.events, str(c.level), c.ended_at is None) for c in cases],
            ),
            *_differ(
                "v_clocks",
                ask(
                    "SELECT case_no, epoch, clock_id, toUnixTimestamp(due_at),"
                    " toUnixTimestamp(stopped_at), officer FROM v_clocks"
                ),
                [
                    (c.case_no, c.epoch, k.clock_id, k.due_at, k.stopped_at, k.officer or "")
                    for c in cases
                    for k in c.clocks
                ],
            ),
            *_differ(
                "v_findings",
                ask("SELECT case_no, epoch, finding_id FROM v_findings"),
                [(c.case_no, c.epoch, found.finding_id) for c in cases for found in c.findings],
            ),
        ]

    def _compare_cards(self, ask: Ask) -> list[str]:
        """A card that the present state does not have does not stand, whoever issued it once."""
        found = ask(
            "SELECT card_id, case_no, epoch, move_no, standing, active FROM v_cards"
            " WHERE standing OR active"
        )
        return _differ(
            "v_cards",
            found,
            (
                card
                for each in self._cards.values()
                for card in each
                if card.standing or card.active
            ),
        )


def _stands(case_no: str, epoch: int, card: Card) -> Stands:
    name = card_id(case_no, card.clock_id, card.level, card.sequence)
    return Stands(name, case_no, epoch, card.moves, card.standing, card.active)


def _reserved(message: Any) -> bool:
    return (message.key() or b"").startswith(RESERVED)


def _rank(case: CaseRecord) -> tuple[int, int]:
    return case.epoch, case.revision


def _differ(what: str, found: Iterable[Any], expected: Iterable[Any]) -> list[str]:
    """Say what is missing, too much, or there twice."""
    there, wanted = Counter(map(tuple, found)), Counter(map(tuple, expected))
    lacks, invents = wanted - there, there - wanted
    return [
        *(f"{what} lacks {row}" for row in islice(lacks, SHOWN)),
        *(f"{what} invents {row}" for row in islice(invents, SHOWN)),
    ]

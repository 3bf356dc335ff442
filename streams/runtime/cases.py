"""The cases of one owned partition: folded, judged, packed. No Kafka, no clock of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from streams.engine.clocks import assess
from streams.engine.deadlines import Deadlines
from streams.engine.judge import card_key, coming, judge, next_at
from streams.engine.ledger import merge
from streams.engine.records import case_record, move_record
from streams.engine.state import (
    MAX_STATE_BYTES,
    CaseState,
    Summary,
    head_of,
    pack,
    size_with,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.verdicts import CaseRecord, MoveRecord
    from streams.engine.clocks import Case
    from streams.engine.judge import Card
    from streams.engine.ledger import Entry
    from streams.engine.rules import Rules

SMALL = 100
"""Entries that no case's state outgrows its cap with."""


class TooLarge(Exception):  # noqa: N818 - named after the condition
    """Raised when an event would take its case's state over `MAX_STATE_BYTES`."""


class OpenCase:
    """A case being worked on, until it is packed again."""

    __slots__ = ("assessed", "cards", "entries", "stale", "state")

    def __init__(self, state: CaseState) -> None:
        self.state = state
        self.entries = state.entries
        self.cards: dict[str, Card] = state.cards_by_key()
        self.assessed: Case | None = None
        self.stale = False


class Cases:
    """Every case of a partition: packed at rest, open while it is worked on.

    `rules_of` gives the rules of a catalogue's version, of the one in force for "".
    """

    def __init__(self, rules_of: Callable[[str], Rules]) -> None:
        self._rules_of = rules_of
        self._packed: dict[str, bytes] = {}
        self._open: dict[str, OpenCase] = {}
        self._deadlines = Deadlines()
        self._touched: dict[str, OpenCase] = {}
        self.summaries: Counter[Summary] = Counter()
        self.moves: list[MoveRecord] = []

    def __contains__(self, case_no: str) -> bool:
        return case_no in self._packed or case_no in self._open

    def __len__(self) -> int:
        return len(self._packed.keys() | self._open.keys())

    def restore(self, case_no: str, packed: bytes | None) -> None:
        """Take a packed case as the changelog has it; the latest counts."""
        if packed is None:
            self._packed.pop(case_no, None)
        else:
            self._packed[case_no] = packed

    def restored(self) -> None:
        """Build the index and the counts: every case is there. Raises UnknownFormat."""
        moments: dict[str, int] = {}
        for case_no, packed in self._packed.items():
            summary, moments[case_no] = head_of(packed)
            self.summaries[summary] += 1
        self._deadlines.load(moments)

    def fold(self, case_no: str, entry: Entry) -> bool:
        """Add an entry to its case; False when it changes nothing (a repetition, an old version).

        Raises TooLarge, and then nothing has changed.
        """
        case = self._opened(case_no)
        if len(case.entries) > SMALL and size_with(case.state, entry) > MAX_STATE_BYTES:
            raise TooLarge
        merged = merge(case.entries, entry)
        if merged is None:
            return False
        case.entries = case.state.entries = merged
        case.stale = True
        self._touched[case_no] = case
        return True

    def settle(self, now: int) -> None:
        """Set the clocks of every case that events have touched, and when it is to be judged."""
        for case_no, case in self._touched.items():
            assessed = self._assess(case)
            self._deadlines.set(case_no, next_at(assessed.clocks, case.cards, now))
        self._touched.clear()

    def tick(self, now: int) -> None:
        """Judge every case whose moment has come; the moves are added to `moves`."""
        for case_no in self._deadlines.due(now):
            case = self._opened(case_no)
            assessed = self._assess(case)
            for moved in judge(assessed.clocks, case.cards, now):
                case.cards[card_key(moved.card.clock_id, moved.card.level)] = moved.card
                revision = case.state.revision + 1
                self.moves.append(move_record(case_no, revision, assessed, moved, now))
            self._deadlines.set(case_no, coming(assessed.clocks, now))

    def close(self, now: int) -> Iterator[tuple[str, bytes, CaseRecord]]:
        """Pack every open case, and give it with its record."""
        for case_no, case in self._open.items():
            assessed = case.assessed
            if assessed is None:  # it was opened, and nothing came of it
                continue
            state = case.state
            state.revision += 1
            state.cards = sorted(case.cards.values())
            packed = pack(state, _summary(case, assessed), self._deadlines.of(case_no))
            before = self._packed.get(case_no)
            if before is not None:
                self.summaries[head_of(before)[0]] -= 1
            self.summaries[head_of(packed)[0]] += 1
            self._packed[case_no] = packed
            yield case_no, packed, case_record(case_no, state.revision, assessed, now)
        self._open.clear()

    def _opened(self, case_no: str) -> OpenCase:
        case = self._open.get(case_no)
        if case is None:
            packed = self._packed.get(case_no)
            case = OpenCase(CaseState() if packed is None else unpack(packed))
            self._open[case_no] = case
        return case

    def _assess(self, case: OpenCase) -> Case:
        if case.assessed is None or case.stale:
            case.assessed = assess(case.entries, self._rules_of(case.state.catalogue))
            if not case.state.catalogue and case.assessed.ledger.accepted is not None:
                case.state.catalogue = case.assessed.rules.catalogue  # the limits are pinned now
            case.stale = False
        return case.assessed


def _summary(case: OpenCase, assessed: Case) -> Summary:
    running = [clock for clock in assessed.clocks if clock.stopped_at is None]
    return Summary(
        open=assessed.ended_at is None,
        level=max((card.level.rank for card in case.cards.values() if card.active), default=0),
        provisional=any(clock.counting.provisional for clock in running),
    )

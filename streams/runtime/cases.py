"""The cases of one owned partition: folded, judged, packed. No Kafka, no clock of its own."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from schemas.bounds import MAX_RECORDS, MAX_SPECIAL
from streams.engine.case import assess
from streams.engine.corrections import Comparing, as_it_was, difference, remembered
from streams.engine.deadlines import Deadlines
from streams.engine.entries import UNTOLD, alike, merge
from streams.engine.horizon import horizon_of
from streams.engine.judge import (
    NEVER,
    Answered,
    answers_of,
    card_key,
    card_name,
    coming,
    judge,
    next_at,
    replaced_by,
)
from streams.engine.listing import is_unlisted, why_no_clock
from streams.engine.pins import PINNING, PinnedLaw, pinned_by, with_pin
from streams.engine.records import card_named, case_record, move_record
from streams.engine.remembering import with_cured, with_remembered
from streams.engine.state import (
    MAX_STATE_BYTES,
    CaseState,
    Head,
    Summary,
    head_of,
    pack,
    size_with,
    unpack,
    watch_of,
)
from streams.runtime.cold import Cold, InMemory
from streams.runtime.faults import about
from streams.runtime.packed import Packed

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from schemas.verdicts import CaseRecord, MoveRecord
    from streams.engine.case import Case
    from streams.engine.entries import Entry
    from streams.engine.judge import Answer, Card
    from streams.engine.pins import Pin
    from streams.engine.rules import Rules

SMALL: Final = 50
"""Entries that no case outgrows a cap with."""


class TooLarge(Exception):  # noqa: N818 - named after the condition
    """Raised when a record would take its case over one of the caps; the text says over which."""


SPECIAL: Final = "suspended"
_BYTES: Final = f"The records of this case take more than {MAX_STATE_BYTES:,} bytes."


class OpenCase:
    """A case being worked on, until it is packed again."""

    __slots__ = ("answers", "assessed", "before", "cards", "entries", "stale", "state", "then")

    def __init__(self, packed: bytes | None, epoch: int) -> None:
        state = CaseState(epoch=epoch) if packed is None else unpack(packed)
        self.state = state
        self.before: Summary | None = None if packed is None else head_of(packed).summary
        """As what it is counted; None when it is new."""
        self.entries = state.entries
        self.cards: dict[str, Card] = state.cards_by_key()
        self.assessed: Case | None = None
        self.stale = False
        self.answers: dict[str, Answered] = {}
        """What was said to each card, by the card's name within the case."""
        self.then = None if state.since is None else as_it_was(state.since, state.entries)
        """The records as the last tick found them, where a clock was over and some came since."""

    def answered(self, case_no: str) -> None:
        """Find which rulings speak to which cards, those issued since among them."""
        if not self.state.answers:
            return
        by_id = answers_of(self.state.answers)
        self.answers = {}
        for card in self.cards.values():
            names = (card_name(card), *replaced_by(card, self.cards))
            spoken = [by_id[of] for name in names if (of := card_named(case_no, name)) in by_id]
            if spoken:
                self.answers[card_name(card)] = Answered(*map(min, zip(*spoken, strict=True)))

    def notice(self, tick: int) -> None:
        """Keep the records as a tick found them, where one of their clocks is over by it.

        Before the first record after that tick comes to the case; later ones change nothing.
        """
        if self.state.noticed == tick:
            return
        self.state.noticed = tick
        if self.entries and self.then is None and self.first_due() < tick:
            self.then = self.entries

    def first_due(self) -> int:
        """Give the earliest due moment of a clock that runs, or that ended past it."""
        if self.assessed is None or self.stale:
            return self.state.first_due
        first = NEVER
        for clock in self.assessed.clocks:
            due, end = clock.due_at, clock.stopped_at
            if due < first and (end is None or end > due):
                first = due
        return first


class Cases:
    """Every case of a partition: packed at rest, open while it is worked on.

    `rules_of` gives the rules of a catalogue's version, of the one in force for "". `cold` says
    where closed cases go that leave memory; where that fails any method raises Fatal. What fails
    for one case raises CaseFault; memory may be half changed then.
    """

    def __init__(self, rules_of: Callable[[str], Rules], cold: Cold | None = None) -> None:
        self._rules_of = rules_of
        self.packed = Packed(cold or Cold(InMemory(), after_days=36_500))
        self._open: dict[str, OpenCase] = {}
        self._deadlines = Deadlines()
        self._touched: dict[str, OpenCase] = {}
        self.before_touch: Callable[[str, OpenCase], None] | None = None
        """Told of each case that is there already, before a record or a tick comes to it."""
        self.aside: Container[str] = ()
        """The cases that are not to be touched."""
        self.moves: list[MoveRecord] = []
        self.epoch = 0
        """Of cases that are opened from now on; one that is there keeps its own."""
        self.passing: int | None = None
        """The moment up to which cases are being judged, from `tick` to `passed`."""

    def __contains__(self, case_no: str) -> bool:
        return case_no in self._open or self.packed.get(case_no) is not None

    def restored(self) -> None:
        """Build the index and the counts: every case is there, and `aside` is known."""
        for case_no, deadline in self.packed.restored():
            if case_no not in self.aside:
                self._deadlines.set(case_no, deadline)

    def judge_anew(self, now: int) -> None:
        """Judge every case by the next tick of which anything may still come."""
        for case_no, head in self.packed.heads():
            if not head.sleeps and case_no not in self.aside:
                self._deadlines.set(case_no, min(now, self._deadlines.of(case_no)))

    def take_up(self, case_no: str, now: int) -> None:
        """Judge a case by the next tick that was set aside until now."""
        if case_no in self:
            self._awaken(case_no, now)

    def on_record(self, case_no: str) -> Sequence[Entry]:
        """Give the records of a case; none where there is no such case."""
        return self._judged(case_no).entries if case_no in self else ()

    def fold(self, case_no: str, entry: Entry, now: int = 0) -> bool:
        """Add an entry to its case; False when it changes nothing (a repetition, an old version).

        `now` is the last tick's moment, 0 before the first.

        Raises TooLarge, and then nothing has changed.
        """
        case = self._judged(case_no)
        if len(case.entries) >= SMALL:
            _check_room(case.state, entry)
        merged = merge(case.entries, entry)
        if merged is None:
            return False
        if now:
            case.notice(now)
        self._pin(case, entry)
        case.entries = case.state.entries = merged
        case.stale = True
        self._touched[case_no] = case
        return True

    def _pin(self, case: OpenCase, entry: Entry) -> None:
        """Pin what is in force to a record that opens a round; a later version of it keeps that."""
        state = case.state
        if not case.entries:
            state.law = PinnedLaw.of(self._rules_of(""))
        elif entry.kind in PINNING and all(old.id != entry.id for old in case.entries):
            now = PinnedLaw.of(self._rules_of(""))
            if now != state.law:
                state.pins = with_pin(state.pins, entry.id, now, state.law)
        state.accepted = state.accepted or entry.kind == "accepted"

    def repin(self, case_no: str, record: int) -> None:
        """Pin what is in force to a record of a case that was taken before that was known."""
        if case_no not in self or case_no in self.aside:
            return
        case = self._judged(case_no)
        state, now = case.state, PinnedLaw.of(self._rules_of(""))
        pins = with_pin(state.pins, record, now, state.law)
        if pins != state.pins:
            state.pins, case.stale = pins, True
            self._touched[case_no] = case

    def arrived(self, case_no: str, entry: Entry, at: int, by: int) -> None:
        """Know when a record arrived, and by when, that was taken before that was known."""
        if case_no not in self:
            return
        case = self._judged(case_no)
        known = next((own for own in case.entries if alike(own, entry)), None)
        if known is None or known.arrived != entry.arrived:  # replaced, or another copy was first
            return
        dated = msgspec.structs.replace(known, arrived=max(at, known.arrived)).known_by(by)
        for entries in (case.entries, case.then or ()):
            if known in entries:
                entries[entries.index(known)] = dated  # type: ignore[index]
        case.stale = True
        self._touched[case_no] = case

    def ruled(self, case_no: str, answer: Answer, at: int) -> None:
        """Know when a ruling arrived that was taken before that was known for certain."""
        if case_no not in self or answer not in (state := self._judged(case_no).state).answers:
            return
        others = [other for other in state.answers if other != answer]
        self._answered(case_no, [*others, msgspec.structs.replace(answer, arrived=at)])

    def rule(self, case_no: str, answer: Answer) -> bool:
        """Add a ruling to its case; False when it is there already, or the case is not.

        Raises TooLarge, and then nothing has changed.
        """
        if case_no not in self:
            return False
        case = self._judged(case_no)
        others = [other for other in case.state.answers if not other.same(answer)]
        if len(others) < len(case.state.answers):  # a copy: what arrived first counts
            first = next(other for other in case.state.answers if other.same(answer))
            if answer.arrived == UNTOLD or UNTOLD != first.arrived <= answer.arrived:
                return False
        elif size_with(case.state, answer) > MAX_STATE_BYTES:
            raise TooLarge(_BYTES)
        self._answered(case_no, [*others, answer])
        return True

    def _answered(self, case_no: str, answers: list[Answer]) -> None:
        case = self._opened(case_no)
        case.state.answers = sorted(answers)
        case.stale = True
        self._touched[case_no] = case

    def renew(self, case_no: str, cards: Iterable[tuple[int, Card]], catalogue: str) -> None:
        """Take a case into the present epoch: see `streams.runtime.logic.CasePartition.renew`."""
        case = self._opened(case_no)
        state = case.state
        for epoch, card in cards:
            key = card_key(card.clock_id, card.level)
            known = case.cards.get(key)
            rank = epoch, card.sequence, card.moves
            if known is None or (state.epoch, known.sequence, known.moves) < rank:
                case.cards[key] = card
        state.epoch, state.revision = self.epoch, 0
        for entry in [entry for entry in case.entries if entry.arrived == UNTOLD]:
            place = case.entries.index(entry)
            case.entries[place] = msgspec.structs.replace(entry, arrived=-1)
        state.answers = [
            answer if answer.arrived != UNTOLD else msgspec.structs.replace(answer, arrived=-1)
            for answer in state.answers
        ]
        state.catalogue = catalogue or state.catalogue
        state.pins = []
        case.stale = True
        self._touched[case_no] = case

    def settle(self, now: int) -> None:
        """Set the clocks of every case that events have touched, and when it is to be judged."""
        for case_no, case in self._touched.items():
            with about(case_no):
                subjects = self._assess(case_no, case).subjects
                case.answered(case_no)
                at = now if case.then is not None else 0
                at = at or next_at(subjects, case.cards, now, case.answers)
                self._awaken(case_no, at)
        self._touched.clear()

    def tick(self, now: int, most: int) -> bool:
        """Judge the cases whose moment has come, `most` of them; tell whether those were all.

        The moves are added to `moves`. Until `passed`, nothing can tell that the others were not
        judged: a record that comes to one of them finds it judged, and what a record makes due
        waits for the next tick. With the last ones, some of the cases that closed long enough ago
        leave memory.
        """
        self.passing = now
        judged = 0
        for case_no in islice(self._deadlines.due(now), most):
            with about(case_no, judged=True):
                self._judge(case_no, now)
            judged += 1
        if judged == most:
            return False
        self.packed.cool(now, self._open)
        return True

    def soonest(self, until: int) -> int:
        """Give the soonest moment up to `until` at which a case is due, else `NEVER`."""
        return self._deadlines.soonest(until)

    def passed(self) -> None:
        """Know that the tick is over: every case is judged."""
        self.passing = None

    def _judge(self, case_no: str, now: int) -> None:
        case = self._opened(case_no)
        if case.then is not None:
            self._compare(case_no, case, case.then, now)
        case.state.noticed = 0
        assessed = self._assess(case_no, case)
        case.answered(case_no)
        for moved in judge(assessed.subjects, case.cards, now, case.answers):
            case.cards[card_key(moved.card.clock_id, moved.card.level)] = moved.card
            revision = case.state.revision + 1
            epoch = case.state.epoch
            self.moves.append(move_record(case_no, revision, assessed, moved, now, epoch))
        following = coming(assessed.subjects, case.cards, now, case.answers)
        self._deadlines.set(case_no, following)

    def _compare(self, case_no: str, case: OpenCase, then: Sequence[Entry], now: int) -> None:
        """Find which clocks were over at the last tick and are corrected since."""
        after = self._assess(case_no, case)
        law, pinned = pinned_by(case.state.pins, case.state.law, self._rules_of)
        comparing = Comparing(
            then, case.entries, after, lambda entries: assess(entries, law, pinned)
        )
        found = comparing.corrections(case.state.noticed, now)
        case.then = None
        if found:
            case.state.corrections = remembered(case.state.corrections, found)
            case.stale = True

    def _awaken(self, case_no: str, at: int) -> None:
        """Note when a case is to be judged; one that the tick under way has passed is not again."""
        if self.passing is not None and at <= self.passing < self._deadlines.of(case_no):
            at = self.passing + 1
        self._deadlines.set(case_no, at)

    def head(self, case_no: str) -> Head:
        """Give what can be told of a packed case without opening it."""
        packed = self.packed.get(case_no)
        assert packed is not None  # noqa: S101 - asked of a case that is there
        return head_of(packed)

    def read(self, case_no: str) -> OpenCase:
        """Give a case to look at; it is not opened by that."""
        return self._open.get(case_no) or OpenCase(self.packed.get(case_no), self.epoch)

    def adopt(
        self,
        case_no: str,
        case: OpenCase,
        assessed: Case,
        now: int,
        law: tuple[PinnedLaw, list[Pin]],
    ) -> None:
        """Judge a case as assessed anew, by what `law` pins: its first, and its pins."""
        self._open[case_no] = case
        case.assessed, case.stale = self._with_remembered(case_no, case, assessed), False
        case.state.law, case.state.pins = law
        case.answered(case_no)
        at = next_at(case.assessed.subjects, case.cards, now, case.answers)
        self._awaken(case_no, at if case.then is None else min(at, now))

    def close(self, now: int) -> Iterator[tuple[str, bytes, CaseRecord]]:
        """Pack every open case, and give it with its record."""
        for case_no, case in self._open.items():
            assessed = case.assessed
            if assessed is None:  # it was opened, and nothing came of it
                continue
            with about(case_no):
                state = case.state
                state.revision += 1
                state.cards = sorted(case.cards.values())
                state.first_due = case.first_due()
                then = case.then
                if then is None and state.first_due >= state.noticed:
                    state.noticed = 0  # none is over: to be asked again is the same
                state.since = None if then is None else difference(then, case.entries)
                deadline = self._deadlines.of(case_no)
                head = Head(_summary(case, assessed), deadline, horizon_of(assessed, case.cards))
                packed = pack(state, head)
                self.packed.keep(case_no, packed, head, now, case.before)
                revision, cards, epoch = state.revision, state.cards, state.epoch
                told = with_cured(case_no, assessed, cards)
                record = case_record(case_no, revision, told, now, cards, epoch)
            yield case_no, packed, record
        self._open.clear()

    def _opened(self, case_no: str) -> OpenCase:
        case = self._open.get(case_no)
        if case is None:
            case = OpenCase(self.packed.get(case_no), self.epoch)
            self._open[case_no] = case
            if case.before is not None and self.before_touch is not None:
                self.before_touch(case_no, case)
        return case

    def _judged(self, case_no: str) -> OpenCase:
        """Open a case for a record, judged first where the tick under way has not come to it."""
        if self.passing is not None and self._deadlines.of(case_no) <= self.passing:
            self._judge(case_no, self.passing)
        return self._opened(case_no)

    def _with_remembered(self, case_no: str, case: OpenCase, assessed: Case) -> Case:
        state, cards = case.state, case.cards.values()
        return with_remembered(case_no, assessed, state.corrections, state.answers, cards)

    def _assess(self, case_no: str, case: OpenCase) -> Case:
        if case.assessed is None or case.stale:
            state = case.state
            law, pinned = pinned_by(state.pins, state.law, self._rules_of)
            assessed = assess(case.entries, law, pinned)
            case.assessed = self._with_remembered(case_no, case, assessed)
            state.law = PinnedLaw.of(law)
            case.stale = False
        return case.assessed


def _check_room(state: CaseState, entry: Entry) -> None:
    if len(state.entries) >= MAX_RECORDS:
        raise TooLarge(f"This case has {MAX_RECORDS} records.")
    if entry.kind == SPECIAL and sum(e.kind == SPECIAL for e in state.entries) >= MAX_SPECIAL:
        raise TooLarge(f"This case has {MAX_SPECIAL} special procedures.")
    if size_with(state, entry) > MAX_STATE_BYTES:
        raise TooLarge(_BYTES)


def _summary(case: OpenCase, assessed: Case) -> Summary:
    running = [clock for clock in assessed.clocks if clock.stopped_at is None]
    return Summary(
        open=assessed.ended_at is None,
        level=max((card.level.rank for card in case.cards.values() if card.active), default=0),
        provisional=any(clock.counting.provisional for clock in running),
        watch=watch_of(why_no_clock(assessed), unlisted=is_unlisted(assessed)),
    )

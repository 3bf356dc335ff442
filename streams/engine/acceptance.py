"""Acceptance (受理, 行政许可法 §32): what answers an application in time, and what silence means.

A walk over the answers, in order. It gives the periods in which the hall owed an answer, and from
where the decision clocks run: from the acceptance; or, in silence, deemed accepted from the
receipt, or from the supply of all corrections (视为受理).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind
from schemas.findings import FindingCode
from streams.engine.clocks import counted
from streams.engine.counting import DAY
from streams.engine.findings import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.limits import Limit
    from streams.engine.counting import Counting
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.rules import CaseRules

ANSWERS: Final = ("accepted", "refused", "decided", "finished")
AT_ONCE: Final = frozenset({"not_required", "out_of_remit"})
"""Grounds of a refusal that are to be said at once (即时, §32(1)(2))."""
FREE_NOTICES: Final = 1
"""All corrections belong in one notice (一次告知, §32(4))."""


@dataclass(slots=True)
class Period:
    """A time in which the hall owes an answer: from the receipt, or from a full supply."""

    number: int
    opened: Entry
    counting: Counting
    stopped_at: int | None = None
    deemed: bool = False
    """Nobody answered in time: the case counts as accepted from here."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where the decision clocks start, and since when that is known."""

    record: Entry
    known_from: int
    deemed: bool = False
    assumed: bool = False
    """No acceptance on record says so."""


@dataclass(slots=True)
class Acceptance:
    """What came of an application: the periods, the start of the decision clocks, findings."""

    periods: list[Period] = field(default_factory=list)
    start: Start | None = None
    found: list[Found] = field(default_factory=list)


def acceptance_of(ledger: Ledger, rules: CaseRules) -> Acceptance:
    """Read the law of acceptance for a case."""
    limit, received = rules.limits.get(ClockKind.ACCEPTANCE), ledger.received
    result = Acceptance()
    if limit is not None and received is not None:
        if ledger.accepted is not None and ledger.accepted.at < received.at:
            result.found.append(Found(FindingCode.TIMES_REVERSED, received, received.at))
        else:
            walk = _Walk(received, limit, rules)
            for entry in _answers(ledger):
                walk.meet(entry)
            result.periods, result.found = walk.periods, walk.found
    result.start = _start(ledger, result)
    return result


def notified_at(entry: Entry) -> int:
    """Give the moment of an answer; of a notice: when the applicant was told, if on record."""
    return entry.told if entry.told >= 0 else entry.at


def _answers(ledger: Ledger) -> Sequence[Entry]:
    kinds = ("corrections_requested", "corrections_supplied", *ANSWERS)
    found = [entry for kind in kinds for entry in ledger.of(kind) if entry not in ledger.early]
    return sorted(found, key=lambda entry: (notified_at(entry), entry))


class _Walk:
    """The state between two answers: running, waiting for the applicant, or over."""

    def __init__(self, received: Entry, limit: Limit, rules: CaseRules) -> None:
        self._limit, self._rules = limit, rules
        self.periods: list[Period] = []
        self.found: list[Found] = []
        self._asked: set[int] = set()
        self._supplied: set[int] = set()
        self._new_notices = 0
        self._waiting = False
        self._answered = False
        self._open(received)

    def _open(self, entry: Entry) -> None:
        counting = counted(self._limit, entry.at, self._rules)
        self.periods.append(Period(len(self.periods) + 1, entry, counting))

    def meet(self, entry: Entry) -> None:
        """Take the next answer, or the applicant's."""
        period = self.periods[-1]
        moment = notified_at(entry)
        if moment < self.periods[0].opened.at:
            return
        if not self._waiting and not self._answered and moment > period.counting.due_at:
            period.deemed = True
        if entry.kind == "corrections_requested":
            self._notice(entry, moment, period)
        elif entry.kind == "corrections_supplied":
            self._supply(entry)
        elif not self._answered:
            self._answered = True
            if not self._waiting:
                period.stopped_at = moment
            if period.deemed:
                self._late(entry)
            elif entry.what in AT_ONCE and not self._same_day(entry):
                self.found.append(Found(FindingCode.REFUSAL_NOT_AT_ONCE, entry, entry.at))

    def _same_day(self, entry: Entry) -> bool:
        """Tell whether it was said on the day of receipt, or on the working day after a day off."""
        calendar = self._rules.calendar
        received = calendar.face(self.periods[0].opened.at) // DAY
        return calendar.face(entry.at) // DAY <= calendar.roll(received)

    def _late(self, entry: Entry) -> None:
        if entry.kind == "accepted":
            self.found.append(Found(FindingCode.LATE_ACCEPTANCE, entry, entry.at))
        elif entry.kind == "refused":
            self.found.append(Found(FindingCode.LATE_REFUSAL, entry, entry.at))

    def _notice(self, entry: Entry, moment: int, period: Period) -> None:
        new = not entry.items or not self._asked.issuperset(entry.items)
        if new:
            self._new_notices += 1
            if self._new_notices > FREE_NOTICES:
                second = self._new_notices == FREE_NOTICES + 1
                code = FindingCode.SECOND_NOTICE if second else FindingCode.THIRD_NOTICE
                self.found.append(Found(code, entry, moment))
        lawful = not new or self._new_notices <= FREE_NOTICES
        if lawful:
            self._asked.update(entry.items)
        if lawful and not (self._waiting or self._answered or period.deemed):
            period.stopped_at = moment
            self._waiting = True

    def _supply(self, entry: Entry) -> None:
        if not self._waiting or self._answered:
            return
        self._supplied.update(entry.items)
        covered = not entry.items or self._asked <= self._supplied
        if entry.all_supplied == 1 or (entry.all_supplied < 0 and covered):
            self._waiting = False
            self._open(entry)


def _start(ledger: Ledger, acceptance: Acceptance) -> Start | None:
    """Find what starts the decision clocks (domain.md §2, readings)."""
    silent = next(_unanswered(acceptance.periods), None)
    if silent is not None:
        return Start(silent.opened, silent.counting.due_at + 1, deemed=True)
    decision, accepted = ledger.decision, ledger.accepted
    if accepted is not None:
        return Start(accepted, accepted.at)
    if decision is None:
        return None
    acceptance.found.append(Found(FindingCode.ACCEPTANCE_MISSING, decision, decision.at))
    supplies = [supply for supply in ledger.of("corrections_supplied") if supply.at <= decision.at]
    candidates = (supplies[-1] if supplies else None, ledger.received, ledger.opened)
    begun = next(c for c in candidates if c is not None and c.at <= decision.at)
    return Start(begun, decision.at, assumed=True)


def _unanswered(periods: Sequence[Period]) -> Iterator[Period]:
    """Give the period in which no answer came in time: by now, or unless one still comes.

    A clock that nothing has stopped will be over at its due moment; until then nobody knows, so
    the start is known from then on only.
    """
    for period in periods:
        if period.deemed or period.stopped_at is None:
            yield period

"""A case (办件) as it can be judged: what happened, what holds, its clocks and findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from schemas.about import in_round
from streams.engine.acceptance import acceptance_of
from streams.engine.arrival import of_arrivals
from streams.engine.decision import decision_clocks
from streams.engine.findings import graded, of_records
from streams.engine.flow import judged_decision, of_course, returned_at_brink
from streams.engine.ledger import judge_by
from streams.engine.listing import of_item
from streams.engine.other_clocks import acceptance_clocks, delivery_clocks, special_clocks
from streams.engine.rounds import read_rounds
from streams.engine.steps import step_clocks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.findings import Finding, Found
    from streams.engine.ledger import Ledger
    from streams.engine.rules import CaseRules, Rules

    Pinned = Callable[[Entry], Rules]
    """Gives the law that a record pinned when it arrived."""


READING: Final = 1
"""Which reading of the law this is: raised whenever the same records give another verdict.

Of 0.1.0 and 0.2.0: 0. A state of an earlier one is judged anew, once.
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One life of a case (轮次): what happened in it, what holds, its clocks and findings."""

    ledger: Ledger
    rules: CaseRules
    clocks: tuple[Clock, ...]
    findings: tuple[Finding, ...]
    pinned_by: tuple[Entry, ...]
    """The records by whose law it is judged: the receipt, and the acceptance."""

    @property
    def number(self) -> int:
        """1 for the first round, 2 for the next, …: only how it is shown."""
        return self.ledger.number


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it can be judged; `ledger` and `rules` are those of its present round."""

    ledger: Ledger
    rules: CaseRules
    clocks: tuple[Clock, ...]
    findings: tuple[Finding, ...]
    ended_at: int | None
    rounds: tuple[Round, ...]
    """In order of time; the last is the present one."""

    @property
    def opened(self) -> Entry:
        """The earliest record of the case."""
        return self.rounds[0].ledger.opened

    @property
    def entries(self) -> Sequence[Entry]:
        """The records that count, in order of time but for those of one second."""
        if len(self.rounds) == 1:
            return self.ledger.entries
        return [entry for each in self.rounds for entry in each.ledger.entries]

    @property
    def subjects(self) -> tuple[Clock | Finding, ...]:
        """Everything that a card can be about."""
        return (*self.clocks, *self.findings)

    def known(self, now: int) -> list[Clock]:
        """Give the clocks that are known at a moment: deemed ones only once silence has spoken."""
        return [clock for clock in self.clocks if not clock.deemed or clock.known_from <= now]

    def round_of(self, clock: Clock) -> Round:
        """Give the round that a clock is of."""
        return self.rounds[clock.round - 1]


def assess(entries: Sequence[Entry], law: Rules, pinned: Pinned | None = None) -> Case:
    """Read a case's records, set its clocks, and find what the records show.

    The limits of a round are those in force where its decision clocks start: at acceptance, or
    where it is deemed to be; before that, at the receipt. So is the law itself, where `pinned`
    gives what was in force when a record arrived; else `law` holds for all.
    """
    rounds: list[Round] = []
    for ledger in read_rounds(entries):
        rounds.append(_assessed(ledger, law, pinned, rounds[-1] if rounds else None))
    last = rounds[-1]
    if len(rounds) == 1:
        clocks, findings = last.clocks, last.findings
    else:
        clocks = tuple(clock for each in rounds for clock in each.clocks)
        findings = tuple(finding for each in rounds for finding in each.findings)
    ended_at = last.ledger.ended_at
    return Case(last.ledger, last.rules, clocks, findings, ended_at, tuple(rounds))


def _assessed(ledger: Ledger, law: Rules, pinned: Pinned | None, before: Round | None) -> Round:
    came = ledger.received or ledger.accepted or ledger.opened
    place = ledger.value("item"), ledger.value("region"), ledger.value("department")
    if pinned is not None:
        law = pinned(came)
    rules = law.resolve(*place, came.at)
    acceptance = acceptance_of(ledger, rules)
    found: list[Found] = acceptance.found
    clocks = acceptance_clocks(ledger, rules, acceptance)
    start = acceptance.start
    opening = start.record if start is not None and start.deemed else ledger.accepted or came
    if opening is not came and (pinned is not None or opening.at != came.at):
        law = law if pinned is None else pinned(opening)
        rules = law.resolve(*place, opening.at)
    decision = judged_decision(ledger, rules)
    if decision is not None and decision is not ledger.decided:
        judge_by(ledger, decision)
    clocks += decision_clocks(ledger, rules, start, found)
    clocks += special_clocks(ledger, rules)
    clocks += delivery_clocks(ledger, rules, found)
    if ledger.steps or ledger.loose:
        clocks += step_clocks(ledger, rules, law, found)
    if ledger.entries:
        found += of_item(rules, opening)
    found += of_records(ledger)
    found += of_arrivals(ledger.entries, rules)
    found += of_course(ledger, rules)
    if ledger.opener is not None and before is not None:
        clocks = [_of_round(clock, ledger) for clock in clocks]
        found += returned_at_brink(before.ledger, before.clocks, before.rules, ledger.opener)
    findings = graded(found, rules, running=ledger.ended_at is None) if found else ()
    return Round(ledger, rules, tuple(clocks), findings, (came, opening))


def _of_round(clock: Clock, ledger: Ledger) -> Clock:
    """Name a clock of a later round by the record that opens it."""
    assert ledger.opener is not None  # noqa: S101 - a later round has one
    return replace(clock, clock_id=in_round(ledger.opener.id, clock.clock_id), round=ledger.number)

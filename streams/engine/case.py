"""A case (办件) as it can be judged: what happened, what holds, its clocks and findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streams.engine.acceptance import acceptance_of
from streams.engine.arrival import of_arrivals
from streams.engine.decision import decision_clocks
from streams.engine.findings import graded, of_records
from streams.engine.ledger import read
from streams.engine.other_clocks import acceptance_clocks, delivery_clocks, special_clocks
from streams.engine.steps import step_clocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.findings import Finding, Found
    from streams.engine.ledger import Ledger
    from streams.engine.rules import CaseRules, Rules


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it can be judged: what happened, what holds, its clocks and findings."""

    ledger: Ledger
    rules: CaseRules
    clocks: tuple[Clock, ...]
    findings: tuple[Finding, ...]
    ended_at: int | None

    @property
    def subjects(self) -> tuple[Clock | Finding, ...]:
        """Everything that a card can be about."""
        return (*self.clocks, *self.findings)

    def known(self, now: int) -> list[Clock]:
        """Give the clocks that are known at a moment: deemed ones only once silence has spoken."""
        return [clock for clock in self.clocks if not clock.deemed or clock.known_from <= now]


def assess(entries: Sequence[Entry], law: Rules) -> Case:
    """Read a case's records, set its clocks, and find what the records show.

    The limits are those in force where the decision clocks start: at acceptance, or where it is
    deemed to be; before that, at the receipt.
    """
    ledger = read(entries)
    item, region = ledger.value("item"), ledger.value("region")
    department = ledger.value("department")
    came = (ledger.received or ledger.opened).at
    rules = law.resolve(item, region, department, came)
    acceptance = acceptance_of(ledger, rules)
    found: list[Found] = acceptance.found
    clocks = acceptance_clocks(ledger, rules, acceptance)
    start = acceptance.start
    if start is not None and start.record.at != came:
        rules = law.resolve(item, region, department, start.record.at)
    clocks += decision_clocks(ledger, rules, start, found)
    clocks += special_clocks(ledger, rules)
    clocks += delivery_clocks(ledger, rules, found)
    if ledger.steps:
        clocks += step_clocks(ledger, rules, law, start, found)
    found += of_records(ledger)
    found += of_arrivals(ledger.entries, rules)
    ended_at = ledger.ended_at
    findings = graded(found, rules, running=ended_at is None) if found else ()
    return Case(ledger, rules, tuple(clocks), findings, ended_at)

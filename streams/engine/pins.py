"""Pins (适用版本): which law each record brought with it, as it was in force when it came.

The law of a round is that of the record which opens it: the receipt for the answer that is owed,
the acceptance for the decision (deemed or missing: the receipt, or the supply). None is dropped
when a later round opens. What is pinned is a catalogue, and with it the standard working days (D)
of its calendars; the days and hours of a calendar are not, they hold for all as soon as they
change. Kept are only the pins that differ from the case's first.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from streams.engine.rules import StandardDays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.engine.case import Case, Pinned
    from streams.engine.entries import Entry
    from streams.engine.rules import Rules

PINNING: Final = frozenset({"received", "accepted", "corrections_supplied"})
"""The records that open a round, or from which it can be deemed accepted."""


class PinnedLaw(NamedTuple):
    """What is pinned of the law."""

    catalogue: str
    standard_days: StandardDays | None
    """None by an earlier version, which did not pin them: those of the calendars as they are."""

    @classmethod
    def of(cls, rules: Rules) -> PinnedLaw:
        """Give what a record pins that comes while these rules are in force."""
        return cls(rules.catalogue.version, rules.standard_days)


class Pin(Struct, array_like=True, frozen=True, order=True):
    """The law that was in force when a record came."""

    record: int
    catalogue: str
    standard_days: StandardDays | None = None


def with_pin(pins: Sequence[Pin], record: int, law: PinnedLaw, first: PinnedLaw) -> list[Pin]:
    """Give pins with one more; `first` is the law of a record that is not among them."""
    kept = [pin for pin in pins if pin.record != record]
    if law != first:
        insort(kept, Pin(record, *law), key=lambda pin: pin.record)
    return kept


def pinned_by(
    pins: Sequence[Pin], first: PinnedLaw, rules_of: Callable[[str], Rules]
) -> tuple[Rules, Pinned | None]:
    """Give the rules of what has no pin of its own, and what tells those of a record."""
    rules = rules_of(first.catalogue).lasting(first.standard_days)
    if not pins:
        return rules, None
    by_record = {pin.record: pin for pin in pins}

    def pinned(record: Entry) -> Rules:
        pin = by_record.get(record.id)
        return rules if pin is None else rules_of(pin.catalogue).lasting(pin.standard_days)

    return rules, pinned


def known_since(case: Case, pins: Sequence[Pin], first: PinnedLaw, rules: Rules) -> list[Pin]:
    """Pin the rounds whose item no catalogue has known to one that knows it.

    A round is judged again with each newer catalogue until one lists its item, and pinned there.
    """
    found = list(pins)
    for each in case.rounds:
        unlisted = each.rules.standing in ("unknown", "covered")
        if unlisted and rules.catalogue.lists(each.ledger.value("item")):
            for record in each.pinned_by:
                found = with_pin(found, record.id, PinnedLaw.of(rules), first)
    return found

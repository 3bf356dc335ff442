"""Pins (适用版本): which catalogue each record brought with it, as it was in force when it came.

The law of a round is that of the record which opens it: the receipt for the answer that is owed,
the acceptance for the decision (deemed or missing: the receipt, or the supply). None is dropped
when a later round opens. Kept are only those that differ from the case's first.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.engine.case import Case, Pinned
    from streams.engine.entries import Entry
    from streams.engine.rules import Rules

PINNING: Final = frozenset({"received", "accepted", "corrections_supplied"})
"""The records that open a round, or from which it can be deemed accepted."""


class Pin(Struct, array_like=True, frozen=True, order=True):
    """The catalogue that was in force when a record came."""

    record: int
    catalogue: str


def with_pin(pins: Sequence[Pin], record: int, catalogue: str, first: str) -> list[Pin]:
    """Give pins with one more; `first` is the catalogue of a record that is not among them."""
    kept = [pin for pin in pins if pin.record != record]
    if catalogue != first:
        insort(kept, Pin(record, catalogue))
    return kept


def pinned_by(
    pins: Sequence[Pin], first: str, rules_of: Callable[[str], Rules]
) -> tuple[Rules, Pinned | None]:
    """Give the law of what has no pin of its own, and what tells that of a record."""
    law = rules_of(first)
    if not pins:
        return law, None
    versions = {pin.record: pin.catalogue for pin in pins}

    def pinned(record: Entry) -> Rules:
        version = versions.get(record.id)
        return law if version is None else rules_of(version)

    return law, pinned


def known_since(case: Case, pins: Sequence[Pin], first: str, law: Rules) -> list[Pin]:
    """Pin the rounds whose item no catalogue has known to one that knows it.

    A round is judged again with each newer catalogue until one lists its item, and pinned there.
    """
    found = list(pins)
    for each in case.rounds:
        unlisted = each.rules.standing in ("unknown", "covered")
        if unlisted and law.catalogue.lists(each.ledger.value("item")):
            for record in each.pinned_by:
                found = with_pin(found, record.id, law.catalogue.version, first)
    return found

"""Which law a round has: its item's, that of any other item, or none but the stated due moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.law.facts import OWN_ITEM, STATED, Law
from tests.support.law.stating import stated_in

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding
    from tests.support.law.records import History


def item_of(history: History) -> str | None:
    """Give a round's item: its acceptance's, its receipt's, or the first that a record names."""
    acts = (history.first("accepted"), history.first("received"), *history.records)
    return next((act.item for act in acts if act is not None and act.item is not None), None)


def day_of(history: History, deemed: datetime | None) -> datetime:
    """Give the moment whose day decides: the acceptance's, a deemed one's, or the receipt's."""
    if deemed is not None:
        return deemed
    act = history.first("accepted") or history.first("received") or history.records[0]
    return act.at


def law_at_receipt(law: Law, history: History) -> Law:
    """Give the law that the receipt pins: that of the acceptance clock."""
    item, received = item_of(history), history.first("received")
    if item == OWN_ITEM:
        in_force = received is None or law.holds_on(received.at.date())
        return law if in_force else unwatched(law)
    return unwatched(law) if item is None or law.star is None else of_source(law, law.star)


def law_of(law: Law, history: History, deemed: datetime | None) -> tuple[Law, set[Finding]]:
    """Give the law that the acceptance pins, and what is wrong with the round's item."""
    item, moment = item_of(history), day_of(history, deemed)
    if item == OWN_ITEM:
        if law.holds_on(moment.date()):
            return law, set()
        return or_stated(law, history), found(law, "item_not_in_force", moment)
    if item is None:
        return or_stated(law, history), found(law, "item_missing", moment)
    if law.star is not None:
        return of_source(law, law.star), found(law, "item_covered", moment)
    return or_stated(law, history), found(law, "item_unknown", moment)


def found(law: Law, code: str, moment: datetime) -> set[Finding]:
    """A catalogue that lists no item (a foreign log) finds nothing wrong with any."""
    return {(code, moment)} if law.lists_items else set()


def unwatched(law: Law) -> Law:
    """Give what holds where the catalogue has no item: its policy, and no limit."""
    return of_source(law, Law({}))


def of_source(law: Law, other: Law) -> Law:
    """Give another law for the records of the same source."""
    return replace(other, loading_until=law.loading_until)


def or_stated(law: Law, history: History) -> Law:
    """A due moment that the hall states gives a clock all the same."""
    bare = unwatched(law)
    if stated_in(history) is None:
        return bare
    return replace(bare, limits={"promised": STATED})

"""The records of one case (台账): a set that does not depend on the order in which they came.

The same record twice counts once, and a higher record version replaces a lower one (DATAVER). Two
that differ under the same version both stay, and the one that sorts higher is read. They are kept
sorted by what they are, so equal sets are equal bytes.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from math import ceil
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from schemas.events import Envelope

ORDER: Final = {
    kind: rank
    for rank, kind in enumerate(
        (
            "received",
            "pre_reviewed",
            "corrections_requested",
            "corrections_supplied",
            "accepted",
            "refused",
            "step_started",
            "suspended",
            "extended",
            "resumed",
            "step_finished",
            "decided",
            "finished",
            "delivered",
        )
    )
}
"""How kinds are ordered that happened in the same second."""

WHAT: Final = ("outcome", "suspension", "method", "grounds")
"""The fields that say what kind of act a record is."""
FACTS: Final = {
    "told_at": 1,
    "reason": 2,
    "approver_rank": 4,
    "days_asked": 8,
    "delivered": 16,
}
"""The bits of `Entry.unrecorded`: facts that the source cannot hold."""


UNTOLD: Final = -2
"""The arrival of a copy that says nothing of it, as in a rebuild: another copy's counts."""


class Entry(Struct, array_like=True, frozen=True, order=True):
    """What the law asks of one record; times are whole seconds since the epoch.

    Sorted by when it happened, then by its kind, then by its identity.
    """

    at: int
    rank: int
    id: int
    version: int
    kind: str
    source: str
    recorded: int = -1
    item: str = ""
    item_name: str = ""
    region: str = ""
    department: str = ""
    window: str = ""
    step: str = ""
    step_name: str = ""
    officer: str = ""
    case_type: str = ""
    channel: str = ""
    due: int = -1
    """The due moment that the hall states (承诺办结时间)."""
    amount: int = -1
    """Days asked of a suspension, length of an extension, limit of a step."""
    unit: str = ""
    what: str = ""
    """Outcome of a decision, kind of a suspension, way of a delivery, grounds of a refusal."""
    ref: str = ""
    """Which suspension this belongs to."""
    told: int = -1
    grounds: bool = False
    """Whether a reason, or a basis, is on record."""
    approver: str = ""
    """The rank of who approved it."""
    items: tuple[int, ...] = ()
    """What was asked for, or supplied (补正内容), each as a hash."""
    all_supplied: int = -1
    """1 yes, 0 no, -1 not stated."""
    unrecorded: int = 0
    single_moment: bool = False
    within: bool = False
    """Whether it happened within its second, after the second had begun."""
    voided: bool = False
    """The source took the record back: it counts as never sent."""
    by_date: bool = False
    """The due moment that the hall states is a date, which ends its day."""
    sequence: int = -1
    """Of a step (环节序号), as its source counts them; -1 for none."""
    arrived: int = -1
    """When it had surely not come before; -1: before the first tick, or not known; `UNTOLD`."""
    loading: int = -1
    """Until when its source was loading (集中补录) by the law in force as it came, else -1."""

    came_by: int = -1
    """By when it had surely come, where it says that it happened later; else, or not known, -1."""

    def said(self) -> Entry:
        """Give what it says, without when that was written down and when it came."""
        return msgspec.structs.replace(self, recorded=-1, arrived=-1, loading=-1, came_by=-1)

    def known_by(self, at: int) -> Entry:
        """Give it with the moment by which it had surely come; negative where that is not known."""
        return msgspec.structs.replace(self, came_by=at) if 0 <= at < self.at else self

    def cannot_hold(self, fact: str) -> bool:
        """Tell whether the source cannot hold a fact, as its mapping declares."""
        return bool(self.unrecorded & FACTS[fact])


def identity(source: str, event_id: str) -> int:
    """Name a record within its case: 63 bits of a hash of its source and its id."""
    return hashed(f"{source}\x00{event_id}")


def hashed(text: str) -> int:
    """Give 63 bits of a hash, by which a record is named."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def entry_of(event: Envelope, arrived: int = -1, loading: int = -1) -> Entry:
    """Take from an event what the law asks; when it arrived the event does not say."""
    facts = event.__dict__
    kind: str = facts["kind"]
    amount = facts.get("days_asked")
    if amount is None:
        amount = facts.get("amount", facts.get("limit_amount"))
    all_supplied = facts.get("all_supplied")
    return Entry(
        at=_second(event.occurred_at),
        rank=ORDER[kind],
        id=identity(event.source, event.event_id),
        version=event.record_version,
        kind=kind,
        source=event.source,
        recorded=_second(event.recorded_at),
        item=event.item or "",
        item_name=event.item_name or "",
        region=event.region or "",
        department=event.department or "",
        window=event.window or "",
        step=event.step or "",
        step_name=event.step_name or "",
        officer=event.officer or "",
        case_type=facts.get("case_type") or "",
        channel=facts.get("channel") or "",
        due=_due(facts.get("promised_due_at"), by_date=facts.get("promised_by_date", False)),
        amount=-1 if amount is None else amount,
        unit=facts.get("unit") or facts.get("limit_unit") or "",
        what=next((facts[name] for name in WHAT if facts.get(name)), ""),
        ref=facts.get("suspension_id") or "",
        told=_second(facts.get("told_at")),
        grounds=bool(facts.get("reason") or facts.get("basis")),
        approver=facts.get("approver_rank") or "",
        items=tuple(sorted({hashed(name) for name in facts.get("items") or ()})),
        all_supplied=-1 if all_supplied is None else int(all_supplied),
        unrecorded=sum(FACTS[fact] for fact in set(event.unrecorded)),
        single_moment=facts.get("single_moment", False),
        within=event.occurred_at.microsecond > 0,
        voided=event.voided,
        by_date=facts.get("promised_by_date", False),
        sequence=-1 if (sequence := facts.get("sequence")) is None else sequence,
        arrived=arrived,
        loading=loading,
    )


def _second(moment: datetime | None) -> int:
    return -1 if moment is None else int(moment.timestamp())


def _due(moment: datetime | None, *, by_date: bool) -> int:
    """Round a stated due moment up: a card must never be called early. A date stays its date."""
    if moment is None or by_date:
        return _second(moment)
    return ceil(moment.timestamp())


def merge(entries: Sequence[Entry], new: Entry) -> list[Entry] | None:
    """Give the entries with a new one among them, or None where that changes nothing."""
    replaced = [old for old in entries if old.id == new.id]
    if replaced and new.version < replaced[0].version:
        return None
    if replaced and new.version == replaced[0].version:
        replaced = [old for old in replaced if alike(old, new)]
        if replaced:
            new = _of_copies(replaced[0], new)
            if new == replaced[0]:
                return None
    merged = [old for old in entries if old not in replaced]
    insort(merged, new)
    return merged


def alike(one: Entry, other: Entry) -> bool:
    """Tell whether two entries say the same; when it was written or came is not what it says.

    An earlier version of this program kept no sequence: what it has kept contradicts none.
    """
    if one.sequence != other.sequence:
        if min(one.sequence, other.sequence) >= 0:
            return False
        one = msgspec.structs.replace(one, sequence=other.sequence)
    return one.said() == other.said()


def _of_copies(one: Entry, other: Entry) -> Entry:
    """Join two copies of one version: what was written down first, and what arrived first."""
    recorded = max(one.recorded, other.recorded)
    if one.recorded >= 0 and other.recorded >= 0:
        recorded = min(one.recorded, other.recorded)
    told = [copy for copy in (one, other) if copy.arrived != UNTOLD] or [one]
    first = min(told, key=lambda copy: (copy.arrived, -copy.loading))
    return msgspec.structs.replace(
        one,
        recorded=recorded,
        sequence=max(one.sequence, other.sequence),
        arrived=first.arrived,
        loading=first.loading,
        came_by=first.came_by,
    )


def effective(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Give the entries that are read, and those that contradict one of them."""
    contradicting: list[Entry] = []
    last = {entry.id: entry for entry in entries}  # sorted: the highest stays
    if len(last) < len(entries):
        contradicting = [entry for entry in entries if last[entry.id] is not entry]
        entries = sorted(last.values())
    if any(entry.voided for entry in entries):
        gone = {entry.id for entry in entries if entry.voided}
        entries = [entry for entry in entries if entry.id not in gone]
        contradicting = [entry for entry in contradicting if entry.id not in gone]
    return entries, contradicting


def first_of(entries: Iterable[Entry], *kinds: str) -> Entry | None:
    """Give the first of some kinds in entries that are sorted."""
    return next((entry for entry in entries if entry.kind in kinds), None)

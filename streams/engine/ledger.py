"""The ledger (台账) of one case: a fold of its events that does not depend on their order.

A case's entries are a set: the same record twice counts once, a higher record version replaces a
lower one (DATAVER), and of two records that differ under the same version the one that sorts
higher is read. They are kept sorted by what they are, so equal sets are equal bytes.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from schemas.codes import SuspensionKind, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
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


class Entry(Struct, array_like=True, frozen=True, order=True):
    """What the law asks of one event; times are whole seconds since the epoch.

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
    due: int = -1
    """The due moment that the hall states (承诺办结时间)."""
    amount: int = -1
    """Days asked of a suspension, length of an extension, limit of a step."""
    unit: str = ""
    what: str = ""
    """Outcome of a decision, kind of a suspension."""
    ref: str = ""
    """Which suspension this belongs to."""
    told: int = -1
    single_moment: bool = False
    within: bool = False
    """Whether it happened within its second, after the second had begun."""


def identity(source: str, event_id: str) -> int:
    """Name a record within its case: 63 bits of a hash of its source and its id."""
    digest = hashlib.blake2b(f"{source}\x00{event_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def entry_of(event: Envelope) -> Entry:
    """Take from an event what the law asks."""
    facts = event.__dict__
    kind: str = facts["kind"]
    amount = facts.get("days_asked")
    if amount is None:
        amount = facts.get("amount", facts.get("limit_amount"))
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
        due=_second_up(facts.get("promised_due_at")),
        amount=-1 if amount is None else amount,
        unit=facts.get("unit") or facts.get("limit_unit") or "",
        what=facts.get("outcome") or facts.get("suspension") or "",
        ref=facts.get("suspension_id") or "",
        told=_second(facts.get("told_at")),
        single_moment=facts.get("single_moment", False),
        within=event.occurred_at.microsecond > 0,
    )


def _second(moment: datetime | None) -> int:
    return -1 if moment is None else int(moment.timestamp() // 1)


def _second_up(moment: datetime | None) -> int:
    """Round a stated due moment up: a card must never be called early."""
    return -1 if moment is None else -int(-moment.timestamp() // 1)


def merge(entries: Sequence[Entry], new: Entry) -> list[Entry] | None:
    """Give the entries with a new one among them, or None where that changes nothing."""
    merged = list(entries)
    for index, old in enumerate(merged):
        if old.id == new.id:
            if (new.version, new) <= (old.version, old):
                return None
            del merged[index]
            break
    insort(merged, new)
    return merged


@dataclass(frozen=True, slots=True)
class StepRun:
    """One pass through a step (环节)."""

    code: str
    number: int
    """1 for the first pass, 2 when the case came back to it, …"""
    started: Entry
    finished: Entry | None


@dataclass(frozen=True, slots=True)
class Suspension:
    """A special procedure (特别程序): from its start to its end, if it has one on record."""

    start: int
    end: int | None
    kind: SuspensionKind
    days_asked: int | None
    told: int | None

    def days(self, cap: int) -> int:
        """Give the working days it may last: those asked, or a cap where they are not on record."""
        return cap if self.days_asked is None else self.days_asked


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension (延期) in its own unit."""

    at: int
    amount: int
    unit: Unit
    due: int | None
    """The new due moment, where the hall states it."""


@dataclass(slots=True)
class Ledger:
    """What happened in a case, read off its entries."""

    entries: Sequence[Entry]
    received: Entry | None = None
    supplied: Entry | None = None
    """The last supply of corrections."""
    accepted: Entry | None = None
    refused: Entry | None = None
    decided: Entry | None = None
    finished: Entry | None = None
    last_step: Entry | None = None
    steps: list[StepRun] = field(default_factory=list)
    suspensions: list[Suspension] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)

    @property
    def opened(self) -> Entry:
        """The earliest entry."""
        return self.entries[0]

    @property
    def last(self) -> Entry:
        """The latest entry."""
        return self.entries[-1]

    def value(self, name: str) -> str:
        """Give what the acceptance says of the case (region, item, …), or else the first to say."""
        said: str = getattr(self.accepted, name) if self.accepted is not None else ""
        if said:
            return said
        for entry in self.entries:
            said = getattr(entry, name)
            if said:
                return said
        return ""

    @property
    def current_step(self) -> Entry | None:
        """The step that is open, or else the last one: who has the case on the desk."""
        for run in reversed(self.steps):
            if run.finished is None:
                return run.started
        return self.last_step

    @property
    def stated_due(self) -> int | None:
        """The due moment that the hall states (承诺办结时间), as last extended."""
        for extension in reversed(self.extensions):
            if extension.due is not None:
                return extension.due
        for entry in (self.accepted, self.received):
            if entry is not None and entry.due >= 0:
                return entry.due
        return None


def read(entries: Sequence[Entry]) -> Ledger:
    """Read what happened off a case's sorted entries; there is at least one.

    Of several records of the same act (two acceptances, two decisions) the earliest counts.
    """
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    nothing: list[Entry] = []
    return Ledger(
        entries=entries,
        received=by_kind.get("received", _NONE)[0],
        accepted=by_kind.get("accepted", _NONE)[0],
        refused=by_kind.get("refused", _NONE)[0],
        decided=by_kind.get("decided", _NONE)[0],
        finished=by_kind.get("finished", _NONE)[0],
        supplied=by_kind.get("corrections_supplied", _NONE)[-1],
        last_step=next((entry for entry in reversed(entries) if entry.step), None),
        steps=_step_runs(
            by_kind.get("step_started", nothing), by_kind.get("step_finished", nothing)
        ),
        suspensions=_suspensions(
            by_kind.get("suspended", nothing), by_kind.get("resumed", nothing)
        ),
        extensions=[
            Extension(e.at, e.amount, Unit(e.unit), e.due if e.due >= 0 else None)
            for e in by_kind.get("extended", nothing)
        ],
    )


_NONE: Final[Sequence[Entry | None]] = (None,)


def _step_runs(starts: Sequence[Entry], ends: Sequence[Entry]) -> list[StepRun]:
    """Pair each end with the earliest start before it that is still open; both are sorted."""
    runs: list[StepRun] = []
    passes: dict[str, int] = {}
    for start in starts:
        passes[start.step] = number = passes.get(start.step, 0) + 1
        runs.append(StepRun(start.step, number, start, None))
    for end in ends:
        for index, run in enumerate(runs):
            if run.code == end.step and run.finished is None and run.started < end:
                runs[index] = StepRun(run.code, run.number, run.started, end)
                break
    return runs


def _suspensions(starts: Sequence[Entry], ends: Sequence[Entry]) -> list[Suspension]:
    """Pair each end with its own start by id, or else with the latest start still open."""
    ended: dict[int, int] = {}
    for end in ends:
        still_open = [s for s in starts if s.id not in ended and s < end]
        own = [s for s in still_open if end.ref and s.ref == end.ref]
        anonymous = [s for s in still_open if not end.ref or not s.ref]
        for start in (own or anonymous)[-1:]:
            ended[start.id] = end.at
    return [
        Suspension(
            start=s.at,
            end=ended.get(s.id),
            kind=SuspensionKind(s.what),
            days_asked=s.amount if s.amount >= 0 else None,
            told=s.told if s.told >= 0 else None,
        )
        for s in starts
    ]

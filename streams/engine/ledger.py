"""The ledger (台账) of one case: what happened, read off its records."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.codes import Outcome, SuspensionKind
from streams.engine.entries import effective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.engine.entries import Entry

ENDED_OTHERWISE: Final = frozenset(
    {Outcome.WITHDRAWN, Outcome.VOIDED, Outcome.DELETED, Outcome.RETURNED, Outcome.FORWARDED}
)
"""Outcomes that end a case without a decision on it (撤回, 作废, 删除, 退件, 转报)."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """One pass through a step (环节); one without a start has only its end on record."""

    code: str
    number: int
    """1 for the first pass, 2 when the case came back to it, …"""
    started: Entry | None
    finished: Entry | None

    @property
    def record(self) -> Entry:
        """The record that shows the pass: its start, or else its end."""
        record = self.started or self.finished
        assert record is not None  # noqa: S101 - a run has one of the two
        return record


@dataclass(frozen=True, slots=True)
class Suspension:
    """A special procedure (特别程序): from its start to its end, if it has one on record."""

    start: int
    end: int | None
    kind: SuspensionKind
    days_asked: int | None
    record: Entry

    def days(self, cap: int) -> int:
        """Give the working days it may last: those asked, or a cap where they are not on record."""
        return cap if self.days_asked is None else self.days_asked


@dataclass(slots=True)
class Ledger:
    """What happened in a case, read off its records."""

    entries: Sequence[Entry]
    """The records that count, sorted; none when the source took them all back."""
    opened: Entry
    """The earliest record."""
    contradicting: Sequence[Entry] = ()
    """Records that say something else than one of the same version which is read."""
    by_kind: dict[str, list[Entry]] = field(default_factory=dict)
    received: Entry | None = None
    accepted: Entry | None = None
    refused: Entry | None = None
    decided: Entry | None = None
    finished: Entry | None = None
    steps: list[StepRun] = field(default_factory=list)
    suspensions: list[Suspension] = field(default_factory=list)
    unmatched: Sequence[Entry] = ()
    """Ends of special procedures that none had begun."""
    extensions: Sequence[Entry] = ()

    @property
    def last(self) -> Entry:
        """The latest record."""
        return self.entries[-1] if self.entries else self.opened

    def of(self, kind: str) -> Sequence[Entry]:
        """Give the records of a kind, in order of time."""
        return self.by_kind.get(kind, ())

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
        return next((entry for entry in reversed(self.entries) if entry.step), None)

    @property
    def decision(self) -> Entry | None:
        """The first act that decides the case: granted, denied, or finished with no more said."""
        acts = [
            act
            for act in (self.decided, self.finished)
            if act is not None and act.what not in ENDED_OTHERWISE
        ]
        return min(acts, default=None)

    @property
    def ended_at(self) -> int | None:
        """The first act that ends the case: decision, finishing or refusal."""
        acts = [act.at for act in (self.decided, self.finished, self.refused) if act is not None]
        return min(acts, default=None)


def read(entries: Sequence[Entry]) -> Ledger:
    """Read what happened off a case's sorted entries; there is at least one.

    Of several records of the same act (two acceptances, two decisions) the earliest counts.
    """
    counted, contradicting = effective(entries)
    by_kind: dict[str, list[Entry]] = {}
    for entry in counted:
        by_kind.setdefault(entry.kind, []).append(entry)
    ledger = Ledger(
        entries=counted,
        opened=counted[0] if counted else entries[0],
        contradicting=contradicting,
        by_kind=by_kind,
        received=_first(by_kind, "received"),
        accepted=_first(by_kind, "accepted"),
        refused=_first(by_kind, "refused"),
        decided=_first(by_kind, "decided"),
        finished=_first(by_kind, "finished"),
        extensions=by_kind.get("extended", ()),
    )
    if "step_started" in by_kind or "step_finished" in by_kind:
        ledger.steps = _step_runs(ledger.of("step_started"), ledger.of("step_finished"))
    if "suspended" in by_kind or "resumed" in by_kind:
        _pair_suspensions(ledger)
    return ledger


def _first(by_kind: dict[str, list[Entry]], kind: str) -> Entry | None:
    found = by_kind.get(kind)
    return found[0] if found else None


def _step_runs(starts: Sequence[Entry], ends: Sequence[Entry]) -> list[StepRun]:
    """Pair each end with the earliest start before it that is still open; both are sorted.

    An end that no start precedes is a run too, unless its source keeps one time a step.
    """
    ended: dict[int, Entry] = {}
    orphans: list[Entry] = []
    still_open: dict[str, deque[Entry]] = {}
    for start in starts:
        still_open.setdefault(start.step, deque()).append(start)
    for end in ends:
        waiting = still_open.get(end.step)
        if waiting and waiting[0] < end:
            ended[waiting.popleft().id] = end
        elif not end.single_moment:
            orphans.append(end)
    runs: list[StepRun] = []
    passes: dict[str, int] = {}
    for record in sorted([*starts, *orphans]):
        passes[record.step] = number = passes.get(record.step, 0) + 1
        if record.kind == "step_started":
            runs.append(StepRun(record.step, number, record, ended.get(record.id)))
        else:
            runs.append(StepRun(record.step, number, None, record))
    return runs


def _pair_suspensions(ledger: Ledger) -> None:
    """Pair each end with its own start by id; then the others with the latest start still open.

    An end that names a procedure does not end one of another name.
    """
    starts, ends = ledger.of("suspended"), ledger.of("resumed")
    ended: dict[int, int] = {}
    unmatched: list[Entry] = []
    others: list[Entry] = []
    for end in ends:
        own = [s for s in starts if end.ref and s.ref == end.ref and s.id not in ended and s < end]
        if own:
            ended[own[-1].id] = end.at
        else:
            others.append(end)
    for end in others:
        anonymous = [s for s in starts if s.id not in ended and s < end and not (end.ref and s.ref)]
        if anonymous:
            ended[anonymous[-1].id] = end.at
        else:
            unmatched.append(end)
    ledger.unmatched = unmatched
    ledger.suspensions = [
        Suspension(
            start=s.at,
            end=ended.get(s.id),
            kind=SuspensionKind(s.what),
            days_asked=s.amount if s.amount >= 0 else None,
            record=s,
        )
        for s in starts
    ]

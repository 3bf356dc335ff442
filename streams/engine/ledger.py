"""The ledger (台账) of one round of a case: what happened, read off its records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.codes import Outcome, SuspensionKind
from streams.engine.entries import effective
from streams.engine.passes import passes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.engine.entries import Entry
    from streams.engine.passes import StepRun

ENDED_OTHERWISE: Final = frozenset(
    {Outcome.WITHDRAWN, Outcome.VOIDED, Outcome.DELETED, Outcome.RETURNED, Outcome.FORWARDED}
)
"""Outcomes that end a case without a decision on it (撤回, 作废, 删除, 退件, 转报)."""


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
    """What happened in a round of a case (轮次), read off its records."""

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
    loose: Sequence[Entry] = ()
    """Ends of steps that no start precedes: they close nothing."""
    suspensions: list[Suspension] = field(default_factory=list)
    unmatched: Sequence[Entry] = ()
    """Ends of special procedures that none had begun."""
    extensions: Sequence[Entry] = ()
    early: Sequence[Entry] = ()
    """Decisions and finishings dated before the acceptance: they end nothing."""
    after_grant: Sequence[Entry] = ()
    """Receipts and acceptances after a grant: they open nothing."""
    number: int = 1
    """1 for the first round, 2 for the next, …: only how it is shown."""
    opener: Entry | None = None
    """The record that opens a later round, and names it."""
    follows: Entry | None = None
    """What ended the round before."""

    @property
    def last(self) -> Entry:
        """The latest record."""
        return self.entries[-1] if self.entries else self.opened

    def of(self, kind: str) -> Sequence[Entry]:
        """Give the records of a kind, in order of time."""
        return self.by_kind.get(kind, ())

    def value(self, name: str) -> str:
        """Give what the acceptance says of the case (region, item, …), or else the receipt.

        Or else the first record to say.
        """
        said: str = ""
        for record in (self.accepted, self.received):
            said = said or ("" if record is None else getattr(record, name))
        return said or next((getattr(e, name) for e in self.entries if getattr(e, name)), "")

    def naming(self, name: str) -> Entry | None:
        """Give the record whose word counts for a value of the case (`value`), if one says it."""
        said_by = (self.accepted, self.received, *self.entries)
        return next((each for each in said_by if each is not None and getattr(each, name)), None)

    @property
    def current_step(self) -> Entry | None:
        """The step that is open, or else the last one: who has the case on the desk."""
        for run in reversed(self.steps):
            if run.finished is None:
                return run.holder
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
    """Read what happened off sorted entries of one round; there is at least one.

    Of several records of the same act (two acceptances, two decisions) the earliest counts.
    """
    counted, contradicting = effective(entries)
    return read_round(counted, contradicting, entries[0])


def read_round(
    counted: Sequence[Entry],
    contradicting: Sequence[Entry],
    any_entry: Entry,
    early: Sequence[Entry] = (),
    after_grant: Sequence[Entry] = (),
) -> Ledger:
    """Read what happened off the records of a round that count, sorted.

    `early` are decisions before its acceptance, `after_grant` receipts and acceptances after a
    grant: neither is the round's own. `any_entry` stands for a case without a record that counts.
    """
    by_kind: dict[str, list[Entry]] = {}
    for entry in counted:
        by_kind.setdefault(entry.kind, []).append(entry)
    ledger = Ledger(
        entries=counted,
        opened=counted[0] if counted else any_entry,
        contradicting=contradicting,
        by_kind=by_kind,
        received=_first(by_kind, "received", after_grant),
        accepted=_first(by_kind, "accepted", after_grant),
        refused=_first(by_kind, "refused"),
        decided=_first(by_kind, "decided", early),
        finished=_first(by_kind, "finished", early),
        extensions=by_kind.get("extended", ()),
        early=early,
        after_grant=after_grant,
    )
    if "step_started" in by_kind or "step_finished" in by_kind:
        pair_steps(ledger)
    if "suspended" in by_kind or "resumed" in by_kind:
        _pair_suspensions(ledger)
    return ledger


def _first(
    by_kind: dict[str, list[Entry]], kind: str, without: Sequence[Entry] = ()
) -> Entry | None:
    found = by_kind.get(kind)
    if not found:
        return None
    if not without:
        return found[0]
    return next((entry for entry in found if entry not in without), None)


def judge_by(ledger: Ledger, decision: Entry) -> None:
    """Judge a round by another decision than its first: an early false one ends nothing."""
    ledger.decided = decision
    if ledger.steps:
        pair_steps(ledger)


def pair_steps(ledger: Ledger) -> None:
    """Find the passes through the steps; what is not ended runs to the round's end."""
    ends = [act.at for act in (ledger.decided, ledger.refused) if act is not None]
    end = ledger.finished.at if ledger.finished is not None else min(ends, default=None)
    starts, ends_ = ledger.of("step_started"), ledger.of("step_finished")
    ledger.steps, ledger.loose = passes_of(starts, ends_, end)


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

"""Rounds (轮次): one case number, several lives. Which records are of which.

What lets a next round begin is a refusal, or an outcome other than a grant: here called an ending.
The next receipt after it, or else acceptance, opens a round. All is read off the set of records: a
late ending can cut a round in two, one that is taken back can join two.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final

from schemas.codes import Outcome
from streams.engine.entries import ORDER, effective
from streams.engine.ledger import Ledger, read_round

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.engine.entries import Entry

DECISIVE: Final = frozenset({"received", "accepted", "refused", "decided", "finished"})
"""The acts that open and end a round."""
_SAY_NOTHING: Final = frozenset({"", Outcome.GRANTED})
"""Outcomes of acts that end no round: a grant, or a finishing that does not say its outcome."""


@dataclass(slots=True)
class _Round:
    """A round while its records are looked at in order."""

    opener: Entry | None = None
    follows: Entry | None = None
    acts: list[Entry] = field(default_factory=list)
    endings: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    """Grants and denials that no acceptance precedes: reversed times, if one follows."""
    early: list[Entry] = field(default_factory=list)
    after_grant: list[Entry] = field(default_factory=list)
    received: bool = False
    accepted: bool = False
    granted: bool = False
    applied_again: bool = False
    """Whether an application came after the grant."""

    @property
    def ended_by(self) -> list[Entry]:
        """What ends it, denials before any acceptance too: no receipt waits for theirs."""
        return sorted([*self.endings, *(a for a in self.waiting if a.what == Outcome.DENIED)])

    @property
    def over(self) -> bool:
        """Whether a receipt would open the next round."""
        return bool(self.endings) or any(act.what == Outcome.DENIED for act in self.waiting)


def read_rounds(entries: Sequence[Entry]) -> list[Ledger]:
    """Read what happened in each round off a case's sorted entries; there is at least one entry.

    The last of them is the present one.
    """
    counted, contradicting = effective(entries)
    if not _may_be_several(counted):
        return [read_round(counted, contradicting, entries[0])]
    rounds = _walked([entry for entry in counted if entry.kind in DECISIVE])
    if len(rounds) == 1:
        return [_read(rounds, 0, counted, contradicting, entries[0])]
    members: list[list[Entry]] = [list(found.acts) for found in rounds]
    differing: list[list[Entry]] = [[] for _ in rounds]
    openings = [found.opener.at for found in rounds[1:] if found.opener is not None]
    for entry in counted:
        if entry.kind not in DECISIVE:
            members[bisect_right(openings, entry.at)].append(entry)
    for entry in contradicting:
        differing[bisect_right(openings, entry.at)].append(entry)
    return [
        _read(rounds, index, sorted(members[index]), differing[index], entries[0])
        for index in range(len(rounds))
    ]


def _may_be_several(counted: Sequence[Entry]) -> bool:
    """Tell whether anything but the plain order receipt, acceptance, decision can be on record."""
    decided, received_at = False, -1
    for entry in counted:
        rank = entry.rank
        if rank in _ENDING:
            if entry.at == received_at and _ends(entry):  # sorted by kind, the receipt is first
                return True
            decided = True
        elif rank in _OPENING:
            if decided:
                return True
            if rank == _RECEIVED:
                received_at = entry.at
    return False


_ENDING: Final = frozenset(ORDER[kind] for kind in ("refused", "decided", "finished"))
_OPENING: Final = frozenset(ORDER[kind] for kind in ("received", "accepted"))
_RECEIVED: Final = ORDER["received"]


def _walked(decisive: Sequence[Entry]) -> list[_Round]:
    rounds = [_Round()]
    for _, alike in groupby(decisive, key=lambda entry: entry.at):
        second = list(alike)
        for entry in second if len(second) == 1 else _ordered(second, rounds[-1]):
            if _opens(entry, rounds[-1]):
                rounds.append(_Round(opener=entry, follows=rounds[-1].ended_by[-1]))
            _take(rounds[-1], entry)
    return rounds


def _ordered(second: Sequence[Entry], now: _Round) -> list[Entry]:
    """Order acts of one second: acceptances, what ends, then receipts that are not the first."""
    if not any(_ends(entry) for entry in second):
        return list(second)
    receipts = [entry for entry in second if entry.kind == "received"]
    first = 1 if now.over or not now.received else 0
    others = [entry for entry in second if entry.kind != "received"]
    return [*receipts[:first], *others, *receipts[first:]]


def _ends(entry: Entry) -> bool:
    return entry.kind == "refused" or (
        entry.kind in ("decided", "finished") and entry.what not in _SAY_NOTHING
    )


def _opens(entry: Entry, now: _Round) -> bool:
    if entry.kind == "received":
        return now.over
    return entry.kind == "accepted" and bool(now.endings)


def _take(now: _Round, entry: Entry) -> None:
    now.acts.append(entry)
    if entry.kind == "received":
        if now.granted:
            now.after_grant.append(entry)
            now.applied_again = True
        now.received = True
    elif entry.kind == "accepted":
        _accept(now, entry)
    elif not _ends(entry):
        if not now.endings and not now.waiting:
            now.granted = True
        if not now.accepted:
            now.waiting.append(entry)
    elif entry.what == Outcome.DENIED and entry.kind != "refused" and not now.accepted:
        now.waiting.append(entry)
    else:
        now.endings.append(entry)


def _accept(now: _Round, entry: Entry) -> None:
    if now.granted and (now.accepted or now.applied_again):
        now.after_grant.append(entry)
        return
    now.accepted = True
    now.early += now.waiting
    now.waiting.clear()
    now.granted = False


def _read(
    rounds: Sequence[_Round],
    index: int,
    counted: Sequence[Entry],
    contradicting: Sequence[Entry],
    any_entry: Entry,
) -> Ledger:
    found = rounds[index]
    ledger = read_round(counted, contradicting, any_entry, found.early, found.after_grant)
    ledger.number, ledger.opener, ledger.follows = index + 1, found.opener, found.follows
    ledger.endings = found.ended_by
    return ledger

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
    """A round while its acts are looked at in order."""

    opener: Entry | None = None
    follows: Entry | None = None
    acts: list[Entry] = field(default_factory=list)
    ended: Entry | None = None
    """What has ended it, if no grant came since."""
    granted: Entry | None = None
    """What has granted it, if no ending came since."""
    waiting: list[Entry] = field(default_factory=list)
    """Decisions that no acceptance precedes: reversed times, if one follows before a receipt."""
    early: list[Entry] = field(default_factory=list)
    after_grant: list[Entry] = field(default_factory=list)
    received: bool = False
    accepted: bool = False


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
            if entry.at == received_at:  # sorted by kind, the receipt is first
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
            _take(rounds, entry)
    return rounds


def _ordered(second: Sequence[Entry], now: _Round) -> list[Entry]:
    """Order acts of one second: acceptances, what ends, then receipts that are not the first."""
    receipts = [entry for entry in second if entry.kind == "received"]
    others = [entry for entry in second if entry.kind != "received"]
    accepted = any(entry.kind == "accepted" for entry in others)
    if not accepted and (receipts or not all(map(_answers, others))):
        _settle_waiting(now)
    first = 1 if now.ended is not None or not now.received else 0
    return [*receipts[:first], *others, *receipts[first:]]


def _ends(entry: Entry) -> bool:
    return entry.kind == "refused" or entry.what not in _SAY_NOTHING


def _answers(entry: Entry) -> bool:
    """Tell whether an act presupposes an acceptance: a grant, a denial, a finishing as such."""
    return entry.kind != "refused" and (entry.what in _SAY_NOTHING or entry.what == Outcome.DENIED)


def _take(rounds: list[_Round], entry: Entry) -> None:
    """Take the next receipt, acceptance or answer."""
    now = rounds[-1]
    if entry.kind not in ("received", "accepted"):
        now.acts.append(entry)
        if _answers(entry) and not (now.accepted or now.ended or now.granted):
            now.waiting.append(entry)
        else:
            _settle_waiting(now)
            _settle(now, entry)
        return
    if entry.kind == "accepted":
        now.early += now.waiting
        now.waiting.clear()
    else:
        _settle_waiting(now)
    if now.ended is not None:
        now = _Round(opener=entry, follows=now.ended)
        rounds.append(now)
    now.acts.append(entry)
    if now.granted is not None:
        now.after_grant.append(entry)
    elif entry.kind == "accepted":
        now.accepted = True
    else:
        now.received = True


def _settle(now: _Round, act: Entry) -> None:
    """Know that an act ends the round, or grants it; of the two the later holds."""
    if _ends(act):
        now.ended, now.granted = act, None
    elif act.what == Outcome.GRANTED:
        now.ended, now.granted = None, act


def _settle_waiting(now: _Round) -> None:
    """Know that no acceptance follows before a receipt: what waits is no reversed time."""
    for act in now.waiting:
        _settle(now, act)
    now.waiting.clear()


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
    return ledger

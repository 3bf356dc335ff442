"""Rounds (轮次), one number's several lives: what ends one, opens the next, belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from tests.support.law.records import History, answers, in_time

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Record

WALKED = ("received", "accepted", "refused", "decided", "finished")
"""What rounds are read off; everything else only belongs to one."""


@dataclass(slots=True)
class Round:
    """One life of a case, with what is wrong about its opening and after its grant."""

    opener: Record | None = None
    """The record that opens it, and names it; the first round has none."""
    after: Record | None = None
    """The last ending of the round before."""
    records: list[Record] = field(default_factory=list)
    reversed: list[Record] = field(default_factory=list)
    """Grants and denials dated before the acceptance: they end nothing, and decide nothing."""
    late: list[Record] = field(default_factory=list)
    """Receipts and acceptances after its grant: they open nothing, and begin nothing."""
    findings: set[Finding] = field(default_factory=set)

    @property
    def everything(self) -> list[Record]:
        return [*self.records, *self.reversed, *self.late]

    @property
    def history(self) -> History:
        return History(tuple(sorted(self.records, key=in_time)))

    @property
    def named(self) -> str:
        """Give what stands before the names of its clocks."""
        return "" if self.opener is None else f"{self.opener.id}/"

    def has(self, kind: str) -> bool:
        return any(record.kind == kind for record in self.records)


def is_ending(record: Record) -> bool:
    """Tell whether a record lets a next round begin: a refusal, an outcome other than a grant."""
    return record.kind == "refused" or record.get("outcome") not in {None, "granted"}


def split(history: History) -> list[Round]:
    """Read the rounds off the records, and give each record to its round."""
    walk = Walk([each for each in history.records if each.kind in WALKED])
    walk.through()
    for record in history.records:
        if record.kind not in WALKED:
            opened = [r for r in walk.rounds if r.opener is None or r.opener.at <= record.at]
            opened[-1].records.append(record)
    return [found for found in walk.rounds if found.everything]


class Walk:
    """The acts of a case one by one, in order of time."""

    def __init__(self, acts: list[Record]) -> None:
        self.rounds = [Round()]
        self.seconds = [list(same) for _, same in groupby(acts, key=lambda act: act.at)]
        self.ended: Record | None = (
            None  # the round that runs has had an ending, and no grant since
        )
        self.granted: Record | None = None  # it has had a grant, and no ending since

    @property
    def running(self) -> Round:
        return self.rounds[-1]

    def through(self) -> None:
        for n, acts in enumerate(self.seconds):
            ordered = in_one_second(acts, first_receipt=self._lacks_receipt())
            for place, act in enumerate(ordered):
                if act.kind in {"received", "accepted"}:
                    self._begin(act)
                else:
                    self._end(act, ordered[place + 1 :], self.seconds[n + 1 :])

    def _lacks_receipt(self) -> bool:
        return self.ended is not None or not self.running.has("received")

    def _begin(self, act: Record) -> None:
        if self.ended is not None:
            found = Round(opener=act, after=self.ended)
            if act.kind == "accepted" and self.ended.get("outcome") != "forwarded":
                found.findings.add(("round_without_receipt", act.at))
            self.rounds.append(found)
            self.ended = self.granted = None
        elif self.granted is not None:
            self.running.findings.add(("act_after_grant", act.at))
            self.running.late.append(act)
            return
        self.running.records.append(act)

    def _end(self, act: Record, rest: list[Record], later: list[list[Record]]) -> None:
        if self._is_reversed(act, rest, later):
            self.running.reversed.append(act)
            first = self.running.reversed[0]
            self.running.findings.add(("decision_before_acceptance", first.at))
            return
        self.running.records.append(act)
        if is_ending(act):
            self.ended, self.granted = act, None
        elif act.get("outcome") == "granted":
            self.ended, self.granted = None, act

    def _is_reversed(self, act: Record, rest: list[Record], later: list[list[Record]]) -> bool:
        """Tell whether an answer lies before its round's acceptance, no receipt between."""
        if not answers(act) or self.ended is not None or self.granted is not None:
            return False
        if self.running.has("accepted"):
            return False
        following = [rest] + [in_one_second(s, first_receipt=self._lacks_receipt()) for s in later]
        for after in (each for second in following for each in second):
            if after.kind in {"received", "accepted"}:
                return after.kind == "accepted"
            if not answers(after):  # a refusal or a withdrawal: what follows is another round
                return False
        return False


def in_one_second(acts: list[Record], *, first_receipt: bool) -> list[Record]:
    """Order the acts of one second: an acceptance, an ending, a receipt that is not the first."""
    received = [act for act in acts if act.kind == "received"]
    accepted = [act for act in acts if act.kind == "accepted"]
    endings = [act for act in acts if act.kind not in {"received", "accepted"}]
    first = received[:1] if first_receipt else []
    return [*first, *accepted, *endings, *received[len(first) :]]


def brink(calendar, due: datetime, days: int, moment: datetime) -> bool:
    """Tell whether a moment lies so few working days before a due, by dates, and not after it."""
    return moment <= due and calendar.nth(due.date(), -days) <= moment.date() <= due.date()

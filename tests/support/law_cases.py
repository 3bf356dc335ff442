"""Random cases of the law of time, near the edges: what may happen to an application."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tests.support.law import Law, Record, Verdict, verdict
from tests.support.law.facts import SUSPENSION_KINDS
from tests.support.law_laws import UNITS, some_law

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

SECOND = timedelta(seconds=1)
FIRST, LAST = date(2004, 3, 1), date(2027, 9, 1)
"""What follows may reach beyond the last; days are known, or supposed, from 2004 to 2027."""
FESTIVE = ((1, 1), (1, 25), (2, 8), (4, 4), (4, 30), (5, 7), (9, 28), (10, 7), (12, 31))


def some_cases(random: Random, unit: str, mode: str) -> Iterator[tuple[Law, list[Record], Verdict]]:
    """Draw cases for ever, each with its verdict, whose days are all known."""
    while True:
        try:
            law = some_law(random, unit, mode)
            records = Story(random, law).told()
            yield law, records, verdict(law, records)
        except NotImplementedError:  # it reaches beyond the last decree
            continue


# --- stories ------------------------------------------------------------------------------------


class Story:
    """What happens to one application."""

    def __init__(self, random: Random, law: Law) -> None:
        self.random, self.law = random, law
        self.records: list[Record] = []
        self.taken: set[datetime] = set()
        self.edges: list[datetime] = []

    def told(self) -> list[Record]:
        now = self.some_start()
        if self.chance(0.7):
            now = self.applied(now)
        else:
            self.note("accepted", now)
        for _ in range(self.random.choice((0, 1, 1, 2, 3)) if self.chance(0.6) else 0):
            self.suspended(now)
        for _ in range(self.random.choice((1, 1, 2)) if self.chance(0.4) else 0):
            self.extended(now)
        for _ in range(self.random.choice((1, 2, 3, 4)) if self.chance(0.4) else 0):
            self.stepped(now)
        self.ended(now)
        if self.chance(0.1):
            self.disorder()
        self.kept()
        self.random.shuffle(self.records)
        return self.records

    # --- moments ---

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some_time(self, day: date) -> datetime:
        """Draw a second of a day; those at the edges of the working hours come often."""
        midnight = datetime.combine(day, time())
        if self.chance(0.5):
            return midnight + timedelta(seconds=self.random.randrange(86_400))
        edges = [time(), time(12), *(edge for span in self.law.calendar.hours for edge in span)]
        edge = datetime.combine(day, self.random.choice(edges))
        return edge + self.random.choice((-1, 0, 0, 1)) * SECOND

    def some_start(self) -> datetime:
        day = FIRST + timedelta(days=self.random.randrange((LAST - FIRST).days))
        if self.chance(0.3):
            month, number = self.random.choice(FESTIVE)
            day = min(LAST, max(FIRST, day.replace(month=month, day=number)))
        return self.some_time(day)

    def later(self, after: datetime, days: int) -> datetime:
        return max(
            after, self.some_time(after.date() + timedelta(days=self.random.randrange(days)))
        )

    def near_an_edge(self, after: datetime, days: int) -> datetime:
        """Draw a moment at which a clock that runs falls due, or a level begins; or any other."""
        if self.chance(0.5):
            return self.later(after, days)
        if not self.edges or self.chance(0.3):  # reading the law each time would take long
            views = verdict(self.law, self.records).clocks.values()
            self.edges = [edge for view in views for edge in (view.due, *view.levels.values())]
        edges = [edge for edge in self.edges if edge >= after]
        if not edges:
            return self.later(after, days)
        edge = self.random.choice(edges)
        if self.chance(0.3):
            return max(after, self.some_time(edge.date()))
        return max(after, edge + self.random.choice((-1, 0, 1)) * SECOND)

    def alone(self, moment: datetime) -> datetime:
        """Give the first second from this one at which nothing else happens."""
        while moment in self.taken:
            moment += SECOND
        return moment

    def note(
        self, kind: str, at: datetime, *, unrecorded: tuple[str, ...] = (), **facts
    ) -> datetime:
        """Put down what happened; what is None is not on record."""
        at = self.alone(at)
        self.taken.add(at)
        stated = {name: fact for name, fact in facts.items() if fact is not None}
        unrecorded = tuple(fact for fact in unrecorded if fact not in stated)
        name = f"{kind}-{len(self.records)}"
        self.records.append(Record(kind, at, name, stated, unrecorded=unrecorded))
        return at

    # --- what happens ---

    def applied(self, now: datetime) -> datetime:
        """Receipt, notices, supplies, until an answer, or none."""
        channel = self.random.choice((None, "window", "online", "mobile"))
        now = self.note("received", now, channel=channel)
        if self.chance(0.2):
            self.note("pre_reviewed", self.near_an_edge(now, 10), outcome="passed")
        for _ in range(self.random.choice((0, 0, 0, 1, 1, 2, 3))):
            now = self.corrected(now)
        fate = self.random.random()
        if fate < 0.75:
            now = self.note("accepted", self.near_an_edge(now, 8))
        if 0.72 < fate < 0.8:
            grounds = self.random.choice((None, "not_required", "out_of_remit", "not_acceptable"))
            now = self.note("refused", self.near_an_edge(now, 8), grounds=grounds)
        return now

    def corrected(self, now: datetime) -> datetime:
        listed = self.chance(0.7)
        told = self.near_an_edge(now, 8)
        written = self.later(told, 3) if self.chance(0.2) else told
        items = self.some_items() if listed else None
        told_at = told if written > told or self.chance(0.5) else None
        now = max(now, self.note("corrections_requested", written, items=items, told_at=told_at))
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            full = self.random.choice((None, None, True, True, False))
            items = self.some_items() if listed else None
            supply = self.near_an_edge(now, 15)
            now = self.note("corrections_supplied", supply, items=items, all_supplied=full)
        return now

    def some_items(self) -> tuple[str, ...]:
        return tuple(sorted(self.random.sample("abcd", self.random.choice((1, 1, 2, 3)))))

    def suspended(self, now: datetime) -> None:
        n = len(self.records)
        named = f"p{n}" if self.chance(0.9) else None
        begun = now if self.chance(0.05) else self.near_an_edge(now, 30)
        if self.chance(0.05):
            begun = now - timedelta(days=self.random.randrange(1, 4))
        lacking = self.random.choice(((), (), (), ("told_at",), ("days_asked", "reason")))
        kinds = (*SUSPENSION_KINDS[:4], "testing", "testing", "correction", "publicity", "other")
        begun = self.note(
            "suspended",
            begun,
            unrecorded=lacking,
            suspension=self.random.choice(kinds),
            suspension_id=named,
            reason="依规定" if self.chance(0.8) else None,
            basis="第四十五条" if self.chance(0.2) else None,
            told_at=begun if self.chance(0.8) else None,
            days_asked=self.random.choice((None, 0, 1, 1, 2, 3, 5, 10)),
        )
        chance = self.random.random()
        if chance < 0.25:
            end = begun + timedelta(seconds=self.random.randrange(86_400))
        elif chance < 0.75:
            end = self.later(begun, 40)
        else:
            return
        self.note("resumed", end, suspension_id=named)

    def extended(self, now: datetime) -> None:
        limits = [self.law.limits[k] for k in ("promised", "statutory") if k in self.law.limits]
        units = [limit.unit for limit in limits if limit.unit != "on_the_spot"]
        unit = self.random.choice(units) if units else "working_day"
        if self.chance(0.1):
            unit = self.random.choice([unit for unit in UNITS if unit != "on_the_spot"])
        approved = self.near_an_edge(now, 20)
        told = self.random.choice((approved, approved, self.near_an_edge(now, 20), None))
        lacking = ("reason", "approver_rank", "told_at")
        self.note(
            "extended",
            approved,
            unrecorded=tuple(fact for fact in lacking if self.chance(0.15)),
            unit=unit,
            amount=self.random.choice((0, 1, 2, 3, 3, 5, 10, 11)),
            reason="依规定" if self.chance(0.85) else None,
            approver_rank=self.random.choice(
                ("agency_head", "agency_head", "government_head", "other", None)
            ),
            told_at=told,
        )

    def stepped(self, now: datetime) -> None:
        code = self.random.choice(("s1", "s1", "s2", "op", "fr", "x"))
        begun = finished = self.near_an_edge(now, 15)
        if self.chance(0.85):
            begun = self.note("step_started", begun, step=code)
            finished = begun
        if self.chance(0.8):
            single = True if self.chance(0.2) else None
            finished = self.near_an_edge(finished, 8)
            self.note("step_finished", finished, step=code, single_moment=single)

    def ended(self, now: datetime) -> None:
        """The decision, the finishing, the delivery."""
        outcomes = ("granted",) * 6 + ("denied", "withdrawn", "voided", "deleted", "returned")
        outcome = self.random.choice((*outcomes, "forwarded"))
        lacking = ("delivered",) if self.chance(0.1) else ()
        if self.chance(0.7):
            now = self.note(
                "decided", self.near_an_edge(now, 40), outcome=outcome, unrecorded=lacking
            )
        if self.chance(0.5):
            ends_as = self.random.choice((None, outcome, outcome, self.random.choice(outcomes)))
            after = now if self.chance(0.1) else self.near_an_edge(now, 15)
            now = self.note("finished", after, outcome=ends_as, unrecorded=lacking)
        for _ in range(self.random.choice((0, 1, 2))):
            method = self.random.choice((None, "window", "courier", "electronic"))
            self.note("delivered", self.near_an_edge(now, 20), method=method)

    # --- how it is recorded ---

    def disorder(self) -> None:
        """A record at the wrong time, or an act done twice."""
        at = self.random.randrange(len(self.records))
        odd = self.records[at]
        moved = self.alone(self.some_time(odd.at.date() + timedelta(self.random.randrange(-9, 10))))
        self.taken.add(moved)
        changed = replace(odd, at=moved)
        if self.chance(0.5):
            self.records[at] = changed
        else:
            self.records.append(replace(changed, id=f"{odd.id}-again"))

    def kept(self) -> None:
        """Versions, records taken back, duplicates, conflicts, and when each was written."""
        for record in list(self.records):
            at = self.records.index(record)
            if self.chance(0.3):
                written = record.at + timedelta(seconds=self.random.randrange(3600))
                if self.chance(0.3):
                    written = self.later(record.at, 12)
                record = self.records[at] = replace(record, recorded=written)  # noqa: PLW2901
            if self.chance(0.05):
                micro = timedelta(microseconds=self.random.randrange(1, 10**6))
                record = self.records[at] = replace(record, at=record.at + micro)  # noqa: PLW2901
            fate = self.random.random()
            if fate < 0.02:
                self.records.append(replace(record, version=2, voided=True))
            elif fate < 0.05:
                older = self.some_time(record.at.date() + timedelta(self.random.randrange(-5, 6)))
                self.records[at] = replace(record, version=2)
                self.records.append(replace(record, at=older, recorded=None))
            elif fate < 0.08:
                again = None if record.recorded is None else record.recorded + SECOND
                self.records.append(replace(record, recorded=again))
            elif fate < 0.1:
                other = record.at - timedelta(seconds=self.random.randrange(2, 90_000))
                self.records.append(replace(record, at=other))

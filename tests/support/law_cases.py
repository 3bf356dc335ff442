"""Random cases of the law of time, near the edges: what may happen to an application."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.law import Law, Record, Verdict, verdict
from tests.support.law.facts import SUSPENSION_KINDS
from tests.support.law.shares import Pause
from tests.support.law_laws import UNITS, some_law
from tests.support.law_moments import SECOND, Teller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


def some_cases(random: Random, unit: str, mode: str) -> Iterator[tuple[Law, list[Record], Verdict]]:
    """Draw cases for ever, each with its verdict, whose days are all known."""
    while True:
        try:
            law = some_law(random, unit, mode)
            records = Story(random, law).told()
            yield law, records, verdict(law, records)
        except NotImplementedError:  # it reaches beyond the last decree
            continue


# --- parts of days ------------------------------------------------------------------------------


def some_start_and_pauses(random: Random) -> tuple[datetime, list[Pause]]:
    """Draw a start and suspensions after it, each of them ended, most within parts of days."""
    start = datetime.fromisoformat("2026-03-02") + timedelta(seconds=random.randrange(5 * 86_400))
    pauses = []
    for _ in range(random.randrange(1, 6)):
        begun = start + timedelta(minutes=random.randrange(-600, 15_000))
        lasts = timedelta(minutes=random.choice((30, 60, 150, 240, 600, 1500, 6000)))
        pauses.append(Pause(begun, begun + lasts, random.randrange(1, 8)))
    return start, pauses


# --- stories ------------------------------------------------------------------------------------


class Story(Teller):
    """What happens to one application, in one life or in several."""

    def told(self) -> list[Record]:
        now = self.some_start()
        lives = self.random.choice((1, 1, 1, 1, 2, 2, 3))
        for left in reversed(range(lives)):
            now = self.lived(now, last=not left)
            now = now if self.chance(0.1) else self.later(now, 12)
        if self.chance(0.1):
            self.disorder()
        self.kept()
        self.random.shuffle(self.records)
        return self.records

    def lived(self, now: datetime, *, last: bool) -> datetime:
        """Tell of one life, to its end; of the last one perhaps not to the end."""
        now = self.applied(now) if self.chance(0.75) else self.accepted(now)
        for _ in range(self.random.choice((0, 1, 1, 2, 3)) if self.chance(0.6) else 0):
            self.suspended(now)
        if self.chance(0.1):
            self.halves(now)
        for _ in range(self.random.choice((1, 1, 2)) if self.chance(0.4) else 0):
            self.extended(now)
        for _ in range(self.random.choice((1, 2, 3, 4)) if self.chance(0.4) else 0):
            self.stepped(now)
        return self.ended(now, last=last)

    def applied(self, now: datetime) -> datetime:
        """Receipt, notices, supplies, until an answer, or none."""
        channel = self.random.choice((None, "window", "online", "mobile"))
        tied, promise = self.chance(0.1), self.some_promise(now)
        now = self.note("received", now, channel=channel, promised_due_at=promise, tied=tied)
        if self.chance(0.2):
            self.note("pre_reviewed", self.near_an_edge(now, 10), outcome="passed")
        for _ in range(self.random.choice((0, 0, 0, 1, 1, 2, 3))):
            now = self.corrected(now)
        fate = self.random.random()
        if fate < 0.75:
            now = self.accepted(self.near_an_edge(now, 8))
        if 0.72 < fate < 0.8:
            grounds = self.random.choice((None, "not_required", "out_of_remit", "not_acceptable"))
            now = self.note("refused", self.near_an_edge(now, 8), grounds=grounds)
        return now

    def accepted(self, now: datetime) -> datetime:
        tied, promise = self.chance(0.05), self.some_promise(now)
        if self.chance(0.05):
            before = now - timedelta(hours=self.random.randrange(1, 60))
            self.note("decided", before, outcome=self.random.choice(("granted", "denied")))
        return self.note("accepted", now, promised_due_at=promise, tied=tied)

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

    def halves(self, now: datetime) -> None:
        """Tell of mornings or afternoons in a row that are not counted."""
        span = self.random.choice(self.law.calendar.hours)
        for n in range(1, self.random.randrange(3, 8)):
            day = now.date() + timedelta(days=n)
            if not self.law.calendar.worked(day):
                continue
            begun, end = (datetime.combine(day, edge) for edge in span)
            facts = {"suspension": "testing", "suspension_id": f"h{n}", "reason": "依规定"}
            facts |= {"told_at": begun, "days_asked": self.random.choice((1, 2, 5))}
            begun = self.note("suspended", begun, **facts)
            self.note("resumed", max(begun, end), suspension_id=f"h{n}")

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
            promised_due_at=self.some_promise(approved) if self.chance(0.3) else None,
        )

    def stepped(self, now: datetime) -> None:
        """Tell of one pass of a step, which may go from desk to desk."""
        code = self.random.choice(("s1", "s1", "s2", "op", "fr", "x"))
        officers = (None,) if self.chance(0.4) else ("a", "a", "b", None)
        numbered = self.chance(0.3)
        sequence = self.random.randrange(1, 4) if numbered else None
        begun = finished = self.near_an_edge(now, 15)
        officer = self.random.choice(officers)
        for _ in range(self.random.choice((0, 1, 1, 1, 1, 2, 3))):
            officer = self.random.choice(officers)
            begun = self.note("step_started", begun, step=code, sequence=sequence, officer=officer)
            finished = begun
            begun = self.near_an_edge(begun, 6)
            if numbered and self.chance(0.5):
                sequence += 1
        if self.chance(0.75):
            single = True if self.chance(0.2) else None
            if self.chance(0.2):
                officer = self.random.choice(officers)
            finished = self.near_an_edge(finished, 8)
            facts = {"step": code, "sequence": sequence, "officer": officer}
            self.note("step_finished", finished, single_moment=single, **facts)

    def ended(self, now: datetime, *, last: bool) -> datetime:
        """The decision, the finishing, the delivery; a life that another follows is ended."""
        outcomes = ("granted",) * 6 + ("denied", "withdrawn", "voided", "deleted", "returned")
        if not last:
            outcomes = ("granted", "denied", "withdrawn", "voided", "returned", "returned")
        outcome = self.random.choice((*outcomes, "forwarded"))
        lacking = ("delivered",) if self.chance(0.1) else ()
        if self.chance(0.7):
            now = self.note(
                "decided", self.near_an_edge(now, 40), outcome=outcome, unrecorded=lacking
            )
            if self.chance(0.12):
                again = self.random.choice((outcome, outcome, self.random.choice(outcomes)))
                now = self.note("decided", self.near_an_edge(now, 15), outcome=again)
                if self.chance(0.5):
                    self.stepped(now - timedelta(days=self.random.randrange(1, 9)))
        if self.chance(0.5):
            ends_as = self.random.choice((None, outcome, outcome, self.random.choice(outcomes)))
            after = now if self.chance(0.1) else self.near_an_edge(now, 15)
            now = self.note("finished", after, outcome=ends_as, unrecorded=lacking)
        for _ in range(self.random.choice((0, 1, 2)) if last else 0):
            method = self.random.choice((None, "window", "courier", "electronic"))
            self.note("delivered", self.near_an_edge(now, 20), method=method)
        return now

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
                elif self.chance(0.1):
                    written = record.at - timedelta(seconds=self.random.choice((1, 300, 301, 9000)))
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

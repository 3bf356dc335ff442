"""How random stories are told: when something happens, near the edges, and how it is put down."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tests.support.law import Law, Record, verdict
from tests.support.law.facts import OWN_ITEM

if TYPE_CHECKING:
    from random import Random

SECOND = timedelta(seconds=1)
FIRST, LAST = date(2004, 3, 1), date(2027, 9, 1)
"""What follows may reach beyond the last; days are known, or supposed, from 2004 to 2027."""
FESTIVE = ((1, 1), (1, 25), (2, 8), (4, 4), (4, 30), (5, 7), (9, 28), (10, 7), (12, 31))


class Teller:
    """Draws moments, and puts down what happened at them."""

    def __init__(self, random: Random, law: Law) -> None:
        self.random, self.law = random, law
        self.records: list[Record] = []
        self.taken: set[datetime] = set()
        self.edges: list[datetime] = []
        self.items: tuple[str | None, ...] = (OWN_ITEM,)
        if self.chance(0.12):
            self.items = random.choice((("other",), (None,), (OWN_ITEM, None), (OWN_ITEM, "other")))

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
        if not self.law.calendar.supposed and self.chance(0.7):  # near what no notice is known of
            day = date(2026, 11, 1) + timedelta(days=self.random.randrange(180))
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
        self,
        kind: str,
        at: datetime,
        *,
        unrecorded: tuple[str, ...] = (),
        tied: bool = False,
        **facts,
    ) -> datetime:
        """Put down what happened; what is None is not on record. Tied: in a taken second, too."""
        at = at if tied else self.alone(at)
        self.taken.add(at)
        stated = {name: fact for name, fact in facts.items() if fact is not None}
        unrecorded = tuple(fact for fact in unrecorded if fact not in stated)
        name = f"{kind}-{len(self.records)}"
        item = self.random.choice(self.items)
        self.records.append(Record(kind, at, name, stated, unrecorded=unrecorded, item=item))
        return at

    def some_promise(self, now: datetime) -> date | datetime | None:
        """Draw a due moment that the hall states, or none: a date, or a moment."""
        limit = self.law.limits.get("promised")
        listed = limit is not None and limit.stated
        if not self.chance(0.75 if listed else 0.02 if self.items == (OWN_ITEM,) else 0.4):
            return None
        day = now.date() + timedelta(days=self.random.randrange(-1, 25))
        return day if self.chance(0.5) else self.some_time(day)

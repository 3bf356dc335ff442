"""Random laws and cases for the two readers of the law of time, from a seed.

Records are dictionaries with naive wall time of Beijing; `event_of` makes step events of them.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import count

from tests.support.cases import event
from tests.support.reading import Law
from tests.support.reading.counting import due_of

WAYS = (
    ("working_day", "next_day"),
    ("working_day", "elapsed"),
    ("natural_day", "next_day"),
    ("month", "elapsed"),
    ("hour", "next_day"),
    ("minute", "next_day"),
    ("working_hour", "elapsed"),
    ("working_minute", "next_day"),
    ("on_the_spot", "next_day"),
)
FIRST, LAST = datetime.fromisoformat("2004-02-01"), datetime.fromisoformat("2026-06-01")
EDGES = (time(0), time(9), time(12), time(13, 30), time(17, 30), time(23, 59, 59))
FESTIVE = ((1, 1), (1, 25), (2, 8), (4, 4), (4, 30), (5, 7), (9, 28), (10, 7), (12, 31))
LONGEST = {"month": 2, "hour": 90, "minute": 900, "working_minute": 900, "working_hour": 60}
KINDS = ("testing", "hearing", "expert_review", "tender", "publicity", "correction", "other")
NEEDED = ("身份证明", "图纸", "合同")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MOMENTS = ("occurred_at", "recorded_at", "told_at")


def event_of(facts):
    """Make a step event of a record."""
    given = {k: written(v) if k in MOMENTS and v else v for k, v in facts.items()}
    return event(given.pop("kind"), given.pop("occurred_at"), **given)


def written(moment):
    return moment.isoformat() if moment is None else f"{moment.isoformat()}+08:00"


def some_law(random, unit, mode):
    """Give a law whose decision clocks are limited in one unit."""
    options = {}
    if unit in ("natural_day", "month"):
        options = random.choice(({}, {"roll": "none"}, {"keep_clock_time": True}))
    elif unit == "working_day" and mode == "next_day" and random.random() < 0.2:
        options = {"keep_clock_time": True}

    def limit(most=None):
        if unit == "on_the_spot":
            return {"unit": unit}
        longest = LONGEST.get(unit, most or random.choice((3, 6, 22)))
        return {"amount": random.randint(1, longest), "unit": unit, **options}

    flow = (
        {"code": "审查", "name": "审查", "limit": limit(4)},
        {"code": "会签", "name": "会签", "clock": "opinion", "limit": working(random, 7)},
    )
    return Law(
        clocks=some_clocks(random, unit, limit),
        preset=random.choice((None, "cn-permit", "cn-permit", "cn-permit", "cn-non-permit")),
        flow=flow,
        mode=mode,
        cut_off=random.choice(("midnight", "close_of_business")),
        ladder=random.choice(("hunan", "chengdu")),
        clock_ends_at=random.choice(("earliest", "decision", "finishing")),
        untold_suspensions=random.choice(("stop", "stop", "run")),
    )


def some_clocks(random, unit, limit):
    """Give the item's own limits."""
    stated = random.random()
    clocks = {
        "promised": limit() if stated < 0.85 else None,
        "statutory": limit() if stated > 0.3 and unit != "on_the_spot" else None,
        "acceptance": limit(5) if unit != "month" else working(random, 4),
    }
    for kind, most in (("pre_acceptance", 3), ("e_licence", 4), ("opinion", 5)):
        clocks[kind] = working(random, most)
    often = {"acceptance": 0.2, "pre_acceptance": 0.4, "e_licence": 0.3, "opinion": 0.5}
    return {k: v for k, v in clocks.items() if v and random.random() < often.get(k, 1)}


def working(random, most):
    """Give a limit in working days."""
    return {"amount": random.randint(2, most), "unit": "working_day"}


def some_records(random, law):
    """Give the records of one case, in a random order."""
    story = Story(random, law)
    story.begins()
    parts = [story.steps]
    if law.flow[0]["limit"]["unit"] != "on_the_spot":
        parts += [story.suspended, story.extended]
    for part in random.choices(parts, k=random.choice((0, 1, 1, 2, 3, 4))):
        part()
    story.ends()
    if not story.records:
        story.add("accepted", story.begun)
    story.spoilt()
    random.shuffle(story.records)
    return story.records


class Story:
    """A case that is being told."""

    def __init__(self, random, law):
        self.random, self.law, self.records = random, law, []
        self.ids = count(1)
        self.taken, self.refused, self.early = set(), False, False
        day = FIRST + timedelta(days=random.randrange((LAST - FIRST).days - 60))
        if self.perhaps(0.3):
            month, number = random.choice(FESTIVE)
            day = min(LAST - 60 * DAY, max(FIRST, day.replace(month=month, day=number)))
        self.begun = self.accepted = self.last = self.on(day)

    def perhaps(self, chance):
        return self.random.random() < chance

    def on(self, day):
        """A second of a day; those at the edges of the working hours come often."""
        midnight = datetime.combine(day, time())
        if self.perhaps(0.5):
            return midnight + self.random.randrange(86_400) * SECOND
        edge = datetime.combine(day, self.random.choice(EDGES))
        return edge + self.random.choice((-1, 0, 0, 1)) * SECOND

    def after(self, moment, days):
        """A moment within so many days after another."""
        found = self.on(moment + timedelta(days=self.random.randrange(days + 1)))
        return found if found >= moment else moment + self.random.randrange(40_000) * SECOND

    def around(self, limit, start):
        """A moment around the due moment of a limit, often within a second of it."""
        due = due_of(self.law, limit, start)
        if self.perhaps(0.5):
            return max(start, due + self.random.choice((-1, 0, 1, 2)) * SECOND)
        return max(start, self.on(due + self.random.choice((-2, -1, 0, 0, 1)) * DAY))

    def some_clock(self):
        kinds = [k for k in ("promised", "statutory") if self.law.limit(k)]
        return self.law.limit(self.random.choice(kinds)) if kinds else None

    def add(self, kind, moment, **facts):
        while (kind, moment) in self.taken:
            moment += SECOND
        self.taken.add((kind, moment))
        if self.perhaps(0.1):
            moment += timedelta(microseconds=self.random.randrange(10**6))
        record = {"kind": kind, "event_id": f"e{next(self.ids)}", "occurred_at": moment, **facts}
        self.records.append(record)
        return moment.replace(microsecond=0)

    def begins(self):
        if self.perhaps(0.85):
            channel = self.random.choice(("window", "online", "mobile", None))
            self.last = self.add("received", self.begun, channel=channel)
            if self.perhaps(0.2):
                self.add("pre_reviewed", self.after(self.last, 9), outcome="passed")
            for _ in range(self.random.choice((0, 0, 0, 1, 1, 2, 3))):
                self.corrections()
            limit = self.law.limit("acceptance")
            if limit and self.perhaps(0.3):
                self.last = self.around(limit, self.last)
            else:
                self.last = self.after(self.last, 4)
            self.early = self.perhaps(0.06)
            if self.early:
                self.last = self.begun - self.random.randrange(1, 90_000) * SECOND
        if self.perhaps(0.08) and not self.early:
            grounds = self.random.choice(("not_required", "out_of_remit", "not_acceptable", None))
            self.add("refused", self.last, grounds=grounds)
            self.refused = True
        elif self.perhaps(0.85):
            self.accepted = self.last = self.add("accepted", self.last)
            if self.perhaps(0.04):
                self.add("accepted", self.after(self.last, 9))

    def corrections(self):
        limit = self.law.limit("acceptance")
        sooner = self.last if self.perhaps(0.5) or not limit else None
        moment = self.after(sooner, 4) if sooner else self.around(limit, self.last)
        named = self.random.sample(NEEDED, self.random.randint(1, 2))
        facts = {"items": named} if self.perhaps(0.7) else {}
        if self.perhaps(0.2):
            facts["told_at"] = self.after(moment, 2)
        self.last = max(self.add("corrections_requested", moment, **facts), moment)
        if self.perhaps(0.75):
            said = self.random.choice(({}, {"all_supplied": True}, {"all_supplied": False}))
            if self.perhaps(0.6):
                said = {**said, "items": self.random.choice((named, named[:1], list(NEEDED)))}
            self.last = self.add("corrections_supplied", self.after(self.last, 7), **said)

    def suspended(self):
        limit = self.some_clock()
        if limit and self.perhaps(0.4):
            moment = self.around(limit, self.accepted)
        else:
            moment = self.on(self.accepted + timedelta(days=self.random.randrange(-2, 30)))
        while ("suspended", moment) in self.taken:
            moment += SECOND
        facts = {
            "suspension": self.random.choice((*KINDS[:4], *KINDS)),
            "suspension_id": f"s{next(self.ids)}",
            "reason": "依规定",
            "told_at": self.after(moment, 1),
        }
        if self.perhaps(0.8):
            facts["days_asked"] = self.random.choice((0, 1, 1, 2, 3, 5, 10))
        self.unable(facts, ("told_at", "reason"), 0.2)
        self.add("suspended", moment, **facts)
        named = {"suspension_id": facts["suspension_id"]}
        if self.perhaps(0.75):
            days = self.random.choice((0, 1, 3, 20))
            self.add("resumed", self.after(moment + SECOND, days), **named)
        elif self.perhaps(0.1):
            self.add("resumed", self.after(moment, 5), suspension_id="none")

    def unable(self, facts, names, chance):
        """Leave facts out; some of them the source cannot hold."""
        for name in names:
            if self.perhaps(chance):
                facts[name] = None
                if self.perhaps(0.4):
                    facts["unrecorded"] = (*facts.get("unrecorded", ()), name)

    def extended(self):
        limit = self.some_clock()
        unit = limit["unit"] if limit else "working_day"
        if unit == "on_the_spot":
            return
        if self.perhaps(0.1):
            unit = "natural_day"
        near = limit and self.perhaps(0.5)
        moment = self.around(limit, self.accepted) if near else self.after(self.accepted, 12)
        told = self.around(limit, self.accepted) if near else self.after(moment, 3)
        facts = {
            "amount": self.random.choice((0, 1, 1, 2, 3, 5, 10, 11)) if unit != "month" else 1,
            "unit": unit,
            "reason": "依规定",
            "told_at": told,
            "approver_rank": self.random.choice(("agency_head",) * 5 + ("other",)),
        }
        self.unable(facts, ("reason", "told_at", "approver_rank"), 0.08)
        self.add("extended", moment, **facts)

    def steps(self):
        step, moment = self.random.choice(("审查", "审查", "会签")), self.accepted
        for _ in range(self.random.choice((1, 1, 2))):
            moment = self.after(moment, 5)
            begins, ends = self.random.choice(((1, 1), (1, 1), (1, 0), (0, 1)))
            if begins:
                moment = self.add("step_started", moment, step=step) + SECOND
            if ends:
                moment = self.after(moment, 6)
                single = {"single_moment": True} if self.perhaps(0.2) else {}
                moment = self.add("step_finished", moment, step=step, **single) + SECOND

    def ends(self):
        limit, outcomes = self.some_clock(), ("granted",) * 4 + ("denied", "denied")
        outcomes += ("withdrawn", "voided", "deleted", "returned", "forwarded")
        moment = self.after(self.accepted, 30)
        if limit and self.perhaps(0.4):
            moment = self.around(limit, self.accepted)
        if self.perhaps(0.04) and self.accepted > self.begun:
            moment = self.after(self.begun, 1)
        decided = None
        if self.perhaps(0.65) and not self.refused:
            facts = {"outcome": (decided := self.random.choice(outcomes))}
            if facts["outcome"] == "granted" and self.perhaps(0.1):
                facts["unrecorded"] = ("delivered",)
            moment = self.add("decided", moment, **facts)
            if self.perhaps(0.04):
                self.add("decided", self.after(moment, 9), outcome=decided)
        if self.perhaps(0.5):
            moment = self.after(moment, 6)
            again = decided if decided in ("granted", "denied") else None
            outcome = again if decided else self.random.choice(outcomes)
            outcome = outcome if self.perhaps(0.5) and not self.refused else None
            moment = self.add("finished", moment, outcome=outcome)
        if self.perhaps(0.4):
            early = self.perhaps(0.1)
            given = moment - 90_000 * SECOND if early else self.after(moment, 14)
            method = self.random.choice(("window", "electronic", None))
            self.add("delivered", given, method=method)

    def spoilt(self):
        """Some are recorded late, sent again, or taken back."""
        for record in list(self.records):
            moment = record["occurred_at"]
            if self.perhaps(0.15):
                record["recorded_at"] = self.after(moment, 4)
            if self.perhaps(0.03):
                again = {**record, "recorded_at": self.after(moment, 6)}
                self.records.append(again)
            if self.perhaps(0.03):
                newer = {**record, "record_version": 2}
                newer["occurred_at"] = moment + self.random.randrange(1, 100_000) * SECOND
                self.records.append(newer)
            elif self.perhaps(0.02) and record is not self.records[0]:
                self.records.append({**record, "record_version": 3, "voided": True})

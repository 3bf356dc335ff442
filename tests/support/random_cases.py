"""Random cases, from a seed: lawful ones, odd ones, late ones, records sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from schemas.events import STEP_EVENT
from tests.support.cases import days, lawful, rules

FIRST = datetime(2024, 1, 2, tzinfo=UTC)
STEPS = ("接件", "审查", "决定")

LAWS = {
    "next_day": rules({"promised": days(7), "statutory": days(20)}),
    "elapsed": rules({"promised": days(7), "statutory": days(20)}, mode="elapsed"),
    "chengdu": rules({"promised": days(3, cut_off="close_of_business")}, ladder="chengdu"),
    "natural": rules({"promised": {"amount": 10, "unit": "natural_day"}}, preset="cn-permit"),
    "hours": rules({"promised": {"amount": 30, "unit": "working_hour"}}),
    "clock": rules({"promised": {"amount": 50, "unit": "hour"}}, clock_ends_at="finishing"),
    "stated": rules({"promised": {"stated": "promised_due_at"}}),
    "steps": rules(
        {"step": {"stated": "step_limit"}},
        flow=[{"code": "审查", "name": "审查", "limit": days(2)}],
    ),
    "permit": rules(
        {"promised": days(7), "pre_acceptance": days(2), "e_licence": days(3)},
        preset="cn-permit",
    ),
    "months": rules({"promised": {"amount": 1, "unit": "month"}}, preset="cn-permit-joint"),
}
ITEMS = ("身份证明", "图纸", "合同")


class Story:
    """A case's events as they happen, one after the other."""

    def __init__(self, random: Random, case_no: str):
        self.random, self.case_no = random, case_no
        self.moment = FIRST + timedelta(minutes=random.randrange(60 * 24 * 300))
        self.events = []

    def perhaps(self, chance):
        return self.random.random() < chance

    def happened(self, kind, hours=48, **facts):
        self.moment += timedelta(seconds=self.random.randrange(1, hours * 3600))
        given = {
            "case_no": self.case_no,
            "event_id": f"e{len(self.events)}",
            "item": "i",
            "source": "hall",
            "kind": kind,
            "occurred_at": self.moment.isoformat(),
            **(lawful(kind, self.moment) if self.perhaps(0.9) else {}),
            **facts,
        }
        self.events.append(STEP_EVENT.validate_python(given))

    def corrections(self):
        named = {"items": self.random.sample(ITEMS, self.random.randrange(1, 3))}
        self.happened("corrections_requested", 80, **(named if self.perhaps(0.7) else {}))
        if self.perhaps(0.7):
            said = {"all_supplied": self.perhaps(0.7)} if self.perhaps(0.5) else named
            self.happened("corrections_supplied", 200, **said)

    def begins(self):
        if self.perhaps(0.8):
            self.happened("received", channel=self.random.choice(("window", "online")))
        if self.perhaps(0.2):
            self.happened("pre_reviewed", 60, outcome="passed")
        for _ in range(self.random.choice((0, 0, 0, 1, 2))):
            self.corrections()
        if self.perhaps(0.05):
            self.happened("refused", 200)
        if self.perhaps(0.9) or not self.events:
            due = self.moment + timedelta(hours=self.random.randrange(-50, 400))
            self.happened("accepted", promised_due_at=due.isoformat())

    def step(self):
        step = self.random.choice(STEPS)
        unit = self.random.choice(("working_day", "natural_day", "working_hour"))
        limit = {"limit_amount": self.random.randrange(1, 5), "limit_unit": unit}
        if self.perhaps(0.9):
            self.happened("step_started", step=step, **limit)
        if self.perhaps(0.8):
            self.happened("step_finished", 90, step=step)

    def special_procedure(self, name):
        asked = {"days_asked": self.random.randrange(8)} if self.perhaps(0.7) else {}
        kind = self.random.choice(("hearing", "testing", "correction"))
        self.happened("suspended", suspension=kind, suspension_id=name, **asked)
        if self.perhaps(0.8):
            named = {"suspension_id": name} if self.perhaps(0.5) else {}
            self.happened("resumed", 150, **named)

    def extension(self):
        unit = self.random.choice(("working_day", "natural_day"))
        self.happened("extended", amount=self.random.randrange(1, 10), unit=unit)

    def ends(self):
        if self.perhaps(0.7):
            outcome = self.random.choice(("granted", "granted", "denied", "withdrawn"))
            self.happened("decided", 300, outcome=outcome)
        if self.perhaps(0.6):
            self.happened("finished", 100)
        if self.perhaps(0.3):
            method = self.random.choice(("courier", "electronic", None))
            self.happened("delivered", 400, method=method)


def random_case(random: Random, case_no: str):
    """Give one case's events, in the order in which they happened."""
    story = Story(random, case_no)
    story.begins()
    for _ in range(random.randrange(4)):
        story.step()
    for n in range(random.choice((0, 0, 1, 2))):
        story.special_procedure(f"s{n}")
    if story.perhaps(0.2):
        story.extension()
    story.ends()
    return story.events


def corrected(event, random: Random):
    """The same record, sent again in a higher version with another time."""
    moved = timedelta(seconds=random.randrange(-200_000, 200_000))
    return event.model_copy(
        update={
            "record_version": event.record_version + 1,
            "occurred_at": event.occurred_at + moved,
        }
    )


def taken_back(event):
    """The same record in a higher version that voids it."""
    return event.model_copy(update={"record_version": event.record_version + 1, "voided": True})


def contradicted(event):
    """Another record under the same id and version."""
    return event.model_copy(update={"officer": "u-other"})

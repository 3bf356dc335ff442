"""The whole law for one case: its rounds, their clocks with their levels, what its records show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.law.acceptance import acceptance, decision_start
from tests.support.law.counting import SECONDS_OF, Count, count
from tests.support.law.days import DAY, SECOND
from tests.support.law.deciding import (
    after_acceptance,
    after_the_decision,
    decision_end,
    judged_decision,
    repeated,
)
from tests.support.law.decrees import days_from
from tests.support.law.facts import ClockView, Verdict
from tests.support.law.items import law_at_receipt, law_of
from tests.support.law.moving import (
    DecisionClock,
    decision_clocks,
    late_or_at_the_brink,
    unknown_of_extensions,
)
from tests.support.law.others import deliveries, earliest, pre_acceptance, special_procedures
from tests.support.law.records import as_recorded, read
from tests.support.law.rounds import brink, split
from tests.support.law.shares import ByDates
from tests.support.law.stating import ToAMoment
from tests.support.law.stepping import steps
from tests.support.law.suspending import suspensions_of

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.acceptance import Acceptance, Start
    from tests.support.law.facts import Finding, Law, Limit, Record
    from tests.support.law.records import History
    from tests.support.law.rounds import Round

PASSED = {
    "acceptance": {"yellow": 0},
    "pre_acceptance": {"notice": 0, "yellow": 3, "red": 5},
    "step": {"yellow": 0},
    "opinion": {"yellow": 0},
    "first_review": {"yellow": 0},
    "special_procedure": {"yellow": 0, "red": 1},
    "delivery": {"yellow": 0},
    "e_licence": {"yellow": 0},
}
"""Clock → level → by more than how many working days its limit is passed."""
LEADS = {"acceptance": 1, "special_procedure": 2, "delivery": 2, "e_licence": 1}
"""Clock → how many working days before its due time the notice comes; short limits have less."""
PUBLISHED_WITHOUT = {("hunan", "e_licence")}
"""Kinds for which a province published its rungs, and no notice among them."""
SENT_BACK = ("withdrawn", "returned", "voided")
"""Outcomes by which a case is pressed back before its line (压线退件)."""
RETURN_BRINK_DAYS = 1


@dataclass(slots=True)
class Life:
    """A round as it was read: its clocks, findings, and what its next round asks of it."""

    law: Law
    views: dict[str, ClockView] = field(default_factory=dict)
    findings: set[Finding] = field(default_factory=set)
    clocks: list[DecisionClock] = field(default_factory=list)
    ended_by: Record | None = None
    """What ended its decision clocks."""

    @property
    def end(self) -> datetime | None:
        return None if self.ended_by is None else self.ended_by.at


def verdict(law: Law, records: list[Record]) -> Verdict:
    """Read the law for one case.

    Raises `NotImplementedError` where no decree is known for a day in question.
    """
    history, findings = read(records)
    views: dict[str, ClockView] = {}
    before: tuple[Round, Life] | None = None
    for found in split(history):
        life = life_of(law, found)
        views |= {f"{found.named}{name}": view for name, view in life.views.items()}
        findings |= life.findings
        if before is not None and pressed_back(*before):
            findings.add(("returned_at_brink", found.opener.at))
        before = found, life
    return Verdict(views, findings)


def pressed_back(found: Round, life: Life) -> bool:
    """Tell whether a round was withdrawn, returned or voided at the brink, or after the breach."""
    dues = [clock.counted().due for clock in life.clocks]
    acts = [r for r in found.history.all("decided", "finished") if r.get("outcome") in SENT_BACK]
    return any(
        act.at > min(dues) or brink(life.law.calendar, min(dues), RETURN_BRINK_DAYS, act.at)
        for act in acts
        if dues and (life.end is None or act.at <= life.end)
    )


def life_of(law: Law, found: Round) -> Life:
    """Read one round."""
    history = found.history
    at_receipt = law_at_receipt(law, history)
    accepting = acceptance(at_receipt, history)
    start, of_start = decision_start(history, accepting)
    law, of_item = law_of(law, history, (start and accepting.deemed and start.at) or None)
    life = Life(law, acceptance_views(at_receipt, accepting))
    judged, of_decisions = judged_decision(law, history)
    suspensions, of_suspensions = suspensions_of(law, history, judged)
    life.findings = found.findings | accepting.findings | of_start | of_item | of_decisions
    life.findings |= of_suspensions | unknown_of_extensions(history) | repeated(history)
    life.findings |= after_the_decision(law, history, judged) | after_acceptance(history)
    life.findings |= as_recorded(law, found.everything)
    if start is not None:
        life.clocks, of_clocks = decision_clocks(law, start, history, suspensions)
        life.ended_by = decision_end(law, history, judged, start.at)
        alone, end = len(life.clocks) == 1, life.ended_by
        decided = {c.kind: decision_view(law, c, start, end, alone=alone) for c in life.clocks}
        life.views |= decided
        life.findings |= of_clocks
        life.findings |= late_or_at_the_brink(law, life.clocks, suspensions, life.end)
        life.findings |= voided_after_breach(history, decided)
    delivered, of_delivery = deliveries(law, history, judged)
    stepped, of_steps = steps(law, history, judged)
    life.findings |= of_delivery | of_steps
    pauses = tuple(s.pause for s in suspensions if s.counts)
    online = pre_acceptance(at_receipt, history)
    for run in (*special_procedures(law, history, suspensions), *online, *delivered, *stepped):
        rules = at_receipt if run in online else law
        stops = run.kind in law.suspension_stops and run in stepped
        counted = count(rules, run.limit, run.start, pauses if stops else ())
        levels = levels_of(rules, run.kind, run.limit, run.start, counted)
        life.views[run.clock_id] = ClockView(
            run.start,
            counted.due,
            run.stopped,
            run.known_from,
            levels,
            provisional(rules, run.limit, run.start, counted),
        )
    return life


def provisional(law: Law, limit: Limit, start: datetime, counted: Count) -> bool:
    """Tell whether a clock crosses a day whose notice is not known; on the clock face none does."""
    if limit.unit in {"hour", "minute"}:
        return False
    day = start.date() + DAY if isinstance(counted, ByDates) else start.date()
    last = counted.due.date()
    return any(law.calendar.provisional(d) for d in days_from(day, (last - day).days + 1))


def acceptance_views(law: Law, accepting: Acceptance) -> dict[str, ClockView]:
    views = {}
    for number, period in enumerate(accepting.periods, start=1):
        limit = law.limits["acceptance"]
        counted = count(law, limit, period.start)
        levels = levels_of(law, "acceptance", limit, period.start, counted)
        views[f"acceptance:{number}"] = ClockView(
            period.start,
            period.due,
            period.stopped,
            period.start,
            levels,
            provisional(law, limit, period.start, counted),
        )
    return views


def levels_of(
    law: Law, kind: str, limit: Limit, start: datetime, counted: Count
) -> dict[str, datetime]:
    levels = {}
    if kind in LEADS and (law.ladder, kind) not in PUBLISHED_WITHOUT:
        lead = shortened(limit, LEADS[kind])
        levels["notice"] = max(start, counted.near(lead))
    for level, days in PASSED[kind].items():
        levels[level] = counted.past(days)
    return levels


def is_short(limit: Limit) -> bool:
    """Tell whether half the limit is the lead: up to one day, hours, on the spot."""
    if limit.unit in SECONDS_OF or limit.unit == "on_the_spot":
        return True
    return limit.unit != "month" and limit.amount <= 1


# --- the decision clocks ------------------------------------------------------------------------


def decision_view(
    law: Law, clock: DecisionClock, start: Start, act: Record | None, *, alone: bool
) -> ClockView:
    counted, limit = clock.counted(), clock.counted_limit
    end = None if act is None else act.at
    if act is not None and act.within and isinstance(counted, ToAMoment):
        end = act.at + SECOND  # it came after that moment
    promised = clock.kind == "promised"
    levels = {}
    if promised or alone:
        near = counted.near(shortened(limit, 1 if law.ladder == "chengdu" else 2))
        levels["notice" if law.ladder == "hunan" else "yellow"] = max(start.at, near)
    over = "yellow" if promised and law.ladder == "hunan" else "red"
    levels[over] = counted.past(0)
    crossing = provisional(law, limit, start.at, counted)
    return ClockView(start.at, counted.due, end, start.known_from, levels, crossing)


def shortened(limit: Limit, lead: int) -> int | None:
    """Working days from the near level to the due time; None: at half."""
    if is_short(limit):
        return None
    return 1 if limit.unit != "month" and limit.amount <= 3 else lead


def voided_after_breach(history: History, decided: dict[str, ClockView]) -> set[Finding]:
    reached = earliest(
        *(
            moment
            for view in decided.values()
            for level, moment in view.levels.items()
            if level != "notice" and (view.stopped is None or moment <= view.stopped)
        )
    )
    acts = [
        record
        for record in history.all("decided", "finished")
        if record.get("outcome") in {"voided", "deleted", "withdrawn"}
        and reached is not None
        and record.at > reached
    ]
    return {("voided_after_breach", record.at) for record in acts[:1]}

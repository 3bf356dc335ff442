"""The whole law for one case: its clocks with their levels, and what its records show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.law.acceptance import acceptance, decision_start
from tests.support.law.counting import SECONDS_OF, Count, count
from tests.support.law.facts import ClockView, Verdict
from tests.support.law.moving import (
    DecisionClock,
    decision_clocks,
    late_or_at_the_brink,
    suspensions_of,
    unknown_of_extensions,
)
from tests.support.law.others import deliveries, earliest, pre_acceptance, special_procedures, steps
from tests.support.law.records import read

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.acceptance import Acceptance, Start
    from tests.support.law.facts import Finding, Law, Limit, Record
    from tests.support.law.records import History

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


def verdict(law: Law, records: list[Record]) -> Verdict:
    """Read the law for one case.

    Raises `NotImplementedError` where no decree is known for a day in question.
    """
    history, findings = read(law, records)
    accepting = acceptance(law, history)
    suspensions, of_suspensions = suspensions_of(law, history)
    start, of_start = decision_start(history, accepting)
    findings |= accepting.findings | of_suspensions | of_start | unknown_of_extensions(history)
    views = acceptance_views(law, accepting)
    if start is not None:
        clocks, of_clocks = decision_clocks(law, start.at, history, suspensions)
        decided = {
            clock.kind: decision_view(law, clock, start, history, len(clocks)) for clock in clocks
        }
        views |= decided
        findings |= of_clocks | late_or_at_the_brink(law, clocks, suspensions)
        findings |= voided_after_breach(history, decided)
    delivered, of_delivery = deliveries(law, history)
    stepped, of_steps = steps(law, history, start and start.at)
    findings |= of_delivery | of_steps
    pauses = tuple(s.pause for s in suspensions if s.counts)
    special = special_procedures(law, history, suspensions)
    for run in (*special, *pre_acceptance(law, history), *delivered, *stepped):
        stops = run.kind in law.suspension_stops and run in stepped
        counted = count(law, run.limit, run.start, pauses if stops else ())
        levels = levels_of(law, run.kind, run.limit, run.start, counted)
        views[run.clock_id] = ClockView(run.start, counted.due, run.stopped, run.known_from, levels)
    return Verdict(views, findings)


def acceptance_views(law: Law, accepting: Acceptance) -> dict[str, ClockView]:
    views = {}
    for number, period in enumerate(accepting.periods, start=1):
        limit = law.limits["acceptance"]
        counted = count(law, limit, period.start)
        levels = levels_of(law, "acceptance", limit, period.start, counted)
        views[f"acceptance:{number}"] = ClockView(
            period.start, period.due, period.stopped, period.start, levels
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
    law: Law, clock: DecisionClock, start: Start, history: History, clocks: int
) -> ClockView:
    counted = clock.counted()
    promised = clock.kind == "promised"
    levels = {}
    if promised or clocks == 1:
        near = counted.near(shortened(clock.extended_limit, 1 if law.ladder == "chengdu" else 2))
        levels["notice" if law.ladder == "hunan" else "yellow"] = max(start.at, near)
    over = "yellow" if promised and law.ladder == "hunan" else "red"
    levels[over] = counted.past(0)
    return ClockView(start.at, counted.due, decision_end(law, history), start.known_from, levels)


def shortened(limit: Limit, lead: int) -> int | None:
    """Working days from the near level to the due time; None: at half."""
    if is_short(limit):
        return None
    return 1 if limit.unit != "month" and limit.amount <= 3 else lead


def decision_end(law: Law, history: History) -> datetime | None:
    decided = earliest(*(r.at for r in history.firsts("decided", "refused")))
    finished = earliest(*(r.at for r in history.firsts("finished")))
    end = {
        "earliest": earliest(decided, finished),
        "decision": decided or finished,
        "finishing": finished or decided,
    }[law.clock_ends_at]
    return earliest(end, *(r.at for r in history.gone()))


def voided_after_breach(history: History, decided: dict[str, ClockView]) -> set[Finding]:
    reached = earliest(
        *(
            moment
            for view in decided.values()
            for level, moment in view.levels.items()
            if level != "notice" and (view.stopped is None or moment <= view.stopped)
        )
    )
    acts = [r for r in history.gone() if r.get("outcome") in {"voided", "deleted", "withdrawn"}]
    return {
        ("voided_after_breach", record.at)
        for record in acts[:1]
        if reached is not None and record.at > reached
    }

"""Steps (环节): which start an end takes, what is handed over, and the clock of each pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.law.others import Run, earliest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record
    from tests.support.law.records import History


@dataclass(slots=True)
class Pass:
    """One pass of a step: its starts, the later of which were handed over, and its end."""

    starts: list[Record]
    end: Record | None

    @property
    def begun(self) -> datetime:
        return self.starts[0].at


@dataclass(slots=True)
class Passes:
    """All that a round has of one step; `loose` are ends without a start."""

    passes: list[Pass] = field(default_factory=list)
    loose: list[Record] = field(default_factory=list)


def steps(law: Law, history: History, judged: Record | None) -> tuple[list[Run], set[Finding]]:
    """Give the clock of each pass of each step."""
    runs: list[Run] = []
    findings: set[Finding] = set()
    closing = end_of_round(history, judged)
    codes = {r.get("step") for r in history.all("step_started", "step_finished")}
    for code in sorted(codes):
        found = passes_of(history, code, closing)
        kind, own = law.steps.get(code, ("step", None))
        limit = own or law.limits.get(kind)
        for number, each in enumerate(found.passes, start=1):
            findings |= {("step_handed_over", start.at) for start in each.starts[1:]}
            stopped = each.end.at if each.end else ends_with_round(history, judged, each.begun)
            if each.end is None and stopped is not None:
                findings.add(("step_not_finished", stopped))
            if limit is None and law.steps and code not in law.steps and number == 1:
                findings.add(("step_not_in_flow", each.begun))
            if limit is not None:
                clock_id = f"{kind}:{code}:{number}"
                runs.append(Run(clock_id, kind, limit, each.begun, stopped, each.begun))
        findings |= of_loose_ends(found)
    return runs, findings


def passes_of(history: History, code: str, closing: datetime | None) -> Passes:
    """Pair each end with a start: by sequence where both have one, else by officer, else by order.

    Then a start left over is handed over to the next start before the round's end.
    """
    starts = [r for r in history.all("step_started") if r.get("step") == code]
    ends = [r for r in history.all("step_finished") if r.get("step") == code]
    taken: dict[str, Record] = {}
    for fits in (same_sequence, same_officer, by_order):
        pair(starts, ends, taken, fits)
    found = Passes(loose=[end for end in ends if all(end is not each for each in taken.values())])
    handed: list[Record] = []  # starts left over, to be handed over to the next one
    for n, start in enumerate(starts):
        later = starts[n + 1] if n + 1 < len(starts) else None
        left = start.id not in taken
        if left and later is not None and (closing is None or later.at < closing):
            handed.append(start)
            continue
        found.passes.append(Pass([*handed, start], taken.get(start.id)))
        handed = []
    found.passes.sort(key=lambda each: each.begun)
    return found


def pair(
    starts: list[Record],
    ends: list[Record],
    taken: dict[str, Record],
    fits: Callable[[Record, Record], bool],
) -> None:
    """Give each end the latest start at or before it that fits, and that no end has yet."""
    for end in ends:
        if any(end is each for each in taken.values()):
            continue
        before = [s for s in starts if s.id not in taken and s.at <= end.at and fits(s, end)]
        if before:
            taken[before[-1].id] = end


def same_sequence(start: Record, end: Record) -> bool:
    return start.get("sequence") is not None and start.get("sequence") == end.get("sequence")


def same_officer(start: Record, end: Record) -> bool:
    officer = start.get("officer")
    return by_order(start, end) and officer is not None and officer == end.get("officer")


def by_order(start: Record, end: Record) -> bool:
    """Two different sequences are never one pass."""
    sequences = {start.get("sequence"), end.get("sequence")} - {None}
    return len(sequences) < 2


def of_loose_ends(found: Passes) -> set[Finding]:
    """An end without a start closes nothing; one whose start comes later has its times reversed."""
    open_ = [each.starts[-1] for each in found.passes if each.end is None]
    findings: set[Finding] = set()
    for end in found.loose:
        if end.get("single_moment"):
            continue
        later = [start for start in open_ if start.at > end.at and by_order(start, end)]
        findings.add(("times_reversed" if later else "step_not_started", end.at))
    return findings


def end_of_round(history: History, judged: Record | None) -> datetime | None:
    """Give the round's finishing, without one its decision or its refusal."""
    return ends_with_round(history, judged, None)


def ends_with_round(
    history: History, judged: Record | None, begun: datetime | None
) -> datetime | None:
    """Give where a pass without an end stops: nothing stops before it starts."""

    def after(records: list[Record]) -> list[datetime]:
        return [r.at for r in records if begun is None or r.at >= begun]

    finished = after(history.firsts("finished"))
    if finished:
        return finished[0]
    return earliest(*after([r for r in (judged, *history.firsts("refused")) if r is not None]))

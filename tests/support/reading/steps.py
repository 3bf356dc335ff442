"""Steps (环节): each run is a clock of its own."""

from __future__ import annotations

from tests.support.reading.moving import sequential

STOPPED = ("step", "promised", "statutory")
"""What suspensions stop by default; not an opinion, nor a first review."""


def steps_of(law, records, decision_start, suspensions, clocks, found, told):
    """Read the runs of every step of the flow."""
    for step in law.flow:
        kind = step.get("clock", "step")
        limit = step.get("limit") or law.limit(kind)
        runs = runs_of(records, step["code"])
        unended = [begun.at for begun, ended in runs if ended is None]
        for number, (begun, ended) in enumerate(runs, 1):
            start, stopped = begun and begun.at, ended and ended.at
            known = start
            if begun is None:
                start, known = assumed(records, ended, decision_start), ended.at
                reversed_ = any(at > ended.at for at in unended)
                code = "times_reversed" if reversed_ else "step_not_started"
                found.add((code, ended.at))
            elif ended is None:
                ends = [records.first(k) for k in ("decided", "finished", "refused")]
                stopped = min((r.at for r in ends if r and r.at >= start), default=None)
                if stopped:
                    found.add(("step_not_finished", stopped))
            if limit is None:
                continue
            pauses, _ = (
                sequential(law, limit, start, suspensions) if kind in STOPPED else ([], None)
            )
            clock_id = f"{kind}:{step['code']}:{number}"
            clocks[clock_id] = told(law, kind, limit, start, stopped, known, pauses)


def runs_of(records, code):
    """Pair the starts of a step with its ends, the first with the first; in order of record."""
    runs = []
    for record in records.of("step_started", "step_finished"):
        if record.get("step") != code:
            continue
        waiting = [run for run in runs if run[1] is None]
        if record.kind == "step_started":
            runs.append([record, None])
        elif waiting:
            waiting[0][1] = record
        elif not record.get("single_moment"):
            runs.append([None, record])
    return runs


def assumed(records, ended, decision_start):
    """Give the start that a run without one is counted from."""
    before = [r.at for r in records.of("step_finished") if r.at < ended.at]
    if before:
        return before[-1]
    if decision_start and decision_start <= ended.at:
        return decision_start
    return records.all[0].at

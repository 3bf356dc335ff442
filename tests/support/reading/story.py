"""The records of one case, read from the receipt to the delivery."""

from __future__ import annotations

from tests.support.reading.acceptance import walked
from tests.support.reading.counting import due_of, levels_of
from tests.support.reading.days import SECOND
from tests.support.reading.moving import findings_of, moved, suspensions_of
from tests.support.reading.records import Records
from tests.support.reading.steps import steps_of

ONLINE = ("online", "mobile")
SILENT_ENDS = ("withdrawn", "voided", "deleted", "returned", "forwarded")
TAKEN_BACK = ("withdrawn", "voided", "deleted")


def read(law, given):
    """Read a case: clock → (start, due, stopped, known from, {level: first second}); findings."""
    records = Records(given)
    walk = walked(law, records)
    found = records.findings | walk.findings
    suspensions, more = suspensions_of(law, records)
    found |= more
    clocks, limit = {}, law.limit("acceptance")
    for number, period in enumerate(walk.periods, 1):
        clocks[f"acceptance:{number}"] = told(
            law, "acceptance", limit, period.start, period.stopped, period.start
        )
    start, known, more = decision_start(records, walk)
    found |= more
    stopped = decision_end(law, records)
    extensions = records.of("extended")
    limits = decision_limits(law, start) if start else {}
    parts = [
        (each, start, moved(law, each, start, suspensions, extensions)) for each in limits.values()
    ]
    for (kind, _), (_, _, clock) in zip(limits.items(), parts, strict=True):
        alone = "promised" not in limits
        clocks[kind] = told(
            law, kind, clock.limit, start, stopped, known, clock.pauses, alone=alone
        )
    found |= findings_of(law, records, suspensions, extensions, parts)
    found |= taken_back(records, clocks)
    special_of(law, records, suspensions, clocks)
    pre_acceptance_of(law, records, clocks)
    delivery_of(law, records, clocks, found)
    steps_of(law, records, start, suspensions, clocks, found, told)
    return clocks, found


def told(law, kind, limit, start, stopped, known, pauses=(), *, alone=False):
    """Give a clock as the comparison wants it; its levels as if it never stopped."""
    levels = levels_of(law, kind, limit, start, pauses, alone=alone)
    return start, due_of(law, limit, start, pauses), stopped, known, levels


def decision_start(records, walk):
    """Give the start of the decision clocks, from when it was known, and what that shows."""
    accepted = records.first("accepted")
    acts = [r for r in records.of("decided")[:1] if r.get("outcome") in ("granted", "denied")]
    finished = records.of("finished")[:1]
    acts += [r for r in finished if r.get("outcome") in (None, "granted", "denied")]
    act = min(acts, key=lambda r: r.at, default=None)
    if walk.deemed:
        period = walk.periods[-1]
        known = [period.due.replace(microsecond=0) + SECOND]
        known += [a.at for a in acts if a.at > period.start]
        return period.start, min(known), set()
    if accepted and (act is None or act.at >= accepted.at):
        return accepted.at, accepted.at, set()
    if act is None:
        return None, None, set()
    supplies = [r.at for r in records.of("corrections_supplied") if r.at <= act.at]
    received = records.first("received")
    earliest = records.all[0].at
    start = supplies[-1] if supplies else received.at if received else earliest
    code = "decision_before_acceptance" if accepted else "acceptance_missing"
    return (start if start <= act.at else earliest), act.at, {(code, act.at)}


def decision_end(law, records):
    """Give when the decision clocks end."""
    ends = {k: r for k in ("decided", "finished", "refused") if (r := records.first(k))}
    chosen = {
        "earliest": list(ends),
        "decision": [k for k in ends if k != "finished"],
        "finishing": [k for k in ends if k == "finished"],
    }[law.clock_ends_at] or list(ends)
    moments = [ends[kind].at for kind in chosen]
    moments += [r.at for r in ends.values() if r.get("outcome") in SILENT_ENDS]
    return min(moments, default=None)


def decision_limits(law, start):
    """Give the limits of the decision clocks; a promise is never longer than the statute."""
    limits = {k: law.limit(k) for k in ("promised", "statutory") if law.limit(k)}
    if len(limits) == 2:
        promised, statutory = limits.values()
        if promised.get("unit") == statutory.get("unit"):
            longer = promised.get("amount", 0) > statutory.get("amount", 0)
        else:
            longer = due_of(law, promised, start) > due_of(law, statutory, start)
        if longer:
            limits["promised"] = statutory
    return limits


def taken_back(records, clocks):
    """A case that was voided after a card fell due is itself suspicious."""
    breaches = [
        at
        for kind in ("promised", "statutory")
        if kind in clocks
        for level, at in clocks[kind][4].items()
        if level != "notice" and (clocks[kind][2] is None or at <= clocks[kind][2])
    ]
    acts = [*records.of("decided")[:1], *records.of("finished")[:1]]
    acts = sorted((r for r in acts if r.get("outcome") in TAKEN_BACK), key=lambda r: r.at)
    return {("voided_after_breach", r.at) for r in acts[:1] if any(at < r.at for at in breaches)}


def special_of(law, records, suspensions, clocks):
    """The special procedures: the days asked."""
    if law.limit("special_procedure") is None:
        return
    for number, each in enumerate([s for s in suspensions if s.allowed], 1):
        if not (asked := each.record.get("days_asked")):
            continue
        ends = [r.at for r in first_ends(records)]
        stopped = min([*ends, *([each.resumed] if each.resumed else [])], default=None)
        limit = {"amount": asked, "unit": "working_day"}
        clocks[f"special:{number}"] = told(
            law, "special_procedure", limit, each.at, stopped, each.at
        )


def first_ends(records):
    """Give the first decision, finishing and refusal."""
    return [r for k in ("decided", "finished", "refused") if (r := records.first(k))]


def pre_acceptance_of(law, records, clocks):
    """网上预受理: online applications are looked at before they are received."""
    limit, received = law.limit("pre_acceptance"), records.first("received")
    if limit is None or received is None or received.get("channel") not in ONLINE:
        return
    kinds = ("pre_reviewed", "corrections_requested", "accepted", "refused", "decided", "finished")
    end = records.first(*kinds)
    clocks["pre_acceptance"] = told(
        law, "pre_acceptance", limit, received.at, end and end.at, received.at
    )


def delivery_of(law, records, clocks, found):
    """送达: from the decision to grant."""
    decided, finished = records.first("decided"), records.first("finished")
    granting = [r for r in (decided, finished) if r and r.get("outcome") == "granted"]
    limits = {k: law.limit(k) for k in ("delivery", "e_licence") if law.limit(k)}
    if not granting or not limits:
        return
    grant = granting[0]
    if grant.unable("delivered"):
        found.add(("fact_unrecorded", grant.at))
        return
    given = records.of("delivered")
    for kind, limit in limits.items():
        stops = given
        if "e_licence" in limits:
            stops = [r for r in given if delivers(r.get("method"), kind)]
        stopped = stops[0].at if stops else None
        if stopped and stopped < grant.at:
            found.add(("times_reversed", stopped))
        clocks[kind] = told(law, kind, limit, grant.at, stopped, grant.at)


def delivers(method, kind):
    """Whether a delivery by a method is one of this kind."""
    return method is None or (method == "electronic") == (kind == "e_licence")

"""The clocks beside the decision's: acceptance, pre-acceptance, special procedure, delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import ClockKind, Outcome, Unit
from schemas.findings import FindingCode
from streams.engine.clocks import Clock, counted, levels_of
from streams.engine.findings import Found
from streams.engine.moving import why_not

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Limit
    from streams.engine.acceptance import Acceptance
    from streams.engine.counting import Counting
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.rules import CaseRules


def acceptance_clocks(ledger: Ledger, rules: CaseRules, acceptance: Acceptance) -> list[Clock]:
    """Set a clock for each time in which the hall owed an answer (§32), and for pre-acceptance."""
    clocks = [
        _clock(
            f"{ClockKind.ACCEPTANCE}:{period.number}",
            ClockKind.ACCEPTANCE,
            rules.limits[ClockKind.ACCEPTANCE],
            period.opened,
            period.stopped_at,
            rules,
            period.counting,
        )
        for period in acceptance.periods
    ]
    received, limit = ledger.received, rules.limits.get(ClockKind.PRE_ACCEPTANCE)
    online = rules.policy.online_channels or ()
    if received is not None and limit is not None and received.channel in online:
        kind, stop = ClockKind.PRE_ACCEPTANCE, _answered(ledger, received.at)
        clocks.append(_clock(str(kind), kind, limit, received, stop, rules))
    return clocks


ANSWERED_BY = (
    "pre_reviewed",
    "corrections_requested",
    "accepted",
    "refused",
    "decided",
    "finished",
)
"""What ends the pre-acceptance of an online application."""


def special_clocks(ledger: Ledger, rules: CaseRules) -> list[Clock]:
    """Set a clock over the days asked of each special procedure (特别程序) that a law allows."""
    stated = rules.limits.get(ClockKind.SPECIAL_PROCEDURE)
    if stated is None:
        return []
    kinds = ("decided", "finished", "refused")
    ends = [act for kind in kinds for act in ledger.of(kind) if act not in ledger.early]
    allowed = [s for s in ledger.suspensions if why_not(s, rules.policy) != "kind"]
    clocks = []
    for number, suspension in enumerate(allowed, 1):
        if not suspension.days_asked:
            continue
        limit = stated.model_copy(
            update={"stated": None, "amount": suspension.days_asked, "unit": Unit.WORKING_DAY}
        )
        stops = [act.at for act in ends if act.at >= suspension.start]
        stops += () if suspension.end is None else (suspension.end,)
        clocks.append(
            _clock(
                f"special:{number}",
                ClockKind.SPECIAL_PROCEDURE,
                limit,
                suspension.record,
                min(stops, default=None),
                rules,
            )
        )
    return clocks


def delivery_clocks(ledger: Ledger, rules: CaseRules, found: list[Found]) -> list[Clock]:
    """Set the clocks from the grant to the delivery (§44); an e-licence has its own."""
    kinds = [k for k in (ClockKind.DELIVERY, ClockKind.E_LICENCE) if k in rules.limits]
    grant = _grant(ledger) if kinds else None
    if grant is None:
        return []
    if grant.cannot_hold("delivered"):
        found.append(Found(FindingCode.FACT_UNRECORDED, grant, grant.at))
        return []
    clocks = []
    for kind in kinds:
        deliveries = [d for d in ledger.of("delivered") if _stops(d, kind, kinds)]
        early = [d for d in deliveries if d.at < grant.at]  # no clock stops before it starts
        found += [Found(FindingCode.TIMES_REVERSED, d, d.at) for d in early]
        stop = next((d.at for d in deliveries if d.at >= grant.at), None)
        clocks.append(_clock(str(kind), kind, rules.limits[kind], grant, stop, rules))
    return clocks


def _grant(ledger: Ledger) -> Entry | None:
    """Find the grant that is delivered: the one that is judged, or else the first on record."""
    judged = ledger.decided or ledger.finished
    if judged is not None and judged.what == Outcome.GRANTED:
        return judged
    acts = [*ledger.of("decided"), *ledger.of("finished")]
    granted = (a for a in acts if a.what == Outcome.GRANTED and a not in ledger.early)
    return min(granted, default=None)


def _stops(delivered: Entry, kind: ClockKind, kinds: Sequence[ClockKind]) -> bool:
    """Tell whether a delivery is the one that a clock waits for; one without a way is any."""
    if len(kinds) == 1 and kind is ClockKind.DELIVERY:
        return True
    if not delivered.what:
        return True
    return (delivered.what == "electronic") == (kind is ClockKind.E_LICENCE)


def _answered(ledger: Ledger, received: int) -> int | None:
    answers = [e for kind in ANSWERED_BY for e in ledger.of(kind) if e not in ledger.early]
    return min((e.at for e in answers if e.at >= received), default=None)


def _clock(
    name: str,
    kind: ClockKind,
    limit: Limit,
    started: Entry,
    stopped_at: int | None,
    rules: CaseRules,
    counting: Counting | None = None,
) -> Clock:
    if counting is None:
        counting = counted(limit, started.at, rules)
    return Clock(
        clock_id=name,
        kind=kind,
        limit=limit,
        counting=counting,
        started=started,
        stopped_at=stopped_at,
        known_from=started.at,
        levels=levels_of(kind, counting, rules),
        silence=rules.silences.get(kind),
    )

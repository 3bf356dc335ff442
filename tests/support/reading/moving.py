"""What moves a decision clock (§42, §45): suspensions and extensions, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.support.reading.counting import DATED, Pause, due_of
from tests.support.reading.days import working_days_from

ALLOWED = [
    "hearing",
    "tender",
    "auction",
    "inspection",
    "testing",
    "quarantine",
    "appraisal",
    "expert_review",
]
RANKS = ("other", "agency_head", "government_head")
EXTENSION_CAP, SUSPENSION_MAX, BRINK = 10, 2, 1


@dataclass(slots=True)
class Suspension:
    """A suspension as the records tell it."""

    record: object
    resumed: datetime | None
    allowed: bool
    has_basis: bool
    untold: bool

    @property
    def at(self):
        return self.record.at

    @property
    def pause(self):
        return Pause(self.at, self.resumed, self.record.get("days_asked"))


def suspensions_of(law, records):
    """Pair the starts with their ends."""
    kinds = [*ALLOWED, "publicity"] if law.preset == "cn-non-permit" else ALLOWED
    ends, found = records.of("resumed"), []
    for record in records.of("suspended"):
        own = [r for r in ends if r.get("suspension_id") == record.get("suspension_id")]
        end = next((r for r in own if r.at >= record.at), None)
        if end:
            ends.remove(end)
        basis = record.get("basis") or record.get("reason") or record.unable("reason")
        untold = record.get("told_at") is None and not record.unable("told_at")
        allowed = record.get("suspension") in kinds
        found.append(Suspension(record, end and end.at, allowed, bool(basis), untold))
    return found, {("resumed_without_start", r.at) for r in ends}


@dataclass(slots=True)
class Moved:
    """A clock with what moved it."""

    limit: dict
    pauses: list
    after_breach: set
    extension: object | None


def counts(law, suspension) -> bool:
    """Whether a suspension counts at all."""
    told = not suspension.untold or law.untold_suspensions == "stop"
    return suspension.allowed and suspension.has_basis and told


def sequential(law, limit, start, suspensions):
    """Take the suspensions in time order; one that starts after the due moment has no effect."""
    pauses, late = [], set()
    for each in suspensions:
        if not counts(law, each):
            continue
        if each.at > due_of(law, limit, start, pauses):
            late.add(each.at)
        else:
            pauses.append(each.pause)
    return pauses, late


def moved(law, limit, start, suspensions, extensions) -> Moved:
    """Find the one valid extension of a clock, and the suspensions that count for it."""
    pauses, late = sequential(law, limit, start, suspensions)
    due = due_of(law, limit, start, pauses)
    for extension in extensions:
        if valid(extension, limit, due):
            more = {**limit, "amount": limit["amount"] + extension.get("amount")}
            pauses, late = sequential(law, more, start, suspensions)
            return Moved(more, pauses, late, extension)
    return Moved(limit, pauses, late, None)


def valid(extension, limit, due) -> bool:
    """Whether an extension moves a clock whose un-extended due moment is given."""
    told, rank = extension.get("told_at"), extension.get("approver_rank")
    return (
        extension.get("unit") == limit["unit"]
        and 0 < extension.get("amount") <= limit.get("extension_cap", EXTENSION_CAP)
        and bool(extension.get("reason") or extension.unable("reason"))
        and (RANKS.index(rank) >= 1 if rank else extension.unable("approver_rank"))
        and (told <= due if told else extension.unable("told_at"))
        and extension.at <= due
    )


def findings_of(law, records, suspensions, extensions, clocks):
    """Tell what the suspensions and extensions show; `clocks` are (limit, start, Moved)."""
    found, counting = set(), [s for s in suspensions if counts(law, s)]
    end = records.first("decided", "finished", "refused")
    for each in suspensions:
        record = each.record
        if not each.allowed:
            if record.get("suspension") != "correction":
                found.add(("suspension_not_allowed", each.at))
            continue
        shows = {
            "suspension_without_basis": not each.has_basis,
            "suspension_untold": each.untold,
            "suspension_days_unknown": record.get("days_asked") is None,
            "fact_unrecorded": record.unable("told_at") or record.unable("reason"),
            "suspension_not_ended": end and each.resumed is None and each.at < end.at,
            "suspension_after_breach": clocks
            and all(each.at in clock.after_breach for _, _, clock in clocks),
            "suspension_at_brink": each in counting
            and any(at_brink(law, each, suspensions, *clock) for clock in clocks),
        }
        named_at = {"suspension_not_ended": end and end.at}
        found |= {(code, named_at.get(code) or each.at) for code, so in shows.items() if so}
    if len(counting) > SUSPENSION_MAX:
        found.add(("suspensions_many", counting[SUSPENSION_MAX].at))
    for extension in extensions:
        if any(extension.unable(f) for f in ("reason", "approver_rank", "told_at")):
            found.add(("fact_unrecorded", extension.at))
        if clocks and not any(clock.extension is extension for _, _, clock in clocks):
            found.add(("extension_refused", extension.at))
    return found


def at_brink(law, suspension, suspensions, limit, start, clock) -> bool:
    """压线挂起: begun on the last days of a clock in days, as it stood then."""
    if limit["unit"] not in DATED:
        return False
    extended = clock.extension and clock.extension.at <= suspension.at
    earlier = [s for s in suspensions if s.at < suspension.at]
    stood = clock.limit if extended else limit
    pauses, _ = sequential(law, stood, start, earlier)
    due = due_of(law, stood, start, pauses)
    first = working_days_from(due.date(), -BRINK)
    return suspension.at <= due and suspension.at.date() >= first

"""Whether the catalogue lists a case's item (事项): nothing is left unwatched in silence.

An item that is not listed, or not in force, may be one that was abolished and is asked for all the
same (变相审批). A due moment that the hall states is watched in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from schemas.findings import FindingCode
from streams.engine.findings import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.engine.case import Case
    from streams.engine.entries import Entry
    from streams.engine.rules import CaseRules, Standing

CODES: Final[dict[Standing, FindingCode]] = {
    "unknown": FindingCode.ITEM_UNKNOWN,
    "not_in_force": FindingCode.ITEM_NOT_IN_FORCE,
    "missing": FindingCode.ITEM_MISSING,
    "covered": FindingCode.ITEM_COVERED,
}
"""What is found of an item by how it stands in the catalogue; one that is listed is no finding."""


def of_item(rules: CaseRules, opening: Entry) -> Iterator[Found]:
    """Say so where the catalogue does not list the item: on the day on which the round began."""
    code = CODES.get(rules.standing)
    if code is not None:
        yield Found(code, opening, opening.at)


NoClock = Literal["item_unknown", "item_not_in_force", "item_missing", "no_limit", "not_started"]
"""Why a case has no clock."""
NO_CLOCK: Final[tuple[NoClock, ...]] = get_args(NoClock)
_UNWATCHED: Final[dict[Standing, NoClock]] = {
    "unknown": "item_unknown",
    "not_in_force": "item_not_in_force",
    "missing": "item_missing",
    "no_items": "no_limit",
}


def why_no_clock(case: Case) -> NoClock | None:
    """Tell why the present round of a case has no clock; None where it has one."""
    if case.rounds[-1].clocks:
        return None
    rules = case.rules
    reason = _UNWATCHED.get(rules.standing)
    if reason is not None:
        return reason
    return "not_started" if rules.limits or rules.steps else "no_limit"


def is_unlisted(case: Case) -> bool:
    """Tell whether a round's catalogue does not know its item: a newer one may."""
    return any(each.rules.standing in _UNLISTED for each in case.rounds)


_UNLISTED: Final = frozenset({"unknown", "covered"})

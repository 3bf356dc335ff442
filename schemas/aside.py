"""A case set aside (搁置办件): what `jiancha.events` holds of it.

Deciding on it ended the engine again and again, so that it is decided on no more until somebody
takes it up again. Moments are seconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from msgspec import Struct

from schemas.verdicts import Epoch, Seconds

SET_ASIDE = "set_aside"
"""The reason of the dead letters that hold its records meanwhile."""


class CaseSetAside(Struct, frozen=True, kw_only=True, tag="case_set_aside"):
    """A case was set aside; or a record, of which nothing tells the case."""

    case_no: str
    """Empty where it is not known."""
    partition: int
    at: Seconds
    """The engine's time (the last tick); 0 before the first tick."""
    topic: str
    offset: int
    """The record, or the tick, at which it ended the engine."""
    reason: str
    """What went wrong, in the program's words."""
    epoch: Epoch = 0
    """Of the state that says so: what a later life of the case says outranks it."""
    from_state: bool = False
    """Told again from the state, for a history that was lost: what an engine said outranks it."""


class CaseTakenUp(Struct, frozen=True, kw_only=True, tag="case_taken_up"):
    """A case that was set aside is decided on again."""

    case_no: str
    partition: int
    at: Seconds
    by: str
    """Who asked for it."""
    epoch: Epoch = 0


AsideReport = CaseSetAside | CaseTakenUp

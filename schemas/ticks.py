"""What `jiancha.ticks` holds: the passing of time (时间节拍), and changes of the law in force.

Both concern every case of a partition, and both travel in its own order, behind barriers. So does
the word that a case which was set aside is to be taken up again.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Raw, Struct

from schemas.verdicts import Seconds, decode

TickSource = Literal["worker", "replay"]
ChangeSubject = Literal["calendar", "catalogue"]

NO_CONTENT: Final = Raw(b"null")


class Tick(Struct, frozen=True, tag="tick"):
    """It is `now`, once everything below the barriers has been applied."""

    now: Seconds
    source: TickSource
    barriers: dict[str, int]
    """The next offset of each of the partition's other input topics when the tick was made."""
    timed: bool = False
    """Whether the records before it bring their own time, as a replay's do (`REPLAYED_AT`). Then
    what fell due since is dated by its own second, as live ticks would have dated it."""


REPLAYED_AT: Final = "jiancha-replayed-at"
"""Header of a record of a replay: the replay's time when it was sent, in seconds since the epoch,
as decimal digits. It counts only where a replay's ticks count: nobody else dates an arrival."""


class Change(Struct, frozen=True, kw_only=True, tag="change"):
    """A calendar or a catalogue comes in force, once everything below the barriers is applied.

    Calendars hold for every open case at once. A catalogue holds for new cases, and for open ones
    only when it is declared retroactive.
    """

    change_id: str
    subject: ChangeSubject
    catalogue: Raw = NO_CONTENT
    """The content of a catalogue (`Catalogue.content`)."""
    calendars: tuple[Raw, ...] = ()
    """Whole calendars (`CalendarDefinition`), in place of those of the same name."""
    retroactive: bool = False
    dry_run: bool = False
    """Only compare: nothing comes in force."""
    made_at: Seconds
    by: str
    """Who asked for it."""
    barriers: dict[str, int]


class Retry(Struct, frozen=True, kw_only=True, tag="retry"):
    """A case that was set aside is to be decided on again, where it lies."""

    case_no: str
    made_at: Seconds
    by: str
    """Who asked for it."""
    barriers: dict[str, int] = {}


def read_tick(raw: bytes) -> Tick | Change | Retry:
    """Read a record of `jiancha.ticks`. Raises `msgspec.MsgspecError` when it is none."""
    found: Tick | Change | Retry = decode(raw, Tick | Change | Retry)  # type: ignore[arg-type]
    return found


LARGEST_CHANGE: Final = 7 << 20
"""Bytes of a change. What is in force is kept in the partition's state, in records of its size."""

"""What leaves the engine: cases with their clocks, cards and their moves, refusals; ids.

Plain typed records, written as JSON on our own topics (`schemas.topics`). Every moment is an
integer: seconds since 1970-01-01T00:00:00Z. Every id is a pure function of what it names, so that
at-least-once delivery reads as once.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from schemas.codes import ClockKind, Level, Outcome
from schemas.findings import FindingCode

Seconds = Annotated[int, Meta(description="seconds since 1970-01-01T00:00:00Z")]
Epoch = Annotated[int, Meta(ge=0, lt=1 << 32)]
"""When a state began from nothing (纪元): seconds since 1970 UTC; 0 for a state of 0.1.0.

Counters of that state begin at 1 with it, so of two records of the same thing the later is the one
with the higher epoch, and only within one epoch the one with the higher revision or move number.
"""
ClockState = Literal["running", "paused", "stopped"]


class Origin(Struct, frozen=True, omit_defaults=True):
    """Where a record stood when it first arrived."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """When the broker, or the sender, dated it: milliseconds since the epoch."""
    arrived: Seconds | None = None
    """The `now` of the last tick whose barrier lies at or below its offset, as far as ticks were
    read when this was written (the state has it exactly); None where it is not known."""


class LevelReached(Struct, frozen=True):
    """A level of the ladder, the first second at which it holds, and the rule that says so."""

    level: Level
    at: Seconds
    rule: str


class ClockRecord(Struct, frozen=True, kw_only=True):
    """One clock of a case (时限), as it stood when it was written."""

    clock_id: str
    """Unique within the case: `promised`, `statutory`, `acceptance:N`, `step:CODE:N`; of a later
    round `@RECORD/promised`, by the record that opens it (`schemas.about`)."""
    clock: ClockKind
    round: int = 1
    """Which life of the case it is of (轮次): only how it is shown, a late record renumbers."""
    step: str | None = None
    region: str | None = None
    department: str | None = None
    officer: str | None = None
    started_at: Seconds
    known_from: Seconds
    """Since when it is known: deemed acceptance (视为受理) is known after the fact."""
    deemed: bool
    assumed: bool
    """No record states its start: it was deemed, or assumed from what is there."""
    due_at: Seconds
    """The last second in time; a breach is any later one."""
    stopped_at: Seconds | None = None
    state: ClockState
    """`stopped` where a stop is on record. Otherwise as of the writing, and nothing is written when
    a special procedure begins or ends by the clock: who looks later asks `paused_from`."""
    paused_from: list[Seconds] = []
    """When it begins to stand still (特别程序), each time, whether that has come or not."""
    paused_until: list[Seconds] = []
    """The first second after each: the procedure's end, or that of the days asked for it."""
    overdue: bool
    """Whether it was over its due moment when it stopped, or as of the writing."""
    level: Level
    """The highest level that holds."""
    cards: list[LevelReached]
    next_at: Seconds | None = None
    """When the next level will hold, unless something happens."""
    provisional: bool
    """Whether the due time rests on days that nobody has decreed yet."""
    limit: str
    """The limit in words a machine can sort: `20 working_day`, `stated`."""
    basis: str | None = None
    mode: str
    calendar: str
    calendar_version: str


class ClockValues(Struct, frozen=True):
    """What a clock's verdict rests on."""

    started_at: Seconds
    due_at: Seconds
    stopped_at: Seconds | None = None


class RecordName(Struct, frozen=True):
    """One version of a record, as the state names it."""

    kind: str
    record: int
    record_version: int
    occurred_at: Seconds
    voided: bool = False


class FindingDetail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a finding rests on beside its record, where that needs telling."""

    by: str = ""
    """What shows it: `recorded_at`, or `arrival`."""
    at: Seconds | None = None
    """That moment."""
    ruling: str = ""
    """The ruling that it is about."""
    clock_id: str = ""
    """The clock that was corrected after its breach (超时后更正)."""
    before: ClockValues | None = None
    """As a tick left it."""
    after: ClockValues | None = None
    """As the next one found it; None where it is gone."""
    records: tuple[RecordName, ...] = ()
    """The records that did it, as they are now."""
    cured: tuple[str, ...] = ()
    """The cards that were retracted because of a late record (补录), by their ids."""


class FindingRecord(Struct, frozen=True, kw_only=True):
    """A finding (监察发现) of a case, as it stood when it was written."""

    finding_id: str
    """Unique within the case: `finding:CODE:RECORD`; a card on it bears it as its clock's name."""
    code: FindingCode
    level: Level
    at: Seconds
    """The first second at which it holds."""
    basis: str
    kind: str
    """The kind of the record that shows it."""
    record: int
    """That record: a hash of its source and its id (`streams.engine.entries.identity`)."""
    record_version: int
    occurred_at: Seconds
    detail: FindingDetail | None = None


class RoundRecord(Struct, frozen=True, kw_only=True):
    """One life of a case (轮次), as it stood when it was written."""

    number: int
    opened_by: int | None = None
    """The record that opens it and names its clocks; None for the first round."""
    opened_at: Seconds
    received_at: Seconds | None = None
    accepted_at: Seconds | None = None
    decided_at: Seconds | None = None
    outcome: Outcome | None = None
    finished_at: Seconds | None = None
    ended_at: Seconds | None = None
    catalogue: str
    """The version of the catalogue whose limits hold for it."""


class CaseRecord(Struct, frozen=True, kw_only=True):
    """A case (办件) and all its clocks after a change.

    Where it has several rounds, what it says of receipt, acceptance, decision and end is the last
    one's.

    The highest revision of the highest epoch is the present.
    """

    case_no: str
    epoch: Epoch = 0
    """Of the state in which this case was opened."""
    revision: int
    as_of: Seconds
    """The engine's time (the last tick) when this was written; 0 before the first tick."""
    source: str
    item: str | None = None
    item_name: str | None = None
    region: str | None = None
    department: str | None = None
    window: str | None = None
    case_type: str | None = None
    step: str | None = None
    """The step that is open, or the last one."""
    officer: str | None = None
    opened_at: Seconds
    """The earliest event on record."""
    received_at: Seconds | None = None
    accepted_at: Seconds | None = None
    decided_at: Seconds | None = None
    outcome: Outcome | None = None
    finished_at: Seconds | None = None
    ended_at: Seconds | None = None
    """What ended the case: decision, finishing or refusal, whichever is earliest."""
    events: int
    suspended: bool
    """Whether a clock that runs stood still as of the writing; later its clocks tell."""
    level: Level
    catalogue: str
    """The version of the catalogue whose limits hold for this case."""
    clocks: list[ClockRecord]
    findings: list[FindingRecord]
    rounds: list[RoundRecord] = []
    """Its lives, where it has more than one."""


Move = Literal["issued", "retracted", "resolved", "reopened"]


class MoveRecord(Struct, frozen=True, kw_only=True):
    """One move of a card: it is issued, retracted with a reason, or its clock stops (resolved)."""

    move_id: str
    card_id: str
    move: Move
    epoch: Epoch = 0
    """Of the state in which its case was opened: a later one counts a card's moves anew."""
    move_no: int
    at: Seconds
    """The engine's time of the move: for `issued`, when we knew (issued_at)."""
    reason: str
    case_no: str
    clock_id: str
    clock: ClockKind
    level: Level
    sequence: int
    rule: str
    holds_from: Seconds
    """The first second at which the level held (breached_at, for one that passed its limit)."""
    known_from: Seconds = 0
    """Since when its clock was known to run: later than `holds_from` after a deemed acceptance."""
    due_at: Seconds
    started_at: Seconds
    stopped_at: Seconds | None = None
    active: bool
    """Whether an alert should be ringing: the card stands and its clock runs."""
    provisional: bool
    limit: str
    source: str
    item: str | None = None
    item_name: str | None = None
    region: str | None = None
    department: str | None = None
    window: str | None = None
    step: str | None = None
    officer: str | None = None
    revision: int
    catalogue: str
    calendar: str
    calendar_version: str
    round: int = 1
    record: int | None = None
    """The record that its clock started with when it was issued, or that shows the finding."""
    replaces: str | None = None
    """The card in whose place it was issued: the same clock, of another round by later records."""


class LifeRecord(Struct, frozen=True, kw_only=True, tag="life"):
    """A partition whose state began from nothing has come to the end of what stood there then.

    It follows the moves of all that: a card of an earlier epoch that the partition's cases have not
    issued again by now is not going to be. It stands in `jiancha.verdicts`, under a key that is no
    case number.
    """

    partition: int
    partitions: int
    """How many there were: which cases are this one's is a matter of both."""
    epoch: Epoch
    at: Seconds


LIFE_KEY: Final = b"\x00life"
_LIFE_STARTS: Final = b'{"type":"life"'
"""How our own records of this kind begin: the tag comes first."""


def is_life(value: bytes) -> bool:
    """Tell whether a record of `jiancha.verdicts` is of a life, and not a card's move."""
    return value.startswith(_LIFE_STARTS)


class EventRecord(Struct, frozen=True, kw_only=True, tag="event"):
    """A step event that was accepted, without what names an applicant."""

    case_no: str
    epoch: Epoch = 0
    origin: Origin
    event: Raw
    """The event's JSON object, masked."""


class RulingRecord(Struct, frozen=True, kw_only=True, tag="ruling"):
    """A ruling that was applied."""

    case_no: str
    epoch: Epoch = 0
    origin: Origin
    ruling: Raw


class ReferenceRecord(Struct, frozen=True, kw_only=True, tag="reference"):
    """A catalogue or a calendar came into force in a partition."""

    subject: Literal["catalogue", "calendar"]
    name: str
    version: str
    partition: int
    epoch: Epoch = 0
    at: Seconds
    content: Raw


class GapRecord(Struct, frozen=True, kw_only=True, tag="gap"):
    """Records that were deleted before they were judged, and that an operator goes on without."""

    topic: str
    partition: int
    epoch: Epoch = 0
    first: int
    """The first offset that is gone."""
    following: int
    """The first offset that is still there."""
    at: Seconds
    """The engine's time in that partition when it went on."""
    accepted_at: Seconds
    """The wall clock then."""
    by: str
    reason: str


Accepted = EventRecord | RulingRecord | ReferenceRecord | GapRecord
"""What `jiancha.events` holds."""


class DeadLetter(Struct, frozen=True, kw_only=True):
    """Why a record was refused: the header `jiancha-dead-letter`; the value is the record's own."""

    letter_id: str
    reason: str
    field: str
    value: str
    message: str
    remedy: str
    source: str
    origin: Origin
    sha256: str
    """Of the whole value, also where it was cut."""
    size: int
    """Bytes of the whole value."""
    cut: bool
    """Whether the value here was cut; the whole one stands at the origin."""
    epoch: Epoch = 0


DEAD_LETTER_HEADER: Final = "jiancha-dead-letter"
ORIGIN_HEADER: Final = "jiancha-origin"
"""On a record that was sent on or replayed: where it first arrived, as JSON of `Origin`."""

_R = TypeVar("_R")
_ENCODER: Final = msgspec.json.Encoder()


def encode(record: Struct) -> bytes:
    """Write a record as JSON."""
    return _ENCODER.encode(record)


def decode(raw: bytes, form: type[_R]) -> _R:
    """Read a record of our own; raises `msgspec.MsgspecError` when it is none."""
    # msgspec lets two errors of another kind through.
    try:
        return msgspec.json.decode(raw, type=form)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"byte {error.start} of a text is not UTF-8") from None
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None


def card_id(case_no: str, clock_id: str, level: Level, sequence: int) -> str:
    """Name a card (监察编号, at most 20 characters): a hash of what it is about."""
    return _name(f"{case_no}\x00{clock_id}\x00{level}\x00{sequence}")


def move_id(card: str, move_no: int) -> str:
    """Name a card's n-th move."""
    return f"{card}-{move_no}"


def letter_id(topic: str, partition: int, offset: int) -> str:
    """Name a dead letter by where the refused record stood."""
    return _name(f"{topic}\x00{partition}\x00{offset}")


def _name(of: str) -> str:
    return hashlib.blake2b(of.encode(), digest_size=10).hexdigest()

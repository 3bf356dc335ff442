"""What the board asks of the history, and the plain figures it is told (port).

Every moment is an integer: seconds since 1970-01-01T00:00:00Z. A code that a record lacks is ''.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from schemas.codes import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.engine.rules import Rules

Away = Literal["unreachable", "not_migrated", "busy", "failed"]


class HistoryAway(Exception):  # noqa: N818 - named after what it means
    """Raised when the history gives no answer; `why` says in one word what is the matter."""

    def __init__(self, why: Away) -> None:
        super().__init__(why)
        self.why: Away = why


@dataclass(frozen=True, slots=True)
class Tally:
    """How many open cases (在办件) stand at each level: by their highest standing card."""

    department: str
    none: int
    notice: int
    yellow: int
    red: int

    @property
    def open(self) -> int:
        """All open cases."""
        return self.none + self.notice + self.yellow + self.red


@dataclass(frozen=True, slots=True)
class CardCounts:
    """Cards of one level: standing on record, and issued since local midnight."""

    standing: int
    today: int


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card that was issued, and what became of it."""

    card_id: str
    case_no: str
    clock_id: str
    clock: str
    level: str
    issued_at: int
    due_at: int
    item: str
    item_name: str
    region: str
    department: str
    step: str
    officer: str
    calendar: str
    provisional: bool
    move: str
    """The last move: issued, reopened, resolved or retracted."""


@dataclass(frozen=True, slots=True)
class DueClock:
    """A clock that runs and is still in time; the soonest of its case."""

    case_no: str
    clock_id: str
    clock: str
    due_at: int
    item: str
    item_name: str
    region: str
    department: str
    step: str
    officer: str
    calendar: str
    limit: str
    level: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """How the pipeline does. A moment is None where nothing has come yet."""

    cases: int
    newest_arrival: int | None
    """When the newest record arrived: by the broker's clock, or a replay's own time."""
    dead_letters: int
    newest_dead_letter: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the front page shows, read in one go."""

    now: int
    """The moment that what is due is compared with: the wall clock, or a replay's own time."""
    live: bool
    """Whether `now` is the wall clock."""
    taken_at: float
    """By the wall clock of this machine."""
    tallies: Sequence[Tally]
    cards: Mapping[Level, CardCounts]
    overdue: int
    """Open cases with a clock over its due moment."""
    newest: Sequence[NewCard]
    due: Sequence[DueClock]
    flow: Flow

    @property
    def flow_now(self) -> float:
        """What the moments of the flow are compared with: its own clock."""
        return self.taken_at if self.live else self.now


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a list is about: found by number, or the open ones of a level or department."""

    number: str = ""
    level: Level | None = None
    department: str | None = None
    overdue: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list."""

    case_no: str
    item: str
    item_name: str
    region: str
    department: str
    step: str
    officer: str
    opened_at: int
    ended_at: int | None
    level: str
    about: str
    """What its highest card is about: a clock's or a finding's name within the case."""
    due_at: int | None
    """The soonest due moment of its open clocks."""
    calendar: str
    limit: str
    provisional: bool
    suspended: bool
    """Whether a clock of it stands still now (特别程序)."""


@dataclass(frozen=True, slots=True)
class CaseList:
    """One page of cases."""

    now: int
    lines: Sequence[CaseLine]
    more: bool


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock as it stands on record; its state is that of now."""

    clock_id: str
    clock: str
    step: str
    department: str
    officer: str
    started_at: int
    known_from: int
    """Since when it is known: after its start where silence is acceptance (视为受理)."""
    deemed: bool
    assumed: bool
    """No record states its start."""
    due_at: int
    stopped_at: int | None
    state: str
    provisional: bool
    limit: str
    basis: str
    calendar: str
    calendar_version: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What a record of the case shows (监察发现)."""

    finding_id: str
    code: str
    level: str
    at: int
    basis: str
    kind: str
    record: int
    record_version: int
    occurred_at: int


@dataclass(frozen=True, slots=True)
class Move:
    """A move of a card."""

    card_id: str
    epoch: int
    move_no: int
    move: str
    at: int
    reason: str
    clock_id: str
    clock: str
    level: str
    rule: str
    holds_from: int
    due_at: int
    step: str
    officer: str


@dataclass(frozen=True, slots=True)
class Happening:
    """An event on record; `content` is the whole of it as JSON, masked."""

    at: int
    arrived_at: int
    kind: str
    step: str
    step_name: str
    officer: str
    officer_name: str
    outcome: str
    reason: str
    content: str
    source: str
    event_id: str
    record: int
    """Names the record within its case: its versions share it."""
    version: int
    voided: bool
    """Whether this version takes the record back."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided on a card."""

    at: int
    card_id: str
    action: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Aside:
    """That a case is set aside (搁置): since when in the engine's time, and what went wrong."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All there is on record of one case."""

    now: int
    live: bool
    case: CaseLine
    received_at: int | None
    accepted_at: int | None
    decided_at: int | None
    finished_at: int | None
    outcome: str
    window: str
    source: str
    catalogue: str
    clocks: Sequence[ClockLine]
    """What runs comes first, the soonest due before; then what stopped, as it started."""
    findings: Sequence[FindingLine]
    moves: Sequence[Move]
    events: Sequence[Happening]
    rulings: Sequence[Ruling]
    aside: Aside | None = None
    """That the engine decides on it no more."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many rows of a kind were not read, for there are more than any case should have."""


class History(Protocol):
    """Where the board reads; every method raises `HistoryAway` when it gets no answer."""

    def figures(self) -> Figures:
        """Read the front page's figures."""

    def cases(self, wanted: Wanted) -> CaseList:
        """Read one page of cases."""

    def case(self, case_no: str) -> CaseFile | None:
        """Read one case; None where there is none of that number."""

    def rules(self, catalogue: str) -> Rules | None:
        """Read the rules of a catalogue by its version; None where the history lacks it."""

    def close(self) -> None:
        """Let go of every connection."""

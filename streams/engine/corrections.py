"""Clocks corrected after their breach (超时后更正): what was over at a tick is another at the next.

A record that is sent again can cure a breach, and so can a second record of the same act, or an
end that is dated back. A tick leaves start, due and end of each clock that is over; the next one
compares, by the law that then holds for both: a change of calendar or catalogue alone is none. It
belongs to what was issued: it is remembered, and never derived again.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from schemas.findings import FindingCode
from schemas.verdicts import ClockValues, FindingDetail, RecordName
from streams.engine.acceptance import notified_at
from streams.engine.arrival import loaded
from streams.engine.entries import Entry
from streams.engine.findings import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.engine.case import Case
    from streams.engine.clocks import Clock

REMEMBERED: Final = 100
"""Corrections of one case that are remembered: the first ones, and the latest."""
LOOKED_AT_APART: Final = 20
"""Corrected records of one case and tick that are asked, each by itself, what it moved."""
ONCE: Final = frozenset(
    {"received", "pre_reviewed", "accepted", "refused", "decided", "finished", "delivered"}
    | {"extended"}
)
"""Acts of which there is one: another record of the kind is a second of the same act."""
RENAMING: Final = frozenset(
    {"received", "accepted", "corrections_requested", "corrections_supplied", "refused"}
    | {"decided", "finished", "step_started"}
)
"""What can open or end a round, name another item, undo a deemed acceptance, hand a step over."""
PLACE: Final = ("item", "region", "department")
"""What says by which limits a round is judged."""


class Since(Struct, array_like=True, frozen=True):
    """How records differ from those that a tick found."""

    gone: tuple[Entry, ...]
    """What was there and is replaced, sorted."""
    new: tuple[int, ...]
    """The places of what was not there."""


class Correction(Struct, array_like=True, frozen=True, order=True):
    """One clock that was over at a tick, and is another at the next."""

    at: int
    """The tick that found it, seconds since the epoch."""
    clock_id: str
    records: tuple[RecordName, ...]
    before: ClockValues
    after: ClockValues | None = None


def difference(then: Sequence[Entry], now: Sequence[Entry]) -> Since:
    """Tell how sorted records differ from those of a tick; a copy is no difference.

    Unless it says that a due moment was stated at another time: that says what moves it.
    """
    here = {_read(entry) for entry in now}
    before = {_read(entry) for entry in then}
    return Since(
        gone=tuple(entry for entry in then if _read(entry) not in here),
        new=tuple(place for place, entry in enumerate(now) if _read(entry) not in before),
    )


def _read(entry: Entry) -> Entry:
    """Give all that a verdict on a clock reads of a record."""
    said = entry.said()
    return said if entry.due < 0 else msgspec.structs.replace(said, recorded=entry.recorded)


def as_it_was(since: Since, now: Sequence[Entry]) -> list[Entry]:
    """Give the records that the tick found."""
    new = set(since.new)
    then = [entry for place, entry in enumerate(now) if place not in new]
    for entry in since.gone:
        insort(then, entry)
    return then


class Comparing:
    """Compares a case with what a tick found of it.

    `now` is by which records it is `after` by now; `assess` judges others by the same law.
    """

    def __init__(
        self,
        then: Sequence[Entry],
        now: Sequence[Entry],
        after: Case,
        assess: Callable[[Sequence[Entry]], Case],
    ) -> None:
        self._then, self._now, self._after, self._assess = then, now, after, assess
        changed = difference(then, now)
        new = [now[place] for place in changed.new]
        self._gone, self._known = changed.gone, {entry.id for entry in then}
        self._new = [entry for entry in new if not loaded(entry)]
        self._corrected = [entry for entry in self._new if self._is_correction(entry)]
        naming = {r.ledger.naming(name) for r in after.rounds for name in PLACE}
        self._placing = [entry for entry in self._new if entry in naming]

    def corrections(self, tick: int, now: int) -> list[Correction]:
        """Give the clocks that were over at `tick`, and that records have changed by `now`."""
        if not self._corrected and not self._placing and not self._may_cure(tick):
            return []
        before, after = self._assess(self._then), self._after
        found = []
        for clock in before.clocks:
            if (clock.deemed and tick < clock.known_from) or not clock.overdue(tick):
                continue
            became = _of(after, clock.clock_id)
            if _values(clock) == _values(became):
                continue
            if records := self._causes(clock, became):
                names = tuple(_told(entry) for entry in sorted(records))
                found.append(Correction(now, clock.clock_id, names, values(clock), _values(became)))
        return found

    def _may_cure(self, tick: int) -> bool:
        """Tell whether a first record may have ended a clock in time, or done away with it.

        What was over at the tick was due before it.
        """
        ends = {at for entry in self._new for at in ends_at(entry) if at < tick}
        return any(entry.kind in RENAMING for entry in self._new) or any(
            clock.stopped_at in ends for clock in self._after.clocks
        )

    def _is_correction(self, entry: Entry) -> bool:
        """Tell whether it replaces one, takes it back, or is a second of an act of its round."""
        if entry.id in self._known:
            return True
        its = next((r.ledger.entries for r in self._after.rounds if entry in r.ledger.entries), ())
        return any(old.id in self._known and _same_act(old, entry) for old in its)

    def _causes(self, clock: Clock, became: Clock | None) -> Sequence[Entry]:
        """Give the records that made a clock another; none where that is no correction."""
        if self._corrected and self._moved_by(self._corrected, clock, became):
            if not 1 < len(self._corrected) <= LOOKED_AT_APART:
                return self._corrected
            alone = [e for e in self._corrected if self._moved_by([e], clock, became)]
            return alone or self._corrected
        if became is None:  # its round is another, or it began by silence alone
            return self._new
        end, placing = became.stopped_at, [e for e in self._placing if self._placed_by(e, became)]
        if end is None or end > clock.due_at:  # also where it is the end that it had
            return placing
        return [e for e in self._new if e in placing or end in ends_at(e)]

    def _placed_by(self, naming: Entry, became: Clock) -> bool:
        """Tell whether a clock would be due another time if a record did not name the place."""
        blank = msgspec.structs.replace(naming, **dict.fromkeys(PLACE, ""))
        entries = sorted(blank if entry == naming else entry for entry in self._now)
        other = _of(self._assess(entries), became.clock_id)
        return other is None or other.due_at != became.due_at

    def _moved_by(self, some: Sequence[Entry], clock: Clock, became: Clock | None) -> bool:
        """Tell whether a clock would be another without some of the records."""
        ids, without = {entry.id for entry in some}, {entry.said() for entry in some}
        entries = [entry for entry in self._now if entry.said() not in without]
        for entry in self._gone:
            if entry.id in ids:
                insort(entries, entry)
        if not entries:
            return True
        return _values(_of(self._assess(entries), clock.clock_id)) != _values(became)


def ends_at(entry: Entry) -> tuple[int, ...]:
    """Give the seconds in which an act can end a clock.

    A notice of corrections when the applicant was told; against a stated moment, what happened
    within a second with the next one.
    """
    if entry.kind == "corrections_requested":
        return (notified_at(entry),)
    return entry.at, entry.at + entry.within


def _same_act(one: Entry, other: Entry) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind in ("step_started", "step_finished"):  # a step has several passes
        return one.step == other.step and one.sequence == other.sequence >= 0
    if one.kind in ("suspended", "resumed"):
        return bool(one.ref) and one.ref == other.ref
    return one.kind in ONCE


def _of(case: Case, clock_id: str) -> Clock | None:
    return next((clock for clock in case.clocks if clock.clock_id == clock_id), None)


def values(clock: Clock) -> ClockValues:
    """Give what the verdict on a clock rests on."""
    return ClockValues(clock.counting.start, clock.due_at, clock.stopped_at)


def _values(clock: Clock | None) -> ClockValues | None:
    return None if clock is None else values(clock)


def _told(entry: Entry) -> RecordName:
    return RecordName(entry.kind, entry.id, entry.version, entry.at, entry.voided)


def remembered(known: Sequence[Correction], new: Sequence[Correction]) -> list[Correction]:
    """Add what was found, and let go of what is beyond measure: the first stay, and the latest."""
    joined = [*known, *new]
    return joined if len(joined) <= REMEMBERED else [*joined[: REMEMBERED - 1], joined[-1]]


def found(correction: Correction, entries: Sequence[Entry]) -> Found:
    """Make the finding of what is remembered, on the first record that did it."""
    first = correction.records[0]
    record = next(
        (e for e in entries if (e.id, e.version) == (first.record, first.record_version)), None
    )
    if record is None:  # replaced since
        record = Entry(
            first.occurred_at, 0, first.record, first.record_version, first.kind, "",
            voided=first.voided,
        )  # fmt: skip
    detail = FindingDetail(
        clock_id=correction.clock_id,
        before=correction.before,
        after=correction.after,
        records=correction.records,
    )
    name = f":{correction.at}:{correction.clock_id}"
    return Found(FindingCode.CORRECTED_AFTER_BREACH, record, correction.at, detail, name)

"""Why (理由): with which record a clock starts and stops, and where its due moment is stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind
from schemas.words import KINDS, Words
from streams.engine.acceptance import notified_at
from streams.engine.figures import shown, stated_told
from streams.engine.statements import stated_by, statement_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.engine.case import Round
    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry

ENDS: Final = {
    ClockKind.STEP: ("step_finished",),
    ClockKind.OPINION: ("step_finished",),
    ClockKind.FIRST_REVIEW: ("step_finished",),
    ClockKind.SPECIAL_PROCEDURE: ("resumed",),
    ClockKind.DELIVERY: ("delivered",),
    ClockKind.E_LICENCE: ("delivered",),
    ClockKind.ACCEPTANCE: ("corrections_requested", "accepted", "refused"),
    ClockKind.PRE_ACCEPTANCE: ("pre_reviewed", "corrections_requested", "accepted", "refused"),
}
"""What ends a clock of its own accord; otherwise the case's end does."""
ENDED: Final = ("decided", "finished", "refused")


@dataclass(frozen=True, slots=True)
class Why:
    """Answers for one round of a case; the records are numbered as they are listed."""

    case: Round
    numbers: Mapping[Entry, int]

    def named(self, entry: Entry) -> Words:
        """Name a record by its kind and its number in the list."""
        kind, number = KINDS[entry.kind], self.numbers[entry]
        return Words(f"{kind.zh}（记录 {number}）", f"{kind.en} (record {number})")

    # -- where it starts and stops --------------------------------------------------------------

    def start(self, clock: Clock) -> Words:
        """Say what a clock starts with: a record, silence, or an assumption."""
        named = self.named(clock.started)
        if clock.deemed:
            return self._silence(clock, named)
        if clock.kind is ClockKind.ACCEPTANCE and clock.started.kind == "corrections_supplied":
            return Words(
                f"{named.zh}，补齐后重新计算", f"{named.en}: counted anew from all of them"
            )
        if not clock.assumed:
            return named
        missing = Words("没有受理记录", "no acceptance is on record")
        return Words(f"推定自{named.zh}起：{missing.zh}", f"assumed from: {named.en}; {missing.en}")

    def _silence(self, clock: Clock, named: Words) -> Words:
        unanswered = next(
            c
            for c in self.case.clocks
            if c.kind is ClockKind.ACCEPTANCE and c.started == clock.started
        )
        calendar = clock.counting.calendar
        due, known = shown(unanswered.due_at, calendar), shown(clock.known_from, calendar)
        return Words(
            f"{named.zh}，视为受理：至 {due} 未答复（《行政许可法》第三十二条），{known} 起方知",
            f"{named.en}, deemed accepted: no answer by {due} (Licensing Law §32), "
            f"known from {known}",
        )

    def end(self, clock: Clock) -> Words:
        """Say which record stopped a clock; empty where that cannot be told."""
        own = ENDS.get(clock.kind, ())
        for kinds in (own, ENDED):
            for entry in self.case.ledger.entries:
                moment = notified_at(entry) if entry.kind == "corrections_requested" else entry.at
                exact = clock.stopped_at in (moment, moment + entry.within)
                theirs = clock.step is None or entry.kind in ENDED or entry.step == clock.step
                if entry.kind in kinds and exact and theirs:
                    return self.named(entry)
        return Words("", "")

    def stated(self, clock: Clock) -> Words:
        """Say which record states the due moment, and what it states where that has moved."""
        first = statement_of(self.case.ledger)
        anew = stated_by(clock.extension)
        held = first if anew is None else anew
        assert held is not None  # noqa: S101 - or the case has no such clock
        named, calendar = self.named(held.record), clock.counting.calendar
        said = stated_told(held.due, calendar, by_date=held.by_date)
        written = shown(held.written, calendar)
        return Words(
            f"由{named.zh}写明 {said}（写于 {written}）",
            f"as stated by: {named.en}, {said} (written {written})",
        )

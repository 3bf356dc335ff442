"""An explanation as text for a person, in either language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind, Level, Unit
from schemas.findings import RULES
from schemas.words import (
    CLOCKS,
    FINDINGS,
    GROUNDS,
    KINDS,
    LEVELS,
    METHODS,
    MOVES,
    OUTCOMES,
    RULINGS,
    SUSPENSIONS,
    Words,
    reason_words,
)
from streams.engine.figures import amount_of, shown
from streams.engine.intervals import spelled
from streams.engine.limits_told import hours_told
from streams.engine.listing import why_no_clock
from streams.engine.telling_findings import correction_lines, detail_parts
from streams.engine.telling_labels import LABELS, WHY_NO_CLOCK
from streams.engine.telling_weeks import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.words import Language
    from streams.engine.card_stories import CardStory, Happened
    from streams.engine.entries import Entry
    from streams.engine.explanation import CaseExplanation, ClockExplanation, Told, ToldLevel
    from streams.engine.intervals import Interval

_WHAT: Final[Mapping[str, Mapping[str, Words]]] = {
    "suspended": {str(kind): words for kind, words in SUSPENSIONS.items()},
    "delivered": METHODS,
    "refused": GROUNDS,
}
"""What `Entry.what` says, where it is no outcome."""
NOTABLE: Final = 86_400
"""Seconds between an act and its record above which the list says when it was written down."""


def tell(found: CaseExplanation, language: Language) -> str:
    """Tell an explanation as lines of text."""
    return "\n".join(_Telling(found, language).lines())


class _Telling:
    """Says one explanation in one language."""

    def __init__(self, found: CaseExplanation, language: Language) -> None:
        self._found, self._language = found, language
        self._calendar = found.case.rules.calendar

    def _label(self, name: str, *values: object) -> str:
        return LABELS[name].said(self._language).format(*values)

    def _said(self, words: Words) -> str:
        return words.said(self._language)

    def _local(self, instant: int) -> str:
        return shown(instant, self._calendar)

    def lines(self) -> Iterator[str]:
        """Give the whole text."""
        found = self._found
        known = self._label("known_now")
        if found.known_at is not None:
            known = self._label("known_at", self._local(found.known_at))
        yield f"{self._label('case')}: {found.case_no}"
        yield f"{self._label('as_of')}: {self._local(found.as_of)} ({self._calendar.zone}), {known}"
        yield f"{self._label('catalogue')}: {found.case.rules.catalogue}"
        yield ""
        yield f"{self._label('records')}:"
        for number, entry in enumerate(found.entries, 1):
            yield f"  {number:>2}  {self._record(entry)}"
        yield from self._rounds()
        if not found.clocks:
            yield ""
            yield self._label(self._why_no_clock())
        for clock in found.clocks:
            yield ""
            yield from self._clock(clock)
        yield from self._findings()
        yield ""
        yield from self._cards()

    def _why_no_clock(self) -> str:
        case = self._found.case
        if case.rules.standing == "no_items":
            return "no_item"
        return WHY_NO_CLOCK[why_no_clock(case) or "not_started"]

    def _rounds(self) -> Iterator[str]:
        """List the rounds, where there are several: by what each was opened and ended."""
        found = self._found
        if len(found.case.rounds) == 1:
            return
        yield ""
        yield f"{self._label('rounds')}:"
        following = [each.ledger.follows for each in found.case.rounds[1:]]
        for each, ending in zip(found.case.rounds, [*following, None], strict=True):
            ledger = each.ledger
            opened = ledger.opener or ledger.opened
            parts = [self._label("round", each.number), self._cited("opened", opened)]
            acts = (ending, ledger.decided, ledger.finished, ledger.refused)
            ends = [act for act in acts if act is not None]
            parts += [self._cited("ended", ending or min(ends)) if ends else self._label("running")]
            yield f"  {'  '.join(parts)}"

    def _cited(self, label: str, entry: Entry) -> str:
        what = _WHAT.get(entry.kind, OUTCOMES).get(entry.what)
        said = self._said(KINDS[entry.kind])
        if what is not None:
            said = f"{said} {self._said(what)}"
        number = self._found.number(entry)
        return self._label(label, self._local(entry.at), said, number)

    def _record(self, entry: Entry) -> str:
        what = _WHAT.get(entry.kind, OUTCOMES).get(entry.what)
        kind = self._said(KINDS[entry.kind]) + (self._label("voided") if entry.voided else "")
        parts = [
            self._local(entry.at),
            kind,
            entry.step_name or entry.step,
            self._said(Words(f"第 {entry.sequence} 序", f"no. {entry.sequence}"))
            if entry.sequence >= 0
            else "",
            entry.what if what is None else self._said(what),
            self._said(_amount(entry)),
            entry.officer,
            self._label("told", self._local(entry.told)) if entry.told >= 0 else "",
        ]
        if entry.recorded > entry.at + NOTABLE:
            parts.append(self._label("keyed_in", self._local(entry.recorded)))
        return "  ".join(part for part in parts if part)

    # -- a clock --------------------------------------------------------------------------------

    def _clock(self, clock: ClockExplanation) -> Iterator[str]:
        verdict = [self._label("late" if clock.overdue else "in_time")]
        if clock.reached:
            top = max((level.level for level in clock.reached), key=lambda level: level.rank)
            verdict.append(self._said(LEVELS[top]))
        yield f"■ {self._said(clock.title)} — {', '.join(verdict)}"
        for label, said in self._facts(clock):
            if said:
                yield f"  {self._label(label)}: {said}"
        for note in clock.notes:
            yield f"  * {self._said(note)}"
        yield from self._told("moved_by", clock, clock.moved_by)
        yield from self._told("refused", clock, clock.refused)
        used = "used" if clock.measure == "second" else "used_days"
        yield from self._intervals("to_due", clock, clock.to_due, clock.total_to_due)
        yield from self._intervals(used, clock, clock.used, clock.total_used)
        yield from self._levels(clock)

    def _facts(self, clock: ClockExplanation) -> Iterator[tuple[str, str]]:
        counting = clock.clock.counting
        calendar = counting.calendar
        yield "limit", self._said(clock.limit)
        yield "basis", clock.clock.limit.basis or ""
        yield (
            "calendar",
            f"{calendar.name} {calendar.version} ({clock.zone}){self._said(hours_told(counting))}",
        )
        yield "started", f"{clock.shown(counting.start)}  {self._said(clock.start)}"
        yield "due", f"{clock.shown(counting.due_at)}  {self._said(clock.due)}".rstrip()
        if clock.stopped_at is not None:
            end = f"{clock.shown(clock.stopped_at)}  {self._said(clock.end)}".rstrip()
            yield "stopped", end
        yield "state", self._said(clock.state)

    def _told(self, label: str, clock: ClockExplanation, told: Sequence[Told]) -> Iterator[str]:
        if told:
            yield f"  {self._label(label)}:"
            for one in told:
                yield f"    {clock.shown(one.at)}  {self._said(one.what)}"

    def _intervals(
        self, label: str, clock: ClockExplanation, intervals: Sequence[Interval], total: int
    ) -> Iterator[str]:
        if not clock.to_due:  # nothing is counted: the due moment is stated
            return
        yield f"  {self._label(label)}:"
        same = 0 if intervals is clock.to_due else _alike(clock.to_due, intervals)
        if same > 1:
            begin, end = intervals[0].begin, intervals[same - 1].end
            span = spelled(begin, end, clock.measure, self._language)
            subtotal = clock.figure(sum(interval.amount for interval in intervals[:same]))
            yield f"    {span}  {self._label('as_above')}  {self._said(subtotal)}"
            intervals = intervals[same:]
        for interval in shortened(clock.clock.counting, intervals):
            mark = self._label("counted" if interval.counted else "not_counted")
            amount = self._said(clock.figure(interval.amount)) if interval.counted else ""
            span = interval.span(clock.measure, self._language)
            yield f"    {span}  {mark}  {self._said(interval.reason)}  {amount}".rstrip()
        yield f"    {self._label('sum')}: {self._said(clock.figure(total))}"

    def _levels(self, clock: ClockExplanation) -> Iterator[str]:
        if not clock.reached and not clock.coming:
            return
        yield f"  {self._label('levels')}:"
        for level in clock.reached:
            yield self._level(clock, level)
        for level in clock.coming:
            yield f"{self._level(clock, level)}  — {self._label('coming')}"

    def _level(self, clock: ClockExplanation, level: ToldLevel) -> str:
        name, why = self._said(LEVELS[level.level]), self._said(level.why)
        if level.at < clock.clock.known_from:
            why += self._label("known", clock.shown(clock.clock.known_from))
        return f"    {clock.shown(level.at)}  {name}  {why}  [{level.rule}]"

    # -- findings and cards ---------------------------------------------------------------------

    def _findings(self) -> Iterator[str]:
        if self._found.findings:
            yield ""
            yield f"{self._label('findings')}:"
        for finding in self._found.findings:
            level = LEVELS[finding.level]
            said = self._label("remark") if finding.level is Level.NONE else self._said(level)
            words = self._said(FINDINGS[finding.code])
            shown = [*detail_parts(self._found, finding, self._language, self._local)]
            shown.append(RULES[finding.code].basis)
            yield f"  {self._local(finding.at)}  {said}  {words}  ({'; '.join(shown)})"
            for line in correction_lines(self._found, finding, self._language, self._local):
                yield f"    {line}"

    def _cards(self) -> Iterator[str]:
        cards = self._found.cards
        if cards is None:
            yield self._label("no_cards")
            return
        yield f"{self._label('cards')}:"
        if not cards:
            yield f"  {self._label('none')}"
        for card in cards:
            yield f"  {self._card(card)}"
            for each in card.happened:
                yield f"    {self._happened(card, each)}"

    def _card(self, card: CardStory) -> str:
        clock = CLOCKS[card.clock]
        title = next(
            (c.title for c in self._found.clocks if c.clock.clock_id == card.clock_id), clock
        )
        due = self._label("card_due", self._local(card.due_at))
        if card.clock is ClockKind.FINDING:
            due = ""
        parts = [
            f"{self._said(title)} {self._said(LEVELS[card.level])}",
            self._label("card", card.sequence),
            self._label("holds", self._local(card.holds_from)),
            due,
            "" if card.standing else self._label("retracted"),
            f"[{card.rule}]",
            card.card_id,
        ]
        return "  ".join(part for part in parts if part)

    def _happened(self, card: CardStory, each: Happened) -> str:
        move = MOVES.get(each.what)
        if move is None:
            said = (self._said(RULINGS[each.what]), each.actor, each.reason)
        else:
            said = (self._said(move), self._said(reason_words(each.reason, card.clock)), "")
        return "  ".join(part for part in (self._local(each.at), *said) if part)


def _amount(entry: Entry) -> Words:
    """Write the days asked of a special procedure, the length of an extension or of a step."""
    if entry.amount < 0:
        return Words("", "")
    return amount_of(entry.amount, Unit(entry.unit or Unit.WORKING_DAY))


def _alike(ones: Sequence[Interval], others: Sequence[Interval]) -> int:
    """Count the stretches with which both begin."""
    pairs = enumerate(zip(ones, others, strict=False))
    differing = (index for index, (one, other) in pairs if one != other)
    return next(differing, min(len(ones), len(others)))

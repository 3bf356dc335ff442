"""What is wrong with a catalogue that can be read, and with events that it must judge."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind
from schemas.sources import EVERYWHERE
from streams.engine.calendar import day_of
from streams.engine.case import assess
from streams.engine.clocks import counted
from streams.engine.counting import DAY
from streams.engine.entries import entry_of, merge
from streams.engine.rules import Rules, promise_exceeds_statute
from streams.engine.zone import FIRST_DAY
from streams.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.catalogue import Catalogue, Item, ItemVersion
    from schemas.events import StepEvent
    from schemas.limits import Limit
    from streams.engine.entries import Entry
    from streams.engine.rules import CaseRules

YEAR: Final = 366
LAST_STARTS: Final = day_of(date(2090, 1, 1))
"""A calendar that needs no decree is sure to its end; limits must end within it."""
SHOWN: Final = 20
"""How many unknown codes of one list are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong that no contract forbids: where, what, and what to do."""

    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.key}: {self.message} → {self.remedy}"


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """Give what a catalogue states against itself, item by item."""
    rules = Rules.of(catalogue)
    for item in catalogue.items.values():
        for version in item.versions:
            since = f"@{version.effective_from}" if version.effective_from else ""
            yield from _version(f"items[{item.key}{since}]", rules, item, version)


def remarks(catalogue: Catalogue) -> Iterator[Finding]:
    """Give what a catalogue leaves open that somebody may not have meant to."""
    if not catalogue.sources:
        yield Finding(
            "sources",
            "未列明来源：凡能写入 hall.steps 者都可代任何来源、任何区划写入任何办件。"
            " No source is listed: whoever can write to hall.steps speaks for every one of them",
            "list them with their regions and keys (docs/security.md#who-speaks-for-whom)",
        )
    for source in catalogue.sources.values():
        if source.code == EVERYWHERE:
            yield Finding(
                f"sources[{source.code}]",
                f"未列明的来源也采信。 Whoever is not listed may write, unsigned, in the regions"
                f" {', '.join(source.regions)}",
                "list every source, then remove this one",
            )
        elif source.unsigned and source.keys:
            yield Finding(
                f"sources[{source.code}]",
                "有密钥而仍采信未签名的记录。 It has keys, and its records count without a MAC too:"
                " who leaves the MAC out can still speak for it",
                "remove `unsigned: true` once it signs everything",
            )
    for loading in catalogue.loading.values():
        yield Finding(
            f"loading[{loading.source}]",
            f"集中补录至 {loading.until.isoformat()}：此前到达的记录不判补录，也不判超时后更正。"
            " What arrives by then is found neither late nor corrected after a breach",
            "remove it when the loading is over",
        )


def _version(key: str, rules: Rules, item: Item, version: ItemVersion) -> Iterator[Finding]:
    limits: dict[ClockKind, Limit] = {}
    for preset in rules.catalogue.preset_and_bases(version.preset):
        limits |= preset.clocks
    limits |= version.clocks
    yield from _promise(f"{key}.clocks", limits, rules.resolve_version(item, version))
    yield from _steps(f"{key}.flow", version, limits.get(ClockKind.PROMISED))


def _promise(key: str, limits: Mapping[ClockKind, Limit], rules: CaseRules) -> Iterator[Finding]:
    promised, statutory = limits.get(ClockKind.PROMISED), limits.get(ClockKind.STATUTORY)
    if promised is None or statutory is None or promised.stated or statutory.stated:
        return
    if promise_exceeds_statute(limits) or _may_end_later(rules):
        yield Finding(
            key,
            f"the promise ({promised.text()}) is longer than the statute ({statutory.text()}) "
            "and is cut to it",
            "shorten the promise",
        )


def _may_end_later(rules: CaseRules) -> bool:
    """Tell whether a promise in another unit ends after the statute for any start of a year."""
    promised, statutory = rules.limits[ClockKind.PROMISED], rules.limits[ClockKind.STATUTORY]
    if promised.unit == statutory.unit:
        return False
    calendar = rules.calendar
    first = max(min(calendar.last_decreed_day, LAST_STARTS) - YEAR, FIRST_DAY)
    starts = (
        calendar.instant(day * DAY + calendar.opening(day)) for day in range(first, first + YEAR)
    )
    return any(
        counted(promised, start, rules).due_at > counted(statutory, start, rules).due_at
        for start in starts
    )


def _steps(key: str, version: ItemVersion, promised: Limit | None) -> Iterator[Finding]:
    counted = 0
    for step in version.flow:
        if step.limit is None:
            continue
        if step.post is None:
            yield Finding(
                f"{key}[{step.code}]",
                "the step has a limit, but no post: nobody answers for it",
                "state the post",
            )
        if promised is not None and step.limit.amount and step.limit.unit == promised.unit:
            counted += step.limit.amount
    if promised is not None and promised.amount is not None and counted > promised.amount:
        yield Finding(
            key,
            f"the steps may take {counted} {promised.unit}, the promise is {promised.text()}",
            "shorten the steps, or leave out those that run beside others",
        )


@dataclass(slots=True)
class _Unknown:
    """Codes of one list that the catalogue lacks."""

    times: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)

    def seen(self, code: str, line: int) -> None:
        self.times[code] += 1
        self.first.setdefault(code, line)


class EventCheck:
    """Reads events and remembers the codes in them that a catalogue does not know.

    A list that the catalogue leaves empty is not compared with, except the items: an unknown item
    has no clock, unless the catalogue covers it (`*`) or the hall states the due moment.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._rules = Rules.of(catalogue)
        self._cases: dict[str, list[Entry]] = {}
        self._known: dict[str, Mapping[str, object]] = {
            "items": catalogue.items,
            "regions": catalogue.regions,
            "departments": catalogue.departments,
        }
        self._flows = {
            item.code: {step.code for version in item.versions for step in version.flow}
            for item in catalogue.items.values()
        }
        self._item_of: dict[str, str] = {}
        self._unknown: dict[str, _Unknown] = {}

    def read(self, line: int, event: StepEvent) -> None:
        """Read one event; `line` is where it stands."""
        entries = self._cases.setdefault(event.case_no, [])
        self._cases[event.case_no] = merge(entries, entry_of(event)) or entries
        if event.item is not None:
            self._item_of[event.case_no] = event.item
        codes = {"items": event.item, "regions": event.region, "departments": event.department}
        for kind, code in codes.items():
            if code is None or code in self._known[kind]:
                continue
            if (kind == "items" and not self._covers(event)) or (
                kind != "items" and self._known[kind]
            ):
                self._unknown.setdefault(kind, _Unknown()).seen(code, line)
        item = self._item_of.get(event.case_no, "")
        flow = self._flows.get(item)
        if event.step is not None and flow and event.step not in flow:
            self._unknown.setdefault(f"items[{item}].flow", _Unknown()).seen(event.step, line)

    def _covers(self, event: StepEvent) -> bool:
        """Tell whether the catalogue states limits for any other item where this one is handled."""
        if not self._rules.catalogue.others:
            return False
        place = event.region or "", event.department or ""
        at = int(event.occurred_at.timestamp())
        return self._rules.resolve(event.item or "", *place, at).standing == "covered"

    def watched(self) -> Iterator[str]:
        """Say how many cases have no clock by all their records, and why."""
        watched = Watched()
        for case_no in sorted(self._cases):
            watched.see(assess(self._cases[case_no], self._rules))
        yield from watched.told()

    def findings(self) -> Iterator[Finding]:
        """Give every unknown code, the most frequent first."""
        for kind, unknown in sorted(self._unknown.items()):
            for code, times in unknown.times.most_common(SHOWN):
                yield Finding(
                    kind,
                    f"{code} is unknown; {times} events name it, first in line "
                    f"{unknown.first[code]}",
                    "state it in the catalogue, or map the source's code to one that is there",
                )
            if len(unknown.times) > SHOWN:
                rest = len(unknown.times) - SHOWN
                yield Finding(kind, f"{rest} more codes are unknown", "cure these first")

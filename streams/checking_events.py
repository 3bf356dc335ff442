"""What a file of events shows as a whole: clocks that nothing ends, records that contradict.

A source without `delivered` is not late with every delivery: it has no deliveries to tell of.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind, Outcome
from schemas.events import STEP_EVENT
from schemas.mapping import Made
from schemas.mapping_careful import RANK
from streams.checking import SHOWN, Finding
from streams.same_records import comparable, contradictions
from streams.sorted_lines import SortedLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.catalogue import Catalogue
    from schemas.events import StepEvent
    from schemas.mapping import RowProblem


@dataclass(frozen=True, slots=True)
class _Need:
    """What ends some clocks, and what begins them."""

    clocks: tuple[ClockKind, ...]
    """Looked at where the catalogue states one of them; none: wherever records begin it."""
    begun: str
    ended_by: tuple[str, ...]
    remedy: str


DELIVERABLE: Final = "grant"
"""A decision or an ending that grants, and whose source can hold the delivery."""
_NEEDS: Final = (
    _Need(
        (ClockKind.ACCEPTANCE,),
        "received",
        ("accepted", "refused", "corrections_requested", "decided", "finished"),
        "map what answers a receipt (accepted, refused, corrections_requested)",
    ),
    _Need(
        (ClockKind.PROMISED, ClockKind.STATUTORY),
        "accepted",
        ("decided", "finished", "refused"),
        "map the decision, or the ending (decided, finished)",
    ),
    _Need(
        (ClockKind.DELIVERY, ClockKind.E_LICENCE),
        DELIVERABLE,
        ("delivered",),
        "map delivered, or state cannot_record: [delivered] in the mapping",
    ),
    _Need(
        (),
        "step_started",
        ("step_finished",),
        "map step_finished; a source that keeps one time a step gives single_moment",
    ),
    _Need((), "suspended", ("resumed",), "map resumed: else each lasts the days asked"),
)


class Endings:
    """Counts what each source tells, and says what it never tells though clocks wait for it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._told: dict[str, Counter[str]] = {}

    def read(self, event: StepEvent) -> None:
        """Read one event."""
        told = self._told.setdefault(event.source, Counter())
        told[event.kind] += 1
        grants = getattr(event, "outcome", None) == Outcome.GRANTED
        if grants and event.kind != "pre_reviewed" and "delivered" not in event.unrecorded:
            told[DELIVERABLE] += 1

    def findings(self) -> Iterator[Finding]:
        """Give what never comes, source by source."""
        stated = self._stated()
        for source, told in sorted(self._told.items()):
            for need in _NEEDS:
                clocks = [clock for clock in need.clocks if clock in stated]
                if need.clocks and not clocks:
                    continue
                if told[need.begun] and not any(told[kind] for kind in need.ended_by):
                    yield self._finding(source, need, clocks, told[need.begun])

    def _finding(self, source: str, need: _Need, clocks: list[ClockKind], begun: int) -> Finding:
        kinds = ", ".join(need.ended_by)
        what = f"the clocks {', '.join(clocks)}" if clocks else f"what {need.begun} begins"
        return Finding(
            f"sources[{source}]",
            f"有 {begun} 条 {need.begun}，从无 {kinds}：其时限永不停止。"
            f" {begun} records of {need.begun} and none of {kinds}: {what} would never end",
            need.remedy,
        )

    def _stated(self) -> set[ClockKind]:
        """Give the clocks that any item of the catalogue states."""
        stated: set[ClockKind] = set()
        for item in self._catalogue.items.values():
            for version in item.versions:
                stated.update(version.clocks)
                for preset in self._catalogue.preset_and_bases(version.preset):
                    stated.update(preset.clocks)
        return stated


class SameRecords:
    """Looks for one id that stands for two facts, and for two contents of one version."""

    def __init__(self) -> None:
        self._lines = SortedLines()

    def read(self, line: int, event: StepEvent) -> None:
        """Read one event; `line` is where it stands."""
        made = Made(
            0,
            RANK[event.kind],
            event.case_no,
            f"{event.source}\1{event.event_id}",
            event.record_version,
            STEP_EVENT.dump_json(event, exclude_none=True),
            event.kind,
            named=True,
        )
        self._lines.add(comparable(made, line))

    def findings(self) -> Iterator[Finding]:
        """Give what contradicts: of very many the first."""
        told: list[Finding] = []
        more = 0

        def tell(problem: RowProblem) -> None:
            nonlocal more
            if len(told) < SHOWN:
                where = f"line {problem.row}"
                said = f"{problem.message} ({problem.value})"
                told.append(Finding(where, said, "give each fact an id, each correction a version"))
            else:
                more += 1

        with self._lines as lines:
            contradictions(lines, tell, "line")
        yield from told
        if more:
            yield Finding("", f"{more} more records contradict each other", "cure these first")

"""How many cases are watched by no clock (无计时), and why: what `judge` and `check` say of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from schemas.words import NO_CLOCKS
from streams.engine.listing import why_no_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.engine.case import Case


class Watched:
    """Counts cases, by why they have no clock."""

    def __init__(self) -> None:
        self._cases = 0
        self._without: Counter[str] = Counter()

    def see(self, case: Case) -> None:
        """Count a case."""
        self._cases += 1
        reason = why_no_clock(case)
        if reason is not None:
            self._without[reason] += 1

    def told(self) -> Iterator[str]:
        """Say how many have no clock, and a line for each reason; nothing where all have one."""
        if not self._without:
            return
        number = self._without.total()
        yield (
            f"{self._cases:,} 件中 {number:,} 件没有计时（不等于按时）。"
            f" {number:,} of {self._cases:,} cases have no clock, which is not “in time”:"
        )
        for reason, cases in self._without.most_common():
            words = NO_CLOCKS[reason]
            yield f"  {cases:,}  {words.zh}  {words.en} [{reason}]"

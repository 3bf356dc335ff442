"""How many cases are watched by no clock (无计时), and why: what commands say of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from schemas.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.engine.case import Case

NO_CLOCKS: Final = {
    "item_unknown": Words("目录中没有其事项", "the catalogue does not know the item"),
    "item_not_in_force": Words("事项当日未生效或已取消", "the item was not in force on that day"),
    "item_missing": Words("记录未写明事项", "no record names the item"),
    "no_limit": Words("目录未规定时限", "the catalogue states no limit"),
    "not_started": Words("按现有记录尚无时限开始", "no clock has started by the records"),
}
"""Why a case has no clock, which is not the same as “in time”."""


class Watched:
    """Counts cases, by why they have no clock."""

    def __init__(self) -> None:
        self._cases = 0
        self._without: Counter[str] = Counter()

    def see(self, case: Case) -> None:
        """Count a case."""
        self._cases += 1
        if not case.clocks:
            self._without[_why(case)] += 1

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


def _why(case: Case) -> str:
    rules = case.rules
    if rules.limits or rules.steps:
        return "not_started"
    if rules.item is not None:
        return "no_limit" if rules.version >= 0 else "item_not_in_force"
    return "item_unknown" if case.ledger.value("item") else "item_missing"

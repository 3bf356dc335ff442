"""The front page's view of the figures: levels to show large, departments in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.board.history import Figures, Tally

SHOWN: Final = 8
"""Departments on the front page."""
LADDER: Final = (Level.RED, Level.YELLOW, Level.NOTICE)


@dataclass(frozen=True, slots=True)
class LevelTile:
    """One large figure: open cases at a level, and its cards."""

    level: Level
    cases: int
    today: int
    standing: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a department's bar, in per cent of the longest."""

    level: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A department's open cases, and its bar."""

    tally: Tally
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Overview:
    """The front page."""

    figures: Figures
    tiles: Sequence[LevelTile]
    open: int
    in_time: int
    departments: Sequence[DepartmentRow]

    @property
    def first(self) -> Sequence[DepartmentRow]:
        """The departments that the front page shows."""
        return self.departments[:SHOWN]

    @property
    def hidden(self) -> int:
        """How many it does not."""
        return max(0, len(self.departments) - SHOWN)


def overview(figures: Figures) -> Overview:
    """Arrange the figures."""
    ordered = sorted(
        figures.tallies, key=lambda t: (-t.red, -t.yellow, -t.notice, -t.none, t.department)
    )
    longest = max((t.open for t in ordered), default=0)
    return Overview(
        figures=figures,
        tiles=[
            LevelTile(
                level,
                sum(getattr(t, level.value) for t in ordered),
                figures.cards[level].today,
                figures.cards[level].standing,
            )
            for level in LADDER
        ],
        open=sum(t.open for t in ordered),
        in_time=sum(t.none for t in ordered),
        departments=[DepartmentRow(t, _bars(t, longest)) for t in ordered],
    )


def _bars(tally: Tally, longest: int) -> list[Bar]:
    bars, start = [], 0.0
    for level in (*LADDER, Level.NONE):
        cases = getattr(tally, level.value)
        if cases:
            width = round(100 * cases / longest, 2)
            bars.append(Bar(level.value, round(start, 2), width))
            start += width
    return bars

"""How a clock or a finding is named (计时编号): the one place that writes and reads it.

`promised`, `acceptance:N`, `special:N`, `step:CODE:N`, `finding:CODE:RECORD`. Where a case number
has several lives (轮次), the clocks of a later round are named by the record that opens it:
`@RECORD/promised`. So a late ending, which cuts a round in two, renames nothing that was named
already; which round it is (`2/promised`) is only how people are shown it.
"""

from __future__ import annotations

from typing import Final

from schemas.codes import ClockKind

_ROUND: Final = "@"
_KINDS: Final = {"special": ClockKind.SPECIAL_PROCEDURE}
STEPS: Final = frozenset({ClockKind.STEP, ClockKind.OPINION, ClockKind.FIRST_REVIEW})
"""The clocks of a step (环节)."""


def in_round(opener: int, name: str) -> str:
    """Name a clock of a later round, which the record `opener` opens."""
    return f"{_ROUND}{opener:x}/{name}"


def round_of(clock_id: str) -> str:
    """Read the record that opens a clock's round off its name; empty for the first round."""
    return clock_id.partition("/")[0] if clock_id.startswith(_ROUND) else ""


def is_finding(clock_id: str) -> bool:
    """Tell whether it names a finding, which goes by its record and no round."""
    return clock_id.startswith(f"{ClockKind.FINDING}:")


def plain(clock_id: str) -> str:
    """Leave out of a clock's name which round it is of."""
    return clock_id.partition("/")[2] if clock_id.startswith(_ROUND) else clock_id


def kind_of(clock_id: str) -> ClockKind:
    """Read what a clock is off its name, which outlives it."""
    first = plain(clock_id).partition(":")[0]
    return _KINDS.get(first) or ClockKind(first)


def step_of(clock_id: str) -> str | None:
    """Read the step off the name of its clock; None for another clock's."""
    if kind_of(clock_id) not in STEPS:
        return None
    return plain(clock_id).partition(":")[2].rpartition(":")[0] or None


def shown(clock_id: str, number: int) -> str:
    """Write a clock's name as people are shown it: with the number of its round, from 2 on."""
    return f"{number}/{plain(clock_id)}" if number > 1 else clock_id

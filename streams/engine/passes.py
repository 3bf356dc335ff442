"""Passes (环节办理): which end of a step belongs to which start, and who took over from whom.

By sequence (环节序号) where both have one, else by officer, else by order. A start that is left
without an end, with a later start of the step before the round's end, was handed over to it (移交):
one pass and one clock from the first start, and the later officer answers since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.engine.entries import Entry


@dataclass(frozen=True, slots=True)
class StepRun:
    """One pass through a step (环节)."""

    code: str
    number: int
    """1 for the first pass, 2 when the case came back to it, …"""
    started: Entry
    finished: Entry | None
    handed_over: tuple[Entry, ...] = ()
    """The later starts of this pass: each took over from the one before."""

    @property
    def holder(self) -> Entry:
        """The start of who has it now, or had it last."""
        return self.handed_over[-1] if self.handed_over else self.started


def passes_of(
    starts: Sequence[Entry], ends: Sequence[Entry], over: int | None
) -> tuple[list[StepRun], list[Entry]]:
    """Find the passes in a round's starts and ends of steps, both sorted; and the ends left over.

    `over` is when the round ended (seconds since the epoch), None while it runs. An end that no
    start precedes closes nothing.
    """
    steps: dict[str, tuple[list[Entry], list[Entry]]] = {}
    for start in starts:
        steps.setdefault(start.step, ([], []))[0].append(start)
    for end in ends:
        steps.setdefault(end.step, ([], []))[1].append(end)
    runs: list[StepRun] = []
    loose: list[Entry] = []
    for code, (own_starts, own_ends) in steps.items():
        ended = _paired(own_starts, own_ends)
        runs += _of_step(code, own_starts, ended, over)
        if len(ended) < len(own_ends):
            taken = {end.id for end in ended.values()}
            loose += [end for end in own_ends if end.id not in taken]
    if len(steps) > 1:
        runs.sort(key=lambda run: run.started)
        loose.sort()
    return runs, loose


def _of_step(
    code: str, starts: Sequence[Entry], ended: dict[int, Entry], over: int | None
) -> list[StepRun]:
    if len(starts) == 1:
        return [StepRun(code, 1, starts[0], ended.get(starts[0].id))]
    runs: list[StepRun] = []
    chain: tuple[Entry, ...] = ()
    for index, start in enumerate(starts):
        chain = (*chain, start)
        following = starts[index + 1] if index + 1 < len(starts) else None
        in_time = following is not None and (over is None or following.at < over)
        if start.id in ended or not in_time:
            runs.append(StepRun(code, len(runs) + 1, chain[0], ended.get(start.id), chain[1:]))
            chain = ()
    return runs


def _paired(starts: Sequence[Entry], ends: Sequence[Entry]) -> dict[int, Entry]:
    """Give the end of each start that has one, by the start's id.

    An end takes the latest unpaired start at or before it.
    """
    if len(starts) == 1 and len(ends) == 1:
        both = starts[0] < ends[0] and _latest([starts[0]], ends[0]) is not None
        return {starts[0].id: ends[0]} if both else {}
    ended: dict[int, Entry] = {}
    left = list(ends)
    for key in _KEYS:
        if not left:
            break
        open_: dict[object, list[Entry]] = {}
        waiting: list[Entry] = []
        for entry in sorted([*(s for s in starts if s.id not in ended), *left]):
            of = key(entry)
            if entry.kind == "step_started":
                open_.setdefault(of, []).append(entry)
                continue
            start = None if of is None else _latest(open_.get(of, []), entry)
            if start is None:
                waiting.append(entry)
            else:
                ended[start.id] = entry
        left = waiting
    return ended


def _latest(starts: list[Entry], end: Entry) -> Entry | None:
    """Take the latest of some starts, but for those of another sequence than the end's."""
    for index in range(len(starts) - 1, -1, -1):
        own = starts[index].sequence
        if own < 0 or end.sequence < 0 or own == end.sequence:
            return starts.pop(index)
    return None


_KEYS: Final[tuple[Callable[[Entry], object], ...]] = (
    lambda entry: entry.sequence if entry.sequence >= 0 else None,
    lambda entry: entry.officer or None,
    lambda entry: "",  # noqa: ARG005 - in order, whoever they are of
)
"""What an end and its start have in common, the surest first; None has nothing to go by."""

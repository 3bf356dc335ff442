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
    """One pass through a step (环节); one without a start has only its end on record."""

    code: str
    number: int
    """1 for the first pass, 2 when the case came back to it, …"""
    started: Entry | None
    finished: Entry | None
    handed_over: tuple[Entry, ...] = ()
    """The later starts of this pass: each took over from the one before."""

    @property
    def record(self) -> Entry:
        """The record that shows the pass: its start, or else its end."""
        record = self.started or self.finished
        assert record is not None  # noqa: S101 - a run has one of the two
        return record

    @property
    def holder(self) -> Entry | None:
        """The start of who has it now, or had it last."""
        return self.handed_over[-1] if self.handed_over else self.started


def passes_of(starts: Sequence[Entry], ends: Sequence[Entry], over: int | None) -> list[StepRun]:
    """Find the passes in a round's starts and ends of steps, both sorted.

    `over` is when the round ended (seconds since the epoch), None while it runs. An end that no
    start precedes is a pass too, unless its source keeps one time a step.
    """
    steps: dict[str, tuple[list[Entry], list[Entry]]] = {}
    for start in starts:
        steps.setdefault(start.step, ([], []))[0].append(start)
    for end in ends:
        steps.setdefault(end.step, ([], []))[1].append(end)
    found = [run for code, both in steps.items() for run in _of_step(code, *both, over)]
    return found if len(steps) == 1 else sorted(found, key=lambda run: run.record)


def _of_step(
    code: str, starts: Sequence[Entry], ends: Sequence[Entry], over: int | None
) -> list[StepRun]:
    if len(starts) == 1 and len(ends) <= 1:
        (start,) = starts
        end = ends[0] if ends else None
        if end is None or (start < end and _latest([start], end) is not None):
            return [StepRun(code, 1, start, end)]
    ended = _paired(starts, ends)
    taken = {end.id for end in ended.values()}
    orphans = [end for end in ends if end.id not in taken and not end.single_moment]
    chains: list[tuple[Entry, ...]] = []
    chain: tuple[Entry, ...] = ()
    for index, start in enumerate(starts):
        chain = (*chain, start)
        following = starts[index + 1] if index + 1 < len(starts) else None
        in_time = following is not None and (over is None or following.at <= over)
        if start.id in ended or not in_time:
            chains.append(chain)
            chain = ()
    shown: list[tuple[Entry, tuple[Entry, ...]]] = [(chain[0], chain) for chain in chains]
    shown += [(end, ()) for end in orphans]
    shown.sort(key=lambda one: one[0])
    return [
        StepRun(code, number, chain[0], ended.get(chain[-1].id), chain[1:])
        if chain
        else StepRun(code, number, None, record)
        for number, (record, chain) in enumerate(shown, 1)
    ]


def _paired(starts: Sequence[Entry], ends: Sequence[Entry]) -> dict[int, Entry]:
    """Give the end of each start that has one, by the start's id.

    An end takes the latest unpaired start at or before it.
    """
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

"""Changes of calendar and catalogue in one partition: put in force, open cases judged again.

The rules switch at once. Cases that the change can concern follow in slices (`streams.runtime.
sweep`), and one that a record or a tick touches before its turn is judged again right then: no
verdict is ever given by rules that are no longer in force. The report says of each case what the
change does to it; cards follow by the next tick.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from schemas.calendars.differing import first_difference
from schemas.ticks import NO_CONTENT, Change
from schemas.verdicts import decode, encode
from streams.engine.calendar import day_of
from streams.engine.case import assess
from streams.engine.comparing import alike, differences
from streams.engine.horizon import NO_DAY
from streams.engine.pins import PinnedLaw, known_since, pinned_by
from streams.runtime.faults import about
from streams.runtime.references import IN_FORCE, PREFIXES, Refused
from streams.runtime.reporting import begun, difference, ended
from streams.runtime.sweep import SLICE, Position, Sweep, Task

if TYPE_CHECKING:
    from msgspec import Struct

    from schemas.changes import ChangeResult
    from streams.engine.case import Case
    from streams.engine.pins import Pin
    from streams.engine.state import Head
    from streams.runtime.cases import Cases, OpenCase
    from streams.runtime.metrics import EngineMetrics
    from streams.runtime.references import Law, References

TASK: Final = b"\x00change"
"""The key of the sweep under way in the state topic."""
KEYS: Final = (IN_FORCE, TASK, *PREFIXES)
"""What the keys begin with that are this module's."""


class Changes:
    """What is in force in a partition, and the change that is on its way through the cases."""

    def __init__(
        self,
        partition: int,
        references: References,
        cases: Cases,
        metrics: EngineMetrics,
        size: int = SLICE,
    ) -> None:
        self._partition = partition
        self._references = references
        self._cases = cases
        self._metrics = metrics
        self._size = size
        self._sweep: Sweep | None = None
        self._task: Task | None = None
        self._early: set[str] = set()
        self._now = 0
        self.told: list[tuple[bytes, Struct]] = []
        """What leaves through `jiancha.events`, with its key; the caller takes it away."""
        self.state: list[tuple[bytes, bytes | None]] = []
        """What has to be written to the state; the caller takes it away."""

    # -- what the partition asks ----------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a sweep is under way: the next change waits for its end."""
        return self._sweep is not None

    @property
    def left(self) -> int:
        """How many cases the sweep has found and not judged yet."""
        return 0 if self._sweep is None else self._sweep.left

    @property
    def position(self) -> Position | None:
        """How far the sweep is; part of the partition's state."""
        return None if self._sweep is None else self._sweep.position

    # -- restoring ------------------------------------------------------------------------------

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state whose key begins with one of `KEYS`."""
        if key == TASK:
            self._task = None if value is None else decode(value, Task)
        elif value is not None:
            self._references.restore(key, value)

    def restored(self, position: Position | None, now: int) -> None:
        """Go on with the sweep that was under way, or see whether the files bring anything new."""
        self._now = now
        if self._task is None:
            self._read_files()
        else:
            if self._task.change.dry_run:
                self._references.law_of(self._task.change)  # learn its contents again
            self._begin(self._task, position or Position())
        self._metrics.in_force(self._partition, self._references.rules_of())

    def _read_files(self) -> None:
        """Put in force what the program's own files say, where they have changed."""
        law = self._references.newer_files()
        if law is None:
            return
        name = hashlib.blake2b(encode(law), digest_size=8).hexdigest()
        change = Change(
            change_id=f"files-{name}",
            subject="calendar" if law.catalogue == self._references.law.catalogue else "catalogue",
            made_at=self._now,
            by="files",
            barriers={},
        )
        self._enact(change, law)

    # -- changing -------------------------------------------------------------------------------

    def apply(self, change: Change, now: int) -> None:
        """Put a change in force, or begin to compare; a refused one changes nothing."""
        self._now = now
        try:
            law = self._references.law_of(change)
        except Refused as refused:
            self._ended(change, "refused", reason=str(refused))
            return
        if law == self._references.law and not change.retroactive:
            self._ended(change, "unchanged")
            return
        self._enact(change, law)

    def _enact(self, change: Change, law: Law) -> None:
        before = self._references.law
        task = Task(change, before, law, self._first_day(before, law))
        looks = change.retroactive or (law.catalogue != before.catalogue and self._any_unlisted())
        if not change.dry_run:
            adopted = self._references.adopt(law, self._now)
            self.state += adopted.state
            self.told += adopted.told
            self._metrics.in_force(self._partition, self._references.rules_of())
            if before == law and not change.retroactive:  # the first time, or files as in force
                return
        if task.first_day is None and not looks:
            self.told.append(begun(task, self._partition, self._now, 0))
            self._ended(change, "compared" if change.dry_run else "applied")
            return
        self.state.append((TASK, encode(_kept(task))))
        self._begin(task, Position())

    def _any_unlisted(self) -> bool:
        """Tell whether there are cases whose item their catalogue does not know."""
        summaries = self._cases.packed.summaries
        return any(found.unlisted for found, number in summaries.items() if number)

    def _first_day(self, before: Law, after: Law) -> int | None:
        old, new = self._references.calendars(before), self._references.calendars(after)
        days = [
            first_difference(old[name], new[name])
            for name in old.keys() & new.keys()
            if old[name] is not new[name]
        ]
        return min((day_of(day) for day in days if day is not None), default=None)

    # -- sweeping -------------------------------------------------------------------------------

    def _begin(self, task: Task, position: Position) -> None:
        first, retroactive = task.first_day, task.change.retroactive
        newer = task.after.catalogue != task.before.catalogue

        def concerned(head: Head) -> bool:
            if newer and head.summary.unlisted:
                return True
            if retroactive and (head.summary.open or head.horizon > NO_DAY):
                return True
            return first is not None and head.horizon >= first

        self._sweep = Sweep(task, self._cases.packed.heads(), concerned, position, self._size)
        if not task.change.dry_run:
            self._cases.before_touch = self._touched

    def work(self, now: int) -> None:
        """Do one slice of the sweep, if there is one."""
        self._now = now
        sweep = self._sweep
        if sweep is None:
            return
        if sweep.looking:
            sweep.look()
            if not sweep.looking and not sweep.position.cursor:
                self.told.append(begun(sweep.task, self._partition, self._now, sweep.left))
            return
        names = sweep.slice()
        if not names:
            self._end(sweep)
            return
        aside = self._cases.aside
        todo = [name for name in names if name not in self._early and name not in aside]
        changed = 0
        for name in todo:
            with about(name):
                changed += self._visit(name, self._cases.read(name))
        self._early.difference_update(names)
        sweep.advance(names[-1], len(todo), changed)

    def _touched(self, case_no: str, case: OpenCase) -> None:
        """Judge a case again before anything else happens to it, if its turn is still to come."""
        sweep = self._sweep
        if sweep is None or case_no in self._early:
            return
        if not sweep.awaits(case_no, self._cases.head(case_no)):
            return
        self._early.add(case_no)
        sweep.advance("", 1, int(self._visit(case_no, case)))

    def _visit(self, case_no: str, case: OpenCase) -> bool:
        """Judge a case by the law before and after; tell what differs, and whether anything does.

        Unless it is a dry run the case is judged by the new rules from now on.
        """
        assert self._sweep is not None  # noqa: S101 - asked by a sweep
        task, state = self._sweep.task, case.state
        rules = self._references.rules
        first = state.law
        if first.standard_days is None:  # an earlier version pinned none: they are as they were
            first = PinnedLaw.of(rules(task.before, state.catalogue))
        before = assess(
            case.entries, *pinned_by(state.pins, first, lambda of: rules(task.before, of))
        )
        first, pins = self._pinned(task, first, state.pins, before)
        after = assess(case.entries, *pinned_by(pins, first, lambda of: rules(task.after, of)))
        same = alike(before, after)
        as_pinned = (first, pins) == (state.law, state.pins)
        if not task.change.dry_run and not (same and as_pinned):
            self._cases.adopt(case_no, case, after, self._now, (first, pins))
        found = [] if same else differences(before, after, self._now)
        if found:
            told = difference(task.change, self._partition, self._now, case_no, after, found)
            self.told.append(told)
        return bool(found)

    def _pinned(
        self, task: Task, first: PinnedLaw, pins: list[Pin], before: Case
    ) -> tuple[PinnedLaw, list[Pin]]:
        """Give the law by which a case is judged after a change: its first, and its pins."""
        after = self._references.rules(task.after)
        if task.change.retroactive:
            return PinnedLaw.of(after), []
        if task.after.catalogue == task.before.catalogue:
            return first, pins
        return first, known_since(before, pins, first, after)

    def _end(self, sweep: Sweep) -> None:
        self._sweep, self._task = None, None
        self._cases.before_touch = None
        self._early.clear()
        self.state.append((TASK, None))
        done, dry_run = sweep.position, sweep.task.change.dry_run
        self._ended(sweep.task.change, "compared" if dry_run else "applied", done)
        self._references.forget()
        self._read_files()

    def _ended(
        self,
        change: Change,
        result: ChangeResult,
        done: Position | None = None,
        reason: str = "",
    ) -> None:
        self._metrics.changed(change.subject, result)
        told = ended(change, self._partition, self._now, result, done=done, reason=reason)
        self.told.append(told)


def _kept(task: Task) -> Task:
    """Leave out what is in the state already: the contents of a change that is in force."""
    if task.change.dry_run:
        return task
    change = msgspec.structs.replace(task.change, catalogue=NO_CONTENT, calendars=())
    return msgspec.structs.replace(task, change=change)

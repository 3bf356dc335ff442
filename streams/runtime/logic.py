"""What one owned partition does: the engine behind the runtime's port.

Records come in, in the order of each topic; what they cause is collected until `take`. Nothing
here knows Kafka, and nothing reads a clock: `now` comes in ticks.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw, Struct

from schemas import topics
from schemas.decoding import Refusal, decode_event
from schemas.masking import masked_json
from schemas.ticks import LARGEST_CHANGE, Change, Retry, Tick, TickSource, read_tick
from schemas.verdicts import LIFE_KEY, EventRecord, decode, encode
from streams.engine.case import READING
from streams.engine.entries import UNTOLD, Entry, entry_of
from streams.engine.state import FORMAT, UnknownFormat
from streams.runtime.arrivals import OPEN, UNKNOWN, Arrival, Arrivals, Dated
from streams.runtime.cases import Cases, TooLarge
from streams.runtime.changes import KEYS, Changes
from streams.runtime.faults import MARKS, NOT_FAULTS, Faults, about
from streams.runtime.inputs import InputPosition, Inputs
from streams.runtime.judging import DUE_SLICE, Judging
from streams.runtime.life import Life
from streams.runtime.passing_on import (
    carried_origin,
    dead_letter,
    origin_of,
    sent_on,
    too_large,
)
from streams.runtime.placing import partition_of
from streams.runtime.ports import Barrier, Batch, Chunk, Fatal, Output
from streams.runtime.recent import Recent
from streams.runtime.references import References
from streams.runtime.rulings import SOURCE, answer_of, read_ruling, ruling_record
from streams.runtime.speaking import Speaking
from streams.runtime.sweep import SLICE, Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from schemas.macs import Key
    from streams.engine.judge import Card
    from streams.engine.rules import Rules
    from streams.runtime.cold import Cold
    from streams.runtime.metrics import EngineMetrics
    from streams.runtime.ports import InputTopic

RESERVED: Final = b"\x00"
"""What the keys of the state topic begin with that are no case numbers."""
PARTITION_KEY: Final = RESERVED + b"partition"
REBUILDING: Final = RESERVED + b"rebuild"
"""There while `jiancha state rebuild` is under way: the states are of two lives."""

_STEPS, _RULINGS, _TICKS = (topic.name for topic in topics.INPUTS)


class PartitionState(Struct, frozen=True):
    """The partition's own record in the state topic."""

    format: int
    now: int
    inputs: dict[str, InputPosition]
    sweep: Position | None = None
    """How far the change that is under way has come."""
    passing: bool = False
    """Whether a tick is under way, that of `now`: some cases may not be judged by it."""
    epoch: int = 0
    """When this state began from nothing (纪元): seconds since 1970 UTC; 0 for one of 0.1.0."""
    until: dict[str, int] | None = None
    """Where each input ended when this state began; None once it was told that it came there."""
    ticked: dict[str, tuple[int, int]] | None = None
    """The barrier and the moment of the last tick that was read, by input: for arrivals."""
    reading: int = 0
    """By which reading of the law every case was judged (`streams.engine.case.READING`)."""


class CasePartition:
    """One partition's cases, behind `streams.runtime.ports.PartitionLogic`.

    `slice_cases` is how many cases a live tick, or a change, judges at once. `cold` says where
    closed cases go that leave memory; without it all stay. `keys` are those of the sources.
    """

    def __init__(  # noqa: PLR0913 - by name, each with a default
        self,
        partition: int,
        partitions: int,
        rules: Rules,
        metrics: EngineMetrics,
        *,
        ticks_from: TickSource = "worker",
        tick_tolerance: float = 300.0,
        slice_cases: int | None = None,
        cold: Cold | None = None,
        keys: Mapping[str, Key] | None = None,
    ) -> None:
        self._partition, self._partitions = partition, partitions
        self._metrics = metrics
        self._references = references = References(partition, rules)
        self._speaking = Speaking(partition, references, keys or {})
        self._cases = Cases(references.rules_of, cold)
        self._changes = Changes(partition, references, self._cases, metrics, slice_cases or SLICE)
        due = slice_cases or DUE_SLICE
        self._judging = Judging(self._cases, ticks_from, tick_tolerance, due)
        self._position: Position | None = None
        self._now = 0
        self._reading = READING
        self._life = Life(partition, partitions)
        self._inputs = Inputs(partition)
        self._recent = Recent()
        self._faults = Faults(partition)
        self.arrivals = Arrivals()
        self._waiting: deque[Chunk] = deque()
        self._barriers: Sequence[Barrier] = ()
        self._ticks_end = 0
        self._outputs: list[Output] = []
        self._state: list[tuple[bytes, bytes | None]] = []

    # -- restoring ------------------------------------------------------------------------------

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state topic.

        Raises Fatal when it has a form that this program does not know.
        """
        if not key.startswith(RESERVED):
            try:
                self._cases.packed.restore(key.decode(), value)
            except UnknownFormat as error:
                raise Fatal(f"partition {self._partition}: {error}") from None
        elif key == PARTITION_KEY and value is not None:
            self._restore_partition(value)
        elif key.startswith(MARKS):
            self._faults.restore(key, value)
        elif key.startswith(OPEN):
            self.arrivals.restore_open(key, value)
        elif key == REBUILDING:
            self._life.half_built = value is not None
        elif key.startswith(KEYS):
            self._changes.restore(key, value)

    def _restore_partition(self, value: bytes) -> None:
        kept = decode(value, PartitionState)
        if kept.format != FORMAT:
            raise Fatal(f"partition {self._partition}: {UnknownFormat(kept.format)}")
        self._now, self._position = kept.now, kept.sweep
        self._life.restore(kept.epoch, kept.until)
        self._cases.passing = kept.now if kept.passing else None
        self._inputs.restore(kept.inputs)
        self.arrivals.restore(kept.ticked)
        self._reading = kept.reading

    @property
    def partition(self) -> int:
        """The number of this partition."""
        return self._partition

    def numbers(self) -> list[bytes]:
        """Give the key of every case that is at rest here, but for those that are set aside."""
        aside = self._faults.aside
        names = (case_no for case_no, _ in self._cases.packed.heads())
        return [case_no.encode() for case_no in names if case_no not in aside]

    def renew(self, case_no: str, cards: Iterable[tuple[int, Card]], catalogue: str) -> None:
        """Take a case into the epoch of this state, with cards known to have been issued for it.

        Each comes with the epoch that counted its moves; of two of one clock and level the later
        holds. `catalogue` is the version by which it was judged, "" where that is not known.
        """
        with self._faults.watching("a rebuild", self._now):
            self._cases.renew(case_no, cards, catalogue)
            self._cases.settle(self._now)

    @property
    def epoch(self) -> int:
        """When this state began from nothing: seconds since 1970 UTC; 0 for one of 0.1.0."""
        return self._life.epoch

    def restored(self, inputs: Mapping[str, InputTopic], began: int = 0) -> None:
        """Check the inputs against the state, and bring in force what is new.

        Where nothing was restored a new epoch begins, that of `began` (seconds since 1970 UTC).
        Raises Fatal when an input was recreated, its unread records are gone, a rebuild of the
        state was cut off, a key is missing that the catalogue in force names, or the clock that is
        to name a new epoch was never set.
        """
        self._life.begin(inputs, began)
        self._cases.epoch = self._faults.epoch = self.epoch
        for topic, found in inputs.items():
            self._inputs.check(topic, found)
        self._cases.aside = self._faults.aside
        self._cases.restored()
        if (
            self._reading < READING
        ):  # an earlier version judged them: by the next tick this one does
            self._cases.judge_anew(self._now)
        self.arrivals.restored()
        with self._faults.watching("the files in force", self._now):
            self._changes.restored(self._position, self._now)
        self._speaking.speakers()
        self._report()

    # -- applying -------------------------------------------------------------------------------

    def apply(self, chunk: Chunk) -> Sequence[Chunk]:
        """Apply a chunk; ticks wait until what they name is applied."""
        if chunk.topic == _TICKS:
            self._waiting.append(chunk)
            with self._faults.watching("a tick", self._now):
                self._read(chunk)
            return self._pass_time()
        self._faults.takes_in(chunk)
        expected = self._inputs.next(chunk.topic)
        handle = self._step if chunk.topic == _STEPS else self._ruling
        replay = Dated(chunk) if self._judging.replayed else None
        dated = chunk if replay is None else replay.chunk
        for index, offset in enumerate(chunk.offsets):
            if offset >= expected:
                try:
                    if replay is not None:
                        replay.set(index, self._replayed_until(chunk, index))
                    handle(dated, index)
                except NOT_FAULTS:
                    raise
                except Exception as error:
                    raise self._faults.at_record(chunk, index, self._now, error) from error
        with self._faults.watching("records", self._now):
            self._cases.settle(self._now)
        self._inputs.advance(chunk.topic, chunk.offsets[-1] + 1)
        return [chunk, *self._pass_time()]

    def advance(self, topic: str, next_offset: int) -> Sequence[Chunk]:
        """Know that everything below an offset was handed over."""
        if topic == _TICKS:
            self._ticks_end = next_offset
        else:
            self._inputs.advance(topic, next_offset)
        return self._pass_time()

    def applied(self, topic: str) -> int:
        """Tell the next offset to apply."""
        return self._inputs.next(topic)

    def barriers(self) -> Sequence[Barrier]:
        """Tell what the oldest waiting tick names that is not applied."""
        return self._barriers

    def rewind(self) -> None:
        """Forget the ticks that wait: they will be handed over again."""
        self._waiting.clear()
        self._barriers = ()
        self._ticks_end = 0

    def close(self) -> None:
        """Let go of what lies outside memory: the partition belongs to another worker now."""
        self._cases.packed.forget()

    def take(self) -> Batch:
        """Give what has to be written, the partition's own record last.

        A slice of the tick and of the change that are under way is done by that, and there is
        more to take until they have come to every case.
        """
        with self._faults.watching("a change of calendar or catalogue", self._now):
            self._changes.work(self._now)
        with self._faults.watching("a tick", self._now):
            if self._judging.busy:
                self._judging.work(self._now)
            self._close()
        self._faults.gave_out()
        if (life := self._life.news(self._now)) is not None:
            self._emit(topics.VERDICTS.name, LIFE_KEY, life)
        outputs, state, position = self._outputs, self._state, self._changes.position
        state += self.arrivals.state()
        if self._inputs.changed or outputs or state or position != self._position:
            passing = self._cases.passing is not None
            own = PartitionState(
                format=FORMAT,
                now=self._now,
                inputs=self._inputs.kept(),
                sweep=position,
                passing=passing,
                epoch=self.epoch,
                until=self._life.until,
                ticked=self.arrivals.kept({n: self._inputs.next(n) for n in (_STEPS, _RULINGS)}),
                reading=self._reading,
            )
            state.append((PARTITION_KEY, encode(own)))
        self._outputs, self._state, self._position = [], [], position
        self._report()
        return Batch(outputs, state, more=self._judging.busy or self._changes.busy)

    def _close(self) -> None:
        """Pack every case that was worked on, and write it out with what changes have to say."""
        for move in self._cases.moves:
            with about(move.case_no):
                self._metrics.moved(move)
                self._emit(topics.VERDICTS.name, move.case_no.encode(), move)
        self._cases.moves.clear()
        for case_no, packed, record in self._cases.close(self._now):
            key = case_no.encode()
            self._state.append((key, packed))
            self._faults.overcome(case_no)
            with about(case_no):
                self._emit(topics.CASES.name, key, record)
        for key, told in self._changes.told:
            dated = msgspec.structs.replace(told, epoch=self.epoch)
            self._emit(topics.EVENTS.name, key, dated)
        self._state += [*self._changes.state, *self._faults.state]
        self._faults.state.clear()
        self._changes.told.clear()
        self._changes.state.clear()

    def _report(self) -> None:
        packed, waiting, left = self._cases.packed, len(self._waiting), self._changes.left
        self._metrics.partition(self._partition, self._now, waiting, packed.summaries, left)
        self._metrics.set_aside(self._partition, tuple(self._faults.aside))
        self._metrics.held(self._partition, packed.in_memory, packed.in_cold_store)

    # -- arrival --------------------------------------------------------------------------------

    def _read(self, chunk: Chunk) -> None:
        """Learn from ticks, before they are applied, when records arrived."""
        found: list[Arrival] = []
        for index, offset in enumerate(chunk.offsets):
            if offset < self._inputs.next(_TICKS):
                continue
            with suppress(msgspec.MsgspecError):  # told when it is applied
                tick = read_tick(chunk.values[index] or b"")
                if isinstance(tick, Tick) and not self._judging.why_not(
                    tick, chunk.timestamps[index]
                ):
                    found += self.arrivals.read(tick.now, tick.barriers)
        for case_no, taken, at, by in found:
            with about(case_no):
                if isinstance(taken, Entry):
                    self._cases.arrived(case_no, taken, at, by)
                else:
                    self._cases.ruled(case_no, taken, at)
        if found:
            self._cases.settle(self._now)

    def _arrived(self, chunk: Chunk, index: int) -> tuple[int, bool]:
        """Tell when a record arrived, and whether ticks may still tell it otherwise."""
        carried = carried_origin(chunk, index)
        if carried is not None:
            untold = UNTOLD if self.arrivals.untold else UNKNOWN
            return untold if carried.arrived is None else carried.arrived, False
        if self._judging.replayed:
            at = self._judging.replayed_at(chunk.headers[index])
            if at is not None:
                return at, False
        return self.arrivals.of(chunk.topic, chunk.offsets[index]), True

    # -- time -----------------------------------------------------------------------------------

    def _pass_time(self) -> list[Chunk]:
        """Apply the waiting ticks in order, as far as their barriers allow."""
        done: list[Chunk] = []
        while self._waiting:
            chunk = self._waiting[0]
            for index, offset in enumerate(chunk.offsets):
                if offset < self._inputs.next(_TICKS):
                    continue
                self._faults.tick = offset
                with self._faults.watching(
                    "a tick, or a change of calendar or catalogue", self._now
                ):
                    if not self._tick(chunk, index):
                        return done
                self._inputs.advance(_TICKS, offset + 1)
                self._life.ticked(self._inputs)
            done.append(self._waiting.popleft())
        if self._ticks_end > self._inputs.next(_TICKS):  # offsets without a record, at the end
            self._inputs.advance(_TICKS, self._ticks_end)
        return done

    def _tick(self, chunk: Chunk, index: int) -> bool:
        """Apply one tick, or one change; False when it has to wait, or has begun and goes on."""
        raw = chunk.values[index] or b""
        try:
            found = read_tick(raw)
        except msgspec.MsgspecError:
            self._metrics.tick_refused("unreadable")
            return True
        reason = None
        if isinstance(found, Tick):
            reason = self._judging.why_not(found, chunk.timestamps[index])
        elif len(raw) > LARGEST_CHANGE:
            reason = "too_large"
        if reason is not None:
            self._metrics.tick_refused(reason)
            return True
        self._barriers = [
            Barrier(topic, named, applied)
            for topic, named in found.barriers.items()
            if (applied := self._inputs.next(topic)) < named
        ]
        if self._barriers:
            return False
        self._recent.passed(found.barriers.get(_STEPS, 0))
        if isinstance(found, Tick):
            return self._pass_to(found.now, timed=found.timed)
        return self._change(found) if isinstance(found, Change) else self._take_up(found)

    def _change(self, change: Change) -> bool:
        """Put a change in force; False while another is on its way."""
        if self._changes.busy:
            return False
        self._close()  # what was judged until here was judged by the rules until here
        before = self._references.law.catalogue
        self._changes.apply(change, self._now)
        if self._references.law.catalogue != before:
            for taken in self._recent.since(change.barriers.get(_STEPS, self._inputs.next(_STEPS))):
                self._cases.repin(taken.case_no, taken.record)
            self._cases.settle(self._now)
        self._speaking.speakers()
        return True

    def _take_up(self, retry: Retry) -> bool:
        """Decide again on a case that was set aside, if it is here."""
        told = self._faults.take_up(retry, self._now)
        if told is not None:
            self._cases.take_up(retry.case_no, self._now)
            self._emit(topics.EVENTS.name, retry.case_no.encode(), told)
        return True

    def _pass_to(self, now: int, *, timed: bool) -> bool:
        """Let time reach a moment; False while cases are left to judge: takes go on with them."""
        if self._judging.busy:
            return False
        self._now = max(self._now, now)  # time never goes back
        passed = self._judging.pass_to(self._now, timed=timed)
        self._life.judged(all_of_them=passed)
        if passed:
            self._reading = READING
        return passed

    def _replayed_until(self, chunk: Chunk, index: int) -> int:
        """Let time reach a record of a replay that brings its own; give its arrival.

        A replay's records are read ahead of its ticks: without it, a card would be judged by what
        came after it, and its moves would be dated before what they rest on.
        """
        at = self._judging.replayed_at(chunk.headers[index])
        if at is not None and at > self._now:
            self._cases.settle(self._now)
            self._pass_to(at, timed=True)
        return self._now if at is None else at

    # -- events ---------------------------------------------------------------------------------

    def _step(self, chunk: Chunk, index: int) -> None:
        raw = chunk.values[index]
        arrived, still_open = self._arrived(chunk, index)
        try:
            self._faults.let_pass(chunk, index)
            event = decode_event(raw)
            self._faults.let_in(event.case_no, event.source)
            loading = self._references.rules_of().catalogue.loads_until(event.source)
            by = self.arrivals.by(chunk.topic, chunk.offsets[index]) if still_open else arrived
            entry = entry_of(event, arrived, loading).known_by(by)
        except Refusal as refusal:
            self._refuse(chunk, index, refusal, arrived)
            return
        case_no = event.case_no
        if self._passes_on(chunk, index, case_no, event.source, arrived):
            return
        speakers = self._speaking.speakers()
        if speakers.bound:
            on_record, headers = self._cases.on_record(case_no), chunk.headers[index]
            wrong = speakers.refusal(event, chunk.topic, raw or b"", headers, on_record)
            if wrong is not None:
                self._refuse(chunk, index, wrong, arrived)
                return
        key = case_no.encode()
        if chunk.keys[index] != key:
            self._metrics.misplaced(event.source, "key")
        try:
            tick = 0 if self.arrivals.untold else self._now
            new = self._cases.fold(case_no, entry, tick)
        except TooLarge as error:
            self._refuse(chunk, index, too_large(case_no, event.source, str(error)), arrived)
            return
        if new:
            self._recent.took(chunk.offsets[index], case_no, entry)
        if new and still_open:
            self.arrivals.took(chunk.topic, chunk.offsets[index], case_no, entry)
        self._metrics.accepted(event.source, repeated=not new)
        self._emit(
            topics.EVENTS.name,
            key,
            EventRecord(
                case_no=case_no,
                epoch=self.epoch,
                origin=origin_of(chunk, index, arrived),
                event=Raw(masked_json(event, raw or b"")),
            ),
        )

    def _passes_on(self, chunk: Chunk, index: int, case_no: str, source: str, arrived: int) -> bool:
        """Send a record on to its case's own partition, where that is another; tell whether."""
        if case_no in self._cases:
            return False
        partition = partition_of(case_no, self._partitions)
        if partition == self._partition:
            return False
        self._metrics.misplaced(source, "partition")
        self._outputs.append(sent_on(chunk, index, case_no, partition, arrived))
        return True

    def _refuse(self, chunk: Chunk, index: int, refusal: Refusal, arrived: int) -> None:
        self._metrics.refused(refusal.source, refusal.reason)
        self._outputs.append(dead_letter(chunk, index, refusal, self.epoch, arrived))

    def _ruling(self, chunk: Chunk, index: int) -> None:
        """Put a ruling on record, and on its case."""
        arrived, still_open = self._arrived(chunk, index)
        try:
            self._faults.let_pass(chunk, index)
            ruling = read_ruling(chunk.values[index] or b"")
            self._faults.let_in(ruling.case_no, SOURCE)
            if self._passes_on(chunk, index, ruling.case_no, SOURCE, arrived):
                return
            answer = answer_of(ruling, arrived)
            new = self._cases.rule(ruling.case_no, answer)
        except Refusal as refusal:
            self._refuse(chunk, index, refusal, arrived)
        except TooLarge as error:
            self._refuse(chunk, index, too_large(ruling.case_no, SOURCE, str(error)), arrived)
        else:
            if new and still_open:
                self.arrivals.took(chunk.topic, chunk.offsets[index], ruling.case_no, answer)
            record = ruling_record(ruling, origin_of(chunk, index, arrived), self.epoch)
            self._emit(topics.EVENTS.name, ruling.case_no.encode(), record)

    # -- writing --------------------------------------------------------------------------------

    def _emit(self, topic: str, key: bytes, record: Struct) -> None:
        self._outputs.append(Output(topic, self._partition, key, encode(record), None))

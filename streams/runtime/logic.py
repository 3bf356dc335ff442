"""What one owned partition does: the engine behind the runtime's port.

Records come in, in the order of each topic; what they cause is collected until `take`. Nothing
here knows Kafka, and nothing reads a clock: `now` comes in ticks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw, Struct

from schemas import topics
from schemas.decoding import Refusal, decode_event
from schemas.masking import masked_json
from schemas.ticks import LARGEST_CHANGE, Tick, TickSource, read_tick
from schemas.verdicts import EventRecord, decode, encode
from streams.engine.entries import entry_of
from streams.engine.state import FORMAT, UnknownFormat
from streams.runtime.cases import Cases, TooLarge
from streams.runtime.changes import KEYS, Changes
from streams.runtime.inputs import InputPosition, Inputs
from streams.runtime.judging import DUE_SLICE, Judging
from streams.runtime.passing_on import dead_letter, origin_of, sent_on, too_large
from streams.runtime.placing import partition_of
from streams.runtime.ports import Barrier, Batch, Chunk, Fatal, Output
from streams.runtime.references import References
from streams.runtime.rulings import SOURCE, answer_of, read_ruling, ruling_record
from streams.runtime.sweep import SLICE, Position

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.engine.rules import Rules
    from streams.runtime.cold import Cold
    from streams.runtime.metrics import EngineMetrics
    from streams.runtime.ports import InputTopic

RESERVED: Final = b"\x00"
"""What the keys of the state topic begin with that are no case numbers."""
PARTITION_KEY: Final = RESERVED + b"partition"

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


class CasePartition:
    """One partition's cases, behind `streams.runtime.ports.PartitionLogic`.

    `slice_cases` is how many cases a live tick, or a change, judges at once. `cold` says where
    closed cases go that leave memory; without it all stay.
    """

    def __init__(
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
    ) -> None:
        self._partition, self._partitions = partition, partitions
        self._metrics = metrics
        references = References(partition, rules)
        self._cases = Cases(references.rules_of, cold)
        self._changes = Changes(partition, references, self._cases, metrics, slice_cases or SLICE)
        due = slice_cases or DUE_SLICE
        self._judging = Judging(self._cases, ticks_from, tick_tolerance, due)
        self._position: Position | None = None
        self._now = 0
        self._inputs = Inputs(partition)
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
        elif key.startswith(KEYS):
            self._changes.restore(key, value)

    def _restore_partition(self, value: bytes) -> None:
        kept = decode(value, PartitionState)
        if kept.format != FORMAT:
            raise Fatal(f"partition {self._partition}: {UnknownFormat(kept.format)}")
        self._now, self._position = kept.now, kept.sweep
        self._cases.passing = kept.now if kept.passing else None
        self._inputs.restore(kept.inputs)

    def restored(self, inputs: Mapping[str, InputTopic]) -> None:
        """Check the inputs against the state, and bring in force what is new.

        Raises Fatal when an input was recreated or its unread records are gone.
        """
        for topic, found in inputs.items():
            self._inputs.check(topic, found)
        self._cases.restored()
        self._changes.restored(self._position, self._now)
        self._report()

    # -- applying -------------------------------------------------------------------------------

    def apply(self, chunk: Chunk) -> Sequence[Chunk]:
        """Apply a chunk; ticks wait until what they name is applied."""
        if chunk.topic == _TICKS:
            self._waiting.append(chunk)
            return self._pass_time()
        expected = self._inputs.next(chunk.topic)
        handle = self._step if chunk.topic == _STEPS else self._ruling
        for index, offset in enumerate(chunk.offsets):
            if offset >= expected:
                handle(chunk, index)
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
        self._changes.work(self._now)
        if self._judging.busy:
            self._judging.work(self._now)
        self._close()
        outputs, state, position = self._outputs, self._state, self._changes.position
        if self._inputs.changed or outputs or state or position != self._position:
            passing = self._cases.passing is not None
            own = PartitionState(FORMAT, self._now, self._inputs.kept(), position, passing)
            state.append((PARTITION_KEY, encode(own)))
        self._outputs, self._state, self._position = [], [], position
        self._report()
        return Batch(outputs, state, more=self._judging.busy or self._changes.busy)

    def _close(self) -> None:
        """Pack every case that was worked on, and write it out with what changes have to say."""
        for move in self._cases.moves:
            self._metrics.moved(move)
            self._emit(topics.VERDICTS.name, move.case_no.encode(), move)
        self._cases.moves.clear()
        for case_no, packed, record in self._cases.close(self._now):
            key = case_no.encode()
            self._state.append((key, packed))
            self._emit(topics.CASES.name, key, record)
        for key, told in self._changes.told:
            self._emit(topics.EVENTS.name, key, told)
        self._state += self._changes.state
        self._changes.told.clear()
        self._changes.state.clear()

    def _report(self) -> None:
        packed, waiting, left = self._cases.packed, len(self._waiting), self._changes.left
        self._metrics.partition(self._partition, self._now, waiting, packed.summaries, left)
        self._metrics.held(self._partition, packed.in_memory, packed.in_cold_store)

    # -- time -----------------------------------------------------------------------------------

    def _pass_time(self) -> list[Chunk]:
        """Apply the waiting ticks in order, as far as their barriers allow."""
        done: list[Chunk] = []
        while self._waiting:
            chunk = self._waiting[0]
            for index, offset in enumerate(chunk.offsets):
                if offset < self._inputs.next(_TICKS):
                    continue
                if not self._tick(chunk, index):
                    return done
                self._inputs.advance(_TICKS, offset + 1)
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
        if isinstance(found, Tick):
            return self._pass_to(found.now)
        if self._changes.busy:  # one after the other
            return False
        self._close()  # what was judged until here was judged by the rules until here
        self._changes.apply(found, self._now)
        return True

    def _pass_to(self, now: int) -> bool:
        """Let time reach a moment; False while cases are left to judge: takes go on with them."""
        if self._judging.busy:
            return False
        self._now = max(self._now, now)  # time never goes back
        return self._judging.pass_to(self._now)

    # -- events ---------------------------------------------------------------------------------

    def _step(self, chunk: Chunk, index: int) -> None:
        raw = chunk.values[index]
        try:
            event = decode_event(raw)
            entry = entry_of(event)
        except Refusal as refusal:
            self._refuse(chunk, index, refusal)
            return
        case_no = event.case_no
        if self._passes_on(chunk, index, case_no, event.source):
            return
        key = case_no.encode()
        if chunk.keys[index] != key:
            self._metrics.misplaced(event.source, "key")
        try:
            new = self._cases.fold(case_no, entry)
        except TooLarge as error:
            self._refuse(chunk, index, too_large(case_no, event.source, str(error)))
            return
        self._metrics.accepted(event.source, repeated=not new)
        self._emit(
            topics.EVENTS.name,
            key,
            EventRecord(
                case_no=case_no,
                origin=origin_of(chunk, index),
                event=Raw(masked_json(event, raw or b"")),
            ),
        )

    def _passes_on(self, chunk: Chunk, index: int, case_no: str, source: str) -> bool:
        """Send a record on to its case's own partition, where that is another; tell whether."""
        if case_no in self._cases:
            return False
        partition = partition_of(case_no, self._partitions)
        if partition == self._partition:
            return False
        self._metrics.misplaced(source, "partition")
        self._outputs.append(sent_on(chunk, index, case_no, partition))
        return True

    def _refuse(self, chunk: Chunk, index: int, refusal: Refusal) -> None:
        self._metrics.refused(refusal.source, refusal.reason)
        self._outputs.append(dead_letter(chunk, index, refusal))

    def _ruling(self, chunk: Chunk, index: int) -> None:
        """Put a ruling on record, and on its case."""
        try:
            ruling = read_ruling(chunk.values[index] or b"")
            if self._passes_on(chunk, index, ruling.case_no, SOURCE):
                return
            self._cases.rule(ruling.case_no, answer_of(ruling))
        except Refusal as refusal:
            self._refuse(chunk, index, refusal)
        except TooLarge as error:
            self._refuse(chunk, index, too_large(ruling.case_no, SOURCE, str(error)))
        else:
            record = ruling_record(ruling, origin_of(chunk, index))
            self._emit(topics.EVENTS.name, ruling.case_no.encode(), record)

    # -- writing --------------------------------------------------------------------------------

    def _emit(self, topic: str, key: bytes, record: Struct) -> None:
        self._outputs.append(Output(topic, self._partition, key, encode(record), None))

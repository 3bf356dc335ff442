"""What one owned partition does: the engine behind the runtime's port.

Records come in, in the order of each topic; what they cause is collected until `take`. Nothing
here knows Kafka, and nothing reads a clock: `now` comes in ticks.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from msgspec import Raw, Struct
from pydantic import ValidationError

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.decoding import Refusal, decode_event
from schemas.events import EARLIEST, LATEST
from schemas.masking import masked_json
from schemas.rulings import RULING
from schemas.ticks import Tick, TickSource
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    ORIGIN_HEADER,
    DeadLetter,
    EventRecord,
    Origin,
    ReferenceRecord,
    RulingRecord,
    decode,
    encode,
    letter_id,
)
from streams.engine.ledger import entry_of
from streams.engine.rules import Rules
from streams.engine.state import FORMAT, UnknownFormat
from streams.runtime.cases import Cases, TooLarge
from streams.runtime.placing import partition_of
from streams.runtime.ports import Batch, Chunk, Fatal, Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.verdicts import MoveRecord
    from streams.engine.state import Summary
    from streams.runtime.ports import InputTopic

RESERVED: Final = b"\x00"
"""What the keys of the state topic begin with that are no case numbers."""
PARTITION_KEY: Final = RESERVED + b"partition"
CATALOGUE_KEY: Final = RESERVED + b"catalogue/"
CALENDAR_KEY: Final = RESERVED + b"calendar/"
MAX_LETTER_BYTES: Final = 256 * 1024
"""A longer value is cut in its dead letter; the whole one stands at its origin."""

_STEPS, _RULINGS, _TICKS = (topic.name for topic in topics.INPUTS)


class EngineMetrics(Protocol):
    """What the engine counts."""

    def accepted(self, source: str, *, repeated: bool) -> None:
        """Count an event that was read; `repeated` when it changed nothing."""

    def refused(self, source: str, reason: str) -> None:
        """Count a dead letter."""

    def misplaced(self, source: str, what: str) -> None:
        """Count a record under a wrong key (`key`) or in a wrong partition (`partition`)."""

    def moved(self, move: MoveRecord) -> None:
        """Count a card's move."""

    def tick_refused(self, reason: str) -> None:
        """Count a tick that does not count: another source's, or one that strays."""

    def partition(
        self, partition: int, now: int, waiting: int, cases: Mapping[Summary, int]
    ) -> None:
        """Take a partition's time (seconds since the epoch), waiting ticks, and case counts."""


class InputPosition(Struct, frozen=True):
    """How far an input topic is applied."""

    topic_id: str | None
    next: int


class PartitionState(Struct, frozen=True):
    """The partition's own record in the state topic."""

    format: int
    now: int
    inputs: dict[str, InputPosition]


class CasePartition:
    """One partition's cases, behind `streams.runtime.ports.PartitionLogic`."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        rules: Rules,
        metrics: EngineMetrics,
        *,
        ticks_from: TickSource = "worker",
        tick_tolerance: float = 300.0,
    ) -> None:
        self._partition, self._partitions = partition, partitions
        self._rules = rules
        self._pinned: dict[str, Rules] = {rules.catalogue.version: rules}
        self._contents: dict[str, bytes] = {}
        self._metrics = metrics
        self._ticks_from = ticks_from
        self._tolerance_ms = tick_tolerance * 1000
        self._cases = Cases(self._rules_of)
        self._now = 0
        self._ids: dict[str, str | None] = {}
        self._next: dict[str, int] = {}
        self._handed: dict[str, int] = {}
        self._waiting: deque[Chunk] = deque()
        self._ticks_end = 0
        self._outputs: list[Output] = []
        self._state: list[tuple[bytes, bytes | None]] = []
        self._changed = False

    # -- restoring ------------------------------------------------------------------------------

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state topic."""
        if not key.startswith(RESERVED):
            self._cases.restore(key.decode(), value)
        elif key == PARTITION_KEY and value is not None:
            self._restore_partition(value)
        elif value is not None and key.startswith((CATALOGUE_KEY, CALENDAR_KEY)):
            self._contents[key.decode()] = value

    def _restore_partition(self, value: bytes) -> None:
        kept = decode(value, PartitionState)
        if kept.format != FORMAT:
            raise Fatal(
                f"partition {self._partition}: its state has format {kept.format}, this program"
                f" knows {FORMAT}; run the version that wrote it"
            )
        self._now = kept.now
        self._next = {topic: position.next for topic, position in kept.inputs.items()}
        self._ids = {topic: position.topic_id for topic, position in kept.inputs.items()}

    def restored(self, inputs: Mapping[str, InputTopic]) -> None:
        """Check the inputs against the state, and bring in force what is new.

        Raises Fatal when an input was recreated or its unread records are gone, or when the
        state has a form that this program does not know.
        """
        for topic, found in inputs.items():
            self._check(topic, found)
            self._ids[topic] = found.topic_id
            self._handed[topic] = self._next.get(topic, 0)
        try:
            self._cases.restored()
        except UnknownFormat as error:
            raise Fatal(f"partition {self._partition}: {error}") from None
        self._announce()
        self._report()

    def _check(self, topic: str, found: InputTopic) -> None:
        where = f"{topic}[{self._partition}]"
        known = self._ids.get(topic)
        if known is not None and found.topic_id is not None and known != found.topic_id:
            raise Fatal(
                f"{where}: the topic was deleted and made again (id {known}, now {found.topic_id});"
                " its offsets mean nothing to the state: see docs/delivery.md"
            )
        expected = self._next.get(topic)
        if expected is None:
            return
        if expected > found.high:
            raise Fatal(
                f"{where}: the state has applied up to {expected}, the topic ends at {found.high}:"
                " records are lost, or the topic is another one"
            )
        if expected < found.low:
            raise Fatal(
                f"{where}: records {expected} to {found.low - 1} were deleted before they were"
                " read: raise the topic's retention"
            )

    def _announce(self) -> None:
        """Record the catalogue and the calendars of this program, if they are new here."""
        catalogue = self._rules.catalogue
        self._announce_one("catalogue", catalogue.name, catalogue.version, catalogue.content)
        for name, calendar in catalogue.calendars.items():
            self._announce_one("calendar", name, calendar.version, calendar.model_dump(mode="json"))

    def _announce_one(self, subject: Any, name: str, version: str, content: Any) -> None:
        prefix = CATALOGUE_KEY if subject == "catalogue" else CALENDAR_KEY + name.encode() + b"@"
        key = prefix + version.encode()
        if key.decode() in self._contents:
            return
        written = msgspec.json.encode(content)
        self._contents[key.decode()] = written
        self._state.append((key, written))
        self._emit(
            topics.EVENTS.name,
            key,
            ReferenceRecord(
                subject=subject,
                name=name,
                version=version,
                partition=self._partition,
                at=self._now,
                content=Raw(written),
            ),
        )

    def _rules_of(self, version: str) -> Rules:
        """Give the rules of a pinned catalogue, with the calendars in force."""
        known = self._pinned.get(version or self._rules.catalogue.version)
        if known is None:
            content = self._contents.get((CATALOGUE_KEY + version.encode()).decode())
            if content is None:
                raise Fatal(f"partition {self._partition}: catalogue {version} is not in its state")
            pinned = Catalogue.from_content(
                msgspec.json.decode(content), self._rules.catalogue.calendars
            )
            known = self._pinned[version] = Rules(pinned, self._rules.calendars)
        return known

    # -- applying -------------------------------------------------------------------------------

    def apply(self, chunk: Chunk) -> Sequence[Chunk]:
        """Apply a chunk; ticks wait until what they name is applied."""
        if chunk.topic == _TICKS:
            self._waiting.append(chunk)
            return self._pass_time()
        expected = self._next.get(chunk.topic, 0)
        handle = self._step if chunk.topic == _STEPS else self._ruling
        for index, offset in enumerate(chunk.offsets):
            if offset >= expected:
                handle(chunk, index)
        self._cases.settle(self._now)
        self._advance(chunk.topic, chunk.offsets[-1] + 1)
        return [chunk, *self._pass_time()]

    def advance(self, topic: str, next_offset: int) -> Sequence[Chunk]:
        """Know that everything below an offset was handed over."""
        if topic == _TICKS:
            self._ticks_end = next_offset
        else:
            self._advance(topic, next_offset)
        return self._pass_time()

    def applied(self, topic: str) -> int:
        """Tell the next offset to apply."""
        return self._next.get(topic, 0)

    def rewind(self) -> None:
        """Forget the ticks that wait: they will be handed over again."""
        self._waiting.clear()
        self._ticks_end = 0
        self._handed = dict(self._next)

    def take(self) -> Batch:
        """Give what has to be written, the partition's own record last."""
        outputs, state = self._outputs, self._state
        for case_no, packed, record in self._cases.close(self._now):
            key = case_no.encode()
            state.append((key, packed))
            outputs.append(self._output(topics.CASES.name, key, record))
        if self._changed or outputs or state:
            positions = {
                topic: InputPosition(self._ids.get(topic), n) for topic, n in self._next.items()
            }
            state.append((PARTITION_KEY, encode(PartitionState(FORMAT, self._now, positions))))
        self._outputs, self._state, self._changed = [], [], False
        self._report()
        return Batch(outputs, state)

    def _advance(self, topic: str, next_offset: int) -> None:
        if next_offset > self._next.get(topic, 0):
            self._next[topic] = next_offset
            self._changed = True
        self._handed[topic] = max(self._handed.get(topic, 0), next_offset)

    def _report(self) -> None:
        self._metrics.partition(
            self._partition, self._now, len(self._waiting), self._cases.summaries
        )

    # -- time -----------------------------------------------------------------------------------

    def _pass_time(self) -> list[Chunk]:
        """Apply the waiting ticks in order, as far as their barriers allow."""
        done: list[Chunk] = []
        while self._waiting:
            chunk = self._waiting[0]
            for index, offset in enumerate(chunk.offsets):
                if offset < self._next.get(_TICKS, 0):
                    continue
                if not self._tick(chunk, index):
                    return done
                self._advance(_TICKS, offset + 1)
            done.append(self._waiting.popleft())
        if self._ticks_end > self._next.get(_TICKS, 0):  # offsets without a record, at the end
            self._advance(_TICKS, self._ticks_end)
        return done

    def _tick(self, chunk: Chunk, index: int) -> bool:
        """Apply one tick; False when it has to wait."""
        try:
            tick = decode(chunk.values[index] or b"", Tick)
        except msgspec.MsgspecError:
            self._metrics.tick_refused("unreadable")
            return True
        reason = self._why_not(tick, chunk.timestamps[index])
        if reason is not None:
            self._metrics.tick_refused(reason)
            return True
        if any(self._handed.get(topic, 0) < next_ for topic, next_ in tick.barriers.items()):
            return False
        self._now = max(self._now, tick.now)  # time never goes back
        self._cases.tick(self._now)
        for move in self._cases.moves:
            self._metrics.moved(move)
            self._outputs.append(self._output(topics.VERDICTS.name, move.case_no.encode(), move))
        self._cases.moves.clear()
        return True

    def _why_not(self, tick: Tick, timestamp_ms: int) -> str | None:
        if tick.source != self._ticks_from:
            return "other_source"
        if not EARLIEST.timestamp() <= tick.now <= LATEST.timestamp():
            return "impossible"
        if tick.source == "worker" and abs(tick.now * 1000 - timestamp_ms) > self._tolerance_ms:
            return "strays"
        return None

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
        if case_no not in self._cases:
            partition = partition_of(case_no, self._partitions)
            if partition != self._partition:
                self._send_on(chunk, index, case_no, partition, event.source)
                return
        key = case_no.encode()
        if chunk.keys[index] != key:
            self._metrics.misplaced(event.source, "key")
        try:
            new = self._cases.fold(case_no, entry)
        except TooLarge:
            self._refuse(chunk, index, _too_large(case_no, event.source))
            return
        self._metrics.accepted(event.source, repeated=not new)
        self._emit(
            topics.EVENTS.name,
            key,
            EventRecord(
                case_no=case_no,
                origin=_origin(chunk, index),
                event=Raw(masked_json(event, raw or b"")),
            ),
        )

    def _send_on(self, chunk: Chunk, index: int, case_no: str, partition: int, source: str) -> None:
        """Send a record to its case's own partition, with where it first arrived."""
        self._metrics.misplaced(source, "partition")
        headers = [h for h in chunk.headers[index] if h[0] != ORIGIN_HEADER]
        headers.append((ORIGIN_HEADER, encode(_origin(chunk, index))))
        self._outputs.append(
            Output(_STEPS, partition, case_no.encode(), chunk.values[index], headers)
        )

    def _refuse(self, chunk: Chunk, index: int, refusal: Refusal) -> None:
        """Send a record to the dead letters: its bytes, and why in a header."""
        raw = chunk.values[index] or b""
        origin = _origin(chunk, index)
        letter = DeadLetter(
            letter_id=letter_id(chunk.topic, chunk.partition, chunk.offsets[index]),
            reason=refusal.reason,
            field=refusal.field,
            value=refusal.value,
            message=refusal.message,
            remedy=refusal.remedy,
            source=refusal.source,
            origin=origin,
            sha256=hashlib.sha256(raw).hexdigest(),
            size=len(raw),
            cut=len(raw) > MAX_LETTER_BYTES,
        )
        self._metrics.refused(refusal.source, refusal.reason)
        self._outputs.append(
            Output(
                topics.DEAD_LETTERS.name,
                self._partition,
                chunk.keys[index],
                raw[:MAX_LETTER_BYTES],
                [(DEAD_LETTER_HEADER, encode(letter))],
            )
        )

    def _ruling(self, chunk: Chunk, index: int) -> None:
        """Put a ruling on record. What it does to a card comes with its whole life."""
        raw = chunk.values[index] or b""
        try:
            ruling = RULING.validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            remedy = "send a ruling as docs/events.md describes it"
            self._refuse(
                chunk, index, Refusal("ruling", field, "", first["msg"], remedy, "jiancha.rulings")
            )
            return
        self._emit(
            topics.EVENTS.name,
            ruling.case_no.encode(),
            RulingRecord(case_no=ruling.case_no, origin=_origin(chunk, index), ruling=Raw(raw)),
        )

    # -- writing --------------------------------------------------------------------------------

    def _emit(self, topic: str, key: bytes, record: Struct) -> None:
        self._outputs.append(self._output(topic, key, record))

    def _output(self, topic: str, key: bytes, record: Struct) -> Output:
        return Output(topic, self._partition, key, encode(record), None)


def _origin(chunk: Chunk, index: int) -> Origin:
    """Tell where a record first arrived: here, unless it was sent on or replayed."""
    for name, value in chunk.headers[index]:
        if name == ORIGIN_HEADER:
            try:
                return decode(value, Origin)
            except msgspec.MsgspecError:
                break  # anybody may write a header: one that is no origin says nothing
    return Origin(chunk.topic, chunk.partition, chunk.offsets[index], chunk.timestamps[index])


def _too_large(case_no: str, source: str) -> Refusal:
    return Refusal(
        "case_too_large",
        "case_no",
        case_no,
        "The records of this case take more than 256 KB.",
        "check that the source does not use one case number for many cases",
        source,
    )

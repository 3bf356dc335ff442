"""The verdicts topic as the notifier reads it: every partition, from the beginning.

What rings must survive a restart, and a card can ring for months: no window of offsets or days
holds all that ring. So the whole topic is read at each start, which it is kept for ever for; the
committed offset says how much of it was told before.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import structlog
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from schemas.topics import VERDICTS
from schemas.verdicts import ORIGIN_HEADER, LifeRecord, MoveRecord, is_life
from streams.kafka_access import CannotReadOn, denial
from streams.kafka_clients import Steady, kafka_python_consumer_options

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from streams.settings import Settings

POLL_RECORDS: Final = 5_000
CALL_SECONDS: Final = 3.0
"""How long a question to the broker may take."""
WAIT_SECONDS: Final = 1.0
ASK_SECONDS: Final = 10.0
"""After so long without a record the broker is asked whether it is there: a poll cannot tell."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """One move as it was read, or that a later life has issued again what it issues."""

    move: MoveRecord | LifeRecord
    written_at: float
    """When it was written: seconds since the epoch."""
    told: bool
    """Whether an earlier notifier has told what came of it."""


class Widened(CannotReadOn):
    """Raised when the topic has more partitions than at the start: begin anew, to read them all."""


class Verdicts(Protocol):
    """What the notifier reads."""

    def read(self, seconds: float) -> list[Read]:
        """Give what came, waiting for so long at most."""

    @property
    def caught_up(self) -> bool:
        """Whether everything that was there at the start is read."""

    def commit(self) -> None:
        """Say that everything read so far is told."""

    @property
    def answers(self) -> bool:
        """Whether the broker has answered lately."""

    def lag(self) -> int:
        """Count the moves that are not told."""


class VerdictsTopic:
    """The topic on a broker; for one thread. Kafka's errors are logged and waited for."""

    def __init__(
        self,
        consumer: Any,
        partitions: set[int],
        unreadable: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to read. Raises KafkaError when the broker does not answer."""
        self._consumer = consumer
        self._steady = Steady(consumer)
        self._unreadable = unreadable
        self._clock = clock
        self._heard_at = clock()
        self._decoder = msgspec.json.Decoder(MoveRecord)
        self._lives = msgspec.json.Decoder(LifeRecord)
        tps = [TopicPartition(VERDICTS.name, number) for number in sorted(partitions)]
        consumer.assign(tps)
        timeout_ms = round(CALL_SECONDS * 1000)
        begins = consumer.beginning_offsets(tps, timeout_ms=timeout_ms)
        self._ends: dict[Any, int] = consumer.end_offsets(tps, timeout_ms=timeout_ms)
        self._behind = {tp for tp in tps if self._ends[tp] > begins[tp]}
        self._committed = {
            # A commit beyond the end is of an earlier topic of this name.
            tp: offset
            if (offset := consumer.committed(tp, timeout_ms=timeout_ms) or 0) <= self._ends[tp]
            else 0
            for tp in tps
        }
        self._told = dict(self._committed)
        self._latest: dict[str, tuple[int, int]] = {}
        self._positions: dict[Any, int] = dict(begins)
        for tp in tps:
            consumer.seek(tp, begins[tp])

    def read(self, seconds: float) -> list[Read]:
        """Give what came, waiting for so long at most; a record that is no move is logged.

        Raises Widened.
        """
        partitions = self._steady.ask(
            lambda: self._consumer.partitions_for_topic(VERDICTS.name), set[int]()
        )
        if len(partitions) > len(self._told):
            raise Widened(f"{VERDICTS.name} has more partitions by now; to be started again")
        polled = self._steady.poll(seconds, POLL_RECORDS)
        self._listen(heard=bool(polled))
        found = []
        for tp, records in polled.items():
            told_below = self._told[tp]
            for record in records:
                if any(name == ORIGIN_HEADER for name, _ in record.headers):
                    continue  # sent again for the sink: it was read where it first stood
                value = record.value or b""
                move: MoveRecord | LifeRecord
                try:
                    move = (self._lives if is_life(value) else self._decoder).decode(value)
                except msgspec.MsgspecError as error:
                    self._unreadable()
                    log.error(  # noqa: TRY400 - the trace says nothing more
                        "unreadable_move",
                        partition=tp.partition,
                        offset=record.offset,
                        why=str(error),
                    )
                    continue
                if isinstance(move, LifeRecord) or self._is_news(move):
                    found.append(Read(move, record.timestamp / 1000, record.offset < told_below))
        return found

    @property
    def answers(self) -> bool:
        """Whether the broker has answered since it was asked last."""
        return self._clock() - self._heard_at < ASK_SECONDS + CALL_SECONDS

    def _listen(self, *, heard: bool) -> None:
        """Know that the broker is there: it sent something, or answers a question."""
        now = self._clock()
        if not heard and now - self._heard_at >= ASK_SECONDS:
            heard = bool(
                self._steady.ask(
                    lambda: self._consumer.end_offsets(
                        list(self._told), timeout_ms=round(CALL_SECONDS * 1000)
                    ),
                    {},
                )
            )
        if heard:
            self._heard_at = self._clock()

    @property
    def caught_up(self) -> bool:
        """Whether everything that was there at the start is read."""
        self._behind = {tp for tp in self._behind if self._position(tp) < self._ends[tp]}
        if not self._behind:
            self._latest.clear()
        return not self._behind

    def _is_news(self, move: MoveRecord) -> bool:
        """Tell whether no later move of the card was read before.

        After a repartition a card's moves stand in two partitions, the earlier ones in one that
        gets no more of them: once all that was there at the start is read, they come in order. In
        a later life of the engine's state (its epoch) the same card counts its moves anew.
        """
        if not self._behind:
            return True
        this = move.epoch, move.move_no
        latest = self._latest.get(move.card_id, this)
        self._latest[move.card_id] = max(latest, this)
        return this >= latest

    def commit(self) -> None:
        """Say that everything read so far is told; a failure is logged, and made good later."""
        wanted = {tp: self._position(tp) for tp in self._committed}
        moved = {tp: offset for tp, offset in wanted.items() if offset > self._committed[tp]}
        if not moved:
            return
        offsets = {tp: OffsetAndMetadata(offset, "", -1) for tp, offset in moved.items()}
        try:
            self._consumer.commit(offsets, timeout_ms=round(CALL_SECONDS * 1000))
        except KafkaError as error:
            if denial(error):
                raise
            log.warning("not_committed", error=repr(error))
        else:
            self._committed.update(moved)

    def lag(self) -> int:
        """Count the moves that are not told, by the ends as the broker last said."""
        return sum(
            max(0, (self._consumer.highwater(tp) or self._ends[tp]) - offset)
            for tp, offset in self._committed.items()
        )

    def _position(self, tp: Any) -> int:
        """Tell the next offset to read; the last one known while a broker is away."""
        position = self._steady.ask(
            lambda: self._consumer.position(tp, timeout_ms=round(CALL_SECONDS * 1000)), None
        )
        if position is not None:
            self._positions[tp] = position
        return self._positions[tp]


def open_verdicts(
    settings: Settings, stop: threading.Event, unreadable: Callable[[], None]
) -> tuple[Any, VerdictsTopic] | None:
    """Connect, however long it takes; None when told to stop before.

    The consumer that comes first has to be closed.
    """
    kafka = settings.kafka
    while not stop.is_set():
        consumer = None
        try:
            consumer = KafkaConsumer(
                bootstrap_servers=kafka.bootstrap_servers.split(","),
                group_id=settings.notify.group,
                client_id="jiancha-notify",
                metrics_enabled=False,
                **kafka_python_consumer_options(kafka),
            )
            return consumer, VerdictsTopic(consumer, _partitions(consumer), unreadable)
        except KafkaError as error:
            if denial(error):
                raise
            log.warning(
                "no_verdicts",
                servers=kafka.bootstrap_servers,
                error=repr(error),
                remedy=f"start the broker, or make {VERDICTS.name} by `jiancha topics`",
            )
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=1000)
        stop.wait(WAIT_SECONDS)
    return None


def _partitions(consumer: Any) -> set[int]:
    """Ask for the topic's partitions. Raises KafkaError when no answer comes in time."""
    # `partitions_for_topic` alone would wait for ever: this makes it known, or gives up.
    first = TopicPartition(VERDICTS.name, 0)
    consumer.end_offsets([first], timeout_ms=round(CALL_SECONDS * 1000))
    found: set[int] = consumer.partitions_for_topic(VERDICTS.name)
    return found

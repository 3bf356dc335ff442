"""Replay a file of step events into Kafka with its own ticks: virtual time, paced by the readers.

Events are sent in the file's order; whenever their time passes a tick's moment, what was sent is
acknowledged first, then every partition gets its tick, whose barriers name what it must wait for.
Each record brings the replay's time at which it was sent: its arrival, for the engine.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from schemas import topics
from schemas.macs import signature
from schemas.ticks import REPLAYED_AT, Tick
from schemas.verdicts import encode
from streams.kafka_clients import librdkafka_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from schemas.event_lines import EventLine
    from schemas.macs import Key
    from streams.settings import Settings

DERIVED: Final = tuple(
    topic.name for topic in (topics.EVENTS, topics.CASES, topics.VERDICTS, topics.DEAD_LETTERS)
)
ANSWER: Final = 10.0  # seconds for a broker's answer
AHEAD_EMBEDDED: Final = 1_000
"""Records a reader may be behind in one partition of the embedded broker, which drops the oldest
of a partition beyond about 5 MB."""
AHEAD: Final = 200_000
TICKS_A_LOOK: Final = 50
MARKER: Final = 1
"""What is left of a topic that is read to its end: the mark of its last transaction."""
SETTLED: Final = 2.5
"""Seconds without a move of any reader after which such a rest is the mark, and no record."""
STILL: Final = 120.0
"""Seconds without progress of a reader after which a replay gives up."""


class ReplayFailed(Exception):  # noqa: N818 - named after the condition
    """Raised when the brokers do not take the records, or a reader stands still; the text says."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast virtual time passes. Seconds of it, seconds since the epoch."""

    speed: float | None
    """How many times faster than it happened; None: as fast as the readers follow."""
    tick_every: int
    until: int | None
    """The last tick's moment; None: the first one after the last event."""
    readers: tuple[str, ...] = ("engine", "sink")
    """The roles whose lag sets the pace, and which have read everything at the end."""


@dataclass(slots=True)
class Sent:
    """What a replay has done so far."""

    events: int = 0
    bytes: int = 0
    ticks: int = 0
    now: int = 0
    late: int = 0
    """Events that stand in the file after a tick past their time: they arrive late."""
    first_late: int = 0
    """The line of the first of them."""


class Replay:
    """One replay. `progress` is told after each tick; with a `key` every record is signed."""

    def __init__(
        self,
        settings: Settings,
        pace: Pace,
        progress: Callable[[Sent], None],
        *,
        key: Key | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        kafka = settings.kafka
        common = {
            "bootstrap.servers": kafka.bootstrap_servers,
            "client.id": "jiancha-replay",
            **librdkafka_options(kafka),
        }
        self._producer = Producer(
            {
                **common,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,  # a batch sent again must not change the order
                "linger.ms": 5,
                "compression.type": "lz4",
            }
        )
        self._readers = Readers(settings, common, pace.readers)
        self._barriers = self._readers.ends((topics.STEPS.name, topics.RULINGS.name))
        self._pace, self._progress, self._key = pace, progress, key
        self._monotonic, self._sleep = monotonic, sleep
        self._failed: str | None = None
        self.sent = Sent()

    def run(self, lines: Iterable[EventLine]) -> Sent:
        """Send everything, then wait until every reader has read it. Raises ReplayFailed."""
        try:
            self._send_all(lines)
            self._readers.wait_until_done(self._sleep, self._monotonic)
        except KafkaException as error:
            raise ReplayFailed(f"Kafka: {error.args[0].str()}") from None
        finally:
            self._readers.close()
        return self.sent

    def _send_all(self, lines: Iterable[EventLine]) -> None:
        pace, started, first, tick = self._pace, self._monotonic(), 0, 0
        for line in lines:
            if line.event is None:
                self._send(line.raw, None, self.sent.now)
                continue
            at = int(line.event.occurred_at.timestamp())
            if pace.until is not None and at > pace.until:
                break
            if not tick:
                first, tick = at, at - at % pace.tick_every + pace.tick_every
            while at > tick:
                self._tick(tick, first, started)
                tick += pace.tick_every
            if at < self.sent.now:
                self.sent.late += 1
                self.sent.first_late = self.sent.first_late or line.number
            self._send(line.raw, line.event.case_no, max(at, self.sent.now))
        last = pace.until if pace.until is not None else tick
        while tick and tick <= last:
            self._tick(tick, first, started)
            tick += pace.tick_every
        if tick and last > tick - pace.tick_every:
            self._tick(last, first, started)

    def _send(self, raw: bytes, case_no: str | None, at: int) -> None:
        """Send a record at the replay's time; 0 where it has none yet.

        Not as Kafka's own timestamp: the broker keeps a record for so many days from that, and
        would delete a log of other years at once.
        """
        name = topics.STEPS.name
        headers = [(REPLAYED_AT, b"%d" % at)] if at else []
        if self._key is not None:
            headers.append(signature(self._key, name, raw))
        while True:
            try:
                self._producer.produce(
                    name, raw, case_no, headers=headers, on_delivery=self._delivered
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self.sent.events += 1
        self.sent.bytes += len(raw)
        if self.sent.events % (self._readers.ahead // 2) == 0:
            self._flush()
            self._readers.wait_until(self._readers.ahead, self._sleep, self._monotonic)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed = error.str()
        else:
            self._barriers[message.partition()][topics.STEPS.name] = message.offset() + 1

    def _flush(self) -> None:
        if self._producer.flush(ANSWER):
            raise ReplayFailed("the brokers did not take the records in time; are they up?")
        if self._failed:
            raise ReplayFailed(f"a record was not delivered: {self._failed}")

    def _tick(self, now: int, first: int, started: float) -> None:
        """Let time reach `now` in every partition."""
        if self._pace.speed is not None:
            due = started + (now - first) / self._pace.speed
            while (left := due - self._monotonic()) > 0:
                self._sleep(min(left, 0.2))
        self._flush()
        for partition, barriers in self._barriers.items():
            tick = encode(Tick(now, "replay", barriers, timed=True))
            self._producer.produce(topics.TICKS.name, tick, partition=partition)
        self._flush()
        self.sent.ticks += 1
        self.sent.now = now
        self._progress(self.sent)
        if self.sent.ticks % TICKS_A_LOOK == 0:
            self._readers.wait_until(self._readers.ahead, self._sleep, self._monotonic)


class Readers:
    """How far roles are behind, by the offsets that their groups have committed."""

    def __init__(self, settings: Settings, common: dict[str, Any], roles: Sequence[str]) -> None:
        self.ahead = AHEAD_EMBEDDED if settings.kafka.embedded else AHEAD
        """Records that a reader may be behind in one partition."""
        reads = {
            "engine": (settings.engine.group, (topics.STEPS.name, topics.TICKS.name)),
            "sink": (settings.sink.group, DERIVED),
        }
        self._asked = Consumer({**common, "group.id": "jiancha-replay"})
        self._roles = {
            role: (Consumer({**common, "group.id": reads[role][0]}), reads[role][1])
            for role in roles
        }
        known = self._asked.list_topics(timeout=ANSWER).topics
        missing = [name for name in (topics.STEPS.name, topics.TICKS.name) if name not in known]
        if missing:
            raise ReplayFailed(f"there is no topic {missing[0]}: run `jiancha topics` first")
        self._partitions = {name: sorted(found.partitions) for name, found in known.items()}

    def close(self) -> None:
        """Let go of the brokers."""
        for consumer in (self._asked, *(consumer for consumer, _ in self._roles.values())):
            consumer.close()

    def ends(self, names: Sequence[str]) -> dict[int, dict[str, int]]:
        """Give each partition's next offsets of some topics."""
        return {
            partition: {name: self._end(name, partition) for name in names}
            for partition in self._partitions[names[0]]
        }

    def _end(self, name: str, partition: int) -> int:
        if partition not in self._partitions.get(name, ()):
            return 0
        place = TopicPartition(name, partition)
        end: int = self._asked.get_watermark_offsets(place, timeout=ANSWER)[1]
        return end

    def wait_until(
        self, ahead: int, sleep: Callable[[float], None], monotonic: Callable[[], float]
    ) -> None:
        """Wait until no reader is more than so many records behind. Raises ReplayFailed."""
        best, since = -1, monotonic()
        while True:
            behind = self.behind()
            if max(behind.values(), default=0) <= ahead:
                return
            total = sum(behind.values())
            if total != best:
                best, since = total, monotonic()
            elif monotonic() - since > STILL:
                role, topic, partition = max(behind, key=lambda place: behind[place])
                raise ReplayFailed(
                    f"the {role} has not moved for {STILL:.0f} s,"
                    f" {behind[role, topic, partition]} records behind in {topic}[{partition}];"
                    f" is `jiancha worker --role {role}` running?"
                )
            sleep(0.05)

    def wait_until_done(
        self, sleep: Callable[[float], None], monotonic: Callable[[], float]
    ) -> None:
        """Wait until every reader has read everything. Raises ReplayFailed."""
        self.wait_until(MARKER, sleep, monotonic)
        seen, since = self.behind(), monotonic()
        while monotonic() - since < SETTLED:
            sleep(0.2)
            now = self.behind()
            if now != seen:
                seen, since = now, monotonic()

    def behind(self) -> dict[tuple[str, str, int], int]:
        """Tell by role, topic and partition how many records are not read."""
        found: dict[tuple[str, str, int], int] = {}
        for role, (consumer, names) in self._roles.items():
            places = [TopicPartition(n, p) for n in names for p in self._partitions.get(n, ())]
            for place in consumer.committed(places, timeout=ANSWER):
                end = self._end(place.topic, place.partition)
                found[role, place.topic, place.partition] = end - max(0, place.offset)
        return found

"""What the runtime asks of the logic behind it, and what it is told from outside.

The runtime moves records and makes them durable exactly once; the logic says what they mean. The
logic sees no Kafka, no Faust, no clock. One instance exists per owned partition, called by one
caller at a time: `restore` from a thread of its own, everything after it from the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol


class Fatal(Exception):  # noqa: N818 - named after what it means, not after what it is
    """Raised when going on would lose or double something: the process ends with this reason."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one fetch gave of one partition, in order of offsets."""

    topic: str
    partition: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    timestamps: Sequence[int]  # the broker's or the producer's, ms since the epoch
    headers: Sequence[Sequence[tuple[str, bytes]]]


class Output(NamedTuple):
    """One record to write. Without a partition Java's default partitioner (murmur2) chooses."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None = None


class Batch(NamedTuple):
    """What is written in one transaction: `state` goes to the changelog's same partition.

    No record may exceed `RuntimeSettings.max_record_bytes`, which the logic has to see to: a
    larger one ends the process, since neither leaving it out nor trying again would be right.
    """

    outputs: list[Output]
    state: list[tuple[bytes, bytes | None]]
    more: bool = False
    """Whether the logic has more to do by itself: it is taken from again without any input."""


NOTHING: Final = Batch([], [])


class Fault(Exception):  # noqa: N818 - named after what it is
    """Raised when deciding failed: memory may be half changed, so the process ends with it.

    It names what was decided on; `last` is written before the end, in a transaction of its own.
    """

    def __init__(
        self,
        reason: str,
        *,
        case: str = "",
        topic: str,
        partition: int,
        offset: int,
        remedy: str,
        last: Batch = NOTHING,
    ) -> None:
        super().__init__(reason)
        self.told: dict[str, Any] = {
            "case": case,
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "remedy": remedy,
        }
        self.last = last


@dataclass(frozen=True, slots=True)
class InputTopic:
    """An input topic's partition as the broker has it at the take-over."""

    topic_id: str | None  # None where the broker cannot tell (`RuntimeSettings.topic_ids`)
    low: int  # the first offset that still exists
    high: int  # the next offset, as a read_committed consumer sees it


class PartitionLogic(Protocol):
    """Everything that one owned partition does.

    Life: `restore` for each changelog record, `restored` once, then `apply` and `advance` in the
    order of each topic, and `take` whenever the runtime can write; at last `close`. Any of them
    may raise Fault, and nothing more is asked of the logic then.
    """

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record; they come in the order in which they were written."""

    def restored(self, inputs: Mapping[str, InputTopic], began: int) -> None:
        """Take the input topics as they are; the state is complete now.

        `began` is the wall clock's now, seconds since 1970 UTC: by it a state that begins from
        nothing is told from those before it. A state that was restored does not look at it.

        Raises Fatal when a stored offset is past high water, or a topic's id has changed.
        """

    def apply(self, chunk: Chunk) -> Sequence[Chunk]:
        """Apply a chunk; give the chunks which are now wholly applied, in order per topic.

        A chunk may have to wait (a tick, for what its barriers name): a later `apply` or `advance`
        gives it, the same object. Records below `applied(topic)` are replays, and are skipped.
        """

    def advance(self, topic: str, next_offset: int) -> Sequence[Chunk]:
        """Know that every record below `next_offset` was handed over; give chunks as `apply` does.

        Transaction markers and compaction leave offsets without a record. Unless earlier chunks of
        the topic wait, `applied(topic)` is at least `next_offset` now, and the next take says so.
        """

    def take(self) -> Batch:
        """Give what has to be written since the last take, the input offsets among it."""

    def applied(self, topic: str) -> int:
        """Tell the next offset to apply; 0 when nothing of the topic was ever applied.

        It is part of the state that `take` gives: the next owner reads on from what comes back
        from the changelog, and ends the process if the group has committed more than that.
        """

    def barriers(self) -> Sequence[Barrier]:
        """Tell what the oldest waiting tick names that is not applied; nothing where none waits."""

    def rewind(self) -> None:
        """Forget what was handed over and waits: after a rebalance it is handed over again.

        It comes from `applied(topic)` on, in new chunks.
        """

    def close(self) -> None:
        """Let go of everything: the partition is not this worker's, or not any more."""


class Barrier(NamedTuple):
    """How far a topic must be applied before a waiting tick counts, and how far it is."""

    topic: str
    named: int
    applied: int


LogicFactory = Callable[[int, int], PartitionLogic]
"""(partition, number of partitions) -> the logic of that partition."""

TickEncoder = Callable[[int, Mapping[str, int]], bytes]
"""(now in ms since the epoch, next offset of each other input topic) -> a tick's value."""


class RuntimeMetrics(Protocol):
    """What the runtime counts."""

    def chunk(self, topic: str, records: int) -> None:
        """Count a chunk handed to the logic."""

    def committed(self, records: int, written: int, seconds: float) -> None:
        """Count a durable batch: input records, records written, seconds in its transaction."""

    def restored(self, records: int, seconds: float) -> None:
        """Count the changelog records read back, of one or more partitions."""

    def rebalanced(self, owned: int, kept: int, seconds: float) -> None:
        """Count a take-over: the seconds that checks, claims and restore took."""

    def gave_back(self, topic: str) -> None:
        """Count records fetched across a rebalance and given back, to be read again."""

    def looked_again(self, topic: str) -> None:
        """Count a hole in the offsets that is read once more."""

    def hole(self, topic: str, offsets: int) -> None:
        """Count a confirmed hole: so many offsets carry no record."""

    def tick_skipped(self, reason: str) -> None:
        """Count a beat left out: `slow_broker`, `not_ready` or `late`."""

    def fail_stop(self, reason: str) -> None:
        """Count the end of the process; `reason` is one of a few words, e.g. `transaction`."""


@dataclass(frozen=True, slots=True)
class Security:
    """How to reach the brokers, in the words of each of the three clients. Never printed."""

    librdkafka: Mapping[str, Any] = field(default_factory=dict, repr=False)
    aiokafka: Mapping[str, Any] = field(default_factory=dict, repr=False)
    kafka_python: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """How the worker runs. Times are seconds."""

    bootstrap_servers: str  # host:port, comma-separated
    group_id: str
    inputs: tuple[str, ...]  # co-partitioned; ticks_topic among them
    ticks_topic: str
    state_topic: str  # compacted, with the same number of partitions
    data_dir: str  # Faust makes a directory here; nothing of worth is kept in it
    security: Security = field(default_factory=Security)
    client_id: str = "jiancha-engine"
    read_committed: bool = True  # off only where the broker knows no transactions' outcome
    topic_ids: bool = True  # off only where the broker cannot tell them
    make_ticks: bool = True  # off when a replay's ticks count
    tick_interval: float = 1.0
    session_timeout: float = 10.0
    rebalance_timeout: float = 60.0
    revoke_timeout: float = 20.0  # for what is open when partitions are taken away; else fail-stop
    commit_interval: float = 1.0
    write_timeout: float = 20.0  # one transaction, and the fencing of an earlier owner
    restore_stall: float = 60.0  # a restore may last, but not stand still
    shutdown_timeout: float = 9.0  # then the process ends itself; what is open is done again
    chunk_records: int = 4000
    batch_records: int = 16000  # a transaction's input; then reading waits for the write
    waiting_records: int = 50000  # of ticks that wait in one partition; then reading them waits
    fetch_bytes: int = 1 << 20  # of one partition in one fetch
    max_record_bytes: int = 8 << 20  # the topics' max.message.bytes must allow it
    stall_timeout: float = 120.0  # a partition with lag and no progress: fail-stop
    loop_stall: float = 30.0  # the event loop stands still: fail-stop

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between two heartbeats, by which a member learns of a rebalance.

        All wait for the last one to learn of it, so it is shorter than a session would need.
        """
        return min(1.0, self.session_timeout / 3)


PartitionState = Literal["claiming", "restoring", "running"]


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """How far an owned partition is."""

    partition: int
    state: PartitionState
    lag: Mapping[str, int]  # records (or markers) behind high water, by input topic
    stalled_for: float  # seconds with lag and without progress
    waiting_ticks: int  # ticks handed over that wait for what they name
    last_tick_ms: int | None  # broker time of the last tick applied, ms since the epoch

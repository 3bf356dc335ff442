"""Every topic of the system: its name, key, partitioning, retention. The single source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as the broker must hold it."""

    name: str
    key: str
    holds: str
    co_partitioned: bool = True
    """Whether it has as many partitions as `hall.steps`, a case in the same one."""
    compacted: bool = False
    retention: timedelta | None = None
    """How long a record is kept; None: for ever."""
    max_message_bytes: int = MEGABYTE

    def config(self) -> dict[str, str]:
        """Give the broker's settings for this topic, as Kafka spells them."""
        retention_ms = -1
        if self.retention is not None:
            retention_ms = self.retention // timedelta(milliseconds=1)
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


STEPS: Final = Topic(
    "hall.steps",
    "case number",
    "step events as the halls send them, raw bytes",
    retention=timedelta(days=90),
)
RULINGS: Final = Topic(
    "jiancha.rulings", "case number", "the bureau's decisions on cards", retention=None
)
TICKS: Final = Topic(
    "jiancha.ticks",
    "partition",
    "the passing of time; changes of calendar and catalogue; cases taken up again",
    retention=timedelta(days=7),
    max_message_bytes=16 * MEGABYTE,  # a whole catalogue
)
EVENTS: Final = Topic(
    "jiancha.events",
    "case number",
    "accepted events, masked; applied rulings; calendar and catalogue versions; what a "
    "change of them does to each case",
    retention=timedelta(days=30),
    max_message_bytes=16 * MEGABYTE,
)
CASES: Final = Topic(
    "jiancha.cases",
    "case number",
    "each case with its clocks, after each change",
    retention=timedelta(days=30),
)
VERDICTS: Final = Topic(
    "jiancha.verdicts",
    "case number",
    "cards and their moves; when a state that began from nothing has caught up",
    retention=None,
)
DEAD_LETTERS: Final = Topic(
    "hall.steps.dlq",
    "as it came",
    "what was refused: the bytes, with reason, remedy and origin in a header",
    retention=timedelta(days=90),
    max_message_bytes=16 * MEGABYTE,  # what `hall.steps` takes, raised too, and the header
)
CASE_STATE: Final = Topic(
    "jiancha.case-state",
    "case number",
    "what a partition's state is restored from",
    compacted=True,
    max_message_bytes=16 * MEGABYTE,
)
SINK_DEAD_LETTERS: Final = Topic(
    "jiancha.sink.dlq",
    "as it came",
    "rows that ClickHouse refused, with the reason in a header",
    co_partitioned=False,
    retention=timedelta(days=90),
    max_message_bytes=16 * MEGABYTE,  # as the topics whose rows it holds
)

ALL: Final = (
    STEPS,
    RULINGS,
    TICKS,
    EVENTS,
    CASES,
    VERDICTS,
    DEAD_LETTERS,
    CASE_STATE,
    SINK_DEAD_LETTERS,
)
INPUTS: Final = (STEPS, RULINGS, TICKS)
"""What the engine's one agent reads, co-partitioned."""

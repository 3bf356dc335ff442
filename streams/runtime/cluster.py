"""What the brokers say about topics: partitions, low and high offsets, ids.

Plain clients in pure Python are used: librdkafka's AdminClient can abort the whole process while a
broker is away.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from kafka.admin import KafkaAdminClient

from streams.kafka_access import ASK_AGAIN, RESTART_SECONDS, HungUp, ask_to_enter
from streams.runtime.ports import Fatal
from streams.runtime.positions import Partition

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from streams.runtime.ports import RuntimeSettings

ATTEMPTS: Final = int(RESTART_SECONDS / ASK_AGAIN)
LOOKS: Final = 3
"""How often topics that seem to be missing are looked for again."""

log = structlog.get_logger(__name__)


class Cluster:
    """Looks offsets up for many partitions in one request a broker, on the running event loop."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._consumer: Any = None
        self._partitions: dict[str, int] = {}

    async def start(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Connect. Raises Fatal when no broker answers in `RESTART_SECONDS`.

        A refused connection answers at once, so the attempts are counted, not the seconds.
        """
        settings = self._settings
        for attempt in range(ATTEMPTS):
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=settings.bootstrap_servers,
                client_id=f"{settings.client_id}-offsets",
                isolation_level="read_committed" if settings.read_committed else "read_uncommitted",
                enable_auto_commit=False,
                **settings.security.aiokafka,
            )
            try:
                await self._consumer.start()
            except KafkaConnectionError as error:
                await self._consumer.stop()
                if attempt + 1 == ATTEMPTS:
                    raise Fatal(f"broker away: {error}") from error
                if attempt == 0:
                    log.warning("broker away", servers=settings.bootstrap_servers, error=str(error))
                await pause(ASK_AGAIN)
            else:
                return

    async def knock(self) -> None:
        """Ask whether the brokers still let us in: to our clients a refusal is mere silence.

        Raises AccessDenied when they say no.
        """
        with suppress(HungUp):  # as one that restarts does
            await ask_to_enter(self._settings.bootstrap_servers, self._settings.security.aiokafka)

    async def stop(self) -> None:
        """Close the connections."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def partitions(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> int:
        """Tell how many partitions the inputs and the state have.

        Raises Fatal when the numbers differ, or a topic is missing: a case's records would be
        judged apart from its state.
        """
        counts = await self._counts()
        for _ in range(LOOKS):  # one that has just begun to lead may not know its topics yet
            if all(counts.values()):
                break
            await pause(ASK_AGAIN)
            counts = await self._counts()
        if missing := [topic for topic, count in counts.items() if not count]:
            raise Fatal(
                f"topics are missing, or not ours to see: {', '.join(missing)}."
                " Run `jiancha topics`, or allow what `jiancha topics --acls` lists"
            )
        if len(set(counts.values())) > 1:
            wide = counts[self._settings.state_topic]
            if wide > min(counts.values()):
                raise Fatal(
                    f"a repartition to {wide} is half done: end it first, by "
                    f"`jiancha repartition --to {wide}`"
                )
            each = ", ".join(f"{topic} has {count}" for topic, count in counts.items())
            raise Fatal(f"the topics' partitions differ: {each}. Run `jiancha topics`")
        return counts[self._settings.state_topic]

    async def _counts(self) -> dict[str, int]:
        topics = [*self._settings.inputs, self._settings.state_topic]
        found = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001 - contract test
        return {topic: len(found.partitions_for_topic(topic) or ()) for topic in topics}

    async def lows(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Tell the first offset that still exists in each partition."""
        return _plain(await self._consumer.beginning_offsets(_wire(partitions)))

    async def highs(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Tell the next offset of each partition, as a read_committed consumer sees it."""
        return _plain(await self._consumer.end_offsets(_wire(partitions)))

    async def topic_ids(self) -> dict[str, str | None]:
        """Tell each input topic's id, which changes when it is deleted and made again."""
        if not self._settings.topic_ids:
            return dict.fromkeys(self._settings.inputs)
        return await asyncio.to_thread(self._topic_ids)

    def _topic_ids(self) -> dict[str, str | None]:
        admin = KafkaAdminClient(
            bootstrap_servers=self._settings.bootstrap_servers.split(","),
            client_id=f"{self._settings.client_id}-topics",
            **self._settings.security.kafka_python,
        )
        try:
            found = admin.describe_topics(list(self._settings.inputs))
        finally:
            admin.close()
        return {topic["name"]: str(topic["topic_id"]) for topic in found}


def _wire(partitions: Iterable[Partition]) -> list[TopicPartition]:
    return [TopicPartition(*tp) for tp in partitions]


def _plain(offsets: dict[TopicPartition, int]) -> dict[Partition, int]:
    return {Partition(*tp): offset for tp, offset in offsets.items()}

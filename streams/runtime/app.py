"""The Faust application: one agent over the co-partitioned inputs, and as little else as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faust
from faust.app.base import BootStrategy

from streams.runtime.ports import Fault
from streams.runtime.positions import Partition
from streams.runtime.transport import ChunkTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from streams.runtime.failstop import FailStop
    from streams.runtime.ownership import Ownership
    from streams.runtime.ports import RuntimeMetrics, RuntimeSettings

BUFFERED_CHUNKS = 32  # between the fetcher and the agent


class ConsumerOnly(BootStrategy):  # type: ignore[misc]
    """Start neither Faust's producer, which needs its own credentials, nor its web server."""

    enable_kafka_producer = False
    enable_web = False


class EngineApp(faust.App):  # type: ignore[misc]
    """Faust's application with our boot strategy."""

    BootStrategy = ConsumerOnly


class Raw(faust.Schema):  # type: ignore[misc]
    """Passes messages through undecoded: Faust acknowledges what it cannot decode, and crashes."""

    def loads_key(self, _app: Any, message: Any, **_: Any) -> Any:
        """Leave the key."""
        return message.key

    def loads_value(self, _app: Any, message: Any, **_: Any) -> Any:
        """Leave the value, a Delivery."""
        return message.value


def make_app(
    settings: RuntimeSettings,
    metrics: RuntimeMetrics,
    fail_stop: FailStop,
    starts: Callable[[int], Mapping[Partition, int] | None],
    settle: Callable[[], Awaitable[None]],
) -> EngineApp:
    """Make the application; call it inside the running event loop."""
    brokers = [f"kafka://{server}" for server in settings.bootstrap_servers.split(",")]
    app = EngineApp(
        settings.group_id,
        broker=brokers,
        datadir=settings.data_dir,
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=1,  # the proven assignment; there are no tables
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.heartbeat_interval,
        broker_request_timeout=settings.session_timeout + 10,
        broker_rebalance_timeout=settings.rebalance_timeout,
        broker_commit_interval=settings.commit_interval,
        stream_buffer_maxsize=BUFFERED_CHUNKS,
        stream_recovery_delay=0.0,
        stream_wait_empty=True,
    )
    app.transport = ChunkTransport(
        app.conf.broker_consumer, app, settings, metrics, fail_stop, starts, settle
    )
    return app


class FaustGroup:
    """The worker's membership in the consumer group, as Faust knows it."""

    def __init__(self, app: EngineApp) -> None:
        self._app = app

    def generation(self) -> int:
        """Tell the generation that the worker is in now."""
        generation: int = self._app.consumer_generation_id
        return generation

    def assignment(self) -> Iterable[Partition]:
        """Tell the partitions that are assigned in it."""
        return [Partition(*tp) for tp in self._app.consumer.assignment()]

    def assignments(self) -> int:
        """Count the assignments so far; a generation may have more than one."""
        count: int = self._app.consumer.assignments
        return count

    def acknowledge(self, message: Any) -> None:
        """Take a message as durable."""
        message.ack(self._app.consumer)

    def refusal(self) -> BaseException | None:
        """Tell why the group will not have the worker; None while it does."""
        refusal: BaseException | None = self._app.consumer.refusal()
        return refusal

    async def look_again(self) -> None:
        """Let the group's leader, if that is us, see whether there are other topics by now."""
        await self._app.consumer.look_again()

    def reading(self) -> bool:
        """Tell whether records flow: neither a rebalance nor a recovery is under way."""
        return bool(self._app.consumer.flow_active and not self._app.rebalancing)


def connect_agent(
    app: EngineApp, settings: RuntimeSettings, ownership: Ownership, fail_stop: FailStop
) -> None:
    """Let the one agent hand every message to the partition that owns it."""
    topic = app.topic(*settings.inputs, schema=Raw())

    async def engine(stream: Any) -> None:
        async for event in stream.noack().events():
            await fail_stop.guard("logic", hand_over(event.message))

    async def hand_over(message: Any) -> None:
        reader = app.consumer
        owner = ownership.partition(message.partition, message.generation_id)
        if owner is not None:
            await owner.writer.room(settings.batch_records)
            owner = ownership.partition(message.partition, message.generation_id)
        if owner is None:  # of another generation: it is read again by whoever owns it
            reader.set_aside(message)
        else:
            try:
                owner.take_in(message, reader)
            except Fault as fault:
                await owner.writer.give_up(fault)
                raise

    app.agent(topic, concurrency=1, name="engine")(engine)

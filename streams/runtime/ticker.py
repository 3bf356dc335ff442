"""Sends ticks: time, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streams.runtime.ports import RuntimeMetrics, RuntimeSettings, TickEncoder
    from streams.runtime.positions import Partition

DELIVERY_TIMEOUT_MS: Final = 5000  # an old tick is worth nothing

CLOSE_WITHIN: Final = 0.5  # seconds


class Ticker:
    """Sends each owned partition its tick, unless the broker is still busy with the last ones."""

    def __init__(
        self,
        settings: RuntimeSettings,
        encode: TickEncoder,
        metrics: RuntimeMetrics,
        connect: Callable[[dict[str, Any]], Any] = confluent_kafka.Producer,
    ) -> None:
        self._topic = settings.ticks_topic
        self._others = [topic for topic in settings.inputs if topic != settings.ticks_topic]
        self._encode = encode
        self._metrics = metrics
        self._producer = connect(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "client.id": f"{settings.client_id}-ticks",
                "acks": "all",
                "linger.ms": 0,
                "max.in.flight": 1,  # ticks of a partition stay in order
                "message.timeout.ms": DELIVERY_TIMEOUT_MS,
                "delivery.report.only.error": True,
                **settings.security.librdkafka,
            }
        )

    def send(self, partitions: Iterable[int], now_ms: int, highs: Mapping[Partition, int]) -> None:
        """Send one tick to each partition, naming how far its other inputs reached by now.

        The beat is skipped while earlier ticks are under way: they must not queue up.
        """
        self._producer.poll(0)
        if len(self._producer):
            self._metrics.tick_skipped("slow_broker")
            return
        for number in partitions:
            barriers = {topic: highs[(topic, number)] for topic in self._others}  # type: ignore[index]
            value = self._encode(now_ms, barriers)
            self._producer.produce(self._topic, value, partition=number)
        self._producer.poll(0)

    def close(self) -> None:
        """Let the last ticks go out, or drop them."""
        self._producer.flush(CLOSE_WITHIN)

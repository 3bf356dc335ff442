"""The engine role, put together: settings and a catalogue make a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.kafka_clients import aiokafka_options, kafka_python_options, librdkafka_options
from streams.runtime.cold import Cold
from streams.runtime.cold_file import ColdFile
from streams.runtime.logic import CasePartition
from streams.runtime.ports import RuntimeSettings, Security
from streams.runtime.worker import EngineWorker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.macs import Key
    from streams.engine.rules import Rules
    from streams.runtime.metrics import EngineMetrics
    from streams.runtime.ports import RuntimeMetrics
    from streams.settings import Settings


def engine_worker(
    settings: Settings,
    rules: Rules,
    data_dir: str,
    runtime_metrics: RuntimeMetrics,
    engine_metrics: EngineMetrics,
    keys: Mapping[str, Key] | None = None,
) -> EngineWorker:
    """Make an engine worker. Faust makes a directory in `data_dir`; nothing of worth is in it."""
    engine = settings.engine

    def partition(number: int, partitions: int) -> CasePartition:
        return CasePartition(
            number,
            partitions,
            rules,
            engine_metrics,
            ticks_from=engine.ticks_from,
            tick_tolerance=engine.tick_tolerance,
            cold=Cold(ColdFile(engine.cold_dir), engine.closed_days_in_memory),
            keys=keys,
        )

    return EngineWorker(
        runtime_settings(settings, data_dir), partition, _encode_tick, runtime_metrics
    )


def runtime_settings(settings: Settings, data_dir: str) -> RuntimeSettings:
    """Translate the settings into the runtime's own."""
    kafka, engine = settings.kafka, settings.engine
    return RuntimeSettings(
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=engine.group,
        inputs=tuple(topic.name for topic in topics.INPUTS),
        ticks_topic=topics.TICKS.name,
        state_topic=topics.CASE_STATE.name,
        data_dir=data_dir,
        security=Security(
            librdkafka=librdkafka_options(kafka),
            aiokafka=aiokafka_options(kafka),
            kafka_python=kafka_python_options(kafka),
        ),
        read_committed=not kafka.embedded,
        topic_ids=not kafka.embedded,
        make_ticks=engine.ticks_from == "worker",
        session_timeout=kafka.session_timeout,
        rebalance_timeout=kafka.rebalance_timeout,
        chunk_records=engine.chunk,
        batch_records=engine.batch,
        stall_timeout=engine.stall_timeout,
        max_record_bytes=topics.CASE_STATE.max_message_bytes // 2,
    )


def _encode_tick(now_ms: int, barriers: Mapping[str, int]) -> bytes:
    return encode(Tick(now_ms // 1000, "worker", dict(barriers)))

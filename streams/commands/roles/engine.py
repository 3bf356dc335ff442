"""The role `engine`: judges the cases of the partitions that it owns."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

import structlog

from alerts.metrics import EngineMetrics, EngineProgress, RuntimeMetrics
from streams.checking import remarks
from streams.commands.common import WRONG_USE, catalogue_or_exit, complain, keys_or_exit
from streams.commands.roles.serving import serve_or_exit
from streams.engine.rules import Rules
from streams.http import Health
from streams.runtime.engine import engine_worker

if TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client import CollectorRegistry

    from streams.settings import Settings

log = structlog.get_logger(__name__)


def run(settings: Settings, registry: CollectorRegistry) -> int:
    """Run the role; give the exit code."""
    catalogue = catalogue_or_exit(settings.catalogue)
    keys = keys_or_exit(settings, catalogue)
    for remark in remarks(catalogue):
        log.warning("catalogue", warning=str(remark))
    rules = Rules.of(catalogue)
    usable_or_exit(settings.engine.cold_dir)
    found = EngineMetrics(registry, rules)
    with tempfile.TemporaryDirectory(prefix="jiancha-") as scratch:
        worker = engine_worker(settings, rules, scratch, RuntimeMetrics(registry), found, keys)
        live = settings.engine.ticks_from == "worker"
        registry.register(EngineProgress(worker.progress, found, live=live))

        def ready() -> Health:
            owned = [each.partition for each in worker.progress() if each.state == "running"]
            detail = f"reads {len(owned)} partitions" if worker.ready else "taking over partitions"
            return Health(worker.ready, detail)

        # Whatever stands still ends the process by itself (streams/runtime/watchdog.py).
        end = serve_or_exit(settings, registry, lambda: Health(ok=True, detail="running"), ready)
        try:
            return worker.run()
        finally:
            end()


def usable_or_exit(cold_dir: Path | None) -> None:
    """End the process when closed cases cannot be kept where it is set."""
    if cold_dir is not None and not (cold_dir.is_dir() and os.access(cold_dir, os.W_OK | os.X_OK)):
        complain(
            f"engine.cold_dir = {cold_dir} is no directory that can be written to:"
            " make it, or set JIANCHA_ENGINE__COLD_DIR to another on a disk with room"
        )
        sys.exit(WRONG_USE)

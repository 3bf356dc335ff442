"""Faust's application as its manual shows it, for the programs that run on it."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import faust

if TYPE_CHECKING:
    from tests.bench.task import Task


def app_of(task: Task) -> tuple[Any, dict[str, Any]]:
    """Make the application, and what its topics and tables are to be made with: raw bytes."""
    os.environ["FAUST_DATADIR"] = tempfile.mkdtemp()
    app = faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap}",
        consumer_auto_offset_reset="earliest",
        topic_partitions=task.partitions,
        web_enabled=False,
        worker_redirect_stdouts=False,
        key_serializer="raw",
        value_serializer="raw",
    )
    return app, {"key_type": bytes, "value_type": bytes, "partitions": task.partitions}


def serve(app: Any) -> None:
    """Run its worker, as the command line does."""
    sys.argv = ["faust", "worker", "-l", "error", "--without-web"]
    app.main()

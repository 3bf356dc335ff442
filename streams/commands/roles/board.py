"""The role `board`: shows the present to people and to their programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.board.server import run_board
from streams.commands.roles.serving import stop_on_signal

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from streams.settings import Settings


def run(settings: Settings, registry: CollectorRegistry) -> int:
    """Run the role; give the exit code."""
    run_board(settings, stop_on_signal(), registry)
    return 0

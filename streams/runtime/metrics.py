"""What the engine counts, as the logic asks for it (`alerts.metrics.engine` does it)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.changes import ChangeResult
    from schemas.ticks import ChangeSubject
    from schemas.verdicts import MoveRecord
    from streams.engine.rules import Rules
    from streams.engine.state import Summary


class EngineMetrics(Protocol):
    """What the engine counts."""

    def accepted(self, source: str, *, repeated: bool) -> None:
        """Count an event that was read; `repeated` when it changed nothing."""

    def refused(self, source: str, reason: str) -> None:
        """Count a dead letter."""

    def misplaced(self, source: str, what: str) -> None:
        """Count a record under a wrong key (`key`) or in a wrong partition (`partition`)."""

    def moved(self, move: MoveRecord) -> None:
        """Count a card's move."""

    def tick_refused(self, reason: str) -> None:
        """Count a tick that does not count: another source's, or one that strays."""

    def changed(self, subject: ChangeSubject, result: ChangeResult) -> None:
        """Count a change of calendar or catalogue in one partition, by what came of it."""

    def in_force(self, partition: int, rules: Rules) -> None:
        """Take the rules that are in force in a partition from now on."""

    def partition(
        self, partition: int, now: int, waiting: int, cases: Mapping[Summary, int], left: int
    ) -> None:
        """Take a partition's time (seconds since the epoch), waiting ticks, and case counts.

        `left` is how many cases a change can concern and has not come to yet.
        """

    def set_aside(self, partition: int, names: Collection[str]) -> None:
        """Take the cases of a partition that are set aside; a record's name begins with NUL."""

    def held(self, partition: int, in_memory: int, in_cold_store: int) -> None:
        """Take how many cases a partition holds, by where they lie."""

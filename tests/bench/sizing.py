"""`python -m tests.bench.sizing [--write]`: how large an installation must be, from named inputs.

Every figure of docs/scaling.md is computed here: change an input to what holds for you, and run
it again. What was measured says by what; what is assumed says so. Pure; no server.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import sizing_inputs as given
from tests.bench.sizing_inputs import PLACES, Place, inputs

PAGE: Final = Path("docs/scaling.md")
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Size:
    """What a place needs, step by step."""

    place: Place

    @property
    def kept(self) -> float:
        """Cases in the states: open ones, and what a late record could still change."""
        return self.place.cases_a_year * given.YEARS.value

    @property
    def open_cases(self) -> float:
        return self.place.cases_a_year * given.OPEN_DAYS.value / given.WORKING_DAYS.value

    @property
    def event_cores(self) -> float:
        """Cores of all workers in the busiest hour, each event in a transaction of its own.

        That is the dearest case, and the usual one: the next transaction takes what came meanwhile.
        """
        return self.place.busy_hour / 3600 * (given.EVENT_CPU.value + given.TICK_WORKER.value)

    @property
    def tick_cores(self) -> float:
        return self.place.partitions * given.TICK_WORKER.value

    @property
    def for_speed(self) -> int:
        return math.ceil((self.event_cores + self.tick_cores) / given.BUSY.value)

    @property
    def closed(self) -> float:
        """Cases that have ended; at a start all of them go to disk."""
        return self.kept - self.open_cases

    @property
    def in_memory(self) -> float:
        """Cases: the open ones, and those that closed lately."""
        return self.open_cases + self.place.cases_a_year * given.CLOSED_DAYS.value / 365

    @property
    def memory(self) -> float:
        return self.in_memory * given.CASE_MEMORY.value

    @property
    def disk(self) -> float:
        return self.closed * given.CASE_DISK.value

    @property
    def reading(self) -> float:
        """Seconds that one worker would read all states."""
        return self.open_cases / given.RESTORE.value + self.closed / given.RESTORE_CLOSED.value

    @property
    def for_memory(self) -> int:
        return math.ceil(self.memory / given.WORKER_MEMORY.value)

    @property
    def for_disk(self) -> int:
        return math.ceil(self.disk / given.WORKER_DISK.value)

    @property
    def for_start(self) -> int:
        return math.ceil(self.reading / given.PATIENCE.value)

    @property
    def workers(self) -> int:
        """One more than are needed: when one dies the others hold its states."""
        return max(self.for_speed, self.for_memory, self.for_disk, self.for_start) + 1

    @property
    def catch_up(self) -> float:
        """Seconds for a whole busy day that nobody read."""
        return self.place.busy_day / (self.workers * given.WORKER_SPEED.value)

    @property
    def start(self) -> float:
        """Seconds until all workers, started together, have read their states."""
        return self.reading / self.workers

    @property
    def after_a_death(self) -> float:
        """Seconds for which the partitions of a killed worker stand still."""
        return given.SESSION.value + self.reading / self.workers / (self.workers - 1)

    @property
    def change(self) -> float:
        """Seconds of a change that concerns every open case, on one core a worker."""
        cores = self.open_cases * given.CHANGE_CPU.value + self.kept * given.LOOK_CPU.value
        return cores / self.workers

    @property
    def topics(self) -> dict[str, float]:
        """Bytes by topic, one replica."""
        events = self.place.events_a_year
        return {
            "hall.steps": events * 90 / 365 * given.STEPS_BYTES.value,
            "jiancha.events": events * 30 / 365 * given.EVENTS_BYTES.value,
            "jiancha.cases": events * 30 / 365 * given.CASES_BYTES.value,
            "jiancha.verdicts": self.kept * given.MOVES_A_CASE.value * given.MOVE_BYTES.value,
            "jiancha.ticks": self.place.partitions * 7 * DAY * given.TICK_BYTES.value,
            "jiancha.case-state": self.kept * given.STATE.value * given.OUTDATED.value,
        }

    @property
    def broker_bytes(self) -> float:
        return sum(self.topics.values()) * given.REPLICAS.value

    @property
    def broker_cores(self) -> float:
        """For ticks, all brokers together: what the partitions cost by being there."""
        return self.place.partitions * given.TICK_BROKER.value

    @property
    def brokers(self) -> int:
        return max(
            int(given.REPLICAS.value), math.ceil(self.broker_bytes / given.BROKER_DISK.value)
        )

    @property
    def history(self) -> float:
        return self.place.events_a_year * given.YEARS.value * given.HISTORY_BYTES.value

    @property
    def shards(self) -> int:
        return math.ceil(self.history / given.SHARD_DISK.value)

    @property
    def notifier(self) -> float:
        """Seconds until a notifier that starts has read what there is, and rings."""
        return self.kept * given.MOVES_A_CASE.value / given.READ_MOVES.value

    def breaks(self) -> list[tuple[float, str]]:
        """Give after how many years of cases each limit is passed with these servers."""
        return sorted(
            [
                (
                    given.YEARS.value * (self.workers - 1) * given.WORKER_DISK.value / self.disk,
                    "the workers' disks",
                ),
                (
                    given.YEARS.value * given.PATIENCE.value / self.start,
                    "a start of all workers",
                ),
                (
                    given.YEARS.value * given.PATIENCE.value / self.notifier,
                    "the notifier's start",
                ),
                (
                    given.YEARS.value * self.brokers * given.BROKER_DISK.value / self.broker_bytes,
                    "the brokers' disks",
                ),
                (
                    given.YEARS.value * self.shards * given.SHARD_DISK.value / self.history,
                    "ClickHouse's disks",
                ),
            ]
        )


def rows(sizes: list[Size]) -> list[tuple[str, list[str]]]:
    return [
        ("cases a year", [f"{s.place.cases_a_year / 1e6:,.0f} M" for s in sizes]),
        ("events a second, mean of a working day over 8 h",
         [f"{s.place.events_a_year / given.WORKING_DAYS.value / 28_800:,.1f}" for s in sizes]),
        ("events a second, busiest hour", [f"{s.place.busy_hour / 3600:,.1f}" for s in sizes]),
        ("**partitions**", [f"**{s.place.partitions}**" for s in sizes]),
        ("cores for events, busiest hour", [f"{s.event_cores:.3f}" for s in sizes]),
        ("cores for ticks, always", [f"{s.tick_cores:.2f}" for s in sizes]),
        (f"cases kept, {given.YEARS.value:.0f} years", [f"{s.kept / 1e6:,.0f} M" for s in sizes]),
        ("of them in memory: open, or closed lately",
         [f"{s.in_memory / 1e6:,.1f} M" for s in sizes]),
        ("their memory, all workers", [_bytes(s.memory) for s in sizes]),
        ("closed cases on the workers' disks", [_bytes(s.disk) for s in sizes]),
        (f"workers for speed · memory · disk · a start in {given.PATIENCE.value / 60:.0f} min",
         [f"{s.for_speed} · {s.for_memory} · {s.for_disk} · {s.for_start}" for s in sizes]),
        ("**workers**, one to spare", [f"**{s.workers}**" for s in sizes]),
        ("start of all: reading the states", [_seconds(s.start) for s in sizes]),
        ("a worker is killed: its partitions stand still",
         [_seconds(s.after_a_death) for s in sizes]),
        ("a busy day unread is caught up in", [_seconds(s.catch_up) for s in sizes]),
        ("a decree that concerns every open case", [_seconds(s.change) for s in sizes]),
        ("topics on disk, all replicas", [_bytes(s.broker_bytes) for s in sizes]),
        ("of it the states", [_bytes(s.topics["jiancha.case-state"] * given.REPLICAS.value)
                              for s in sizes]),
        ("brokers' cores for ticks", [f"{s.broker_cores:.2f}" for s in sizes]),
        ("**brokers**", [f"**{s.brokers}**" for s in sizes]),
        ("ClickHouse on disk, one replica", [_bytes(s.history) for s in sizes]),
        ("**ClickHouse shards**", [f"**{s.shards}**" for s in sizes]),
        ("a notifier's start", [_seconds(s.notifier) for s in sizes]),
        ("breaks first, after so many years",
         [f"{s.breaks()[0][1]}, {s.breaks()[0][0]:.1f}" for s in sizes]),
        ("breaks second", [f"{s.breaks()[1][1]}, {s.breaks()[1][0]:.1f}" for s in sizes]),
    ]  # fmt: skip


def table() -> str:
    sizes = [Size(place) for place in PLACES]
    lines = [f"| | {' | '.join(s.place.name for s in sizes)} |", "|---|---:|---:|---:|"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(of)} |" for name, of in rows(sizes))])


def rewritten(page: str, mark: str, text: str) -> str:
    """Put a text between a page's marks."""
    before, begin, rest = page.partition(f"<!-- {mark}: begin -->\n")
    _, end, after = rest.partition(f"<!-- {mark}: end -->")
    if not end:
        raise ValueError(f"the page has no marks for {mark}")
    return f"{before}{begin}{text}\n{end}{after}"


def _bytes(amount: float) -> str:
    return f"{amount / 1e12:,.1f} TB" if amount >= 1e12 else f"{amount / 1e9:,.1f} GB"


def _seconds(amount: float) -> str:
    return f"{amount:,.1f} s" if amount < 120 else f"{amount / 60:,.0f} min"


def tables() -> dict[str, str]:
    """Give what the page shows, by mark."""
    return {"sizing inputs": inputs(), "sizing": table()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sizing", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {PAGE}")
    parts = tables()
    if not parser.parse_args(arguments).write:
        print("\n\n".join(parts.values()))  # noqa: T201
        return 0
    page = PAGE.read_text(encoding="utf-8")
    for mark, text in parts.items():
        page = rewritten(page, mark, text)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

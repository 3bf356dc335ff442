"""State larger than memory: `python -m tests.bench.cold --closed 1000000 --open 200000`.

Restores so many closed and open cases into partitions, without Kafka: what the partitions' logic
costs, not the reading. Then late records come to closed cases. Prints markdown: the restore's rate,
the disk and the memory that a case takes, and how long a case takes to come back. `--order random`
is the worst order for a tree; the other is that in which cases close, as a changelog has them.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from schemas import topics
from streams.engine.state import head_of
from streams.runtime import memory
from streams.runtime.cold import Cold
from streams.runtime.cold_file import ColdFile
from streams.runtime.logic import RESERVED, CasePartition
from streams.runtime.ports import Chunk, InputTopic
from tests.bench.hall import make_log
from tests.bench.process import Resident
from tests.bench.task import bench_metrics, bench_rules
from tests.support.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATTERNS: Final = 20_000
"""Events of which the states are made that all cases copy."""
WINDOW: Final = 0.05
"""Part of all cases within which those that began together close in any order."""
LATE: Final = 5_000
"""Late records to closed cases."""
INPUTS: Final = {topic.name: InputTopic(None, 0, 1 << 40) for topic in topics.INPUTS}


class Took(NamedTuple):
    """Seconds by the clock, and of this process's processor time."""

    wall: float
    cpu: float

    def each(self, cases: int) -> str:
        return f"{cases / self.wall:,.0f} ({self.cpu / cases * 1e6:.1f})"


def took(work: Callable[[], None]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def patterns() -> tuple[list[bytes], list[bytes]]:
    """Make states of closed and of open cases, by the bench's hall."""
    here = Partition(bench_rules(), ticks_from="replay")
    log = make_log(PATTERNS, 1)
    steps = iter(log.steps[0])
    waiting = next(steps, None)
    for raw in log.ticks[0]:
        now, values = json.loads(raw)["now"], []
        while waiting is not None and waiting.at <= now:
            values.append(waiting.value)
            waiting = next(steps, None)
        if values:
            here.feed(*values)
        here.tick(now, source="replay")
        here.take()
    states = [v for k, v in dict(here.changelog).items() if not k.startswith(RESERVED)]
    closed = [state for state in states if head_of(state).sleeps]
    return closed, [state for state in states if head_of(state).summary.open]


def named(number: int) -> bytes:
    return b"430102-2025-%09d" % number


def in_order(cases: int, order: str) -> Iterator[int]:
    """Give the cases' numbers in the order in which they closed."""
    random, block = Random(1), max(1, int(cases * (1 if order == "random" else WINDOW)))
    for first in range(0, cases, block):
        numbers = list(range(first, min(first + block, cases)))
        random.shuffle(numbers)
        yield from numbers


def copied(states: Sequence[bytes], number: int) -> bytes:
    """Give a state of its own, as a message's value is."""
    return bytes(bytearray(states[number % len(states)]))


def on_disk(directory: str) -> int:
    """Count the bytes that the nameless files of a directory take on disk."""
    found: dict[int, int] = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists the others is gone
            if str(entry.readlink()).startswith(directory):
                stat = os.fstat(int(entry.name))
                found[stat.st_ino] = stat.st_blocks * 512
    return sum(found.values())


def late_record(case_no: bytes, number: int) -> bytes:
    facts = {
        "event_id": f"late-{number}",
        "case_no": case_no.decode(),
        "source": "hall-430102",
        "kind": "delivered",
        "occurred_at": "2025-05-10T10:00:00+08:00",
        "item": "i",
    }
    return json.dumps(facts).encode()


def percentiles(nanoseconds: list[int]) -> str:
    """Show p50 and p99 in microseconds."""
    spent = sorted(nanoseconds)
    return f"{spent[len(spent) // 2] / 1000:,.0f}, {spent[len(spent) * 99 // 100] / 1000:,.0f}"


def breakdown(parts: Sequence[CasePartition], cases: int) -> dict[str, float]:
    """Tell what the bytes of a case in memory consist of, by the interpreter's own sizes."""
    of: dict[str, float] = dict.fromkeys(("its state", "its number", "the table", "the index"), 0)
    for part in parts:
        held, index = part._cases.packed._memory, part._cases._deadlines
        of["its state"] += sum(map(sys.getsizeof, held.values()))
        of["its number"] += sum(map(sys.getsizeof, held))
        of["the table"] += sys.getsizeof(held)
        of["the index"] += sys.getsizeof(index._next) + sys.getsizeof(index._heap)
        of["the index"] += sum(map(sys.getsizeof, index._days.values()))
        of["the index"] += sum(map(sys.getsizeof, index._next.values()))
    return {name: size / cases for name, size in of.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cold", description=__doc__)
    parser.add_argument("--closed", type=int, default=100_000)
    parser.add_argument("--open", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--order", choices=("closing", "random"), default="closing")
    parser.add_argument("--directory", default=tempfile.gettempdir(), help="on the disk to measure")
    given = parser.parse_args(arguments)
    with ProcessPoolExecutor(1, get_context("spawn")) as other:  # its memory is none of ours
        closed, still_open = other.submit(patterns).result()
    law = bench_rules()
    metrics = bench_metrics(law)
    memory.settle()
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        parts = [
            CasePartition(
                number,
                1,
                law,
                metrics,
                ticks_from="replay",
                cold=Cold(ColdFile(Path(directory)), 90),
            )
            for number in range(given.partitions)
        ]
        for line in measured(parts, closed, still_open, given, directory):
            print(line)  # noqa: T201
        for part in parts:
            part.close()
    return 0


def measured(
    parts: Sequence[CasePartition],
    closed: Sequence[bytes],
    still_open: Sequence[bytes],
    given: Any,
    directory: str,
) -> Iterator[str]:
    """Restore, let late records come, and tell."""
    count = len(parts)

    def restore(first: int, numbers: Iterator[int], states: Sequence[bytes]) -> None:
        for number in numbers:
            parts[number % count].restore(named(first + number), copied(states, number))

    def restored() -> None:
        restore(given.closed, iter(range(given.open)), still_open)
        for part in parts:
            part.restored(INPUTS)

    before = Resident.of()
    with memory.loading():
        for_closed = took(lambda: restore(0, in_order(given.closed, given.order), closed))
        with_closed, disk = Resident.of(), on_disk(directory)
        for_open = took(restored)
    gc.collect()
    with_open = Resident.of()
    yield "| measured | |"
    yield "|---|---:|"
    yield f"| closed cases, open cases, partitions | {given.closed:,}, {given.open:,}, {count} |"
    yield f"| order of the closed ones | {given.order} |"
    yield f"| closed cases restored a second (CPU µs each) | {for_closed.each(given.closed)} |"
    yield f"| open ones, the index included | {for_open.each(given.open)} |"
    yield f"| bytes of a closed case's state | {sum(map(len, closed)) / len(closed):,.0f} |"
    yield f"| bytes on disk a closed case | {disk / given.closed:,.0f} |"
    yield f"| own memory after all closed ones, MB | {(with_closed.own - before.own) / 1e6:,.0f} |"
    yield f"| pages of the files in memory then, MB | {with_closed.of_files / 1e6:,.0f} |"
    own = (with_open.own - with_closed.own) / given.open
    yield f"| own memory an open case, bytes (MB a million) | {own:,.0f} |"
    for name, size in breakdown(parts, given.open).items():
        yield f"| … of it {name} | {size:,.0f} |"
    yield from _coming_back(parts, given.closed, count)


def _coming_back(parts: Sequence[CasePartition], closed: int, count: int) -> Iterator[str]:
    random = Random(3)
    opened, written = [], []
    for sent in range(LATE):
        number = random.randrange(closed)
        part, case_no = parts[number % count], named(number)
        began = time.perf_counter_ns()
        part._cases.read(case_no.decode())
        opened.append(time.perf_counter_ns() - began)
        number = random.randrange(closed)
        part, case_no = parts[number % count], named(number)
        offset = part.applied(topics.STEPS.name)
        value = late_record(case_no, sent)
        chunk = Chunk(topics.STEPS.name, number % count, [offset], [case_no], [value], [0], [[]])
        began = time.perf_counter_ns()
        part.apply(chunk)
        part.take()
        written.append(time.perf_counter_ns() - began)
    yield f"| µs until a cold case is open: p50, p99 | {percentiles(opened)} |"
    yield f"| µs from a late record to what it causes: p50, p99 | {percentiles(written)} |"


if __name__ == "__main__":
    sys.exit(main())

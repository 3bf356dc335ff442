"""The bench's figures as a table, and the page that keeps them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from deploy.local.real_kafka import libs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.task import Measured

PAGE: Final = Path("docs/benchmarks.md")
CLIENTS: Final = ("faust-streaming", "aiokafka", "confluent-kafka", "pydantic", "msgspec", "uvloop")

Runs = dict[str, list["Measured"]]
"""Each program's runs; the first program is the one that the others are measured against."""


def speed(runs: Sequence[Measured], events: int) -> float:
    """Give the median speed in events a second."""
    return median(events / run.seconds for run in runs)


def ratio(runs: Runs, program: str, against: str, events: int) -> float:
    return speed(runs[program], events) / speed(runs[against], events)


def table(runs: Runs, events: int) -> str:
    """Give a table of medians, with the slowest and the fastest run beside each speed."""
    rows = [
        "| program | events/s | slowest – fastest | ratio | CPU µs/event | records written/event |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for program, measured in runs.items():
        each = sorted(events / run.seconds for run in measured)
        cpu = median(run.cpu_seconds / events * 1e6 for run in measured)
        written = median(run.written / events for run in measured)
        share = ratio(runs, program, next(iter(runs)), events)
        rows.append(
            f"| {program} | {speed(measured, events):,.0f} | {each[0]:,.0f} – {each[-1]:,.0f}"
            f" | {share:.2f} | {cpu:.1f} | {written:.2f} |"
        )
    return "\n".join(rows)


def circumstances(facts: Mapping[str, object]) -> str:
    """Say under what conditions the figures were measured."""
    conditions: dict[str, object] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%MZ"),
        "revision": _revision(),
        **facts,
        "machine": f"{os.cpu_count()} × {_processor()}, {_memory()} GB, {platform.system()}",
        "Python": platform.python_version(),
        "Apache Kafka": _kafka(),
        **{name: version(name) for name in CLIENTS},
    }
    return "\n".join(f"- {name}: {value}" for name, value in conditions.items())


def rewritten(page: str, marks: str, block: str) -> str:
    """Put a block between marks of the page, and leave what was written by hand.

    Raises ValueError when the page has no such marks.
    """
    first, last = f"<!-- {marks}: begin -->", f"<!-- {marks}: end -->"
    before, begin, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{PAGE} has lost its marks: put {first} and {last} where the table goes")
    return f"{before}{begin}\n{block}\n{end}{after}"


def publish(marks: str, figures: str, facts: Mapping[str, object]) -> None:
    """Put a table, and what it was measured under, between its marks on the page."""
    block = f"{figures}\n\n{circumstances(facts)}"
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), marks, block), encoding="utf-8")


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown processor"
    found = re.search(r"model name\s*: (.+)", text)
    return found[1] if found else platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)


def _kafka() -> str:
    jar = next(libs().glob("kafka_*.jar"))
    return jar.stem.rpartition("-")[2]

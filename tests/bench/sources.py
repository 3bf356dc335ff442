"""`python -m tests.bench.sources`: what it costs to see who may speak, with a hundred sources.

One partition's whole work without Kafka, four times over side by side: nobody is listed; a hundred
sources are, each bound to its own county, and send unsigned; they sign with SHA-256; with SM3. CPU
time of the process, not the wall. In each round another one begins, and the outcomes are compared.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Final

from schemas import topics
from schemas.catalogue_loading import catalogue_from
from schemas.macs import Key, signature
from streams.runtime.logic import CasePartition
from streams.runtime.ports import Chunk, InputTopic
from tests.bench.hall import make_log
from tests.bench.table import circumstances
from tests.bench.task import LIMITS, bench_metrics
from tests.support.cases import built_in, rules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.engine.rules import Rules

SOURCES: Final = 100
CHUNK: Final = 500
COUNTIES: Final = [f"43{number:04d}" for number in range(2001, 2001 + SOURCES)]
WAYS: Final = ("no source is listed", "bound, unsigned", "bound, HMAC-SHA-256", "bound, HMAC-SM3")
ALGORITHMS: Final = {WAYS[2]: "hmac-sha-256", WAYS[3]: "hmac-sm3"}

Records = list[tuple[bytes, bytes]]
"""Keys and values."""


def keys(algorithm: str) -> dict[str, Key]:
    """Give each source its key."""
    return {
        f"k-{n}": Key(f"k-{n}", algorithm, n.to_bytes(2, "big") * 16) for n in range(1, SOURCES + 1)
    }


def records(events: int) -> Records:
    """Make a hall's log that of a hundred: each case is one county's, told by its own system."""
    found = []
    for sent in make_log(events, 1).steps[0]:
        event = json.loads(sent.value)
        number = int(sent.case_no[-8:]) % SOURCES
        event |= {"region": COUNTIES[number], "source": f"hall-{number + 1}"}
        raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        found.append((sent.case_no.encode(), raw))
    return found


def law(way: str) -> Rules:
    """Give the catalogue of one way."""
    regions = [{"code": code, "name": code} for code in ("430000", *COUNTIES)]
    item = {"code": "i", "name": "事项", "versions": [{"clocks": LIMITS}]}
    content = {**built_in().content, "regions": regions, "items": [item]}
    if way != WAYS[0]:
        knows = [
            {"keys": [f"k-{n}"]} if way in ALGORITHMS else {"unsigned": True}
            for n in range(1, SOURCES + 1)
        ]
        content["sources"] = [
            {"code": f"hall-{n}", "name": f"{n}", "regions": [COUNTIES[n - 1]], **knows[n - 1]}
            for n in range(1, SOURCES + 1)
        ]
    return rules_of(catalogue_from(content, built_in().calendars))


def chunks(made: Records, ways_keys: dict[str, Key]) -> list[Chunk]:
    """Lay the records out as the broker gives them; signed, where there are keys."""
    topic = topics.STEPS.name
    found = []
    for first in range(0, len(made), CHUNK):
        part = made[first : first + CHUNK]
        headers: list[Sequence[tuple[str, bytes]]] = [
            [signature(ways_keys[f"k-{int(key[-8:]) % SOURCES + 1}"], topic, raw)]
            if ways_keys
            else ()
            for key, raw in part
        ]
        offsets = range(first, first + len(part))
        values: Sequence[bytes | None] = [raw for _, raw in part]
        numbers: Sequence[bytes | None] = [key for key, _ in part]
        found.append(Chunk(topic, 0, offsets, numbers, values, [0] * len(part), headers))
    return found


def run(way: str, rules: Rules, fed: Sequence[Chunk]) -> tuple[float, int]:
    """Let a partition work; give its CPU seconds and how many records it wrote."""
    known = keys(ALGORITHMS[way]) if way in ALGORITHMS else {}
    logic = CasePartition(0, 1, rules, bench_metrics(rules), ticks_from="replay", keys=known)
    logic.restored({topic.name: InputTopic(None, 0, 1 << 40) for topic in topics.INPUTS})
    logic.take()
    gc.collect()
    written, refused, began = 0, 0, time.process_time()
    for chunk in fed:
        logic.apply(chunk)
        outputs = logic.take().outputs
        written += len(outputs)
        refused += sum(o.topic == topics.DEAD_LETTERS.name for o in outputs)
    spent = time.process_time() - began
    assert not refused, (way, refused)
    return spent, written


def main() -> None:
    """Measure, and say what came of it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=20_000)
    asked.add_argument("--rounds", type=int, default=7)
    options = asked.parse_args()
    made = records(options.events)
    laws = {way: law(way) for way in WAYS}
    fed = {way: chunks(made, keys(ALGORITHMS[way]) if way in ALGORITHMS else {}) for way in WAYS}
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    wrote: set[int] = set()
    run(WAYS[0], laws[WAYS[0]], fed[WAYS[0]])  # does not count
    for number in range(options.rounds):
        for turn in range(len(WAYS)):
            way = WAYS[(number + turn) % len(WAYS)]
            seconds, written = run(way, laws[way], fed[way])
            spent[way].append(seconds / len(made) * 1e6)
            wrote.add(written)
    assert len(wrote) == 1, wrote
    first = median(spent[WAYS[0]])
    lines = ["| way | CPU µs/event | least – most | more than unlisted |", "|---|---:|---:|---:|"]
    for way, each in spent.items():
        share = (median(each) / first - 1) * 100
        lines.append(
            f"| {way} | {median(each):.1f} | {min(each):.1f} – {max(each):.1f} | {share:+.1f} % |"
        )
    facts = {
        "events": f"{len(made):,}, {sum(len(raw) for _, raw in made) // len(made)} bytes each",
        "rounds": options.rounds,
        "load at the end": f"{os.getloadavg()[0]:.1f} of {os.cpu_count()} cores",
    }
    sys.stdout.write("\n".join(lines) + "\n\n" + circumstances(facts) + "\n")


if __name__ == "__main__":
    main()

"""The engine's work on a log, measured: what `tests.bench.engine` runs in each of two trees.

It uses only what every revision since the base has: `entry_of`, and the cases of a partition with
`fold`, `settle`, `tick`, `close`. `python -P engine_work.py LOG RULES [profile]`, the tree on
PYTHONPATH and the current directory: prints microseconds an event, by part, as JSON.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
import sys
import time
from inspect import signature
from pathlib import Path

import streams
from schemas.catalogue_loading import load_catalogue
from schemas.decoding import decode_event
from streams.engine.rules import Rules
from streams.runtime.cases import Cases
from tests.support.cases import days, rules

try:
    from streams.engine.entries import entry_of
except ImportError:  # the base kept it beside the ledger
    from streams.engine.ledger import entry_of

BATCH = 200
"""Events between two writes."""
TICK = 6 * 3600
LIMITS = {"promised": days(7), "statutory": days(20)}
PROFILED = 30
"""Lines of a profile."""


def law(name):
    if name == "boston":
        return Rules.of(load_catalogue(Path("deploy/samples/boston/catalogue")))
    return rules(LIMITS, preset="cn-permit" if name == "preset" else None)


TOLD = "now" in signature(Cases.fold).parameters
"""Whether a case is told of the last tick with each record: not before 0.3.0."""


def work(events, law):
    """Take every event in its order, in batches, with ticks between; seconds of each part."""
    clock = time.process_time  # what other work on the machine takes does not count
    cases = Cases(lambda _: law)
    spent = dict.fromkeys(("entry_of, merge", "assess", "judge", "pack, records"), 0.0)
    now = int(events[0].occurred_at.timestamp())
    for first in range(0, len(events), BATCH):
        batch = events[first : first + BATCH]
        begun = clock()
        told = (now,) if TOLD else ()
        for event in batch:
            cases.fold(event.case_no, entry_of(event), *told)
        folded = clock()
        cases.settle(now)
        settled = clock()
        last = int(batch[-1].occurred_at.timestamp())
        while now < last:
            now = min(now + TICK, last)
            cases.tick(now, sys.maxsize)
            cases.passed()
        cases.moves.clear()
        judged = clock()
        for _ in cases.close(now):
            pass
        ends = (folded - begun, settled - folded, judged - settled, clock() - judged)
        for part, seconds in zip(spent, ends, strict=True):
            spent[part] += seconds
    return spent


def main(log, name, profiled=""):
    tree = Path.cwd()
    assert tree in Path(streams.__path__[0]).parents, f"streams is not of {tree}"
    lines = Path(log).read_bytes().splitlines()
    events = [decode_event(line) for line in lines]
    in_force = law(name)
    work(events[: len(events) // 10], in_force)  # caches of a worker that has run a while
    gc.collect()
    gc.freeze()
    if profiled:
        profile = cProfile.Profile()
        profile.runcall(work, events, in_force)
        pstats.Stats(profile).sort_stats("tottime").print_stats(PROFILED)
        return
    spent = work(events, in_force)
    figures = {part: seconds / len(events) * 1e6 for part, seconds in spent.items()}
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])

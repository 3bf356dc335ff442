"""One round: a schedule of faults from a seed, and what the oracle says at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from schemas import topics
from tests.faults.catalogue import WITHOUT_POSTS
from tests.faults.disturbing import Input, Workers
from tests.faults.disturbing_servers import Brokers, HistoryFaults
from tests.faults.lab import WORKS_WITHIN, Lab
from tests.faults.load import LiveLoad, Load
from tests.faults.oracle import Findings
from tests.faults.recovering import Recoveries
from tests.releases.running import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

RELEASE = "0.1.0"
WITHIN = 60 + WORKS_WITHIN


@dataclass(frozen=True)
class Plan:
    """What a round is: everything follows from it, but for the machine's own timing."""

    seed: str
    seconds: float = 60.0
    """How long faults are done; then the workers may come to the end."""
    brokers: int = 1
    workers: int = 2
    partitions: int = 4
    events: int = 12_000
    history: bool = False
    """Whether a sink and ClickHouse are there, with faults of their own."""
    live: bool = False
    """Whether cases run in the time of the world and the workers tick; else a replay's."""
    outage: float = 30.0
    """Seconds for which ClickHouse is away when it is."""
    only: Sequence[str] = ()
    """Faults to choose from; none: all."""
    sabotage: str = ""
    """What the workers do wrong, if anything."""
    every: bool = False
    """Each of them once, one after the other, however long that takes."""
    recover: Sequence[str] = ()
    """Losses that a person sees to, one after the other; the oracle has its word after each."""


@dataclass
class Outcome:
    plan: Plan
    findings: Findings
    done: list[str] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    seconds_to_end: float = 0.0


UPGRADE = "upgrade"


def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Do a round; say each fault as it is done."""
    random = Random(plan.seed)
    load = (LiveLoad if plan.live else Load)(plan.seed, plan.events, plan.partitions)
    with made_lab(plan, folder) as lab:
        if plan.sabotage:
            (folder / "faults" / plan.sabotage).touch()
        for _ in range(plan.workers):
            lab.add_worker()
        if plan.recover:
            return recovered(plan, lab, load, random, say)
        return disturbed(plan, lab, load, random, say)


def made_lab(plan: Plan, folder: Path) -> Lab:
    """Make the lab of a round; one that is to be upgraded begins with the release."""
    older = UPGRADE in plan.recover
    return Lab(
        folder,
        plan.brokers,
        plan.partitions,
        history=plan.history,
        live=plan.live,
        law=WITHOUT_POSTS if older else "",
        release=installed(RELEASE) if older else None,
    )


def disturbed(
    plan: Plan, lab: Lab, load: Load, random: Random, say: Callable[[str], None]
) -> Outcome:
    """Do one fault after another, and let the workers come to the end."""
    faults = (
        Workers(lab, load, random).faults()
        | Brokers(lab, load, random).faults()
        | HistoryFaults(lab, load, random, plan.outage).faults()
        | Input(lab, load, random).faults()
    )
    names = [name for name in faults if not plan.only or name in plan.only]
    done: list[str] = []
    began = time.monotonic()
    each = max(1, int(plan.events / plan.seconds / 4))
    lab.send(load.burst(each))
    next_fault = began + random.uniform(4, 8)
    left = list(names)
    while left if plan.every else time.monotonic() < began + plan.seconds:
        lab.send(load.burst(each))
        if not plan.live:
            lab.tick(load.now)
        if time.monotonic() >= next_fault:
            name = left.pop(0) if plan.every else random.choice(names)
            say(f"{time.monotonic() - began:5.1f} s  {name}")
            done.append(name)
            faults[name]()
            next_fault = time.monotonic() + random.uniform(0.5, 6)
        time.sleep(0.25)
    return ended(plan, lab, load, done)


def recovered(
    plan: Plan, lab: Lab, load: Load, random: Random, say: Callable[[str], None]
) -> Outcome:
    """Lose one thing after another, and have it seen to; a worker is killed before and after."""
    workers = Workers(lab, load, random)
    recoveries = Recoveries(lab, load, random, say).faults()
    began = time.monotonic()
    outcome = Outcome(plan, Findings())
    share = plan.events // (3 * len(plan.recover))
    for name in plan.recover:
        lab.send(load.burst(share))
        lab.tick(load.now)
        workers.go_on_for(plan.seconds / 4)
        workers.kill()
        workers.go_on_for(plan.seconds / 4)
        lab.come_to(topics.STEPS.name, WITHIN)
        say(f"{time.monotonic() - began:5.1f} s  {name}")
        recoveries[name]()
        lab.send(load.burst(share))
        lab.tick(load.now)
        workers.kill()
        lab.send(load.burst(share))
        outcome.done.append(name)
        lost = ended(plan, lab, load, outcome.done)
        outcome = replace(lost, seconds_to_end=max(outcome.seconds_to_end, lost.seconds_to_end))
        if outcome.findings:
            break
        for worker in lab.workers.values():
            lab.wake(worker)
    return outcome


def ended(plan: Plan, lab: Lab, load: Load, done: list[str]) -> Outcome:
    """Let the workers come to the end, and ask the oracle."""
    for worker in lab.workers.values():
        lab.wake(worker)
    if not plan.recover:
        lab.send(load.burst(load.left))
    findings = lab.finish(load, WITHIN)
    return Outcome(plan, findings, done, dict(lab.ends), lab.seconds_to_end)

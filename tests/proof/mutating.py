"""Mutants run: each in a fork of its own, against the tests that run its lines, quickest first.

A mutant in a function is put into the function that is there (its code is exchanged). One in what
runs while modules are imported or tests collected needs both done anew, in a fork of a process
that has done neither.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from tests.proof.forks import fates, wait_for
from tests.proof.loading import Changed, Module, exchange
from tests.proof.mutants import Mutant, mutants
from tests.proof.suite import KILLED, SURVIVED, Suite, files, with_suite
from tests.proof.surveying import CACHE, Task, fingerprint, surveyed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOADING = 40
"""What a mutant that is imported anew may take longer, in seconds."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant: `killed`, `killed by time`, `survived`, `no test`, `not tried`."""

    module: str
    number: int
    line: int
    text: str
    """The line of source, as it is."""
    scope: str
    before: str
    after: str
    fate: str

    @property
    def dead(self) -> bool:
        return self.fate.startswith("killed")


def in_place(suite: Suite, task: Task) -> int:
    exchange(task.module, task.mutant)
    return SURVIVED if suite.all_pass(task.tests) else KILLED


def anew(task: Task) -> int:
    """Import everything with the change made, collect, and run."""
    sys.meta_path.insert(0, Changed(task.module, task.mutant.number))
    outcome = []

    def use(suite: Suite) -> None:
        known = set(suite.names)
        there = [name for name in task.tests if name in known]
        outcome.append(len(there) == len(task.tests) and suite.all_pass(there))

    with_suite(use)
    return SURVIVED if outcome == [True] else KILLED


class Kept:
    """Results on disk, so that a run can go on where it ended.

    What was killed stays dead while its module is the same; what survived is tried again when the
    tests are others.
    """

    def __init__(self) -> None:
        self._path = CACHE / "results.jsonl"
        self._tests = fingerprint(Path(name) for name in files())
        self._known: dict[tuple[str, int], Result] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                kept = json.loads(line)
                result = Result(**kept["result"])
                if result.dead or kept["tests"] == self._tests:
                    self._known[kept["source"], result.number] = result

    def get(self, module: Module, mutant: Mutant) -> Result | None:
        return self._known.get((self._source(module), mutant.number))

    def put(self, module: Module, result: Result) -> None:
        line = {"source": self._source(module), "tests": self._tests, "result": asdict(result)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @staticmethod
    @cache
    def _source(module: Module) -> str:
        made_by = Path(__file__).with_name("mutants.py")  # numbers them
        return f"{module.name}-{fingerprint([module.path, made_by])}"


def result_of(task: Task, fate: str) -> Result:
    mutant, lines = task.mutant, task.module.source.splitlines()
    return Result(
        task.module.name,
        mutant.number,
        mutant.line,
        lines[mutant.line - 1].strip(),
        mutant.scope,
        mutant.before,
        mutant.after,
        fate,
    )


def sample(module: Module, one_in: int) -> Iterator[Mutant]:
    """Give one in so many of a module's mutants, always the same ones."""
    for mutant in mutants(module.source):
        if crc32(f"{module.name} {mutant.number}".encode()) % one_in == 0:
            yield mutant


def mutate(
    modules: list[Module], one_in: int = 1, spared: Callable[[str, Mutant], bool] | None = None
) -> list[Result]:
    """Try mutants of some modules; those known from an earlier run are not tried again.

    All of them, or one in so many, always the same ones. Those that are `spared` are not tried,
    and are not dead.
    """
    survey, kept, results = surveyed(), Kept(), []
    live: list[Task] = []
    fresh: list[Task] = []
    for module in modules:
        for mutant in sample(module, one_in):
            task = survey.task(module, mutant)
            settled = kept.get(module, mutant) or _untried(task, spared)
            if settled is not None:
                results.append(settled)
            else:
                (fresh if survey.loading(module, mutant) else live).append(task)
    progress = Progress(len(live) + len(fresh))

    def note(task: Task, fate: str) -> None:
        result = result_of(task, fate)
        kept.put(task.module, result)
        progress.step(result)

    def run_live(suite: Suite) -> None:
        gc.freeze()
        for task, fate in fates(live, lambda task: in_place(suite, task), 0):
            note(task, fate)

    if live:
        wait_for(lambda: with_suite(run_live))
        progress.done = len(live)
    for task, fate in fates(fresh, anew, LOADING):
        note(task, fate)
    again = Kept()
    found = [again.get(task.module, task.mutant) for task in (*live, *fresh)]
    return sorted([*results, *found], key=lambda r: (r.module, r.number))


def _untried(task: Task, spared: Callable[[str, Mutant], bool] | None) -> Result | None:
    if spared is not None and spared(task.module.name, task.mutant):
        return result_of(task, "not tried")
    return None if task.tests else result_of(task, "no test")


class Progress:
    """Says how far a run has come, and how long it will take."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self._begun = total, 0, time.monotonic()

    def step(self, result: Result) -> None:
        self.done += 1
        if not result.dead:
            sys.stderr.write(
                f"{result.fate}: {result.module}:{result.line} {result.before} → {result.after}\n"
            )
        if self.done % 20 == 0 or self.done == self.total:
            passed = time.monotonic() - self._begun
            left = passed / self.done * (self.total - self.done)
            sys.stderr.write(f"{self.done} of {self.total} mutants, about {left / 60:.0f} min\n")

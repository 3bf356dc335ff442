"""Which tests run which lines: a mutant is tried only against those that run its own."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.forks import wait_for
from tests.proof.loading import MODULES, Module
from tests.proof.suite import ROOT, Lines, files, survey, with_suite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.proof.mutants import Mutant

CACHE = ROOT / ".cache/proof"
SLOW = 8.0
"""A test that takes longer, while it is watched, judges no mutants."""


@dataclass(frozen=True, slots=True)
class Task:
    """A mutant, and the tests that can kill it, quickest first."""

    module: Module
    mutant: Mutant
    tests: list[str]
    seconds: float


def fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Survey:
    """Which tests run which lines, and which lines run while modules are imported."""

    def __init__(self, content: dict) -> None:
        self._tests: dict[str, dict] = content["tests"]
        self._loading = {tuple(line) for line in content["loading"]}
        self._by_line: dict[tuple[str, int], list[str]] = {}
        for name, test in self._tests.items():
            if test["seconds"] < SLOW:
                for line in test["lines"]:
                    self._by_line.setdefault(tuple(line), []).append(name)

    def task(self, module: Module, mutant: Mutant) -> Task:
        path = str(module.path)
        lines = [(path, line) for line in range(mutant.first, mutant.last + 1)]
        names = {name for line in lines for name in self._by_line.get(line, ())}
        if not mutant.scope:  # a constant: any test of the module
            names = {n for (p, _), found in self._by_line.items() if p == path for n in found}
        tests = sorted(names, key=lambda name: self._tests[name]["seconds"])
        return Task(module, mutant, tests, sum(self._tests[n]["seconds"] for n in tests))

    def loading(self, module: Module, mutant: Mutant) -> bool:
        """Tell whether a mutant changes what runs before any test."""
        path = str(module.path)
        lines = range(mutant.first, mutant.last + 1)
        return not mutant.scope or any((path, line) in self._loading for line in lines)


def surveyed() -> Survey:
    """Survey the tests, or read what was found of the same tests and sources before."""
    sources = [*ROOT.glob("streams/**/*.py"), *ROOT.glob("schemas/**/*.py")]
    tests = [Path(name) for name in files()] + list(ROOT.glob("tests/support/*.py"))
    kept = CACHE / f"survey-{fingerprint([*sources, *tests])}.json"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        watched = [str(Module(name).path) for name in MODULES]
        part = kept.with_suffix(".part")

        def look() -> None:
            with Lines(watched) as loading:
                with_suite(lambda suite: (sys.settrace(None), survey(suite, watched, part)))
            content = {"tests": json.loads(part.read_text()), "loading": sorted(loading.seen)}
            kept.write_text(json.dumps(content), encoding="utf-8")
            part.unlink()

        wait_for(look)
    return Survey(json.loads(kept.read_text(encoding="utf-8")))

"""What a run of mutants found, as a page; and why some survivors change no verdict."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.proof.mutants import Mutant
    from tests.proof.mutating import Result

EXCUSES = Path(__file__).with_name("equivalent.yaml")


class Excuses:
    """Why a survivor changes no verdict, by its module, function and change."""

    def __init__(self, path: Path = EXCUSES) -> None:
        groups = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        self._why = {
            (group["module"], group.get("function", ""), change): group["why"]
            for group in groups
            for change in group["changes"]
        }
        self._used: set[tuple[str, str, str]] = set()

    def why(self, result: Result) -> str | None:
        key = (result.module, result.scope, change(result.before, result.after))
        if key in self._why:
            self._used.add(key)
        return self._why.get(key)

    def has(self, module: str, mutant: Mutant) -> bool:
        return (module, mutant.scope, change(mutant.before, mutant.after)) in self._why

    @property
    def unused(self) -> list[tuple[str, str, str]]:
        """Give the excuses of mutants that are dead, or no longer there."""
        return sorted(self._why.keys() - self._used)


def change(before: str, after: str) -> str:
    return f"{before} → {after}"


def table(results: Iterable[Result], excuses: Excuses) -> Iterator[str]:
    by_module: dict[str, Counter[str]] = {}
    for result in results:
        counted = by_module.setdefault(result.module, Counter())
        counted["mutants"] += 1
        counted[_column(result, excuses)] += 1
    total = sum(by_module.values(), Counter())
    yield "| module | mutants | dead | of them by time | change no verdict | survive | dead, % |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, counted in [*sorted(by_module.items()), ("**all**", total)]:
        dead = counted["dead"] + counted["by time"]
        yield (
            f"| {name} | {counted['mutants']} | {dead} | {counted['by time']}"
            f" | {counted['excused']} | {counted['survive']}"
            f" | {100 * dead / counted['mutants']:.1f} |"
        )


def _column(result: Result, excuses: Excuses) -> str:
    if result.dead:
        return "by time" if result.fate == "killed by time" else "dead"
    return "excused" if excuses.why(result) else "survive"


def share_dead(results: Sequence[Result]) -> float:
    return sum(result.dead for result in results) / len(results)


def unexplained(results: Iterable[Result], excuses: Excuses) -> list[Result]:
    return [r for r in results if not r.dead and not excuses.why(r)]


def page(results: Sequence[Result], excuses: Excuses) -> str:
    """Give the whole report: the table, then each survivor."""
    lines = ["# Mutants", "", *table(results, excuses), "", "## Survivors without a reason", ""]
    lines += map(_told, unexplained(results, excuses))
    lines += ["", "## Survivors that change no verdict", ""]
    for result in results:
        why = None if result.dead else excuses.why(result)
        if why:
            lines += [_told(result), f"  {why.strip()}"]
    lines += ["", "## Reasons without a survivor: take them out", ""]
    lines += [f"- {module}: {scope}: {what}" for module, scope, what in excuses.unused]
    return "\n".join(lines) + "\n"


def _told(result: Result) -> str:
    where = f"streams/engine/{result.module}.py:{result.line}"
    tested = "" if result.fate == "survived" else f" ({result.fate})"
    what = change(result.before, result.after)
    return f"- {where} {result.scope or 'module'}: `{what}`{tested} in `{result.text}`"

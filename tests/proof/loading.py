"""A module of the engine with a change made: put in place, or imported anew."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from tests.proof.mutants import Mutant, compiled
from tests.proof.suite import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = (
    "acceptance", "arrival", "calendar", "case", "clocks", "corrections", "counting/__init__",
    "counting/common", "counting/days", "counting/far", "counting/seconds", "counting/shares",
    "counting/stated", "counting/working", "decision", "entries", "findings", "flow", "judge",
    "ledger", "listing", "moving", "other_clocks", "passes", "pins", "remembering", "rounds",
    "statements", "steps", "zone",
)  # fmt: skip
"""What decides a verdict."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the engine, as it is now."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / f"streams/engine/{self.name}.py"

    @property
    def source(self) -> str:
        """Its text when first asked for: an edit during a long run must not reach its mutants."""
        return _read(self.path)

    @property
    def imported(self) -> str:
        return f"streams.engine.{self.name}".replace("/", ".").removesuffix(".__init__")


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def exchange(module: Module, mutant: Mutant) -> None:
    """Put a mutant's code into the function that is loaded."""
    code = compiled(module.source, str(module.path), mutant.number)
    function = _function(importlib.import_module(module.imported), mutant.scope)
    function.__code__ = next(c for c in _codes(code) if c.co_qualname == mutant.scope)


def _function(found: object, scope: str) -> FunctionType:
    for name in scope.split("."):
        found = vars(found)[name]
    for inner in ("fget", "func", "__func__", "__wrapped__"):
        found = getattr(found, inner, found)
    assert isinstance(found, FunctionType), scope
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class Changed(importlib.machinery.SourceFileLoader):
    """Loads one module with a change made; a finder of its own, before the others."""

    def __init__(self, module: Module, number: int) -> None:
        super().__init__(module.imported, str(module.path))
        self._module, self._number = module, number

    def find_spec(self, name, path=None, target=None):  # noqa: ARG002
        if name != self.name:
            return None
        folder = [str(Path(self.path).parent)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=folder
        )

    def get_code(self, fullname):  # noqa: ARG002
        return compiled(self._module.source, self.path, self._number)

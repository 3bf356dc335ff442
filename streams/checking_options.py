"""Options of a catalogue's files that nothing reads, each with its line (`schemas.options`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.catalogue_loading import read_parts
from schemas.codes import ClockKind
from schemas.options import LIMITS, Option, StatedLimit
from schemas.options_of_rules import POLICIES, RUNGS, StatedPolicy, StatedRung
from streams.engine.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Literal

    from schemas.catalogue import Catalogue, CatalogueFile, ItemVersion
    from schemas.limits import Limit, Policy
    from schemas.options import Stated
    from schemas.reading import Document, Loc, Problem

    Mode = Literal["next_day", "elapsed"] | None

TWICE: Final = (
    "环节编码重复，前一个不起作用。 The flow has this step twice, and only the last one counts"
)


def idle_options(directory: Path, catalogue: Catalogue) -> Iterator[Problem]:
    """Give every option that has no meaning where it stands, in the order of the files.

    `catalogue` is what the directory's files make. Raises SchemaError when they cannot be read.
    """
    rules = Rules.of(catalogue)
    for document, part in read_parts(directory):
        yield from _File(document, part, rules).problems()


@dataclass(frozen=True, slots=True)
class _File:
    document: Document
    part: CatalogueFile
    rules: Rules

    def problems(self) -> Iterator[Problem]:
        part, presets = self.part, self._presets()
        if part.policy is not None:
            yield from self._policy(("policy",), StatedPolicy(part.policy, "catalogue", presets))
        for n, region in enumerate(part.regions):
            stated = StatedPolicy(region.policy, "region", presets)
            yield from self._policy(("regions", n, "policy"), stated)
        for n, department in enumerate(part.departments):
            stated = StatedPolicy(department.policy, "department", presets)
            yield from self._policy(("departments", n, "policy"), stated)
        for n, ladder in enumerate(part.ladders):
            for m in range(len(ladder.rungs)):
                yield from self._idle(("ladders", n, "rungs", m), RUNGS, StatedRung(ladder, m))
        for n, preset in enumerate(part.presets):
            stated = StatedPolicy(preset.policy, "preset", presets)
            yield from self._policy(("presets", n, "policy"), stated)
            for kind, limit in preset.clocks.items():
                loc = ("presets", n, "clocks", kind)
                yield from self._limit(loc, kind, limit, preset.policy.mode)
        for n, item in enumerate(part.items):
            for m, version in enumerate(item.versions):
                mode = self.rules.resolve_version(item, version).policy.mode
                yield from self._version(("items", n, "versions", m), version, mode, presets)

    def _presets(self) -> frozenset[ClockKind]:
        presets = self.rules.catalogue.presets.values()
        return frozenset(kind for preset in presets for kind in preset.clocks)

    def _version(
        self, loc: Loc, version: ItemVersion, mode: Mode, presets: frozenset[ClockKind]
    ) -> Iterator[Problem]:
        policy = StatedPolicy(version.policy, "item", presets)
        yield from self._policy((*loc, "policy"), policy)
        for kind, limit in version.clocks.items():
            yield from self._limit((*loc, "clocks", kind), kind, limit, mode)
        codes: set[str] = set()
        for k, step in enumerate(version.flow):
            if step.limit is not None:
                yield from self._limit((*loc, "flow", k, "limit"), step.clock, step.limit, mode)
            if step.code in codes:
                remedy = "give each pass of the flow a code of its own"
                yield self.document.problem((*loc, "flow", k, "code"), TWICE, remedy)
            codes.add(step.code)

    def _policy(self, loc: Loc, stated: StatedPolicy) -> Iterator[Problem]:
        yield from self._idle(loc, POLICIES, stated)
        policy: Policy = stated.policy
        for kind, limit in (policy.limits or {}).items():
            yield from self._limit((*loc, "limits", kind), kind, limit, policy.mode)

    def _limit(self, loc: Loc, kind: ClockKind, limit: Limit, mode: Mode) -> Iterator[Problem]:
        """Look at a limit; a mode that is not its own is only known, never at fault."""
        own = limit.mode is not None
        resolved = limit if own else limit.model_copy(update={"mode": mode})
        for problem, option in self._found(loc, LIMITS, StatedLimit(resolved, kind)):
            if own or option.key != ("mode",):
                yield problem

    def _idle(
        self, loc: Loc, options: Sequence[Option[Stated]], stated: Stated
    ) -> Iterator[Problem]:
        for problem, _ in self._found(loc, options, stated):
            yield problem

    def _found(
        self, loc: Loc, options: Sequence[Option[Stated]], stated: Stated
    ) -> Iterator[tuple[Problem, Option[Stated]]]:
        for option in options:
            if option.idle(stated):
                message = f"{option.why.zh}，写了也不起作用。 It has no effect: {option.why.en}"
                yield self.document.problem((*loc, *option.key), message, option.remedy), option

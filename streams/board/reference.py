"""What the catalogue knows of the codes on record: names, calendars, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.catalogue_loading import load_catalogue
from schemas.reading import SchemaError
from streams.engine.rules import Rules

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.catalogue import Catalogue
    from schemas.words import Language
    from streams.engine.calendar import Calendar

HOME: ZoneInfo = ZoneInfo("Asia/Shanghai")
"""The zone shown where no catalogue names one (domain.md: all times are Beijing's)."""


class Reference:
    """Names in both languages, and the rules; without a catalogue a code is its own name."""

    def __init__(self, rules: Rules | None, problem: str = "") -> None:
        self.rules = rules
        self.problem = problem
        """Why there is no catalogue, in one line."""
        self._steps = _step_names(rules.catalogue) if rules else {}

    @classmethod
    def load(cls, directory: Path) -> Reference:
        """Read a catalogue directory; one that is wrong leaves the codes to speak."""
        try:
            return cls(Rules.of(load_catalogue(directory)))
        except SchemaError as error:
            return cls(None, str(error).partition("\n")[0])

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the catalogue's own calendar."""
        if self.rules is None:
            return HOME
        calendar = self.calendar(self.rules.catalogue.policy.calendar or "")
        return ZoneInfo(calendar.zone) if calendar else HOME

    def calendar(self, name: str) -> Calendar | None:
        """Find a calendar; None for one that the catalogue does not have."""
        return self.rules.calendars.get(name) if self.rules else None

    def department(self, code: str, language: Language) -> str:
        """Name a department."""
        known = self.rules.catalogue.departments.get(code) if self.rules else None
        return _name(known.name, known.name_en, language) if known else code

    def region(self, code: str, language: Language) -> str:
        """Name a region."""
        known = self.rules.catalogue.regions.get(code) if self.rules else None
        return _name(known.name, known.name_en, language) if known else code

    def item(self, code: str, recorded: str, language: Language) -> str:
        """Name an item: as the catalogue does, or as the record does."""
        known = self.rules.catalogue.items.get(code) if self.rules else None
        return _name(known.name, known.name_en, language) if known else recorded or code

    def step(self, item: str, code: str) -> str:
        """Name a step."""
        return self._steps.get((item, code), code)


def _name(name: str, english: str | None, language: Language) -> str:
    return english if language == "en" and english else name


def _step_names(catalogue: Catalogue) -> dict[tuple[str, str], str]:
    return {
        (item.code, step.code): step.name
        for item in catalogue.items.values()
        for version in item.versions
        for step in version.flow
    }

"""The releases that were recorded, and what stands in their files."""

from __future__ import annotations

import json
import re
from typing import Final

from schemas.calendars import CalendarDefinition
from schemas.catalogue_loading import catalogue_from
from schemas.verdicts import decode
from streams.engine.rules import Rules
from streams.runtime.references import IN_FORCE, InForce, Part
from tests.releases.lines import HERE, Record, load
from tests.support.system import ROOT

RELEASES: Final = sorted(
    (folder.name for folder in HERE.iterdir() if (folder / "installation.json").is_file()),
    key=lambda name: tuple(map(int, name.split("."))),
)
STORIES: Final = [
    (release, path.name.removesuffix(".state.jsonl"))
    for release in RELEASES
    for path in sorted((HERE / release).glob("*.state.jsonl"))
]


def published() -> list[str]:
    """Give the versions that the changelog says were released."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.findall(r"^## (\d+\.\d+\.\d+)\b", text, flags=re.MULTILINE)


def kept(release: str, story: str, what: str) -> list[Record]:
    return load(HERE / release / f"{story}.{what}.jsonl")


def installation(release: str) -> dict[str, dict]:
    found: dict[str, dict] = json.loads((HERE / release / "installation.json").read_text("utf-8"))
    return found


def law_of(state: list[Record]) -> Rules:
    """Make the rules of the files that a state was written with, from the contents in it."""
    values = {record.key: record.value for record in state}
    files = decode(values[IN_FORCE] or b"", InForce).files
    definitions = {
        name: CalendarDefinition.model_validate_json(
            values[Part("calendar", name, version).key] or b""
        )
        for name, version in files.calendars.items()
    }
    content = json.loads(values[Part("catalogue", "", files.catalogue).key] or b"")
    return Rules.of(catalogue_from(content, definitions))

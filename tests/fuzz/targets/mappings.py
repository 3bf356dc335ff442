"""A mapping file: read, and tried on a row; or everything wrong with it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from schemas.events import STEP_EVENT
from schemas.mapping import HallMapping, RowProblem
from schemas.mapping_rules import apply
from schemas.reading import SchemaError, read_yaml
from tests.fuzz.files import written
from tests.fuzz.mutate import yaml_text
from tests.fuzz.target import (
    ACCEPTED,
    FILE_MEMORY,
    FILE_SECONDS,
    Outcome,
    Target,
    check_text,
    wrong,
)
from tests.fuzz.targets.rows import MORE
from tests.support.system import ROOT
from tests.unit.test_mapping import MAPPING, ROW

if TYPE_CHECKING:
    from random import Random


@cache
def seeds() -> tuple[str, ...]:
    samples = sorted((ROOT / "deploy/samples").glob("*/mapping.yaml"))
    return (MAPPING, MORE, *(path.read_text("utf-8") for path in samples))


def make(random: Random) -> bytes:
    return yaml_text(random, random.choice(seeds()))


def run(raw: bytes) -> Outcome:
    try:
        mapping = read_yaml(written("mapping/mapping.yaml", raw), HallMapping)
    except SchemaError as error:
        return wrong(error)
    made = []
    for filler in ("", "1", "2026-03-02 09:00:00", "办件 " * 50):
        row = dict.fromkeys(mapping.columns, filler) | ROW
        made += apply(mapping, 1, row)
    for each in made:
        if isinstance(each, RowProblem):
            for text in (each.value, each.message, each.remedy):
                check_text(text, 600)
        else:
            STEP_EVENT.dump_json(each)
    return Outcome(ACCEPTED, list(map(str, made)))


TARGET = Target("mappings", make, run, 0.02, FILE_SECONDS, FILE_MEMORY)

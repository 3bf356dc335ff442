"""A year for `jiancha calendar import`, in both forms: read, and written as it was understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from schemas.calendars.files import YearFile
from schemas.calendars.importing import read_year, year_text
from schemas.reading import SchemaError, read_yaml
from tests.fuzz.files import written
from tests.fuzz.mutate import json_text, yaml_text
from tests.fuzz.target import ACCEPTED, FILE_MEMORY, FILE_SECONDS, Outcome, Target, wrong
from tests.fuzz.targets.calendars import SEEDS

if TYPE_CHECKING:
    from random import Random

DAYS = [
    ("元旦", "2027-01-01", True),
    ("元旦", "2027-01-02", True),
    ("春节", "2027-01-30", False),
    ("元旦", "2026-12-31", True),
    ("国庆节", "2027-10-01", True),
]
WIDESPREAD = json.dumps(
    {
        "$schema": "schema.json",
        "year": 2027,
        "papers": ["https://example.org"],
        "days": [{"name": name, "date": date, "isOffDay": off} for name, date, off in DAYS],
    },
    ensure_ascii=False,
    indent=2,
)


def make(random: Random) -> bytes:
    if random.random() < 0.6:
        return b"J" + json_text(random, WIDESPREAD, longest=5_000)
    return b"Y" + yaml_text(random, SEEDS[1])


def run(raw: bytes) -> Outcome:
    suffix = "json" if raw[:1] == b"J" else "yaml"
    try:
        found = read_year(written(f"years/2027.{suffix}", raw[1:]))
    except SchemaError as error:
        return wrong(error)
    text = year_text(found.year)
    again = read_yaml(written("years/again.yaml", text.encode()), YearFile)
    days = [sorted((d for _, d in y.listed()), key=lambda d: d.date) for y in (again, found.year)]
    assert days[0] == days[1], text
    return Outcome(ACCEPTED, (text, found.before, found.warnings))


TARGET = Target("years", make, run, 0.015, FILE_SECONDS, FILE_MEMORY)

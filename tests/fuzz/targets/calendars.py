"""Calendar files of a catalogue: settings and years, with inheritance; built and asked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.calendars.differing import changed_days, first_difference
from schemas.reading import SchemaError
from streams.engine.calendar import Calendar, OutsideCalendar
from tests.fuzz.files import FOLDER, built_in_files_known, written
from tests.fuzz.mutate import yaml_text
from tests.fuzz.target import ACCEPTED, FILE_MEMORY, FILE_SECONDS, Outcome, Target, wrong

if TYPE_CHECKING:
    from random import Random

BUILT = 4
"""One in so many sound calendars is built, which takes a thirtieth of a second."""
FILES = ("calendars/own.yaml", "calendars/own/2027.yaml", "calendars/heir.yaml")
SEEDS = (
    """
name: own
extends: cn
hours: [08:30-12:00, 14:00-18:00]
week: [mon, tue, wed, thu, fri]
decree: 本省
off:
  - {name: 地方节日, date: 2026-04-17}
  - {name: 地方节日, from: 2025-04-17, to: 2025-04-18, decree: null}
work: [2026-04-18, {date: 2025-04-19, name: 调休, hours: [09:00-12:00]}]
start_rule: {closes_at: 16:00, resumes_at: 08:30}
statute: cn
standard_day: 07:00
weekday_hours: {fri: [08:30-12:00]}
seasons:
  - {from: 10-01, to: 02-29, hours: [09:00-16:00], weekday_hours: {fri: [09:00-12:00]}}
  - name: 夏
    from: 2026-07-01
    to: 2026-07-09
    hours: [08:00-12:00]
    weekday_hours: {fri: [08:00-09:00]}
""",
    """
year: 2027
decree: 国办发明电〔2026〕9号
off:
  - {name: 元旦, date: 2027-01-01}
  - {name: 春节, from: 2027-02-05, to: 2027-02-11}
work:
  - {date: 2027-01-30, name: 春节调休}
""",
    "name: heir\nextends: own\ntime_zone: America/New_York\ndecrees: week\n",
)
MARK = b"\n#####\n"
"""Between the files, in one input."""


def make(random: Random) -> bytes:
    parts = [text.encode() for text in SEEDS]
    chosen = random.randrange(len(parts))
    parts[chosen] = yaml_text(random, SEEDS[chosen])
    return MARK.join(parts)


def run(raw: bytes) -> Outcome:
    for name, part in zip(FILES, [*raw.split(MARK), b"", b""], strict=False):
        written(f"own/{name}", part)
    with built_in_files_known():
        try:
            found = load_calendars([FOLDER / "own"])
        except SchemaError as error:
            return wrong(error)
    told = []
    for name in ("own", "heir"):
        made = found[name]
        assert CalendarDefinition.model_validate_json(made.model_dump_json()) == made
        told += [made.version, first_difference(found["cn"], made), changed_days(found["cn"], made)]
        if crc32(raw) % BUILT == 0:
            told.append(_asked(Calendar(made)))
    return Outcome(ACCEPTED, told)


def _asked(calendar: Calendar) -> list[int]:
    told = []
    for face in (631_152_000, 1_772_413_200, 1_798_800_000, 4_133_894_400):
        for question in (
            lambda t: calendar.nth(calendar.face(t) // 86_400, 20),
            lambda t: calendar.add(calendar.begin(t), 100_000),
            lambda t: calendar.reach(t, 3_600),
            calendar.instant,
            lambda t: calendar.close(t // 86_400),
        ):
            with contextlib.suppress(OutsideCalendar):
                told.append(question(face))
    return told


TARGET = Target("calendars", make, run, 0.005, FILE_SECONDS, FILE_MEMORY)

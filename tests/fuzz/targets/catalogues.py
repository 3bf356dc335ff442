"""A catalogue directory: one file mutated beside sound calendars; loaded, checked, judged by."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.decoding import decode_event
from schemas.reading import SchemaError
from streams.checking import findings
from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.rules import Rules
from tests.fuzz.files import FOLDER, built_in_files_known, written
from tests.fuzz.mutate import yaml_text
from tests.fuzz.seeds import EVENTS
from tests.fuzz.target import ACCEPTED, FILE_MEMORY, FILE_SECONDS, Outcome, Target, wrong
from tests.support.system import ROOT

if TYPE_CHECKING:
    from random import Random

CHECKED = 4
"""One in so many sound catalogues is checked and judged by: each builds every calendar."""
OWN = """
name: 测试
policy: {calendar: cn, mode: next_day, finding_levels: {late_record: yellow}}
regions:
  - {code: "430000", name: 湖南省, policy: {ladder: own, suspension_cap_days: 5}}
  - {code: r2, name: 二区, parent: "430000"}
departments: [{code: d1, name: 一局, region: "430000", policy: {cut_off: close_of_business}}]
posts:
  - code: p1
    name: 审查岗
    department: d1
    officers: [o-1, o-2]
    deputies: [o-3]
    absences: [{officer: o-1, from: 2026-01-01, to: 2026-02-01}]
windows: [{code: w1, name: 窗口, region: "430000", departments: [d1]}]
presets:
  - name: base
    title: 本省
    basis: 条例
    extends: cn-permit
    clocks: {delivery: {amount: 3, unit: working_day}}
ladders:
  - name: own
    version: 2
    title: 本省
    rungs:
      - clock: promised
        level: notice
        when: near
        leads: [{up_to: 5, share: 1/2}, {working_days: 2}]
      - {clock: promised, level: yellow, when: near, leads: [{working_hours: 4}]}
      - {clock: promised, level: red, when: passed, working_days: 1, instead: statutory}
      - {clock: step, level: red, when: silent, working_days: 3}
sources:
  - {code: s1, name: 平台, regions: ["430000"], departments: [d1], keys: [k-1, k-2], cures: true}
  - {code: s2, name: 大厅, regions: [r2], unsigned: true}
  - {code: "*", name: 其他, regions: ["*"], unsigned: true}
items:
  - code: i
    name: 事项
    item_type: "01"
    case_type: promised
    department: d1
    versions:
      - from: 2020-01-01
        to: 2026-02-28
        clocks: {promised: {amount: 1, unit: month, roll: none, keep_clock_time: true}}
      - from: 2026-03-01
        preset: base
        clocks:
          promised: {amount: 7, unit: working_day, mode: elapsed, basis: 承诺, extension_cap: 5}
          statutory: {amount: 20, unit: working_day}
          step: {stated: step_limit}
          acceptance: {unit: on_the_spot}
        flow:
          - code: 审查
            name: 审查
            post: p1
            limit: {amount: 16, unit: working_hour}
            mandatory: true
          - {code: 会签, name: 会签, clock: opinion}
        policy: {limits: {delivery: {amount: 5, unit: natural_day}}, online_channels: [online]}
"""


@cache
def seeds() -> tuple[str, ...]:
    built_in = sorted((ROOT / "schemas/presets").glob("*.yaml"))
    samples = [
        p for p in (ROOT / "deploy/samples").glob("*/catalogue*/*.yaml") if p.stat().st_size < 4000
    ]
    renamed = [path.read_text("utf-8").replace("name: ", "name: x-") for path in built_in]
    return (*[OWN] * 8, *renamed, *(path.read_text("utf-8") for path in sorted(samples)))


def make(random: Random) -> bytes:
    return yaml_text(random, random.choice(seeds()))


def run(raw: bytes) -> Outcome:
    written("catalogue/a.yaml", raw)
    with built_in_files_known():
        try:
            catalogue = load_catalogue(FOLDER / "catalogue")
        except SchemaError as error:
            return wrong(error)
    again = catalogue_from(catalogue.content, catalogue.calendars)
    assert again.version == catalogue.version
    told = []
    if crc32(raw) % CHECKED == 0:
        told = [str(finding) for finding in findings(catalogue)]
        rules, entries = Rules.of(catalogue), []
        for n, text in enumerate(EVENTS):
            event = decode_event(text.encode()).model_copy(update={"event_id": f"e{n}"})
            entries = merge(entries, entry_of(event)) or entries
            told.append(len(assess(entries, rules).clocks))
    return Outcome(ACCEPTED, (catalogue.version, told))


TARGET = Target("catalogues", make, run, 0.01, FILE_SECONDS, FILE_MEMORY)

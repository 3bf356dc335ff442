"""A hall's table: bytes, by two mappings, into events or problems of rows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.events import STEP_EVENT
from schemas.mapping import HallMapping, RowProblem
from schemas.mapping_rules import apply
from schemas.reading import read_yaml
from tests.fuzz.files import written
from tests.fuzz.mutate import harmed
from tests.fuzz.odd import MOMENTS, NUMBERS, TEXTS, WORDS
from tests.fuzz.target import ACCEPTED, SECRETS, Outcome, Target, check_text, kind_of
from tests.unit.test_mapping import MAPPING, ROW

if TYPE_CHECKING:
    from random import Random

MORE = """
source: hall-b
table: {time_zone: America/New_York, list_separator: ";"}
codes: {yes: {是: "true", "*": "false"}}
events:
  - kind: received
    fields:
      case_no: "{办件编号}"
      occurred_at: "{受理时间}"
      applicant_name: "{事项}"
      applicant_id: "{类型}"
      documents: "{渠道}"
      case_name: "{事项}的{类型}"
  - kind: finished
    fields: {case_no: "{办件编号}", occurred_at: "{办结时间}", fee: "{天数}", charged: "{收费|yes}"}
"""


@cache
def mappings() -> list[HallMapping]:
    paths = [written(f"rows/{n}.yaml", text.encode()) for n, text in enumerate((MAPPING, MORE))]
    return [read_yaml(path, HallMapping) for path in paths]


def make(random: Random) -> bytes:
    cells = dict(ROW)
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        odd = random.choice((MOMENTS, MOMENTS, NUMBERS, TEXTS, WORDS, SECRETS))
        cells[random.choice(list(cells))] = random.choice(odd)
    if random.random() < 0.002:
        cells[random.choice(list(cells))] = random.choice("9a张 ") * random.randrange(100_000)
    text = "\x1f".join(cells.values())
    return harmed(random, text.encode("utf-8", "surrogatepass"))


def run(raw: bytes) -> Outcome:
    cells = raw.decode("utf-8", "surrogateescape").split("\x1f")
    row = dict.fromkeys(ROW, "") | dict(zip(ROW, cells, strict=False))
    found = mappings()
    mapping = found[crc32(raw) % len(found)]
    made = list(apply(mapping, 7, row))
    for each in made:
        if isinstance(each, RowProblem):
            for text, longest in ((each.value, 120), (each.message, 600), (each.remedy, 300)):
                check_text(text, longest)
            personal = each.field.startswith("applicant_") or each.field in {
                "documents",
                "case_name",
            }
            assert not (personal and any(secret in str(each) for secret in SECRETS)), str(each)
        else:
            STEP_EVENT.dump_json(each)
    wrong = [each for each in made if isinstance(each, RowProblem)]
    reason = kind_of(wrong[0].message) if wrong else ACCEPTED
    return Outcome(reason, list(map(str, made)))


TARGET = Target("rows", make, run, share=0.12)

"""A partition's own logic: records of all its topics, and headers, as a hostile hall sends them."""

from __future__ import annotations

import json
import struct
from functools import cache
from typing import TYPE_CHECKING

from schemas import topics
from schemas.verdicts import ORIGIN_HEADER
from streams.runtime.passing_on import MAX_LETTER_BYTES
from tests.fuzz.laws import law_for, laws
from tests.fuzz.mutate import json_text
from tests.fuzz.seeds import EVENTS, RULING
from tests.fuzz.target import ACCEPTED, Outcome, Target
from tests.fuzz.targets.ticks import CHANGE, ORIGIN, TICK
from tests.support.partition import Partition, restarted

if TYPE_CHECKING:
    from random import Random

TOPICS = (topics.STEPS.name, topics.RULINGS.name, topics.TICKS.name)
_FRAME = struct.Struct(">BII")
MOST_HEADER_BYTES = 8_192
"""What a dead letter says of a record; a broker takes a megabyte."""


@cache
def seeds() -> tuple[tuple[int, str], ...]:
    calendar = next(law for law in laws() if "behind" in law.catalogue.calendars).catalogue
    made = json.loads(calendar.calendars["behind"].model_dump_json())
    tick = json.dumps({**TICK, "source": "replay", "barriers": {}})
    laters = [tick.replace("1772413200", str(now)) for now in (1_773_000_000, 1_780_000_000)]
    change = {**CHANGE, "calendars": [made], "barriers": {}}
    changes = [{**change, "catalogue": None, "retroactive": False}, {**change, "dry_run": True}]
    return (
        *((0, text) for text in EVENTS),
        *[(1, RULING)] * 6,
        *((2, text) for text in (tick, *laters) * 4),
        *((2, json.dumps(each, ensure_ascii=False)) for each in changes),
    )


def make(random: Random) -> bytes:
    raw = b""
    for _ in range(random.randrange(1, 12)):
        topic, text = random.choice(seeds())
        value = json_text(random, text) if random.random() < 0.6 else text.encode()
        header = json_text(random, json.dumps(ORIGIN)) if random.random() < 0.2 else b""
        raw += _FRAME.pack(topic, len(value), len(header)) + value + header
    return raw


def run(raw: bytes) -> Outcome:
    here = Partition(law_for(raw), ticks_from="replay")
    for topic, value, header in _records(raw):
        headers = [[(ORIGIN_HEADER, header)] if header else ()]
        here.logic.apply(here.chunk(topic, [value], keys=[b"c"], headers=headers))
    _take(here)
    again = restarted(here, ticks_from="replay")
    _take(again)
    assert again.metrics.cases == here.metrics.cases
    for output in here.outputs:
        assert len(output.value or b"") <= 2 * MAX_LETTER_BYTES
        told = sum(len(value) for name, value in output.headers or () if name != ORIGIN_HEADER)
        assert told <= MOST_HEADER_BYTES, told
    refused = here.metrics.seen.total() and any(
        "refused" in str(key[0]) for key in here.metrics.seen
    )
    told = [(o.topic, o.key, o.value) for o in here.outputs]
    return Outcome("some refused" if refused else ACCEPTED, told)


def _records(raw: bytes):
    at = 0
    while len(raw) - at >= _FRAME.size:
        topic, size, more = _FRAME.unpack_from(raw, at)
        at += _FRAME.size
        yield TOPICS[topic % 3], raw[at : at + size], raw[at + size : at + size + more]
        at += size + more


def _take(partition: Partition) -> None:
    while partition.take().more:
        pass


TARGET = Target("partitions", make, run, share=0.005, seconds=1.0, memory=64 << 20)

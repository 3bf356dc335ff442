"""Ticks and changes, and the headers that anybody may write: read, or an error of msgspec's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from schemas.ticks import read_tick
from schemas.verdicts import DeadLetter, Origin, decode, encode
from tests.fuzz.mutate import json_text
from tests.fuzz.target import ACCEPTED, Outcome, Target

if TYPE_CHECKING:
    from random import Random

TICK = {"type": "tick", "now": 1772413200, "source": "worker", "barriers": {"hall.steps": 7}}
CHANGE = {
    "type": "change",
    "change_id": "c1",
    "subject": "calendar",
    "catalogue": {"items": [{"code": "i", "name": "事项", "versions": [{"clocks": {}}]}]},
    "calendars": [{"name": "cn", "hours": ["09:00-12:00"], "days": [{"date": "2027-01-01"}]}],
    "retroactive": True,
    "dry_run": False,
    "made_at": 1772413200,
    "by": "o-1",
    "barriers": {"hall.steps": 7, "jiancha.rulings": 0},
}
ORIGIN = {"topic": "hall.steps", "partition": 1, "offset": 2, "timestamp_ms": 3}
LETTER = {
    "letter_id": "l", "reason": "missing", "field": "f", "value": "v", "message": "m",
    "remedy": "r", "source": "s", "origin": ORIGIN, "sha256": "x", "size": 1, "cut": False,
}  # fmt: skip
SEEDS = [
    json.dumps(seed, ensure_ascii=False) for seed in (TICK, TICK, CHANGE, CHANGE, ORIGIN, LETTER)
]


def make(random: Random) -> bytes:
    return json_text(random, random.choice(SEEDS))


def run(raw: bytes) -> Outcome:
    outcomes = [_read(reader, raw) for reader in (read_tick, _origin, _letter)]
    accepted = [each for each in outcomes if each.reason == ACCEPTED]
    return accepted[0] if accepted else outcomes[0]


def _read(reader, raw: bytes) -> Outcome:
    try:
        found = reader(raw)
    except msgspec.MsgspecError as error:
        return Outcome("no tick", str(error)[:100])
    assert reader(encode(found)) == found
    return Outcome(ACCEPTED, found)


def _origin(raw: bytes) -> Origin:
    return decode(raw, Origin)


def _letter(raw: bytes) -> DeadLetter:
    return decode(raw, DeadLetter)


TARGET = Target("ticks", make, run, share=0.12)

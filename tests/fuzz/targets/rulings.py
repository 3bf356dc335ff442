"""Rulings: read, masked, answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.decoding import Refusal
from schemas.rulings import RULING
from schemas.verdicts import Origin, encode
from streams.runtime.rulings import answer_of, read_ruling, ruling_record
from tests.fuzz import seeds
from tests.fuzz.mutate import json_text
from tests.fuzz.target import ACCEPTED, Outcome, Target, alone, refused, secrets_at_home

if TYPE_CHECKING:
    from random import Random


def make(random: Random) -> bytes:
    return json_text(random, seeds.RULING)


def run(raw: bytes) -> Outcome:
    try:
        ruling = read_ruling(raw)
    except Refusal as refusal:
        return refused(refusal, raw)
    assert read_ruling(RULING.dump_json(ruling)) == ruling
    record = encode(ruling_record(ruling, Origin("t", 0, 0, 0)))
    home = [secret for secret in secrets_at_home(raw) if alone(secret, raw)]
    assert not any(number.encode() in record for number in home)
    return Outcome(ACCEPTED, (answer_of(ruling), record))


TARGET = Target("rulings", make, run, share=0.12)

"""Raw bytes from a hall: decoded, masked, folded into a case under way, judged, kept."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.decoding import Refusal, decode_event
from schemas.events import STEP_EVENT
from schemas.masking import masked_json
from schemas.verdicts import encode
from streams.engine.case import assess
from streams.engine.comparing import alike
from streams.engine.entries import entry_of, merge
from streams.engine.horizon import horizon_of
from streams.engine.judge import card_key, judge, next_at
from streams.engine.records import case_record, move_record
from streams.engine.state import CaseState, Head, Summary, pack, unpack
from tests.fuzz.laws import law_for
from tests.fuzz.mutate import json_text
from tests.fuzz.seeds import BARE, EVENTS
from tests.fuzz.target import ACCEPTED, Outcome, Target, alone, refused, secrets_at_home

if TYPE_CHECKING:
    from random import Random

CODES = (
    "case_no",
    "event_id",
    "source",
    "item",
    "region",
    "department",
    "step",
    "officer",
    "window",
)
UNSEEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs")
NOWS = (631_238_400, 1_539_569_000, 1_772_413_200, 1_780_000_000, 4_102_444_800)
"""From the first moment of an event to the last."""


def make(random: Random) -> bytes:
    return json_text(random, random.choice(EVENTS))


def run(raw: bytes) -> Outcome:
    try:
        event = decode_event(raw)
    except Refusal as refusal:
        return refused(refusal, raw)
    for name in CODES:
        value = getattr(event, name) or ""
        assert not any(unicodedata.category(c) in UNSEEN for c in value.replace(" ", "")), name
    written = STEP_EVENT.dump_json(event)
    assert decode_event(written) == event
    masked = masked_json(event, raw)
    assert STEP_EVENT.validate_json(masked).case_no == event.case_no
    json.loads(masked)
    if event.model_fields_set & {"applicant_name", "applicant_id", "applicant_phone"}:
        text = masked.decode()
        at_home = secrets_at_home(raw)
        assert not any(s in text for s in at_home if alone(s, raw)), text
    return Outcome(ACCEPTED, (written, masked, judged(raw, event)))


@cache
def under_way():
    """A case's records, among which an event of it falls."""
    usual = [decode_event(text.encode()) for text in BARE]
    return [
        event.model_copy(update={"event_id": f"u{n}"})
        for n, event in enumerate(usual)
        if event.kind in {"received", "accepted", "step_started", "suspended"}
    ]


def story(raw, event):
    """Give the event alone, or among others."""
    return [*under_way(), event] if crc32(raw) & 1 << 20 else [event]


def judged(raw, event):
    """Judge the event alone or among others; everything that the engine makes of a case."""
    law, events = law_for(raw), story(raw, event)
    entries = []
    for each in events:
        entries = merge(entries, entry_of(each)) or entries
    case, cards, told = assess(entries, law), {}, []
    for now in NOWS:
        for moved in judge(case.subjects, cards, now, {}):
            cards[card_key(moved.card.clock_id, moved.card.level)] = moved.card
            told.append(encode(move_record(event.case_no, 1, case, moved, now)))
        next_at(case.subjects, cards, now, {})
        record = case_record(event.case_no, 1, case, now, sorted(cards.values()))
        told.append(encode(record))
    head = Head(Summary(open=True, level=0, provisional=False), NOWS[1], horizon_of(case, cards))
    state = CaseState(1, "v", True, entries, sorted(cards.values()))
    assert unpack(pack(state, head)) == state
    assert alike(case, assess(entries, law))
    return told


TARGET = Target("events", make, run, share=0.6)

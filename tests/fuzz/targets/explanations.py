"""Why a clock is due when it is, told of an accepted event as of any moment to 2026."""

from __future__ import annotations

import json
from typing import get_args
from zlib import crc32

from schemas.decoding import Refusal, decode_event
from schemas.words import Language
from streams.engine.explanation import explain_case
from streams.engine.telling import tell
from streams.engine.telling_json import as_json
from tests.fuzz.laws import law_for
from tests.fuzz.target import ACCEPTED, FILE_MEMORY, FILE_SECONDS, Outcome, Target, refused
from tests.fuzz.targets.events import NOWS, make, story


def run(raw: bytes) -> Outcome:
    try:
        event = decode_event(raw)
    except Refusal as refusal:
        return refused(refusal, raw)
    as_of = NOWS[crc32(raw) % (len(NOWS) - 1)]  # to 2100 it takes a second, and 100 MB
    found = explain_case(event.case_no, story(raw, event), law_for(raw), as_of)
    if found is None:  # nothing had happened by then
        return Outcome(ACCEPTED)
    told = [tell(found, language) for language in get_args(Language)]
    return Outcome(ACCEPTED, [*told, json.dumps(as_json(found))])


TARGET = Target("explanations", make, run, 0.005, FILE_SECONDS, FILE_MEMORY)

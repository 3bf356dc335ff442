"""Signed and unsigned records, their headers harmed: who may say what, held against the MAC."""

from __future__ import annotations

import hashlib
import json
import struct
from functools import cache
from typing import TYPE_CHECKING

from schemas import topics
from schemas.decoding import NOT_ALLOWED, Refusal, decode_event
from schemas.macs import MAC_HEADER, signature
from streams.engine.entries import entry_of
from streams.engine.speaking import Speakers
from tests.fuzz.mutate import harmed, json_text
from tests.fuzz.target import ACCEPTED, Outcome, Target, refused
from tests.support.sources import HN, HN_NEXT, KEYS, OPS, SOURCES, ZZ, catalogue

if TYPE_CHECKING:
    from random import Random

TOPIC = topics.STEPS.name
_FRAME = struct.Struct(">II")
_EVENT = {
    "event_id": "e1",
    "case_no": "430100-1",
    "source": "hn-zwfw",
    "kind": "accepted",
    "occurred_at": "2026-03-02T09:00:00+08:00",
    "region": "430100",
    "department": "zj-430100",
}
_OTHERS = (
    {},
    {"source": "zz-zwfw", "region": "430200"},
    {"source": "furong", "region": "430102"},
    {"source": "tax", "department": "tax-430100"},
    {"source": "bureau"},
    {"source": "op"},
    {"region": None},
)


@cache
def speakers() -> Speakers:
    return Speakers(catalogue(*SOURCES), KEYS)


def make(random: Random) -> bytes:
    text = json.dumps({**_EVENT, **random.choice(_OTHERS)}, ensure_ascii=False)
    value = json_text(random, text) if random.random() < 0.5 else text.encode()
    header = b""
    if random.random() < 0.8:
        header = signature(random.choice((HN, HN_NEXT, ZZ, OPS)), TOPIC, value)[1]
        if random.random() < 0.4:
            header = harmed(random, header, 1.0)
        if random.random() < 0.2:
            value = harmed(random, value, 1.0)
    return _FRAME.pack(len(value), len(header)) + value + header


def run(raw: bytes) -> Outcome:
    size, more = _FRAME.unpack_from(raw) if len(raw) >= _FRAME.size else (0, 0)
    value = raw[_FRAME.size : _FRAME.size + size]
    header = raw[_FRAME.size + size : _FRAME.size + size + more]
    try:
        event = decode_event(value)
    except Refusal as refusal:
        return refused(refusal, value)
    headers = [(MAC_HEADER, header)] if header else []
    theirs = decode_event(json.dumps({**_EVENT, **_OTHERS[1]}).encode())
    for on_record in ((), (entry_of(theirs),)):
        found = speakers().refusal(event, TOPIC, value, headers, on_record)
        if found is None:
            assert not on_record or event.source in {"zz-zwfw", "tax"}
            _may(event, value, header)
        else:
            assert found.reason in NOT_ALLOWED
            last = refused(found, value)
    return last if found is not None else Outcome(ACCEPTED, header)


def _may(event, value: bytes, header: bytes) -> None:
    """Hold what counts against a MAC by the book: RFC 2104, written out."""
    assert event.source in {source["code"] for source in SOURCES}
    if event.source in {"furong", "tax"} and not header:
        return
    words = header.split(b" ")
    if event.source in {"furong", "tax"} and words[1].decode() not in KEYS:
        return
    key = KEYS[words[1].decode()]
    assert words[0] == b"hmac-sha-256"
    about = b"\n".join(
        [b"jiancha-mac-1", words[0], words[1], TOPIC.encode(), str(len(value)).encode(), b""]
    )
    block = key.secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + about + value).digest()
    assert hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest().encode() == words[2]


TARGET = Target("sources", make, run, share=0.05)

"""Dead letters sent again: the MAC of what a source signed, and of what somebody changed."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.macs import MAC_HEADER
from schemas.verdicts import DeadLetter, Origin
from streams.curing import Cure, CureFailed, send_again
from streams.dead_letters import Letter
from tests.support.bad_messages import GOOD
from tests.support.sources import HN, OPS, signed

RAW = json.dumps(GOOD).encode()
SET = Cure({"item": "j"})


class Sent:
    """Takes what is sent."""

    def send(self, raw, key, origin, signed=()):
        self.raw, self.key, self.origin, self.signed = raw, key, origin, list(signed)


class Whole:
    def whole(self, letter):
        return letter.raw


def letter(raw=RAW, headers=()):
    about = DeadLetter(
        letter_id="l",
        reason="r",
        field="",
        value="",
        message="m",
        remedy="r",
        source="hall-a",
        origin=Origin(topics.STEPS.name, 0, 7, 0),
        sha256="",
        size=len(raw),
        cut=False,
    )
    return Letter(about, 0, b"k", raw, headers)


def sent(cure, *, headers=(), sign=None, force=False, raw=RAW):
    to = Sent()
    send_again(Whole(), to, letter(raw, headers), cure, force=force, sign=sign)
    return to


def test_unchanged_it_keeps_the_mac_of_its_source():
    mac = signed(HN, RAW)
    to = sent(Cure({}), headers=mac)
    assert (to.raw, to.signed) == (RAW, mac)


def test_unsigned_it_is_sent_without():
    assert sent(Cure({})).signed == []
    assert sent(SET).signed == []


def test_changed_it_is_no_longer_what_the_source_signed():
    with pytest.raises(CureFailed, match=r"was signed by hall-a.*--sign KEYID"):
        sent(SET, headers=signed(HN, RAW))


def test_who_changed_it_signs_what_is_sent():
    to = sent(SET, headers=signed(HN, RAW), sign=OPS)
    assert json.loads(to.raw)["item"] == "j"
    assert to.signed == signed(OPS, to.raw)


def test_forced_it_goes_as_it_is_and_will_be_refused_again():
    mac = signed(HN, RAW)
    assert sent(SET, headers=mac, force=True).signed == mac


def test_what_was_never_signed_can_be_answered_for():
    to = sent(Cure({}), sign=OPS)
    assert [name for name, _ in to.signed] == [MAC_HEADER]

"""Which dead letters go back, where, and by whose MAC."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.aside import SET_ASIDE
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

    def send(self, raw, key, origin, signed=(), topic=topics.STEPS.name):
        self.raw, self.key, self.origin, self.signed = raw, key, origin, list(signed)
        self.topic = topic


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


def of_a_ruling(reason):
    origin = Origin(topics.RULINGS.name, 0, 7, 0)
    about = DeadLetter(
        letter_id="l", reason=reason, field="case_no", value="c-1", message="", remedy="",
        source="jiancha.rulings", origin=origin, sha256="", size=2, cut=False,
    )  # fmt: skip
    return Letter(about, 0, None, b"{}")


def test_a_ruling_on_a_case_that_was_set_aside_goes_back_to_the_rulings():
    to = Sent()
    assert send_again(None, to, of_a_ruling(SET_ASIDE), Cure({}, ()), force=False) == "c-1"
    assert (to.topic, to.key, to.raw, to.origin.offset) == (topics.RULINGS.name, b"c-1", b"{}", 7)


def test_another_ruling_is_its_senders_to_send():
    with pytest.raises(CureFailed, match="its sender must send it again"):
        send_again(None, Sent(), of_a_ruling("ruling"), Cure({}, ()), force=False)

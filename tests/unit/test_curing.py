"""Which dead letters go back, and where: a ruling only when its case was set aside."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.aside import SET_ASIDE
from schemas.verdicts import DeadLetter, Origin
from streams.curing import Cure, CureFailed, send_again
from streams.dead_letters import Letter


class Sent:
    def __init__(self):
        self.records = []

    def send(self, raw, key, origin, topic=topics.STEPS.name):
        self.records.append((topic, key, raw, origin.offset))


def letter(reason):
    origin = Origin(topics.RULINGS.name, 0, 7, 0)
    about = DeadLetter(
        letter_id="l", reason=reason, field="case_no", value="c-1", message="", remedy="",
        source="jiancha.rulings", origin=origin, sha256="", size=2, cut=False,
    )  # fmt: skip
    return Letter(about, 0, None, b"{}")


def test_a_ruling_on_a_case_that_was_set_aside_goes_back_to_the_rulings():
    sent = Sent()
    assert send_again(None, sent, letter(SET_ASIDE), Cure({}, ()), force=False) == "c-1"
    assert sent.records == [(topics.RULINGS.name, b"c-1", b"{}", 7)]


def test_another_ruling_is_its_senders_to_send():
    with pytest.raises(CureFailed, match="its sender must send it again"):
        send_again(None, Sent(), letter("ruling"), Cure({}, ()), force=False)

"""Everything falls due at 00:00:00: sixty permits that one hall accepted on one day."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.notify.digests import Digest
from alerts.notify.policy import Policy, PushRules
from schemas.codes import Level
from schemas.events import STEP_EVENT
from schemas.topics import VERDICTS
from schemas.verdicts import MoveRecord, decode
from streams.engine.zone import zone_of
from tests.support.board import BEIJING, Hall

HUNAN = Path(__file__).parents[2] / "deploy/samples/hunan/catalogue"
OPENED = datetime(2026, 11, 18, 9, tzinfo=BEIJING)
CASES = 60


def events():
    for n in range(CASES):
        at = (OPENED + timedelta(minutes=7 * n % 480)).isoformat()
        case = {
            "case_no": f"430100-2026-9{n:03}", "source": "demo", "occurred_at": at,
            "item": "sgxk", "region": "430100", "department": "zj-430100",
        }  # fmt: skip
        yield {**case, "event_id": f"r-{n}", "kind": "received"}
        yield {**case, "event_id": f"a-{n}", "kind": "accepted", "case_type": "promised"}


@pytest.fixture(scope="module")
def moves():
    """What the engine says of them until the new year, the moves of the cards."""
    hall = Hall.of(HUNAN)
    hall.live(
        [STEP_EVENT.validate_python(event) for event in events()],
        until=datetime(2026, 12, 31, tzinfo=BEIJING),
    )
    sent = [record for record in hall.records() if record.topic == VERDICTS.name]
    return [decode(record.value, MoveRecord) for record in sent]


def test_each_level_comes_in_one_second(moves):
    """Red comes twice: by silence about the yellow card, and by the statutory limit."""
    seconds = Counter((move.level, move.at) for move in moves)
    assert set(seconds.values()) == {CASES}
    assert sorted(level for level, _ in seconds) == ["notice", "red", "red", "yellow"]
    zone = zone_of("Asia/Shanghai")
    assert {zone.face(at) % 86_400 for level, at in seconds if level is not Level.NOTICE} == {0}


def test_every_red_is_named_and_what_is_bundled_is_counted(moves):
    policy = Policy(PushRules(Level.NOTICE, 20, 7 * 86_400.0, 60.0))
    for move in moves:
        policy.take(move, move.at + 1.0)
    subjects = [push.subject for push in policy.ringing(moves[-1].at + 100.0)]
    digests = [subject for subject in subjects if isinstance(subject, Digest)]
    assert [(d.gathering.level, d.issued, len(d.cards)) for d in digests] == [
        (Level.NOTICE, CASES, CASES), (Level.YELLOW, CASES, CASES),
    ]  # fmt: skip
    alone = [subject for subject in subjects if not isinstance(subject, Digest)]
    assert {card.level for card in alone} == {Level.RED}
    assert len(alone) == len({card.card_id for card in alone}) == 2 * CASES

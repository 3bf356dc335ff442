"""`explain` from the history: what was known then, what is known now, and the cards between."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from schemas import topics
from schemas.events import STEP_EVENT
from schemas.verdicts import card_id
from streams.commands.explain import command
from streams.sink.rows import TOPICS
from tests.support.board import insert
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, decreed, send, settle
from tests.support.history import Sent, database
from tests.support.partition import Partition

LAW = rules({"promised": days(7)})
ACCEPTED = event("accepted", "2026-12-25 10:00:00")
DECIDED = event("decided", "2026-12-30 15:00:00", outcome="granted")
RECEIVED_D = event("received", "2026-12-24 09:00:00", case_no="d")
ACCEPTED_D = event("accepted", "2026-12-30 09:00:00", case_no="d")
ROUNDS = (
    event("accepted", "2026-12-24 09:00:00", case_no="e"),
    event("decided", "2026-12-25 09:00:00", case_no="e", outcome="withdrawn"),
    event("received", "2026-12-30 09:00:00", case_no="e"),
    event("accepted", "2026-12-30 09:00:10", case_no="e"),
)
CARD = card_id("c", "promised", "yellow", 1)
SHORTER = {
    **LAW.catalogue.content,
    "items": [{"code": "i", "name": "事项", "versions": [{"clocks": {"promised": days(3)}}]}],
}


class Town:
    """A partition whose records come at their moments, each followed by a tick."""

    def __init__(self):
        self.partition = Partition(LAW)

    def comes(self, when, *events, topic=topics.STEPS, changed=None):
        arrived = at(when)
        values = [e if isinstance(e, bytes) else STEP_EVENT.dump_json(e) for e in events]
        keys = [json.loads(value)["case_no"].encode() for value in values]
        if values:
            stamp = arrived * 1000
            self.partition.logic.apply(
                self.partition.chunk(topic.name, values, keys=keys, timestamp=stamp)
            )
        if changed is not None:
            send(self.partition, changed)
            settle(self.partition)
        self.partition.tick(arrived)

    def records(self):
        self.partition.take()
        written = self.partition.outputs
        return [Sent(o.topic, o.value, o.key) for o in written if o.topic in TOPICS]


@pytest.fixture(scope="module")
def history(embedded_clickhouse):
    town = Town()
    town.comes("2026-12-24 09:00:30", RECEIVED_D, ROUNDS[0])
    town.comes("2026-12-25 10:00:30", ACCEPTED, ROUNDS[1])
    calendar = decreed(LAW.catalogue.calendars["cn"])
    town.comes("2026-12-28 08:00:00")
    town.comes("2026-12-28 08:01:00", changed=change(calendar))
    town.comes("2026-12-29 08:00:00", changed=change(catalogue=SHORTER, change_id="c2"))
    town.comes("2026-12-30 09:00:30", ACCEPTED_D, *ROUNDS[2:])
    town.comes("2027-01-07 23:59:59")
    town.comes("2027-01-08 00:00:20")
    answer = {
        "ruling_id": "r1",
        "case_no": "c",
        "card_id": CARD,
        "action": "answered",
        "actor": "u-9",
        "decided_at": "2027-01-08T09:00:00+08:00",
        "reason": "等待系统恢复",
    }
    town.comes("2027-01-08 10:00:00", json.dumps(answer).encode(), topic=topics.RULINGS)
    town.comes("2027-01-11 08:00:00", DECIDED)
    town.comes("2027-01-11 08:01:00")
    with database(embedded_clickhouse) as (where, client):
        insert(client, town.records())
        yield where


def call(history, case, *arguments):
    environment = {
        "JIANCHA_CLICKHOUSE__PORT": str(history.port),
        "JIANCHA_CLICKHOUSE__DATABASE": history.database,
    }
    return CliRunner().invoke(command, [case, *arguments], env=environment)


def told(history, case="c", known=None, as_of="2027-01-12T00:00:00+08:00"):
    arguments = ["--format", "json"]
    arguments += ["--as-of", as_of] if known is None else ["--known-at", known]
    done = call(history, case, *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def promised(found):
    return next(clock for clock in found["clocks"] if clock["clock"] == "promised")


def test_before_the_decree_the_due_time_was_provisional_by_the_calendar_of_then(history):
    found = told(history, known="2026-12-27T09:00:00+08:00")
    clock = promised(found)
    assert clock["due_at"] == "2027-01-06T23:59:59+08:00"
    assert (clock["provisional"], clock["first_projected"]) == (True, "2026-12-26")
    assert clock["calendar_version"] == LAW.catalogue.calendars["cn"].version
    assert found["cards"] == []


def test_between_breach_and_the_late_record_it_was_over_and_carded(history):
    found = told(history, known="2027-01-09T09:00:00+08:00")
    clock = promised(found)
    assert clock["due_at"] == "2027-01-07T23:59:59+08:00"
    assert (clock["overdue"], clock["provisional"]) == (True, False)
    yellow = next(card for card in found["cards"] if card["card"] == CARD)
    assert yellow["standing"]
    assert yellow["holds_from"] == "2027-01-08T00:00:00+08:00"
    assert [(move["what"], move["at"]) for move in yellow["moves"]] == [
        ("issued", "2027-01-08T00:00:20+08:00"),
        ("answered", "2027-01-08T09:00:00+08:00"),
    ]


def test_a_ruling_is_known_once_it_has_arrived(history):
    found = told(history, known="2027-01-08T09:30:00+08:00")
    yellow = next(card for card in found["cards"] if card["card"] == CARD)
    assert [move["what"] for move in yellow["moves"]] == ["issued"]


def test_now_the_late_record_is_known_and_the_card_is_retracted_with_its_reason(history):
    found = told(history)
    clock = promised(found)
    assert (clock["overdue"], clock["stopped_at"]) == (False, "2026-12-30T15:00:00+08:00")
    yellow = next(card for card in found["cards"] if card["card"] == CARD)
    last = yellow["moves"][-1]
    assert (yellow["standing"], last["what"], last["reason"]) == (
        False,
        "retracted",
        "ended_in_time",
    )
    done = call(history, "c", "--lang", "zh", "--as-of", "2027-01-12T00:00:00+08:00")
    assert "已说明  u-9  等待系统恢复" in done.stdout
    assert "撤回  后到的记录表明在此之前已办结" in done.stdout


def test_now_a_moment_in_the_past_is_judged_by_what_is_known(history):
    clock = promised(told(history, as_of="2027-01-09T09:00:00+08:00"))
    assert not clock["overdue"]
    before = promised(told(history, as_of="2026-12-29T09:00:00+08:00"))
    assert (before["state"], before["due_at"]) == ("running", "2027-01-07T23:59:59+08:00")


def test_the_catalogue_is_the_one_that_was_pinned_by_then(history):
    at_receipt = told(history, "d", known="2026-12-29T12:00:00+08:00")
    assert at_receipt["catalogue"] == LAW.catalogue.version
    accepted = told(history, "d", known="2026-12-31T09:00:00+08:00")
    now = told(history, "d")
    assert accepted["catalogue"] == now["catalogue"] != LAW.catalogue.version
    assert promised(now)["limit"]["zh"].startswith("3 个工作日")


def test_each_round_is_told_by_the_law_that_its_own_records_pinned(history):
    """7 working days, as promised when it was first accepted; 3 since."""
    limits = [clock["limit"]["zh"][:5] for clock in told(history, "e")["clocks"]]
    assert limits == ["7 个工作", "3 个工作"]


def test_what_had_not_come_yet_is_said_so(history):
    done = call(history, "c", "--known-at", "2026-12-20T00:00:00+08:00")
    assert done.exit_code == 1
    assert "No record of case c had come to the history by 2026-12-19T16:00:00" in done.stderr
    done = call(history, "nobody")
    assert done.exit_code == 1
    assert "nobody" in done.stderr


def test_without_a_history_the_error_says_how_to_name_one():
    done = CliRunner().invoke(command, ["c"], env={"JIANCHA_CLICKHOUSE__PORT": "1"})
    assert done.exit_code == 1
    assert "JIANCHA_CLICKHOUSE__HOST" in done.stderr

"""Every query of docs/audit-queries.md, run on a history whose answers are known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.codes import Level
from schemas.findings import FindingCode
from streams.sink.batches import Batcher
from streams.sink.inserts import Writer
from streams.sink.rows import rows_of
from tests.support import history
from tests.support.history import at, clock

DOCUMENT = Path(__file__).parents[2] / "docs" / "audit-queries.md"
QUERIES = {
    int(number): sql
    for number, sql in re.findall(
        r"^## (\d+)\..*?^```sql\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
}
CARD = "0b12bbd3b6bb4f4e5a6c"
LATE = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59", basis="《办法》第三条")
DONE_LATE = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59", "2026-03-07 15:59:59")
IN_TIME = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59", "2026-03-06 15:59:59")
STEP = clock(
    "step:review:1", "2026-03-03 01:00:00", "2026-03-04 01:00:00", "2026-03-05 01:00:00",
    officer="o-3",
)  # fmt: skip
DEEMED = clock(
    "statutory", "2026-02-02 01:00:00", "2026-03-05 15:59:59",
    known_from=at("2026-03-09 16:00:00"), deemed=True, assumed=True,
)  # fmt: skip
SECOND = history.finding(
    FindingCode.SECOND_NOTICE, "2026-02-04 01:00:00", of="A-1005-corrections_requested-4"
)
NOT_YET = clock("promised", "2026-03-09 01:00:00", "2026-03-13 15:59:59", department="dept-3")


def records():
    """Four cases: one over and open with a card; one over and done; one in time; one running."""
    return [
        history.event("A-1001", "received", "2026-03-02T08:00:00+08:00", officer="o-1",
                      recorded_at="2026-03-02T08:05:00+08:00", arrived=at("2026-03-02 00:10:00")),
        history.event("A-1001", "step_started", "2026-03-03T09:00:00+08:00", step="review",
                      officer="o-2", officer_name="李四", arrived=at("2026-03-03 01:01:00")),
        history.event("A-1001", "step_started", "2026-03-04T10:00:00+08:00", step="review",
                      officer="o-3", officer_name="王五", offset=1,
                      recorded_at="2026-03-06T10:00:00+08:00", arrived=at("2026-03-06 02:00:00")),
        history.case("A-1001", [LATE, STEP]),
        history.move("A-1001", LATE, Level.YELLOW, card_id=CARD, when="2026-03-06 18:30:00"),
        history.ruling("A-1001", CARD, "2026-03-08T09:00:00+08:00"),
        history.event("A-1002", "finished", "2026-03-07T23:59:59+08:00", outcome="granted"),
        history.case("A-1002", [DONE_LATE], ended_at=DONE_LATE.stopped_at),
        history.move("A-1002", DONE_LATE, Level.YELLOW, officer="o-9"),
        history.move("A-1002", DONE_LATE, Level.YELLOW, "resolved", "2026-03-07 15:59:59",
                     move_no=2, reason="clock_stopped", active=False, officer="o-9"),
        history.event("A-1003", "finished", "2026-03-06T23:59:59+08:00", event_id="same",
                      arrived=at("2026-03-06 16:00:00")),
        history.event("A-1003", "finished", "2026-03-06T23:59:58+08:00", event_id="same",
                      arrived=at("2026-03-06 16:00:00")),
        history.case("A-1003", [IN_TIME], department="dept-2", ended_at=IN_TIME.stopped_at),
        history.move("A-1003", IN_TIME, Level.YELLOW, department="dept-2"),
        history.move("A-1003", IN_TIME, Level.YELLOW, "retracted", "2026-03-06 16:01:00",
                     move_no=2, reason="ended_in_time", active=False, department="dept-2"),
        history.case("A-1004", [NOT_YET]),
        history.event("A-1005", "corrections_requested", "2026-02-04T09:00:00+08:00", offset=4,
                      officer="o-5", arrived=at("2026-02-04 01:00:00")),
        history.event("A-1005", "refused", "2026-02-05T09:00:00+08:00", event_id="gone",
                      arrived=at("2026-02-05 01:00:00")),
        history.event("A-1005", "refused", "2026-02-05T09:00:00+08:00", event_id="gone",
                      record_version=2, voided=True, officer="o-6",
                      arrived=at("2026-02-05 02:00:00")),
        history.case("A-1005", [], department="dept-4", findings=[
            SECOND, history.finding(FindingCode.LATE_RECORD, "2026-02-04 01:00:00", of="x-y-z")]),
        history.case("A-1005", [DEEMED], department="dept-4", findings=[SECOND], revision=2),
        history.dead_letter(1),
        history.dead_letter(2),
        history.dead_letter(3, reason="enum", field="kind", value="acepted"),
        history.reference("catalogue", "jiancha", "v1", since=at("2026-01-01 00:00:00")),
        history.reference("catalogue", "jiancha", "v1", partition=1,
                          since=at("2026-01-01 00:00:07")),
        history.reference("calendar", "cn", "2026.1", since=at("2026-01-01 00:00:00")),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def ask(embedded_clickhouse):
    """Run a query of the document by its number; inserted twice, for a replay must not show."""
    with history.database(embedded_clickhouse) as (where, client):
        for _ in range(2):
            batcher = Batcher(1, 1.0)
            for record in records():
                batcher.add(record, rows_of(record), 0.0)
            assert Writer(client, where.database, lambda *_: None).write(batcher.seal()) == []
        yield lambda number: client.execute(QUERIES[number])


def seconds(moments):
    """Give moments as the seconds that the fixtures speak in."""
    return [int(moment.timestamp()) for moment in moments]


def test_the_document_has_its_queries_in_order():
    assert list(QUERIES) == list(range(1, 16))
    for sql in QUERIES.values():
        assert "SELECT" in sql
        assert "--" not in sql


def test_1_what_was_overdue(ask):
    found = ask(1)
    assert [(row[0], row[1], row[2], row[4], row[7]) for row in found] == [
        ("A-1001", "step", "review", "o-3", 0),
        ("A-1005", "statutory", "", "", 1),
        ("A-1001", "promised", "", "", 1),
        ("A-1002", "promised", "", "", 0),
    ]
    assert [row[8] for row in found] == [1.0, 4.33, 3.33, 1.0]
    assert seconds(row[6] for row in found) == [
        STEP.due_at + 1, DEEMED.due_at + 1, LATE.due_at + 1, DONE_LATE.due_at + 1,
    ]  # fmt: skip


def test_2_what_a_card_rests_on(ask):
    [row] = ask(2)
    assert row[:4] == (CARD, "yellow", "hunan.yellow", "5 working_day")
    assert seconds(row[4:8]) == [
        LATE.started_at, LATE.due_at, LATE.due_at + 1, at("2026-03-06 18:30:00"),
    ]  # fmt: skip
    assert row[8:13] == ("《办法》第三条", "next_day", "v1", "cn", "2026.1")
    assert row[13:] == (
        '{"name":"jiancha","version":"v1"}', '{"name":"cn","version":"2026.1"}',
    )  # fmt: skip


def test_3_what_happened_to_a_card(ask):
    [row] = ask(3)
    assert (row[0], row[1], row[3], row[6]) == (1, "issued", "level_reached", True)


def test_4_what_happened_in_a_case(ask):
    found = ask(4)
    assert [(row[1], row[2]) for row in found] == [
        ("event", "received"),
        ("event", "step_started"),
        ("event", "step_started"),
        ("card", "issued"),
        ("ruling", "answered"),
    ]
    assert found[0][0].strftime("%F %T") == "2026-03-02 08:00:00"
    assert found[3][5] == "yellow"
    assert found[4][4] == "bureau-1"


def test_5_cards_that_came_late(ask):
    assert [(row[0], row[1], row[5]) for row in ask(5)] == [("A-1001", CARD, 2 * 3600 + 1800)]


def test_6_who_is_on_time(ask):
    assert ask(6) == [
        ("430102", "dept-1", 1, 0, 1, 0.0),
        ("430102", "dept-2", 1, 1, 0, 100.0),
        ("430102", "dept-3", 0, 0, 0, None),
    ]


def test_7_cards_that_were_taken_back(ask):
    [row] = ask(7)
    assert (row[0], row[2], row[3], row[7], row[8]) == (
        "A-1003", "yellow", "dept-2", "ended_in_time", 60,
    )  # fmt: skip


def test_8_what_was_written_down_late(ask):
    assert [(row[0], row[1], row[2], row[6]) for row in ask(8)] == [
        ("A-1002", "finished", "", 2 * 86_400 + 8 * 3600 + 1),
        ("A-1001", "step_started", "o-3", 2 * 86_400),
    ]


def test_9_on_whose_desk_a_step_went_over(ask):
    [row] = ask(9)
    assert (row[0], row[1], row[3], row[4], row[6]) == ("A-1001", "review", "o-2", "李四", "o-3")
    assert seconds([row[2], row[5]]) == [STEP.due_at + 1, at("2026-03-03 01:00:00")]


def test_10_what_cannot_be_used(ask):
    assert [row[:4] for row in ask(10)] == [
        ("hall", "missing", "occurred_at", 2),
        ("hall", "enum", "kind", 1),
    ]


def test_11_records_that_contradict_each_other(ask):
    [row] = ask(11)
    assert row[:4] == ("hall", "same", 1, 2)
    assert len(set(row[4])) == 2


def test_12_which_catalogue_and_calendar_held(ask):
    found = ask(12)
    assert [(*row[:3], row[5]) for row in found] == [
        ("calendar", "cn", "2026.1", 1),
        ("catalogue", "jiancha", "v1", 2),
    ]
    assert seconds(found[1][3:5]) == [at("2026-01-01 00:00:00"), at("2026-01-01 00:00:07")]


def test_13_what_the_records_show(ask):
    """The second finding of the first revision is no longer one."""
    [row] = ask(13)
    assert row[:3] == ("A-1005", "second_notice", "yellow")
    assert row[3].strftime("%F %T") == "2026-02-04 09:00:00"
    assert row[4:8] == (
        "《行政许可法》第三十二条第一款第四项", "dept-4", "A-1005-corrections_requested-4", "o-5",
    )  # fmt: skip
    assert '"kind":"corrections_requested"' in row[8]


def test_14_who_was_deemed_accepted(ask):
    [row] = ask(14)
    assert row[:3] == ("A-1005", "statutory", "dept-4")
    assert seconds(row[3:7]) == [
        DEEMED.started_at, DEEMED.known_from, DEEMED.due_at, DEEMED.due_at + 1,
    ]  # fmt: skip
    assert row[7:] == (True, True)


def test_15_what_was_taken_back(ask):
    [row] = ask(15)
    assert row[:6] == ("A-1005", "hall", "gone", "refused", 2, "o-6")
    assert seconds(row[6:7]) == [at("2026-02-05 02:00:00")]
    assert (row[7], '"voided"' in row[9]) == (1, False)

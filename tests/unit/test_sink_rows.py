"""A record becomes the same rows always, and never a row that names an applicant."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from schemas import topics
from schemas.aside import CaseSetAside, CaseTakenUp
from schemas.changes import CaseDifference, ChangeBegun, ChangeEnded, ClockDifference
from schemas.codes import ClockKind, Level
from schemas.findings import FindingCode
from schemas.verdicts import LIFE_KEY, EventRecord, LifeRecord, encode
from streams.sink import tables
from streams.sink.rows import TOPICS, Undecodable, rows_of
from tests.support import history
from tests.support.history import NOW, Sent, at, clock

CLOCK = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59")


def row(record, table):
    """Give the one row of a record in a table, by column."""
    found = [values for of, values in rows_of(record) if of is table]
    assert len(found) == 1
    return dict(zip((name for name, _ in table.columns), found[0], strict=True))


def test_every_topic_of_the_sink_can_be_read():
    for record in (
        history.event("c", "received", "2026-03-02T09:00:00+08:00"),
        history.case("c", [CLOCK]),
        history.move("c", CLOCK, Level.RED),
        history.dead_letter(1),
    ):
        assert record.topic in TOPICS
        assert rows_of(record)


def test_an_event():
    record = history.event(
        "c-1",
        "step_finished",
        "2026-03-02T09:00:00.123999+08:00",
        offset=5,
        arrived=at("2026-03-02 03:00:00"),
        recorded_at="2026-03-02T10:00:00+08:00",
        region="430102",
        step="S1",
        officer="o-7",
        result="passed",
    )
    event = row(record, tables.EVENTS)
    assert event["kind"] == "step_finished"
    assert event["occurred_at"] == at("2026-03-02 01:00:00") * 1000 + 123
    assert event["recorded_at"] == at("2026-03-02 02:00:00") * 1000
    assert event["arrived_at"] == at("2026-03-02 03:00:00") * 1000
    assert (event["region"], event["step"], event["officer"]) == ("430102", "S1", "o-7")
    assert event["outcome"] == "passed"
    assert (event["item"], event["promised_due_at"]) == ("", None)
    assert (event["record_version"], event["schema_version"]) == (1, 1)
    assert (event["origin_topic"], event["origin_offset"]) == ("hall.steps", 5)
    assert msgspec.json.decode(event["content"])["officer"] == "o-7"


def test_free_text_results_are_no_codes():
    record = history.event("c", "finished", "2026-03-02T09:00:00Z", result="贵司已获批准")
    assert row(record, tables.EVENTS)["outcome"] == ""


@pytest.mark.parametrize(
    "written",
    ["2026-03-02T09:00:00+08:00", "2026-03-02T01:00:00Z", "2026-03-02 01:00+0000",
     "2026-03-01T20:00:00.000000-05:00", "2026-03-02t01:00:00.0000000000z"],
)  # fmt: skip
def test_a_moment_in_every_form_that_the_contract_lets_in(written):
    event = row(history.event("c", "received", written), tables.EVENTS)
    assert event["occurred_at"] == at("2026-03-02 01:00:00") * 1000


def test_moments_before_1970_are_cut_the_same_way():
    event = row(history.event("c", "received", "1969-12-31T23:59:59.9995Z"), tables.EVENTS)
    assert event["occurred_at"] == -1


def raw_event(text):
    record = EventRecord(case_no="c", origin=history.origin(), event=msgspec.Raw(text.encode()))
    return Sent(topics.EVENTS.name, encode(record))


SAME = '{"event_id":"e","case_no":"c","source":"s","kind":"received","occurred_at":"%s"%s}'


def test_blanks_and_the_order_of_keys_make_no_other_content():
    one = raw_event(SAME % ("2026-03-02T01:00:00Z", ""))
    spaced = raw_event(
        '{ "kind" : "received", "source":"s", "event_id":"e","case_no":"c",'
        ' "occurred_at" : "2026-03-02T01:00:00Z"}'
    )
    other = raw_event(SAME % ("2026-03-02T01:00:00Z", ',"officer":"o"'))
    hashes = [row(r, tables.EVENTS)["content_hash"] for r in (one, spaced, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_of_equal_content_the_earliest_arrival_stays():
    def precedence(**where):
        record = history.event("c", "received", "2026-03-02T01:00:00Z", **where)
        return row(record, tables.EVENTS)["precedence"]

    assert precedence(arrived=NOW) > precedence(arrived=NOW + 1)
    assert precedence(offset=7) > precedence(offset=8)
    assert precedence(offset=8, arrived=NOW) > precedence(offset=7, arrived=NOW + 1)
    assert 0 <= precedence(arrived=at("2100-01-01 00:00:00")) < 1 << 64


def test_a_case_with_its_clocks():
    step = clock(
        "step:S1:1", "2026-03-02 01:00:00", "2026-03-03 01:00:00", "2026-03-02 05:00:00",
        department="dept-2", officer="o-7",
    )  # fmt: skip
    record = history.case("c", [CLOCK, step], revision=4, window="w-3")
    written = [table.name for table, _ in rows_of(record)]
    assert written == ["clocks", "clocks", "cases"]
    case = row(record, tables.CASES)
    assert (case["revision"], case["window"], case["ended_at"]) == (4, "w-3", None)
    clocks = [values for table, values in rows_of(record) if table is tables.CLOCKS]
    names = [name for name, _ in tables.CLOCKS.columns]
    first, second = (dict(zip(names, values, strict=True)) for values in clocks)
    assert (first["clock_id"], first["clock"], first["step"]) == ("promised", "promised", "")
    assert (first["due_at"], first["stopped_at"]) == (CLOCK.due_at, None)
    assert first["card_levels"] == ["notice"]
    assert first["card_times"] == [CLOCK.due_at - 86_400]
    assert (first["department"], second["department"]) == ("dept-1", "dept-2")
    assert (second["step"], second["officer"]) == ("S1", "o-7")
    assert {first["revision"], second["revision"]} == {4}


def test_a_clock_says_since_when_it_is_known_and_why():
    """视为受理: it began before anybody knew."""
    deemed = clock(
        "statutory", "2026-03-02 01:00:00", "2026-03-30 15:59:59",
        known_from=at("2026-03-09 16:00:00"), deemed=True, assumed=True,
    )  # fmt: skip
    found = row(history.case("c", [deemed]), tables.CLOCKS)
    assert (found["known_from"], found["deemed"], found["assumed"]) == (
        at("2026-03-09 16:00:00"), True, True,
    )  # fmt: skip
    ordinary = row(history.case("c", [CLOCK]), tables.CLOCKS)
    assert (ordinary["known_from"], ordinary["deemed"]) == (CLOCK.started_at, False)


def test_a_finding_names_the_record_that_shows_it():
    asked = history.event(
        "c", "corrections_requested", "2026-03-05T09:00:00+08:00", offset=2, items=["营业执照"]
    )
    found = history.finding(
        FindingCode.SECOND_NOTICE, "2026-03-05 01:00:00", of="c-corrections_requested-2"
    )
    record = history.case("c", [CLOCK], findings=[found], revision=3, window="w-3")
    assert [table.name for table, _ in rows_of(record)] == ["clocks", "findings", "cases"]
    finding = row(record, tables.FINDINGS)
    assert finding["finding_id"] == f"finding:second_notice:{finding['record']:x}"
    assert finding["record"] == row(asked, tables.EVENTS)["record"]
    assert (finding["level"], finding["kind"]) == ("yellow", "corrections_requested")
    assert finding["basis"] == "《行政许可法》第三十二条第一款第四项"
    assert (finding["revision"], finding["department"], finding["window"]) == (3, "dept-1", "w-3")


@pytest.mark.parametrize(
    ("version", "in_key"), [(7, 7), (2**32 - 1, 2**32 - 1), (20260302090000, 2**32 - 1)]
)
def test_a_version_is_kept_whole_beside_what_the_key_can_hold(version, in_key):
    """A moment as a version is past 32 bits, which the key of `events` has."""
    event = history.event("c", "accepted", "2026-03-02T09:00:00+08:00", record_version=version)
    found = history.finding(
        FindingCode.SECOND_NOTICE, "2026-03-05 01:00:00", of="c-accepted-1", record_version=version
    )
    case = history.case("c", [CLOCK], findings=[found])
    for record, table in ((event, tables.EVENTS), (case, tables.FINDINGS)):
        written = row(record, table)
        assert (written["record_version"], written["version"]) == (in_key, version)


def test_a_record_taken_back_says_so():
    """作废: the newer version of the record is on record, and counts as never sent."""
    sent = history.event("c", "accepted", "2026-03-02T09:00:00+08:00")
    gone = history.event(
        "c", "accepted", "2026-03-02T09:00:00+08:00", record_version=2, voided=True
    )
    assert [row(r, tables.EVENTS)["voided"] for r in (sent, gone)] == [False, True]
    assert row(sent, tables.EVENTS)["record"] == row(gone, tables.EVENTS)["record"]


def test_a_move_is_history_and_the_cards_present_state():
    record = history.move("c", CLOCK, Level.YELLOW, "retracted", "2026-03-08 00:00:00", move_no=2)
    history_row, card = row(record, tables.CARD_MOVES), row(record, tables.CARDS)
    assert history_row == card
    assert (card["move"], card["move_no"], card["level"]) == ("retracted", 2, "yellow")
    assert card["holds_from"] == CLOCK.due_at + 1
    assert card["at"] == at("2026-03-08 00:00:00")


def test_a_ruling_and_a_reference():
    ruling = row(history.ruling("c", "card", "2026-03-02T09:00:00+08:00"), tables.RULINGS)
    assert ruling["decided_at"] == at("2026-03-02 01:00:00") * 1000
    assert (ruling["card_id"], ruling["action"]) == ("card", "answered")
    reference = row(
        history.reference("calendar", "cn", "v2", partition=3, since=NOW), tables.REFERENCE_VERSIONS
    )
    assert (reference["subject"], reference["version"], reference["partition"]) == (
        "calendar", "v2", 3,
    )  # fmt: skip
    assert reference["in_force_at"] == NOW


def test_of_a_dead_letter_only_the_header_is_read():
    letter = row(history.dead_letter(9), tables.DEAD_LETTERS)
    assert (letter["reason"], letter["field"], letter["value"]) == (
        "missing", "occurred_at", "yesterday",
    )  # fmt: skip
    assert letter["refused_at"] == NOW * 1000
    assert not any("applicant" in str(value) for value in letter.values())


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        ({"field": "applicant_id", "value": "43010219900101123X"}, ""),
        ({"field": "applicant_name", "value": "张三丰"}, ""),
        ({"field": "", "reason": "json_invalid", "value": '{"applicant_name": "张三丰"'}, ""),
        ({"field": "reason", "value": "电话13812345678"}, "电话138******78"),
        ({"field": "kind", "value": "acepted"}, "acepted"),
    ],
)
def test_a_wrong_value_that_may_name_an_applicant_is_not_kept(facts, kept):
    assert row(history.dead_letter(1, **facts), tables.DEAD_LETTERS)["value"] == kept


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Sent(topics.CASES.name, b"{"), "truncated"),
        (Sent(topics.CASES.name, None), "truncated"),
        (Sent(topics.VERDICTS.name, b'{"card_id": 7}'), "str"),
        (Sent(topics.EVENTS.name, b'{"type": "other"}'), "other"),
        (Sent(topics.DEAD_LETTERS.name, b"{}"), "jiancha-dead-letter is missing"),
        (raw_event(SAME % ("2026-03-02T01:00:00", "")), "no offset"),
        (raw_event(SAME % ("soon", "")), "datetime"),
    ],
)
def test_what_is_no_record_of_its_topic(record, why):
    with pytest.raises(Undecodable, match=why):
        rows_of(record)


def test_the_same_record_always_gives_the_same_rows():
    for record in (
        history.event("c", "received", "2026-03-02T09:00:00+08:00"),
        history.case("c", [CLOCK]),
        history.move("c", CLOCK, Level.RED),
        history.dead_letter(1),
    ):
        assert rows_of(record) == rows_of(record)


def test_every_table_says_how_rows_are_put_into_it():
    assert tables.RULINGS.insert.startswith("INSERT INTO rulings (`case_no`, `ruling_id`")
    assert len({table.name for table in tables.ALL}) == len(tables.ALL)


BEGUN = ChangeBegun(
    change_id="c1",
    partition=3,
    at=NOW,
    subject="calendar",
    names=["cn@v2"],
    retroactive=False,
    dry_run=True,
    made_at=NOW,
    by="李主任",
    first_day="2027-01-01",
    cases=7,
)


def report(record):
    return history.Sent(topics.EVENTS.name, encode(record))


class TestChanges:
    def test_a_change_begins_with_what_it_replaces(self):
        found = row(report(BEGUN), tables.CHANGES)
        assert (found["change_id"], found["partition"], found["cases"]) == ("c1", 3, 7)
        assert (found["names"], found["first_day"]) == (["cn@v2"], dt.date(2027, 1, 1))

    def test_each_clock_of_a_case_is_a_row(self):
        clocks = [
            ClockDifference(
                clock_id=name,
                clock=ClockKind.PROMISED,
                due_before=NOW,
                due_after=None,
                level_before=Level.NOTICE,
                level_after=Level.NONE,
                provisional_before=True,
                provisional_after=False,
            )
            for name in ("promised", "statutory")
        ]
        record = CaseDifference(
            change_id="c1", partition=3, case_no="c-1", at=NOW, dry_run=False, clocks=clocks
        )
        found = rows_of(report(record))
        assert [table for table, _ in found] == [tables.CHANGE_CLOCKS] * 2
        names = [name for name, _ in tables.CHANGE_CLOCKS.columns]
        first = dict(zip(names, found[0][1], strict=True))
        assert (first["case_no"], first["clock_id"], first["region"]) == ("c-1", "promised", "")
        assert (first["due_before"], first["due_after"]) == (NOW, None)
        assert (first["level_before"], first["level_after"]) == (Level.NOTICE, Level.NONE)

    def test_its_end_says_what_came_of_it(self):
        record = ChangeEnded(
            change_id="c1", partition=3, at=NOW, result="refused", reason="cn.hours: …"
        )
        found = row(report(record), tables.CHANGE_ENDS)
        assert (found["result"], found["reason"], found["judged"]) == ("refused", "cn.hours: …", 0)

    def test_one_that_is_none_is_undecodable(self):
        with pytest.raises(Undecodable):
            rows_of(history.Sent(topics.EVENTS.name, b'{"type":"change_begun"}'))


def test_a_case_that_is_set_aside_and_one_that_is_taken_up_again():
    aside = CaseSetAside(
        case_no="c-1",
        partition=3,
        at=NOW,
        topic="hall.steps",
        offset=7,
        reason="KeyError",
        epoch=9,
    )
    found = row(report(aside), tables.SET_ASIDES)
    assert found == {
        "case_no": "c-1",
        "epoch": 9,
        "written_at": history.NOW * 1000,
        "at": NOW,
        "move": "set_aside",
        "partition": 3,
        "topic": "hall.steps",
        "offset": 7,
        "reason": "KeyError",
        "by": "",
    }
    again = msgspec.structs.replace(aside, from_state=True)
    assert row(report(again), tables.SET_ASIDES)["written_at"] == 0
    up = CaseTakenUp(case_no="c-1", partition=3, at=NOW, by="李主任")
    found = row(report(up), tables.SET_ASIDES)
    assert (found["case_no"], found["move"], found["by"]) == ("c-1", "taken_up", "李主任")
    with pytest.raises(Undecodable):
        rows_of(history.Sent(topics.EVENTS.name, b'{"type":"case_taken_up"}'))


def test_a_life_is_a_row_and_no_move():
    life = LifeRecord(partition=3, partitions=24, epoch=1_800_000_000, at=1_800_000_060)
    sent = Sent(topics.VERDICTS.name, encode(life), LIFE_KEY)
    assert rows_of(sent) == [(tables.LIVES, (1_800_000_000, 3, 24, 1_800_000_060))]


def test_a_later_epoch_outranks_every_revision():
    ranks = [
        dict(zip((n for n, _ in tables.CASES.columns), row, strict=True))["revision"]
        for epoch, revision in ((0, 1), (0, 4_000_000_000), (1, 1), (1_800_000_000, 1))
        for table, row in rows_of(history.case("c", [], epoch=epoch, revision=revision))
        if table is tables.CASES
    ]
    assert ranks == sorted(set(ranks))
    assert ranks[0] == 1  # as 0.1.0 wrote it
    assert ranks[-1] < 1 << 64

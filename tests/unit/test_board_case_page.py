"""A case's file becomes a page: every clock explained, every interval, everything in order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.events import STEP_EVENT
from streams.board.case_page import LONGEST, case_view
from streams.board.history import (
    Aside,
    CaseFile,
    CaseLine,
    ClockLine,
    FindingLine,
    Happening,
    Move,
    Ruling,
)
from streams.engine.entries import identity
from tests.support.cases import at, days, event, rules

ACCEPTED = event("accepted", "2026-09-18 10:00:00")
NOW = at("2026-09-30 12:00:00")


def happening(of, arrived=None, content=None):
    moment = int(of.occurred_at.timestamp())
    return Happening(
        moment,
        moment if arrived is None else arrived,
        of.kind,
        "",
        "",
        "",
        "",
        "",
        "",
        STEP_EVENT.dump_json(of).decode() if content is None else content,
        of.source,
        of.event_id,
        identity(of.source, of.event_id),
        of.record_version,
        of.voided,
    )


def clock_line(due, stopped=None, clock_id="promised"):
    return ClockLine(
        clock_id,
        clock_id.partition(":")[0],
        "",
        "",
        "",
        at("2026-09-18 10:00:00"),
        at("2026-09-18 10:00:00"),
        False,
        False,
        at(due),
        stopped,
        "running" if stopped is None else "stopped",
        provisional=False,
        limit="5 working_day",
        basis="",
        calendar="cn",
        calendar_version="v",
    )


def move(card, number, when, what="issued"):
    return Move(card, 0, number, what, at(when), "level_reached", "promised", "promised", "yellow",
                "r", at(when), at(when), "", "")  # fmt: skip


def file(*, events=(), clocks=(), findings=(), moves=(), rulings=(), now=NOW, catalogue="c1"):
    line = CaseLine("c", "i", "", "", "", "", "", now, None, level="none",
                    about="", due_at=None, calendar="", limit="", provisional=False,
                    suspended=False)  # fmt: skip
    return CaseFile(
        now=now,
        live=False,
        case=line,
        received_at=None,
        accepted_at=None,
        decided_at=None,
        finished_at=None,
        outcome="",
        window="",
        source="hall",
        catalogue=catalogue,
        clocks=clocks,
        findings=findings,
        moves=moves,
        events=events,
        rulings=rulings,
    )


def test_every_interval_is_there_and_the_counted_ones_add_up():
    law = rules({"promised": days(5)})
    case = file(events=[happening(ACCEPTED)], clocks=[clock_line("2026-09-24 23:59:59")])
    (clock,) = case_view(case, law).clocks
    assert clock.overdue
    shown = [(s.span.zh, s.counted, s.amount and s.amount.zh, s.reason.zh)
             for s in clock.to_due.stretches]  # fmt: skip
    assert shown == [
        ("2026-09-18 周五", False, None, "起算当日不计入"),
        ("2026-09-19 周六", False, None, "周末"),
        ("2026-09-20 周日", True, "1 个工作日", "调休上班"),
        ("2026-09-21 周一 – 2026-09-24 周四", True, "4 个工作日", "工作日"),
    ]
    assert clock.to_due.total.en == "5 working days"
    assert clock.used.total.en == "8 working days"
    assert sum(s.width for s in clock.to_due.stretches) == pytest.approx(100, abs=0.01)
    assert clock.to_due.stretches[-1].start == pytest.approx(3 / 7 * 100, abs=0.01)


def test_a_case_that_is_set_aside_is_not_explained_for_that_would_fail_too():
    law = rules({"promised": days(5)})
    case = file(events=[happening(ACCEPTED)], clocks=[clock_line("2026-09-24 23:59:59")])
    aside = replace(case, aside=Aside(NOW, "KeyError"))
    (clock,) = case_view(aside, law).clocks
    assert clock.explained is None
    assert case_view(case, law).clocks[0].explained is not None


def test_a_clock_that_ended_in_time_is_not_over_later():
    stopped = at("2026-09-24 23:59:59")
    view = case_view(file(clocks=[clock_line("2026-09-24 23:59:59", stopped)]), None)
    assert not view.clocks[0].overdue
    view = case_view(file(clocks=[clock_line("2026-09-24 23:59:59", stopped + 1)]), None)
    assert view.clocks[0].overdue


def test_what_happened_after_the_moment_shown_has_no_part_in_the_count():
    law = rules({"promised": days(5)})
    later = event("finished", "2026-10-09 10:00:00", outcome="granted")
    case = file(
        events=[happening(ACCEPTED), happening(later)],
        clocks=[clock_line("2026-09-24 23:59:59")],
    )
    assert case_view(case, law).clocks[0].used.total.en == "8 working days"


def test_a_list_of_years_is_cut_and_its_rest_is_summed():
    law = rules({"promised": days(5)}, mode="elapsed")
    case = file(
        events=[happening(ACCEPTED)],
        clocks=[clock_line("2026-09-24 10:00:00")],
        now=at("2036-12-01 12:00:00"),
    )
    used = case_view(case, law).clocks[0].used
    assert len(used.stretches) == LONGEST
    assert used.left_out > 100
    assert used.left_out_amount.en.endswith(" s")
    assert not used.short


def test_without_rules_the_clocks_on_record_still_stand():
    case = file(events=[happening(ACCEPTED)], clocks=[clock_line("2026-09-24 23:59:59")])
    view = case_view(case, None)
    assert view.catalogue is None
    assert (view.clocks[0].explained, view.clocks[0].to_due) == (None, None)


def test_a_record_that_cannot_be_read_is_counted_and_spoils_nothing():
    law = rules({"promised": days(5)})
    case = file(
        events=[happening(ACCEPTED), happening(ACCEPTED, content="{"),
                happening(ACCEPTED, content='{"kind": "new-kind"}')],
        clocks=[clock_line("2026-09-24 23:59:59")],
    )  # fmt: skip
    view = case_view(case, law)
    assert view.unreadable == 2
    assert view.clocks[0].to_due.total.en == "5 working days"


def test_a_clock_that_the_rules_do_not_know_is_shown_unexplained():
    case = file(
        events=[happening(ACCEPTED)], clocks=[clock_line("2026-09-24", clock_id="statutory")]
    )
    assert case_view(case, rules({"promised": days(5)})).clocks[0].explained is None


def test_cards_gather_their_moves_and_know_whether_they_stand():
    moves = [
        move("b", 1, "2026-09-25 00:00:00"),
        move("a", 1, "2026-09-23 00:00:00"),
        move("b", 2, "2026-09-26 00:00:00", "retracted"),
    ]
    cards = case_view(file(moves=moves), None).cards
    assert [(c.first.card_id, len(c.moves), c.standing) for c in cards] == [
        ("a", 1, True),
        ("b", 2, False),
    ]


def test_the_time_line_is_one_order_of_everything():
    ruling = Ruling(at("2026-09-27 09:00:00"), "a", "answered", "bureau", "")
    view = case_view(
        file(
            events=[happening(ACCEPTED)],
            moves=[move("a", 1, "2026-09-25 00:00:00")],
            rulings=[ruling],
        ),
        None,
    )
    assert [bool(e.event) + 2 * bool(e.move) + 4 * bool(e.ruling) for e in view.entries] == [
        1,
        2,
        4,
    ]


def test_what_was_keyed_in_days_later_is_marked():
    moment = int(ACCEPTED.occurred_at.timestamp())
    of = [happening(ACCEPTED, moment + 86_400), happening(ACCEPTED, moment + 86_401)]
    assert [e.late for e in case_view(file(events=of), None).entries] == [False, True]


def test_a_finding_leads_to_the_very_record_that_shows_it():
    """监察发现: of two versions, the one that was read."""
    first = event("accepted", "2026-09-18 10:00:00")
    newer = first.model_copy(update={"record_version": 2})
    record = identity(first.source, first.event_id)
    lines = [
        FindingLine(f"finding:late_record:{r:x}", "late_record", "none", NOW, "b", "accepted", r,
                    2, int(first.occurred_at.timestamp()))
        for r in (record, record + 1)
    ]  # fmt: skip
    view = case_view(file(events=[happening(first), happening(newer)], findings=lines), None)
    shown, unknown = view.findings
    assert view.entries[shown.place].event is shown.record
    assert shown.record.version == 2
    assert (unknown.record, unknown.place) == (None, None)


@pytest.mark.parametrize(
    ("versions", "fates"),
    [
        ([(1, False)], [""]),
        ([(1, False), (2, False)], ["replaced", ""]),
        ([(1, False), (2, True)], ["taken_back", "taken_back"]),
        ([(1, False), (2, True), (3, False)], ["replaced", "replaced", ""]),
        ([(1, False), (1, False)], ["", ""]),
    ],
)
def test_the_time_line_says_what_became_of_a_record(versions, fates):
    """数据版本 and 作废: nothing that was once said leaves the record."""
    sent = [
        ACCEPTED.model_copy(update={"record_version": version, "voided": voided})
        for version, voided in versions
    ]
    view = case_view(file(events=[happening(each) for each in sent]), None)
    assert [entry.fate for entry in view.entries] == fates

"""The intervals of an explanation add up to the figure shown, to the second."""

from __future__ import annotations

import pytest

from schemas.calendars import CalendarDefinition
from schemas.catalogue_loading import catalogue_from
from streams.engine.explanation import explain_case
from streams.engine.rules import Rules
from streams.engine.telling import tell
from tests.support.cases import at, days, event, rules

ACCEPTED = event("accepted", "2026-09-18 10:00:00")
SUSPENDED = (
    event("suspended", "2026-09-22 10:00:00", suspension="hearing", days_asked=2),
    event("resumed", "2026-09-28 10:00:00"),
)


def explained(law, *events, as_of="2026-12-01"):
    return explain_case("c", events, law, at(as_of)).clocks[0]


def told(intervals, measure="day"):
    return [(i.span(measure), i.counted, i.amount, i.reason.zh) for i in intervals]


def test_a_clerk_can_check_it_with_a_wall_calendar():
    clock = explained(rules({"promised": days(5)}), ACCEPTED, as_of="2026-09-25 12:00:00")
    assert told(clock.to_due) == [
        ("2026-09-18 Fri", False, 0, "起算当日不计入"),
        ("2026-09-19 Sat", False, 0, "周末"),
        ("2026-09-20 Sun", True, 1, "调休上班"),
        ("2026-09-21 Mon – 2026-09-24 Thu", True, 4, "工作日"),
    ]
    assert clock.total_to_due == 5
    assert clock.figure(5).zh == "5 个工作日"


def test_what_is_used_counts_on_after_the_due_moment():
    clock = explained(rules({"promised": days(5)}), ACCEPTED, as_of="2026-09-30 12:00:00")
    assert clock.overdue
    assert clock.total_used == 8
    assert ("2026-09-25 Fri – 2026-09-27 Sun", False, 0, "放假：中秋节") in told(clock.used)


def test_a_suspension_is_shown_and_not_counted():
    clock = explained(rules({"promised": days(5)}), ACCEPTED, *SUSPENDED)
    assert clock.total_to_due == 5
    procedure = "特别程序：听证（记录 2）（《行政许可法》第四十五条）；停 "
    assert [row for row in told(clock.to_due) if row[3].startswith(procedure)] == [
        (
            "2026-09-22 Tue",
            False,
            0,
            (
                f"{procedure}6 小时 / 7 小时 = 6/7 (≈0.857) 日，"
                "累计 6/7 (≈0.857) 日，取整 1 日：不计入"
            ),
        ),
        (
            "2026-09-23 Wed",
            False,
            0,
            f"{procedure}1 整日，累计 13/7 (≈1.857) 日，取整 2 日：不计入",
        ),
        (
            "2026-09-24 Thu",
            True,
            1,
            (f"{procedure}1 小时 / 7 小时 = 1/7 (≈0.143) 日，累计 2 日，取整 2 日：本日计入"),
        ),
    ]
    assert [(each.record, each.what.zh) for each in clock.moved_by] == [
        (
            2,
            "特别程序：听证（记录 2）；所需天数：2 个工作日；"  # noqa: ISC004 - one sentence
            "2026-09-28 10:00:00 结束；不计至 2026-09-24 10:00:00",
        )
    ]


def test_the_days_beyond_those_asked_run_against_the_case():
    clock = explained(rules({"promised": days(5)}), ACCEPTED, *SUSPENDED)
    beyond = [
        (i.span("day"), i.amount)
        for i in clock.to_due
        if "the days asked are used up" in i.reason.en
    ]
    assert beyond == [("2026-09-28 Mon", 1)]
    assert told(clock.to_due)[-1] == ("2026-09-29 Tue", True, 1, "工作日")


def test_days_after_the_last_counted_one_are_shown_as_moved():
    law = rules({"promised": days(2)})
    suspended = (
        event("suspended", "2026-09-21 10:00:00", suspension="hearing", days_asked=3),
        event("resumed", "2026-09-24 10:00:00"),
    )
    clock = explained(law, ACCEPTED, *suspended)
    assert clock.total_to_due == 2
    assert clock.shown(clock.clock.due_at) == "2026-09-24 23:59:59"


def test_working_time_adds_up_to_the_second():
    law = rules({"promised": days(3)}, mode="elapsed")
    clock = explained(law, ACCEPTED, *SUSPENDED)
    assert clock.total_to_due == 3 * 25_200
    assert clock.total_to_due == sum(i.amount for i in clock.to_due if i.counted)
    reasons = {i.reason.zh for i in clock.to_due}
    assert {"午休", "非工作时间", "周末", "调休上班"} <= reasons
    assert clock.figure(25_201).zh == "7 小时 0 分 1 秒"
    for one, following in zip(clock.to_due, clock.to_due[1:], strict=False):
        assert one.end == following.begin


def test_a_stated_moment_has_nothing_to_count():
    law = rules({"promised": {"stated": "promised_due_at"}})
    said = event("accepted", "2026-09-18 10:00:00", promised_due_at="2026-09-30T15:00:00+08:00")
    clock = explained(law, said)
    assert clock.to_due == ()
    assert clock.limit.zh == "以写明的办结时间为准"
    assert clock.due.zh == "由受理（记录 1）写明 2026-09-30 15:00:00（写于 2026-09-18 10:00:00）"
    more = event(
        "extended", "2026-09-25 10:00:00", amount=5, promised_due_at="2026-10-12T15:00:00+08:00"
    )
    clock = explained(law, said, more)
    assert clock.due.en == (
        "as stated by: extended (record 2), 2026-10-12 15:00:00 (written 2026-09-25 10:00:00)"
    )
    assert clock.moved_by[0].what.zh == (
        "延期（记录 2）：办结时间改为 2026-10-12 15:00:00；原到期 2026-09-30 15:00:00；"
        "批准：机关负责人；告知：2026-09-25 10:00:00"
    )


def test_natural_days_and_hours():
    law = rules({"promised": {"amount": 14, "unit": "natural_day"}})
    clock = explained(law, event("accepted", "2026-09-18 10:00:00"))
    assert clock.total_to_due == 14
    assert [reason for _, counted, _, reason in told(clock.to_due) if not counted] == [
        "起算当日不计入",
        "放假：国庆节",
        "期满日遇休息日，顺延至此日（《民法典》第二百零三条）",
    ]
    law = rules({"promised": {"amount": 30, "unit": "hour"}})
    clock = explained(law, ACCEPTED, *SUSPENDED)
    assert clock.total_to_due == 30 * 3600


def test_only_what_had_happened_is_told_and_nothing_is_none():
    law = rules({"promised": days(5)})
    assert explain_case("c", [ACCEPTED], law, at("2026-09-01")) is None
    late = event("extended", "2026-09-23 10:00:00", amount=5, unit="working_day")
    before = explain_case("c", [ACCEPTED, late], law, at("2026-09-22"))
    after = explain_case("c", [ACCEPTED, late], law, at("2026-09-24"))
    assert before.clocks[0].total_to_due == 5
    assert after.clocks[0].total_to_due == 10
    assert after.clocks[0].limit.zh.startswith("5 个工作日 + 延期 5 个工作日 = 10 个工作日，")


def test_a_provisional_due_moment_says_so():
    late = event("accepted", "2026-12-20 10:00:00")
    clock = explained(rules({"promised": days(20)}), late, as_of="2027-03-01")
    said = "暂定：期间涉及 2026-12-26 起尚未公布放假安排的日期，到期和预警可能提前或推后"
    assert clock.notes[0].zh == said
    assert clock.notes[0].en.endswith(
        "not decreed yet; its due time and its levels may move either way"
    )
    assert str(clock.first_projected) == "2026-12-26"
    assert any(i.reason.zh == "法定节假日：元旦" for i in clock.to_due)
    assert any("（暂定）" in i.reason.zh for i in clock.to_due)


# -- why it starts, and where it ends -----------------------------------------------------------

PERMIT = rules({"promised": days(7), "e_licence": days(3)}, preset="cn-permit")
RECEIVED = event("received", "2018-10-15 10:00:00")


def clocks_of(*events, law=PERMIT, as_of="2018-12-01"):
    found = explain_case("c", events, law, at(as_of))
    return {clock.clock.clock_id: clock for clock in found.clocks}


def test_silence_says_until_when_an_answer_was_owed_and_since_when_it_is_known():
    clocks = clocks_of(RECEIVED, as_of="2018-10-23 00:00:00")
    assert clocks["promised"].start.zh == (
        "收件（记录 1），视为受理：至 2018-10-22 23:59:59 未答复（《行政许可法》第三十二条），"
        "2018-10-23 00:00:00 起方知"
    )
    assert set(clocks_of(RECEIVED, as_of="2018-10-22 23:59:59")) == {"acceptance:1"}


def test_an_assumed_start_says_from_what_and_why():
    decided = event("decided", "2018-10-17 10:00:00", outcome="denied")
    assert clocks_of(RECEIVED, decided)["promised"].start.zh == (
        "推定自收件（记录 1）起：没有受理记录"
    )


def test_a_new_period_after_the_corrections_says_so():
    asked = event("corrections_requested", "2018-10-18 09:00:00", items=["a"])
    given = event("corrections_supplied", "2018-10-24 09:00:00", items=["a"])
    clocks = clocks_of(RECEIVED, asked, given, as_of="2018-10-25")
    assert clocks["acceptance:1"].end.zh == "补正告知（记录 2）"
    assert clocks["acceptance:2"].title.zh == "受理时限（第 2 次）"
    assert clocks["acceptance:2"].start.zh == "补正（记录 3），补齐后重新计算"


def test_what_ends_a_clock_is_named():
    accepted = event("accepted", "2018-10-16 10:00:00")
    granted = event("decided", "2018-10-17 10:00:00", outcome="granted")
    posted = event("delivered", "2018-10-19 10:00:00", method="courier")
    clocks = clocks_of(RECEIVED, accepted, granted, posted)
    ends = {name: (clock.end.en, clock.stopped_at) for name, clock in clocks.items()}
    assert ends["acceptance:1"] == ("accepted (record 2)", at("2018-10-16 10:00:00"))
    assert ends["promised"][0] == "decided (record 3)"
    assert ends["delivery"][0] == "delivered (record 4)"
    assert ends["e_licence"] == ("", None)
    assert ends["statutory"][0] == "decided (record 3)"


def test_a_delivery_before_the_decision_stops_nothing():
    accepted = event("accepted", "2018-10-16 10:00:00")
    posted = event("delivered", "2018-10-17 09:00:00")
    granted = event("decided", "2018-10-18 10:00:00", outcome="granted")
    clock = clocks_of(accepted, posted, granted)["delivery"]
    assert (clock.stopped_at, clock.end.en) == (None, "")


# -- what is refused ----------------------------------------------------------------------------

STARTED = event("accepted", "2018-10-15 10:00:00")  # promised by 10-24, statutory by 11-12


def refused(*events, law=PERMIT, clock="promised"):
    return [
        (one.record, one.reason, one.what.zh)
        for one in clocks_of(STARTED, *events, law=law)[clock].refused
    ]


def test_an_extension_after_the_promise_moves_the_statutory_clock_only():
    late = event("extended", "2018-10-29 10:00:00", amount=10, unit="working_day")
    assert refused(late) == [
        (2, "breach", "延期（记录 2）不予认可：此前已超期（原到期 2018-10-24 23:59:59）")
    ]
    statutory = clocks_of(STARTED, late)["statutory"]
    assert statutory.moved_by[0].what.zh == (
        "延期（记录 2）：延长 10 个工作日；原到期 2018-11-12 23:59:59；"
        "批准：机关负责人；告知：2018-10-29 10:00:00"
    )
    assert statutory.limit.zh.startswith("20 个工作日 + 延期 10 个工作日 = 30 个工作日")
    assert statutory.total_to_due == 30


def test_every_refused_extension_says_what_it_is_held_against():
    def more(**facts):
        given = {"amount": 5, "unit": "working_day", **facts}
        return event("extended", "2018-10-22 10:00:00", **given)

    untold = more(told_at=None)
    assert refused(untold)[0][2].endswith(
        "未在原到期前告知申请人（告知：未记录；原到期 2018-10-24 23:59:59）"
    )
    assert refused(more(amount=11))[0][2].endswith("（延长 11 个工作日，最多 10 个工作日）")
    assert refused(more(approver_rank="other"))[0][2].endswith(
        "（批准：其他人员；应为：机关负责人）"
    )
    assert refused(more(unit="natural_day"))[0][2].endswith(
        "（延期以“个自然日”计，时限以“个工作日”计）"
    )
    assert refused(more(reason=None))[0][2] == "延期（记录 2）不予认可：未说明理由"
    again = event("extended", "2018-10-23 10:00:00", amount=2, unit="working_day")
    assert refused(more(), again) == [
        (3, "once", "延期（记录 3）不予认可：只能延期一次（已有延期（记录 2））")
    ]


def test_a_refusal_before_the_valid_extension_is_held_against_the_unextended_limit():
    untold = event("extended", "2018-10-22 10:00:00", amount=5, unit="working_day", told_at=None)
    valid = event("extended", "2018-10-23 10:00:00", amount=2, unit="working_day")
    assert "原到期 2018-10-24 23:59:59" in refused(untold, valid)[0][2]


def test_what_a_source_cannot_hold_is_said_to_be_so():
    mute = event(
        "extended",
        "2018-10-22 10:00:00",
        amount=5,
        unit="working_day",
        told_at=None,
        approver_rank=None,
        unrecorded=["told_at", "approver_rank"],
    )
    clock = clocks_of(STARTED, mute)["promised"]
    assert clock.moved_by[0].what.zh.endswith("批准：来源系统无法记录；告知：来源系统无法记录")


def test_refused_special_procedures_say_why_and_time_runs_on():
    def procedure(when="2018-10-16 10:00:00", **facts):
        return event("suspended", when, **{"suspension": "hearing", "days_asked": 2, **facts})

    assert refused(procedure(suspension="publicity")) == [
        (2, "kind", "特别程序：公示（记录 2）不予认可：该种类不属于法定特别程序")
    ]
    assert refused(procedure(reason=None))[0][1] == "basis"
    after = procedure("2018-11-05 10:00:00")
    assert refused(after)[0][2].endswith("此前已超期（时限已于 2018-10-24 23:59:59 届满）")
    clock = clocks_of(STARTED, after)["promised"]
    assert not clock.moved_by
    assert not any("特别程序" in interval.reason.zh for interval in clock.used)


# -- what a level rests on ----------------------------------------------------------------------


def why(clock, *, to_come=False):
    return [
        (str(level.level), level.rule, level.why.zh)
        for level in (clock.coming if to_come else clock.reached)
    ]


def test_each_level_names_its_rung_and_its_lead():
    clock = clocks_of(STARTED, as_of="2018-10-23")["promised"]
    assert why(clock) == [("notice", "hunan@3/promised/near", "到期前 2 个工作日")]
    assert why(clock, to_come=True) == [("yellow", "hunan@3/promised/passed", "超过到期时间")]


def test_two_rungs_of_one_rule_are_told_apart():
    asked = event("suspended", "2018-10-16 10:00:00", suspension="hearing", days_asked=2)
    clock = clocks_of(STARTED, asked, as_of="2018-10-20")["special:1"]
    assert why(clock)[1:] == [
        ("yellow", "hunan@3/special_procedure/passed", "超过到期时间"),
        ("red", "hunan@3/special_procedure/passed+1", "超过到期时间 1 个工作日以上"),
    ]


def test_leads_of_every_form():
    def lead(limit, **policy):
        law = rules({"promised": limit}, **policy)
        return explained(law, ACCEPTED, as_of="2026-12-01").reached[0].why.zh

    assert lead(days(3)) == "到期前 1 个工作日（时限不超过 3 日的）"
    assert lead(days(1)) == "已用时间超过时限的 1/2（时限不超过 1 日的）"
    elapsed = lead(days(5), mode="elapsed")
    assert elapsed == "到期前 2 个工作日（已用时间进整计，即已用超过 14 小时 0 分 0 秒）"


def test_a_notice_without_a_promise_says_what_it_counts_from():
    law = rules({}, preset="cn-permit")
    clock = clocks_of(STARTED, law=law)["statutory"]
    assert clock.reached[0].why.zh == "到期前 2 个工作日（无承诺时限，以本时限计）"


# -- units --------------------------------------------------------------------------------------


def test_on_the_spot_after_close_ends_with_the_next_working_day():
    law = rules({"promised": {"unit": "on_the_spot"}})
    clock = explained(law, event("accepted", "2026-09-18 17:45:00"), as_of="2026-09-20 10:00:00")
    assert clock.notes[0].zh == "下班后或休息日发生，至下一工作日下班时止：2026-09-20 17:30:00"
    assert (clock.total_to_due, clock.total_used) == (25_200, 3600)
    same_day = explained(law, event("accepted", "2026-09-18 10:00:00"))
    assert same_day.notes[0].zh == "当日下班时止：2026-09-18 17:30:00"


def test_a_month_over_new_year_shows_its_days():
    law = rules({"promised": {"amount": 1, "unit": "month"}})
    clock = explained(law, event("accepted", "2026-12-31 10:00:00"), as_of="2027-01-05")
    assert (
        clock.limit.zh
        == "1 个月，次日起算（《民法典》第二百零一条），至 2027-01-31，共 31 个自然日"
    )
    assert clock.figure(clock.total_to_due).zh == "31 个自然日"
    assert told(clock.to_due)[-1][3].startswith("期满日遇休息日")
    assert str(clock.first_projected) == "2027-01-02"  # 01-01 is off by the law


def test_time_used_up_at_close_is_in_time_until_the_next_opening():
    law = rules({"promised": {"amount": 7, "unit": "working_hour"}})
    clock = explained(law, event("accepted", "2026-09-21 09:00:00"))
    assert clock.shown(clock.clock.due_at) == "2026-09-22 09:00:00"
    assert clock.notes[0].zh == "时限在上一工作时段结束时用完，至下一时段开始前仍未超期"


def test_a_clock_that_no_calendar_reaches_says_so():
    law = rules({"promised": {"amount": 10_000, "unit": "month"}})
    clock = explained(law, ACCEPTED)
    assert clock.notes[0].zh.startswith("到期时间在日历")
    assert clock.first_projected is None
    assert clock.to_due == ()


@pytest.mark.parametrize(
    ("limit", "counted"),
    [
        (days(7), "7 个工作日，次日起算（《民法典》第二百零一条）"),
        (days(7, mode="elapsed"), "7 个工作日，按实际用时"),
    ],
)
def test_one_that_no_calendar_reaches_is_counted_as_its_limit_says(limit, counted):
    """A special procedure of 100 000 days: the due moment is out of reach, the mode is not."""
    endless = event("suspended", "2026-09-22 10:00:00", suspension="hearing", days_asked=100_000)
    clock = explained(rules({"promised": limit}), ACCEPTED, endless)
    assert clock.limit.zh == counted


def test_a_step_repeated_in_another_region_is_told_by_that_regions_calendar_and_hours():
    here = rules({"step": {"amount": 2, "unit": "working_hour"}})
    base = here.catalogue
    west = CalendarDefinition(
        name="west",
        time_zone="Asia/Urumqi",
        week=["mon", "tue", "wed", "thu", "fri"],
        hours=["08:00-12:00"],
        decrees="week",
    )
    content = {
        **base.content,
        "regions": [{"code": "650100", "name": "乌鲁木齐市", "policy": {"calendar": "west"}}],
    }
    law = Rules.of(catalogue_from(content, {**base.calendars, "west": west}))
    accepted = event("accepted", "2018-10-15 09:30:00", region="430100")
    first = event("step_started", "2018-10-15 10:00:00", step="a")
    ended = event("step_finished", "2018-10-15 11:00:00", step="a")
    again = event("step_started", "2018-10-16 13:00:00", step="a", region="650100")
    clocks = clocks_of(accepted, first, ended, again, law=law, as_of="2018-10-16 17:00:00")
    assert clocks["step:a:1"].zone == "Asia/Shanghai"
    there = clocks["step:a:2"]
    assert (there.title.zh, there.zone) == ("环节时限：a（第 2 次）", "Asia/Urumqi")
    assert told(there.to_due, "second")[0] == (
        "2018-10-16 11:00:00 – 2018-10-16 12:00:00",
        True,
        3600,
        "工作日",
    )
    assert there.shown(there.clock.due_at) == "2018-10-17 09:00:00"


# -- as known -----------------------------------------------------------------------------------


def test_what_a_later_version_moves_had_not_happened_at_its_old_time():
    moved = event("accepted", "2026-09-21 10:00:00", event_id="a", record_version=2)
    first = event("accepted", "2026-09-18 10:00:00", event_id="a")
    law = rules({"promised": days(5)})
    assert explain_case("c", [first, moved], law, at("2026-09-20")) is None
    assert explain_case("c", [first], law, at("2026-09-20")).clocks


def test_findings_are_told_from_their_moment_on():
    told_later = event(
        "corrections_requested", "2018-10-17 10:00:00", told_at="2018-10-19T10:00:00+08:00"
    )
    first = event("corrections_requested", "2018-10-16 10:00:00")
    events = (RECEIVED, first, told_later)
    before = explain_case("c", events, PERMIT, at("2018-10-18"))
    after = explain_case("c", events, PERMIT, at("2018-10-20"))
    assert [str(f.code) for f in before.findings] == []
    assert [str(f.code) for f in after.findings] == ["second_notice"]
    assert after.number(after.findings[0].record) == 3


FIVE_DAYS = rules({"promised": days(5)})


def text(*events):
    return tell(explain_case("c", events, FIVE_DAYS, at("2026-04-01")), "en")


class TestWhatClerksCouldNotFollow:
    """Three clerks added up twenty explanations with a wall calendar; what they stumbled over."""

    @pytest.mark.parametrize(
        ("year", "law"),
        [
            (2016, "《民法通则》第一百五十四条"),
            (2018, "《民法总则》第二百零一条"),
            (2021, "《民法典》第二百零一条"),
        ],
    )
    def test_a_period_was_counted_by_the_law_of_its_day(self, year, law):
        clock = explained(FIVE_DAYS, event("accepted", f"{year}-06-01 10:00:00"))
        assert f"次日起算（{law}）" in clock.limit.zh

    def test_a_clock_that_had_ended_in_time_is_not_called_over(self):
        refused = explained(
            rules({"promised": days(3)}),
            event("accepted", "2026-03-02 10:00:00"),
            event("decided", "2026-03-03 10:00:00", outcome="granted"),
            event("suspended", "2026-03-10 10:00:00", suspension="hearing", days_asked=1),
            event("extended", "2026-03-11 10:00:00", amount=1),
        ).refused
        assert [r.what.en.partition("count: ")[2] for r in refused] == [
            "the clock had ended already (it ended on 2026-03-03 10:00:00)"
        ] * 2

    def test_the_hours_stand_beside_the_calendar(self):
        said = text(event("accepted", "2026-02-28 10:00:00"))  # a Saturday that is worked
        assert "; hours of 2026-02-28: 09:00–12:00, 13:30–17:30" in said

    def test_two_that_contradict_each_other_are_cited_apart(self):
        one = event("finished", "2026-03-12 05:00:00", event_id="f", outcome="voided")
        other = event("finished", "2026-03-12 08:00:00", event_id="f", outcome="voided")
        found = explain_case(
            "c", [event("accepted", "2026-03-02 10:00:00"), one, other], FIVE_DAYS, at("2026-04-01")
        )
        assert [found.number(entry) for entry in found.entries] == [1, 2, 3]

    def test_the_sequence_of_a_step_by_which_its_end_is_found_is_told(self):
        started = event("step_started", "2026-03-02 11:00:00", step="s", sequence=3)
        assert "step started  s  no. 3" in text(event("accepted", "2026-03-02 10:00:00"), started)

"""The intervals of an explanation add up to the figure shown, to the second."""

from __future__ import annotations

from streams.engine.explanation import explain_case
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
    assert (
        "2026-09-23 Wed – 2026-09-24 Thu",
        False,
        0,
        "特别程序，不计入（《行政许可法》第四十五条）",
    ) in told(clock.to_due)


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
    assert clock.limit.zh == "以窗口承诺的办结时间为准"


def test_natural_days_and_hours():
    law = rules({"promised": {"amount": 14, "unit": "natural_day"}})
    clock = explained(law, event("accepted", "2026-09-18 10:00:00"))
    assert clock.total_to_due == 14
    assert [reason for _, counted, _, reason in told(clock.to_due) if not counted] == [
        "起算当日不计入",
        "放假：国庆节",
        "期满日顺延",
    ]
    law = rules({"promised": {"amount": 30, "unit": "hour"}})
    clock = explained(law, ACCEPTED, *SUSPENDED)
    assert clock.total_to_due == 30 * 3600


def test_only_what_had_happened_is_told_and_nothing_is_none():
    law = rules({"promised": days(5)})
    assert explain_case("c", [ACCEPTED], law, at("2026-09-01")) is None
    late = event("extended", "2026-09-23 10:00:00", amount=5)
    before = explain_case("c", [ACCEPTED, late], law, at("2026-09-22"))
    after = explain_case("c", [ACCEPTED, late], law, at("2026-09-24"))
    assert before.clocks[0].total_to_due == 5
    assert after.clocks[0].total_to_due == 10
    assert after.clocks[0].notes[0].zh == "已延期 5"


def test_a_provisional_due_moment_says_so():
    late = event("accepted", "2026-12-20 10:00:00")
    clock = explained(rules({"promised": days(20)}), late, as_of="2027-03-01")
    assert clock.notes[0].zh.startswith("暂定")
    assert any("（暂定）" in i.reason.zh for i in clock.to_due)

"""The second reader of the law against what is published, so that two readers are not wrong alike.

Each row of the table of readings and of the calendar's fixtures, with what a wall calendar gives.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.law import Calendar, Law, Limit, Record, verdict
from tests.support.law_tales import WALL, clock, due, extended, findings, record, suspended

RECEIVED = Record("received", WALL("2024-03-04 10:00"), "r")  # a Monday; day 5 is 03-11
PERMIT = Law({"acceptance": Limit(5), "promised": Limit(10)})


@pytest.mark.parametrize(
    ("start", "ends"),
    [
        ("2024-02-09", ("02-18", "02-22", "02-29", "03-14", "04-19")),
        ("2024-09-13", ("09-14", "09-23", "09-29", "10-17", "11-21")),
        ("2025-01-27", ("02-05", "02-10", "02-17", "03-03", "04-08")),
        ("2025-09-26", ("09-28", "10-10", "10-16", "10-30", "12-04")),
        ("2026-02-14", ("02-24", "02-28", "03-06", "03-20", "04-27")),
        ("2026-09-18", ("09-20", "09-24", "10-09", "10-22", "11-26")),
        ("2026-09-30", ("10-08", "10-13", "10-20", "11-03", "12-08")),
    ],
)
def test_the_fixtures_of_the_calendar(start, ends):
    for amount, end in zip((1, 5, 10, 20, 45), ends, strict=True):
        assert due(Law({"promised": Limit(amount)}), start) == f"{start[:4]}-{end} 23:59:59"


class TestTheWorkedExample:
    """Published with a provincial system; accepted Monday 2018-10-15 10:00, promised 7, 10."""

    law = Law({"promised": Limit(7), "statutory": Limit(10)}, mode="elapsed")
    accepted = record("accepted", "2018-10-15 10:00")

    @pytest.mark.parametrize(
        ("pause", "days"),
        [
            (None, ("10-19", "10-24", "10-29")),
            (("2018-10-16 10:00", None), ("10-24", "10-29", "11-01")),
            (("2018-10-16 10:00", "2018-10-23 10:00"), ("10-24", "10-29", "11-01")),
            (("2018-10-16 10:00", "2018-10-18 10:00"), ("10-23", "10-26", "10-31")),
            (("2018-10-22 10:00", None), ("10-19", "10-29", "11-01")),
        ],
        ids=["plain", "never ended", "five days, capped at three", "two of three", "too late"],
    )
    def test_one_second_later(self, pause, days):
        records = [self.accepted, *(suspended(*pause, asked=3) if pause else ())]
        clocks = verdict(self.law, records).clocks
        assert clocks["promised"].levels | clocks["statutory"].levels == {
            level: WALL(f"2018-{day} 10:00:01")
            for level, day in zip(("notice", "yellow", "red"), days, strict=True)
        }

    def test_by_whole_days_the_notice_is_from_midnight(self):
        found = clock(Law({"promised": Limit(7)}), self.accepted)
        assert str(found.due) == "2018-10-24 23:59:59"
        assert str(found.levels["notice"]) == "2018-10-23 00:00:00"


class TestReadings:
    """Each row of the table of readings."""

    @pytest.mark.parametrize("start", ["2024-03-02 10:00", "2024-03-01 20:00"])
    def test_start_on_a_day_off_or_after_hours(self, start):
        law = Law({"promised": Limit(1)})
        assert due(law, start) == "2024-03-04 23:59:59"
        assert due(Law(law.limits, mode="elapsed"), start) == "2024-03-05 09:00:00"

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2024-03-01 17:29:59", "2024-03-01 17:30:00"),
            ("2024-03-01 17:30:00", "2024-03-04 17:30:00"),
            ("2024-03-02 10:00:00", "2024-03-04 17:30:00"),
        ],
    )
    def test_on_the_spot_after_close_or_on_a_day_off(self, start, end):
        assert due(Law({"promised": Limit(None, "on_the_spot")}), start) == end

    @pytest.mark.parametrize(
        ("pause", "end"),
        [
            (("2024-03-13 10:00", "2024-03-17 10:00"), "2024-03-21"),
            (("2024-03-16 10:00", "2024-03-19 17:30"), "2024-03-20"),
            (("2024-03-16 10:00", "2024-03-17 17:30"), "2024-03-18"),
        ],
        ids=["ending on a Sunday", "starting on a Saturday", "both"],
    )
    def test_suspension_starting_or_ending_on_a_day_off(self, pause, end):
        """Six hours of Wednesday, Thursday and Friday: 20/7, three dates. Monday and Tuesday: two.

        Where it ends on Sunday, Monday counts.
        """
        law = Law({"promised": Limit(5)})
        assert due(law, "2024-03-11 10:00") == "2024-03-18 23:59:59"
        assert due(law, "2024-03-11 10:00", *suspended(*pause, 10)) == f"{end} 23:59:59"

    def test_corrections_supplied_after_a_timely_complete_notice(self):
        told = record("corrections_requested", "2024-03-08 10:00", items=("a",))
        supplied = record("corrections_supplied", "2024-03-20 10:00", items=("a",))
        silent = (RECEIVED, told, supplied)
        first = clock(PERMIT, *silent, clock_id="acceptance:1")
        assert str(first.stopped) == "2024-03-08 10:00:00"
        again = clock(PERMIT, *silent, clock_id="acceptance:2")
        assert str(again.due) == "2024-03-27 23:59:59"
        deemed = clock(PERMIT, *silent)
        assert str(deemed.start) == "2024-03-20 10:00:00"
        assert str(deemed.known_from) == "2024-03-28 00:00:00"
        answered = clock(PERMIT, *silent, record("accepted", "2024-03-25 10:00"))
        assert str(answered.start) == "2024-03-25 10:00:00"

    def test_notice_after_day_5(self):
        late = record("corrections_requested", "2024-03-12 00:00")
        supplied = record("corrections_supplied", "2024-03-15 10:00", all_supplied=True)
        found = clock(PERMIT, RECEIVED, late, supplied)
        assert str(found.start) == "2024-03-04 10:00:00"
        assert str(found.known_from) == "2024-03-12 00:00:00"

    @pytest.mark.parametrize("items", [("b",), ("a", "b"), None])
    def test_second_notice_with_new_items(self, items):
        first = record("corrections_requested", "2024-03-05 10:00", items=("a",))
        supplied = record("corrections_supplied", "2024-03-06 10:00", all_supplied=True)
        second = record("corrections_requested", "2024-03-07 10:00", items=items)
        records = (RECEIVED, first, supplied, second)
        assert findings(PERMIT, *records) == {("second_notice", "2024-03-07 10:00:00")}
        assert str(clock(PERMIT, *records).start) == "2024-03-06 10:00:00"
        third = record("corrections_requested", "2024-03-08 10:00", items=("c",))
        assert ("third_notice", "2024-03-08 10:00:00") in findings(PERMIT, *records, third)

    def test_the_same_items_still_missing(self):
        first = record("corrections_requested", "2024-03-05 10:00", items=("a", "b"))
        supplied = record("corrections_supplied", "2024-03-06 10:00", all_supplied=True)
        second = record("corrections_requested", "2024-03-07 10:00", items=("b",))
        found = verdict(PERMIT, [RECEIVED, first, supplied, second])
        assert found.findings == set()
        assert set(found.clocks) == {"acceptance:1", "acceptance:2"}
        assert str(found.clocks["acceptance:2"].stopped) == "2024-03-07 10:00:00"

    def test_acceptance_missing_decision_present(self):
        law = Law({"promised": Limit(10)})
        granted = record("decided", "2024-03-20 10:00", outcome="granted")
        supplied = record("corrections_supplied", "2024-03-06 10:00")
        step = record("step_started", "2024-03-01 10:00", step="s")
        assert str(clock(law, RECEIVED, granted).start) == "2024-03-04 10:00:00"
        assert str(clock(law, RECEIVED, supplied, granted).start) == "2024-03-06 10:00:00"
        assert str(clock(law, step, granted).start) == "2024-03-01 10:00:00"
        assert findings(law, RECEIVED, granted) == {("acceptance_missing", "2024-03-20 10:00:00")}

    def test_deemed_accepted_then_accepted_later(self):
        late = record("accepted", "2024-03-12 00:00")
        assert str(clock(PERMIT, RECEIVED, late).start) == "2024-03-04 10:00:00"
        assert findings(PERMIT, RECEIVED, late) == {("late_acceptance", "2024-03-12 00:00:00")}
        timely = record("accepted", "2024-03-11 23:59:59")
        assert str(clock(PERMIT, RECEIVED, timely).start) == "2024-03-11 23:59:59"
        assert findings(PERMIT, RECEIVED, timely) == set()

    def test_deemed_accepted_then_not_accepted(self):
        refused = record("refused", "2024-03-12 10:00")
        found = clock(PERMIT, RECEIVED, refused)
        assert (str(found.start), str(found.stopped)) == (
            "2024-03-04 10:00:00",
            "2024-03-12 10:00:00",
        )
        assert findings(PERMIT, RECEIVED, refused) == {("late_refusal", "2024-03-12 10:00:00")}

    def test_make_up_half_day(self):
        half = Calendar(mornings=frozenset({date(2024, 2, 4)}))
        start = "2024-02-02 10:00"
        by_dates = Law({"promised": Limit(1)}, calendar=half)
        assert due(by_dates, start) == "2024-02-04 23:59:59"
        ends = {1: "2024-02-04 10:00:00", 2: "2024-02-05 15:30:00"}
        for amount, end in ends.items():
            law = Law({"promised": Limit(amount)}, mode="elapsed", calendar=half)
            assert due(law, start) == end

    def test_working_hours_across_lunch(self):
        law = Law({"promised": Limit(2, "working_hour")})
        found = clock(law, record("accepted", "2024-03-04 10:00"))
        assert str(found.due) == "2024-03-04 13:30:00"
        assert str(found.levels["yellow"]) == "2024-03-04 13:30:01"


class TestMoving:
    """Suspensions and extensions, at their edges."""

    law = Law({"promised": Limit(5), "statutory": Limit(10)})
    accepted = record("accepted", "2024-03-04 10:00")  # 03-11 and 03-18

    def dues(self, *records):
        clocks = verdict(self.law, [self.accepted, *records]).clocks
        return [str(clocks[name].due.date()) for name in ("promised", "statutory")]

    @pytest.mark.parametrize(
        ("approved", "facts", "dues"),
        [
            ("2024-03-11 23:59:59", {}, ["2024-03-14", "2024-03-21"]),
            ("2024-03-12 00:00:00", {}, ["2024-03-11", "2024-03-21"]),
            ("2024-03-19 00:00:00", {}, ["2024-03-11", "2024-03-18"]),
            ("2024-03-08 10:00:00", {"amount": 11}, ["2024-03-11", "2024-03-18"]),
            ("2024-03-08 10:00:00", {"unit": "natural_day"}, ["2024-03-11", "2024-03-18"]),
            ("2024-03-08 10:00:00", {"approver_rank": "other"}, ["2024-03-11", "2024-03-18"]),
            ("2024-03-08 10:00:00", {"reason": None}, ["2024-03-11", "2024-03-18"]),
            ("2024-03-08 10:00:00", {"told_at": None}, ["2024-03-11", "2024-03-18"]),
            (
                "2024-03-08 10:00:00",
                {"told_at": WALL("2024-03-12")},
                ["2024-03-11", "2024-03-21"],
            ),
        ],
    )
    def test_an_extension_in_time_for_both_for_one_for_none(self, approved, facts, dues):
        extension = extended(approved, **facts)
        assert self.dues(extension) == dues
        refused = ("extension_refused", str(extension.at)) in findings(
            self.law, self.accepted, extension
        )
        assert refused == (dues == ["2024-03-11", "2024-03-18"])

    def test_a_suspension_that_covers_the_due_time(self):
        pause = suspended("2024-03-11 23:59:59", "2024-03-15 10:00", 10)
        assert self.dues(*pause)[0] == "2024-03-15"

    def test_a_suspension_after_the_breach_of_both(self):
        pause = list(suspended("2024-03-19 00:00:00", "2024-03-25 10:00", 10))
        assert self.dues(*pause) == ["2024-03-11", "2024-03-18"]
        expected = {("suspension_after_breach", "2024-03-19 00:00:00")}
        assert findings(self.law, self.accepted, *pause) == expected

    @pytest.mark.parametrize(("begun", "moved"), [("14:00:00", True), ("14:00:01", False)])
    def test_half_a_working_day(self, begun, moved):
        """3.5 hours are half of the standard day of 7; over night they leave one date out."""
        pause = suspended(f"2024-03-06 {begun}", "2024-03-07 09:00", 5)
        assert (self.dues(*pause)[0] == "2024-03-12") == moved


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2024-03-01 10:00", Limit(7, "natural_day"), "2024-03-08 23:59:59"),
        ("2024-03-01 10:00", Limit(8, "natural_day"), "2024-03-11 23:59:59"),
        ("2024-03-01 10:00", Limit(8, "natural_day", roll=False), "2024-03-09 23:59:59"),
        (
            "2024-03-01 10:00",
            Limit(8, "natural_day", roll=False, keep_clock_time=True),
            "2024-03-09 10:00:00",
        ),
        ("2024-01-31 10:00", Limit(1, "month"), "2024-02-29 23:59:59"),
        ("2023-01-31 10:00", Limit(1, "month"), "2023-02-28 23:59:59"),
        ("2024-01-31 10:00", Limit(2, "month"), "2024-04-01 23:59:59"),
        ("2024-03-01 10:00", Limit(30, "hour"), "2024-03-02 16:00:00"),
        ("2024-03-01 10:00", Limit(90, "minute"), "2024-03-01 11:30:00"),
        ("2024-03-01 17:00", Limit(90, "working_minute"), "2024-03-04 10:00:00"),
    ],
)
def test_natural_days_months_and_time_on_the_clock(start, limit, end):
    """民法典 §200-204: 03-09, 03-10 and 03-31 of 2024 are a Saturday and Sundays."""
    assert due(Law({"promised": limit}), start) == end

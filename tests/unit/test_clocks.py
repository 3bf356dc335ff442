"""The worked example of a provincial system, and the formulas around it (docs/time.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.calendars import StartRule
from schemas.limits import Ladder
from streams.engine.rules import Rules
from tests.support.cases import assessed, at, clock, days, event, levels, rules, shown

EXAMPLE = {"promised": days(7), "statutory": days(10)}
ACCEPTED = event("accepted", "2018-10-15 10:00:00")


def special(start, end=None, asked=3, kind="hearing"):
    found = [event("suspended", start, suspension=kind, days_asked=asked)]
    if end:
        found.append(event("resumed", end))
    return found


class TestTheWorkedExample:
    """Mode `elapsed`; accepted Monday 2018-10-15 10:00:00, promised 7, statutory 10."""

    law = rules(EXAMPLE, mode="elapsed")

    def moments(self, *events):
        case = assessed(self.law, ACCEPTED, *events)
        promised, statutory = levels(case), levels(case, "statutory")
        return promised["notice"], promised["yellow"], statutory["red"]

    def test_one_second_after_the_moment_and_not_at_it(self):
        case = assessed(self.law, ACCEPTED)
        for level, moment, name in (
            ("notice", "2018-10-19 10:00:00", "promised"),
            ("yellow", "2018-10-24 10:00:00", "promised"),
            ("red", "2018-10-29 10:00:00", "statutory"),
        ):
            held = [str(r.level) for r in clock(case, name).reached(at(moment))]
            assert level not in held
            held = [str(r.level) for r in clock(case, name).reached(at(moment) + 1)]
            assert level in held

    @pytest.mark.parametrize(
        ("end", "expected"),
        [
            ("2018-10-19 10:00:00", ("2018-10-24", "2018-10-29", "2018-11-01")),
            ("2018-10-23 10:00:00", ("2018-10-24", "2018-10-29", "2018-11-01")),
            (None, ("2018-10-24", "2018-10-29", "2018-11-01")),
            ("2018-10-18 10:00:00", ("2018-10-23", "2018-10-26", "2018-10-31")),
        ],
        ids=["as asked", "five days, capped at three", "never ended", "two of the three"],
    )
    def test_a_special_procedure_of_three_days_from_the_second_day(self, end, expected):
        moments = self.moments(*special("2018-10-16 10:00:00", end))
        assert moments == tuple(f"{day} 10:00:01" for day in expected)

    def test_one_that_starts_after_the_notice_no_longer_moves_it(self):
        moments = self.moments(*special("2018-10-22 10:00:00", "2018-10-25 10:00:00"))
        assert moments[0] == "2018-10-19 10:00:01"
        assert moments[1] == "2018-10-29 10:00:01"

    def test_the_due_moment_is_the_last_second_in_time(self):
        case = assessed(self.law, ACCEPTED)
        assert shown(clock(case).due_at) == "2018-10-24 10:00:00"
        assert not clock(case).overdue(at("2018-10-24 10:00:00"))
        assert clock(case).overdue(at("2018-10-24 10:00:01"))

    def test_full_days_end_at_the_opening_of_the_next(self):
        case = assessed(
            rules({"promised": days(1)}, mode="elapsed"), event("accepted", "2018-10-15 09:00:00")
        )
        assert shown(clock(case).due_at) == "2018-10-16 09:00:00"


class TestNextDay:
    law = rules(EXAMPLE)

    def test_the_start_day_is_not_counted_and_the_last_day_is_whole(self):
        case = assessed(self.law, ACCEPTED)
        assert shown(clock(case).due_at) == "2018-10-24 23:59:59"
        assert levels(case) == {
            "notice": "2018-10-23 00:00:00",
            "yellow": "2018-10-25 00:00:00",
        }
        assert levels(case, "statutory") == {"red": "2018-10-30 00:00:00"}

    def test_close_of_business_is_the_letter_of_the_civil_code_203(self):
        law = rules({"promised": days(7, cut_off="close_of_business")})
        assert shown(clock(assessed(law, ACCEPTED)).due_at) == "2018-10-24 17:30:00"

    @pytest.mark.parametrize(
        ("start", "due"),
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
    def test_every_fixture_of_the_decreed_calendar(self, start, due):
        for amount, expected in zip((1, 5, 10, 20, 45), due, strict=True):
            case = assessed(
                rules({"promised": days(amount)}), event("accepted", f"{start} 10:00:00")
            )
            assert shown(clock(case).due_at) == f"{start[:4]}-{expected} 23:59:59"

    def test_short_limits_have_shorter_leads(self):
        three = assessed(rules({"promised": days(3)}), ACCEPTED)
        assert levels(three)["notice"] == "2018-10-18 00:00:00"
        one = assessed(rules({"promised": days(1)}), ACCEPTED)
        assert levels(one)["notice"] == "2018-10-16 12:00:00"

    def test_days_within_a_suspension_are_not_counted(self):
        # (10-16, 10-19]: Wednesday to Friday are out
        case = assessed(self.law, ACCEPTED, *special("2018-10-16 10:00:00", "2018-10-19 10:00:00"))
        assert shown(clock(case).due_at) == "2018-10-29 23:59:59"

    def test_a_suspension_of_less_than_half_a_day_excludes_no_date(self):
        case = assessed(self.law, ACCEPTED, *special("2018-10-16 16:00:00", "2018-10-17 09:30:00"))
        assert shown(clock(case).due_at) == "2018-10-24 23:59:59"

    def test_a_suspension_on_the_last_day_carries_it_along(self):
        case = assessed(
            self.law, ACCEPTED, *special("2018-10-24 10:00:00", "2018-10-26 10:00:00", 5)
        )
        assert shown(clock(case).due_at) == "2018-10-26 23:59:59"

    def test_overlapping_suspensions_are_merged(self):
        case = assessed(
            self.law,
            ACCEPTED,
            event("suspended", "2018-10-16 10:00:00", suspension="hearing", suspension_id="a"),
            event("suspended", "2018-10-17 10:00:00", suspension="testing", suspension_id="b"),
            event("resumed", "2018-10-18 10:00:00", suspension_id="a"),
            event("resumed", "2018-10-19 10:00:00", suspension_id="b"),
        )
        assert shown(clock(case).due_at) == "2018-10-29 23:59:59"

    def test_one_whose_end_is_not_on_record_lasts_as_long_as_was_asked(self):
        case = assessed(self.law, ACCEPTED, *special("2018-10-16 10:00:00"))
        assert shown(clock(case).due_at) == "2018-10-29 23:59:59"

    def test_a_kind_that_the_law_does_not_name_stops_nothing(self):
        case = assessed(
            self.law,
            ACCEPTED,
            *special("2018-10-16 10:00:00", "2018-10-19 10:00:00", kind="correction"),
        )
        assert shown(clock(case).due_at) == "2018-10-24 23:59:59"

    def test_an_extension_lengthens_both_clocks(self):
        case = assessed(self.law, ACCEPTED, event("extended", "2018-10-17 10:00:00", amount=5))
        assert shown(clock(case).due_at) == "2018-10-31 23:59:59"
        assert shown(clock(case, "statutory").due_at) == "2018-11-05 23:59:59"

    def test_an_extension_in_another_unit_moves_nothing(self):
        late = event("extended", "2018-10-17 10:00:00", amount=5, unit="natural_day")
        assert shown(clock(assessed(self.law, ACCEPTED, late)).due_at) == "2018-10-24 23:59:59"

    def test_a_due_moment_past_the_last_decree_is_provisional(self):
        law = rules({"promised": days(20)})
        assert clock(assessed(law, event("accepted", "2026-12-20 10:00:00"))).counting.provisional
        assert not clock(
            assessed(law, event("accepted", "2026-11-20 10:00:00"))
        ).counting.provisional


class TestOtherUnits:
    def test_natural_days_roll_once_at_the_end(self):
        # 2026-10-01 to 10-07 are off: the 4th rolls to the 8th
        law = rules({"promised": {"amount": 5, "unit": "natural_day"}})
        case = assessed(law, event("accepted", "2026-09-29 10:00:00"))
        assert shown(clock(case).due_at) == "2026-10-08 23:59:59"

    def test_natural_days_without_roll_at_the_clock_time(self):
        limit = {"amount": 5, "unit": "natural_day", "roll": "none", "keep_clock_time": True}
        case = assessed(rules({"promised": limit}), event("accepted", "2026-09-29 10:11:12"))
        assert shown(clock(case).due_at) == "2026-10-04 10:11:12"

    def test_working_hours_skip_lunch(self):
        law = rules({"promised": {"amount": 2, "unit": "working_hour"}})
        case = assessed(law, event("accepted", "2026-09-29 10:00:00"))
        assert shown(clock(case).due_at) == "2026-09-29 13:30:00"
        assert levels(case)["yellow"] == "2026-09-29 13:30:01"
        assert levels(case)["notice"] == "2026-09-29 11:00:01"

    def test_hours_on_the_clock_run_through_the_night(self):
        law = rules({"promised": {"amount": 24, "unit": "hour"}})
        case = assessed(law, event("accepted", "2026-09-30 16:00:00"))
        assert shown(clock(case).due_at) == "2026-10-01 16:00:00"
        assert levels(case)["notice"] == "2026-10-01 04:00:01"

    def test_a_limit_beyond_every_calendar_is_never_due_and_no_crash(self):
        law = rules({"promised": days(9000)})
        found = clock(assessed(law, event("accepted", "2090-09-30 16:00:00")))
        assert not found.levels or found.levels[0].at > at("2099-12-31")
        assert found.counting.provisional


class TestStatedMoment:
    law = rules({"promised": {"stated": "promised_due_at"}})

    def test_it_is_the_due_moment_and_the_lead_is_counted_by_the_calendar(self):
        said = event("accepted", "2026-09-18 10:00:00", promised_due_at="2026-09-30T15:00:00+08:00")
        assert levels(assessed(self.law, said)) == {
            "notice": "2026-09-28 15:00:00",  # 14 hours of working time are left
            "yellow": "2026-09-30 15:00:01",
        }

    @pytest.mark.parametrize(
        ("due", "ended", "overdue"),
        [
            ("15:00:00", "15:00:00", False),
            ("15:00:00", "15:00:00.020", True),
            ("15:00:00.788", "15:00:00.500", False),
        ],
        ids=["at the very moment", "20 ms after it (WABO case-5877)", "before it"],
    )
    def test_an_end_within_the_same_second_is_held_against_the_moment(self, due, ended, overdue):
        said = event("accepted", "2026-09-18 10:00:00", promised_due_at=f"2026-09-30T{due}+08:00")
        case = assessed(self.law, said, event("finished", f"2026-09-30 {ended}"))
        assert clock(case).overdue(at("2026-12-01")) is overdue
        reached = [str(r.level) for r in clock(case).reached(at("2026-12-01"))]
        assert ("yellow" in reached) is overdue

    def test_an_extension_states_it_anew(self):
        said = event("accepted", "2026-09-18 10:00:00", promised_due_at="2026-09-30T15:00:00+08:00")
        again = event(
            "extended", "2026-09-25 10:00:00", amount=0, promised_due_at="2026-10-15T15:00:00+08:00"
        )
        assert levels(assessed(self.law, said, again))["yellow"] == "2026-10-15 15:00:01"


class TestLadders:
    def test_chengdu_is_yellow_when_near_and_red_when_passed(self):
        law = rules(EXAMPLE, ladder="chengdu")
        case = assessed(law, ACCEPTED)
        assert levels(case) == {"yellow": "2018-10-24 00:00:00", "red": "2018-10-25 00:00:00"}
        assert levels(case, "statutory") == {"red": "2018-10-30 00:00:00"}

    def test_without_a_promise_the_notice_counts_from_the_statutory_due(self):
        case = assessed(rules(preset="cn-permit"), ACCEPTED)
        assert levels(case, "statutory") == {
            "notice": "2018-11-09 00:00:00",
            "red": "2018-11-13 00:00:00",
        }

    def test_a_promise_longer_than_the_statute_is_cut_to_it(self):
        case = assessed(rules({"promised": days(30)}, preset="cn-permit"), ACCEPTED)
        assert clock(case).due_at == clock(case, "statutory").due_at


class TestStarts:
    law = rules(EXAMPLE)

    def test_no_acceptance_no_clock(self):
        assert assessed(self.law, event("received", "2018-10-15 10:00:00")).clocks == ()

    def test_a_case_decided_without_acceptance_started_at_receipt(self):
        case = assessed(
            self.law,
            event("received", "2018-10-15 10:00:00"),
            event("decided", "2018-10-30 10:00:00", outcome="granted"),
        )
        assert clock(case).overdue(at("2018-12-01"))

    def test_an_item_that_nobody_catalogued_has_no_clock(self):
        accepted = event("accepted", "2018-10-15 10:00:00", item="unknown")
        assert assessed(self.law, accepted).clocks == ()


class TestEnds:
    def ended(self, **policy):
        return assessed(
            rules(EXAMPLE, **policy),
            ACCEPTED,
            event("decided", "2018-10-24 10:00:00", outcome="granted"),
            event("finished", "2018-10-26 10:00:00"),
        )

    @pytest.mark.parametrize(
        ("ends", "overdue"), [("earliest", False), ("decision", False), ("finishing", True)]
    )
    def test_what_ends_a_clock_is_configuration(self, ends, overdue):
        case = self.ended(clock_ends_at=ends)
        assert clock(case).overdue(at("2018-12-01")) is overdue

    def test_a_clock_that_has_stopped_reaches_nothing_more(self):
        reached = clock(self.ended()).reached(at("2018-12-01"))
        assert [str(r.level) for r in reached] == ["notice"]

    def test_states(self):
        case = assessed(self.__class__.law(), ACCEPTED, *special("2018-10-16 10:00:00"))
        assert clock(case).state(at("2018-10-15 12:00:00")) == "running"
        assert clock(case).state(at("2018-10-17 12:00:00")) == "paused"
        assert clock(self.ended()).state(at("2018-11-17 12:00:00")) == "stopped"

    @staticmethod
    def law():
        return rules(EXAMPLE)


class TestSteps:
    law = rules({}, flow=[{"code": "审查", "name": "审查", "limit": days(2)}])

    def test_a_step_has_its_own_clock_each_time_it_is_done(self):
        case = assessed(
            self.law,
            ACCEPTED,
            event("step_started", "2018-10-15 11:00:00", step="审查", officer="u1"),
            event("step_finished", "2018-10-16 11:00:00", step="审查"),
            event("step_started", "2018-10-17 11:00:00", step="审查", officer="u2"),
            event("step_finished", "2018-10-23 11:00:00", step="审查"),
        )
        first, second = clock(case, "step:审查:1"), clock(case, "step:审查:2")
        assert not first.overdue(at("2018-12-01"))
        assert second.overdue(at("2018-12-01"))
        assert levels(case, "step:审查:2") == {"yellow": "2018-10-20 00:00:00"}
        assert second.started.officer == "u2"

    def test_a_step_that_the_case_ended_over_ends_with_it(self):
        case = assessed(
            self.law,
            ACCEPTED,
            event("step_started", "2018-10-15 11:00:00", step="审查"),
            event("decided", "2018-10-16 10:00:00", outcome="granted"),
        )
        assert not clock(case, "step:审查:1").overdue(at("2018-12-01"))

    def test_a_limit_that_the_source_states_for_the_step(self):
        law = rules({"step": {"stated": "step_limit"}})
        started = event(
            "step_started",
            "2018-10-15 11:00:00",
            step="s",
            limit_amount=1,
            limit_unit="working_day",
        )
        case = assessed(law, ACCEPTED, started)
        assert shown(clock(case, "step:s:1").due_at) == "2018-10-16 23:59:59"

    def test_a_step_without_a_limit_has_no_clock(self):
        started = event("step_started", "2018-10-15 11:00:00", step="别的")
        assert assessed(self.law, ACCEPTED, started).clocks == ()


class TestWhatIsRemembered:
    """Limits that nothing moves are counted once for a day: the same as counted anew."""

    limits = (
        days(1),
        days(2),
        days(7, cut_off="close_of_business"),
        days(3, keep_clock_time=True),
        days(2, mode="elapsed"),
        {"amount": 1, "unit": "natural_day"},
        {"amount": 1, "unit": "month"},
        {"unit": "on_the_spot"},
        {"amount": 3, "unit": "working_hour"},
    )

    @pytest.mark.parametrize("limit", limits, ids=str)
    @pytest.mark.parametrize("ladder", ["hunan", "chengdu"])
    def test_for_every_start_of_a_day(self, limit, ladder):
        law = rules({"promised": limit, "statutory": days(20)}, ladder=ladder)
        for time in ("08:00:00", "23:59:59", "00:00:00", "17:30:00", "12:00:00", "12:00:01"):
            started = event("accepted", f"2018-10-15 {time}")
            anew = rules({"promised": limit, "statutory": days(20)}, ladder=ladder)
            found, expected = assessed(law, started), assessed(anew, started)
            assert [
                (c.counting.start, c.due_at, c.levels, c.counting.provisional) for c in found.clocks
            ] == [
                (c.counting.start, c.due_at, c.levels, c.counting.provisional)
                for c in expected.clocks
            ]

    def test_with_a_lead_in_working_hours_and_a_start_rule(self):
        near = {"clock": "promised", "level": "notice", "when": "near"}
        rungs = [{**near, "leads": [{"working_hours": 6}]}]
        own = Ladder.model_validate({"name": "own", "title": "自定", "rungs": rungs})
        base = rules({"promised": days(1)}).catalogue
        late = StartRule(closes_at="17:00", resumes_at="08:30")
        calendars = {"cn": base.calendars["cn"].model_copy(update={"start_rule": late})}
        for chosen in (base.calendars, calendars):
            made = replace(base, ladders={"hunan": own}, calendars=chosen)
            shared = Rules.of(made)
            for time in ("16:59:59", "17:00:00", "09:00:00", "10:00:00", "23:00:00", "11:30:00"):
                started = event("accepted", f"2018-10-15 {time}")
                one, other = assessed(shared, started), assessed(Rules.of(made), started)
                assert (clock(one).due_at, clock(one).levels) == (
                    clock(other).due_at,
                    clock(other).levels,
                )

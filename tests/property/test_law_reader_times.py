"""The second reader: stated due moments, leads, arrival, corrections, and the days of a calendar.

Expectations come from domain.md and a wall calendar: 2026-03-02 is a Monday, and so is 03-09.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from tests.support.law import Calendar, Law, Limit, verdict
from tests.support.law.arriving import (
    Tick,
    arrived,
    in_time_for_silence,
    is_backdated,
    took_effect,
    watch,
)
from tests.support.law.days import Season
from tests.support.law.decrees import statutory
from tests.support.law.facts import STATED
from tests.support.law.names import LEVELS
from tests.support.law_tales import WALL, clock, codes, due, extended, record, suspended

CHINA = Calendar()
PROMISE = Law({"promised": STATED})
A = "2026-03-02 10:00"


def accepted(promise, at=A, **more):
    stated = promise
    if isinstance(promise, str):
        stated = WALL(promise) if ":" in promise else date.fromisoformat(promise)
    return record("accepted", at, promised_due_at=stated, **more)


class TestAStatedDate:
    """An X, which moves as X does: N = 5 to Monday 03-09."""

    @pytest.mark.parametrize(
        ("stated", "pause", "last"),
        [
            ("2026-03-09", (), "2026-03-09"),
            ("2026-03-08", (), "2026-03-08"),
            ("2026-03-09", ("2026-03-04 13:30", "2026-03-04 17:30", 5), "2026-03-10"),
            ("2026-03-09", ("2026-03-04 09:00", "2026-03-04 12:00", 5), "2026-03-09"),
            ("2026-03-08", ("2026-03-04 09:00", "2026-03-04 12:00", 5), "2026-03-08"),
            ("2026-03-08", ("2026-03-04 13:30", "2026-03-04 17:30", 5), "2026-03-09"),
            ("2026-03-08", ("2026-03-07 10:00", None, 1), "2026-03-09"),
        ],
        ids=[
            "as stated",
            "a day off stays",
            "an afternoon",
            "a morning rounds to nothing",
            "a morning, on a day off",
            "an afternoon, from a day off",
            "over its end: the while rule",
        ],
    )
    def test_moves_as_x_does(self, stated, pause, last):
        records = suspended(*pause) if pause else ()
        assert str(clock(PROMISE, accepted(stated), *records).due) == f"{last} 23:59:59"

    def test_by_close_of_business(self):
        law = replace(PROMISE, cut_off="close_of_business")
        assert str(clock(law, accepted("2026-03-09")).due) == "2026-03-09 17:30:00"
        assert str(clock(law, accepted("2026-03-08")).due) == "2026-03-08 23:59:59"

    def test_an_extension_is_in_working_days(self):
        stated = accepted("2026-03-09")
        assert str(clock(PROMISE, stated, extended("2026-03-05 10:00", 2)).due)[:10] == "2026-03-11"
        natural = extended("2026-03-05 10:00", 2, unit="natural_day")
        assert "extension_refused" in codes(PROMISE, stated, natural)

    def test_its_lead_is_by_dates(self):
        levels = clock(PROMISE, accepted("2026-03-09")).levels
        assert str(levels["notice"]) == "2026-03-06 00:00:00"


class TestAStatedMoment:
    @pytest.mark.parametrize(
        ("stated", "pause", "moved"),
        [
            ("2026-03-09 15:00", ("2026-03-04 14:00", "2026-03-04 16:00", 5), "2026-03-09 17:00"),
            ("2026-03-09 15:00", ("2026-03-04 13:30", "2026-03-04 17:30", 5), "2026-03-10 10:30"),
            ("2026-03-09 15:00", ("2026-03-09 14:00", "2026-03-09 16:00", 5), "2026-03-09 17:00"),
            ("2026-03-09 15:00", ("2026-03-07 10:00", "2026-03-08 10:00", 5), "2026-03-09 15:00"),
            (
                "2026-03-09 15:00",
                ("2026-03-09 15:00:01", "2026-03-09 16:00", 5),
                "2026-03-09 15:00",
            ),
            ("2026-03-09 15:00", ("2026-03-09 14:00", None, 1), "2026-03-10 15:00"),
            ("2026-03-08 15:00", ("2026-03-04 16:30", "2026-03-04 17:30", 5), "2026-03-09 10:00"),
        ],
        ids=[
            "two hours, two hours on",
            "four hours, into the morning",
            "over it: what is left of it comes after its end",
            "a weekend is no working time",
            "begun after it",
            "a day asked",
            "from a day off",
        ],
    )
    def test_moves_by_the_working_time_suspended(self, stated, pause, moved):
        found = clock(PROMISE, accepted(stated), *suspended(*pause))
        assert str(found.due) == f"{moved}:00"

    def test_one_moves_it_so_that_the_next_began_in_time(self):
        one = suspended("2026-03-09 14:00", "2026-03-09 14:30", 5)
        two = suspended("2026-03-09 15:15", "2026-03-09 15:45", 5)
        found = clock(PROMISE, accepted("2026-03-09 15:00"), *one, *two)
        assert str(found.due) == "2026-03-09 16:00:00"

    def test_first_the_extension_then_the_suspended_time(self):
        pause = suspended("2026-03-04 14:00", "2026-03-04 16:00", 5)
        found = clock(
            PROMISE, accepted("2026-03-09 15:00"), *pause, extended("2026-03-05 10:00", 2)
        )
        assert str(found.due) == "2026-03-11 17:00:00"

    @pytest.mark.parametrize(
        ("stated", "notice"),
        [
            ("2026-03-09 15:00", "2026-03-05 15:00:00"),  # N = 5: two standard days
            ("2026-03-05 15:00", "2026-03-04 15:00:00"),  # N = 3: one
            ("2026-03-03 10:00", "2026-03-02 15:00:00"),  # N = 1: half of the 7 h between
            ("2026-03-07 10:00", "2026-03-05 09:00:00"),  # before a day off
        ],
    )
    def test_its_lead_is_in_working_time(self, stated, notice):
        assert str(clock(PROMISE, accepted(stated)).levels["notice"]) == notice

    def test_its_lead_is_not_in_suspended_time(self):
        """Two standard days before 17:00 on the 9th, not counting 14:00 to 16:00 of the 6th."""
        pause = suspended("2026-03-06 14:00", "2026-03-06 16:00", 5)
        found = clock(PROMISE, accepted("2026-03-09 15:00"), *pause)
        assert str(found.due) == "2026-03-09 17:00:00"
        assert str(found.levels["notice"]) == "2026-03-05 15:00:00"

    def test_its_lead_never_begins_before_the_start(self):
        """N = 2, and less than a standard day of working time between."""
        found = clock(PROMISE, accepted("2026-03-04 09:30", at="2026-03-02 17:00"))
        assert str(found.levels["notice"]) == "2026-03-03 09:30:00"
        short = clock(PROMISE, accepted("2026-03-03 09:30", at="2026-03-01 17:00"))
        assert str(short.levels["notice"]) == "2026-03-02 09:30:00"

    def test_one_second_before_midnight_is_a_moment(self):
        pause = suspended("2026-03-04 14:00", "2026-03-04 16:00", 5)
        found = clock(PROMISE, accepted("2026-03-09 23:59:59"), *pause)
        assert str(found.due) == "2026-03-10 11:00:00"


class TestWhatAStatementTakesIn:
    pause = staticmethod(lambda: suspended("2026-03-04 13:30", "2026-03-05 17:30", 5))

    def test_what_had_begun_when_it_was_written(self):
        late = accepted("2026-03-09", recorded=WALL("2026-03-04 14:00"))
        assert str(clock(PROMISE, late, *self.pause()).due)[:10] == "2026-03-09"
        early = accepted("2026-03-09", recorded=WALL("2026-03-04 13:29:59"))
        assert str(clock(PROMISE, early, *self.pause()).due)[:10] == "2026-03-11"

    def test_of_two_the_later_written_holds(self):
        received = record("received", "2026-03-02 09:00", promised_due_at=WALL("2026-03-20 12:00"))
        assert str(clock(PROMISE, received, accepted("2026-03-09 12:00")).due)[:10] == "2026-03-09"
        again = replace(received, recorded=WALL("2026-03-03 09:00"))
        assert str(clock(PROMISE, again, accepted("2026-03-09 12:00")).due)[:10] == "2026-03-20"

    def test_an_extension_states_it_anew_and_is_taken_in(self):
        anew = extended("2026-03-05 10:00", 3, promised_due_at=WALL("2026-03-13 12:00"))
        found = clock(PROMISE, accepted("2026-03-09 12:00"), anew)
        assert str(found.due) == "2026-03-13 12:00:00"

    def test_an_extension_that_does_not_count_states_nothing(self):
        anew = extended(
            "2026-03-05 10:00", 3, promised_due_at=WALL("2026-03-13 12:00"), reason=None
        )
        found = (PROMISE, accepted("2026-03-09 12:00"), anew)
        assert str(clock(*found).due) == "2026-03-09 12:00:00"
        assert codes(*found) == {"extension_refused"}


class TestAgainstTheStatute:
    law = Law({"promised": STATED, "statutory": Limit(5)})  # 03-09

    def test_a_promise_is_cut_to_the_statutes_date_and_it_is_told(self):
        found = verdict(self.law, [accepted("2026-03-10 10:00")])
        assert str(found.clocks["promised"].due) == "2026-03-09 23:59:59"
        assert str(found.clocks["promised"].levels["notice"]) == "2026-03-06 00:00:00"
        assert {code for code, _ in found.findings} == {"promise_cut"}

    def test_when_both_have_moved(self):
        """Written after the suspension, the promise does not move; the statute does, to 03-10."""
        pause = list(suspended("2026-03-04 13:30", "2026-03-04 17:30", 5))
        late = accepted("2026-03-10", recorded=WALL("2026-03-05 10:00"))
        assert codes(self.law, late, *pause) == {"late_record"}
        early = accepted("2026-03-10")
        assert codes(self.law, early, *pause) == {"promise_cut"}

    def test_in_different_units_by_the_due_of_the_case(self):
        law = Law({"promised": Limit(2, "month"), "statutory": Limit(20)})
        assert due(law, A) == "2026-03-30 23:59:59"

    @pytest.mark.parametrize(
        ("promise", "code"),
        [(None, "promise_missing"), ("2026-03-02 09:59", "promise_before_start")],
    )
    def test_absent_or_before_the_start_the_items_own_counts(self, promise, code):
        law = Law({"promised": Limit(3, stated=True)})
        assert codes(law, accepted(promise)) == {code}
        assert str(clock(law, accepted(promise)).due) == "2026-03-05 23:59:59"
        assert codes(PROMISE, accepted(promise)) == {code}
        assert not verdict(PROMISE, [accepted(promise)]).clocks


class TestKeepClockTime:
    law = Law({"promised": Limit(5, keep_clock_time=True)})

    def test_the_lead_is_in_working_time(self):
        found = clock(self.law, record("accepted", A))
        assert str(found.due) == "2026-03-09 10:00:00"
        assert str(found.levels["notice"]) == "2026-03-05 10:00:00"

    def test_half_of_one_day(self):
        law = Law({"promised": Limit(1, keep_clock_time=True)})
        assert str(clock(law, record("accepted", A)).levels["notice"]) == "2026-03-02 15:00:00"

    def test_the_while_rule_ends_at_that_time(self):
        late = list(suspended("2026-03-09 10:00:01", "2026-03-12 10:00", 5))
        assert due(self.law, A, *late) == "2026-03-09 10:00:00"
        over = list(suspended("2026-03-09 10:00:00", "2026-03-12 10:00:01", 5))
        assert due(self.law, A, *over) == "2026-03-13 10:00:00"


class TestOnTheSpot:
    law = Law({"promised": Limit(None, "on_the_spot")})

    def test_half_is_by_the_dates_own_hours(self):
        """Saturday's three hours: half of 9:00 to 12:00."""
        law = replace(self.law, calendar=Calendar(saturdays=((time(9), time(12)),)))
        found = clock(law, record("accepted", "2026-03-07 09:00"))
        assert str(found.due) == "2026-03-07 12:00:00"
        assert str(found.levels["notice"]) == "2026-03-07 10:30:01"

    def test_a_suspension_over_the_close(self):
        pause = suspended("2026-03-02 17:00", "2026-03-03 10:00", 5)
        assert due(self.law, A, *pause) == "2026-03-03 17:30:00"


class TestElapsed:
    law = Law({"promised": Limit(5)}, mode="elapsed")

    def test_days_asked_are_standard_days_of_working_time(self):
        """On half days of three hours one day asked lasts 7 h: 3 + 3 + 1 of them."""
        halves = frozenset(date(2026, 3, day) for day in (3, 4, 5))
        law = replace(self.law, calendar=Calendar(mornings=halves))
        pause = list(suspended("2026-03-03 09:00", None, 1))
        assert due(law, A, *pause) > due(law, A)
        (only,) = [r for r in pause if r.kind == "suspended"]
        assert only.get("days_asked") == 1
        # a: 6 h on the 2nd, 2 h (10:00–12:00) on the 5th, 7 on the 6th, 9th, 10th, 6 of the 11th
        assert due(law, A, *pause) == "2026-03-11 16:30:00"

    def test_a_stated_standard_day(self):
        """D = 8 h though the day has 7: 5 × 8 = 40 h from 10:00, 6 + 4 × 7 = 34 until the 6th."""
        law = replace(self.law, calendar=Calendar(standard=8 * 3600))
        assert due(law, A) == "2026-03-09 16:30:00"


class TestExtensions:
    law = Law({"promised": Limit(5)})

    def test_before_the_start_there_is_nothing_to_extend(self):
        assert codes(self.law, extended("2026-03-01 10:00"), record("accepted", A)) == {
            "extension_refused"
        }

    def test_while_suspended(self):
        """Approved in the suspension over the due: the 12th and the 13th, no double credit."""
        pause = suspended("2026-03-09 17:45", "2026-03-12 10:00", 5)
        assert due(self.law, A, *pause, extended("2026-03-11 10:00", 2)) == "2026-03-13 23:59:59"


class TestArrival:
    law = Law({})

    def test_it_is_the_last_tick_before_it(self):
        one, two = record("accepted", A), record("decided", A, outcome="granted")
        log = [one, Tick(WALL("2026-03-03 10:00")), Tick(WALL("2026-03-03 10:01")), two]
        assert [each.arrival for each in arrived(log)] == [None, WALL("2026-03-03 10:01")]

    @pytest.mark.parametrize(
        ("came", "late"), [("2026-03-09 23:59:59", False), ("2026-03-10 00:00", True)]
    )
    def test_late_by_arrival_or_by_its_writing(self, came, late):
        """Friday's: Monday is the first working date after it."""
        facts = {"recorded": WALL(came)}
        offline = record("accepted", "2026-03-06 10:00", **facts)
        assert ("late_record" in codes(self.law, offline)) == late
        online = record("accepted", "2026-03-06 10:00", arrived=WALL(came), offline=False)
        assert ("late_record" in codes(self.law, online)) == late

    @pytest.mark.parametrize(
        ("at", "ahead"), [("2026-03-02 10:05:00", False), ("2026-03-02 10:05:01", True)]
    )
    def test_dated_ahead(self, at, ahead):
        online = replace(record("accepted", at, offline=False), came_by=WALL(A))
        assert ("dated_ahead" in codes(self.law, online)) == ahead
        offline = record("accepted", at, recorded=WALL(A))
        assert ("dated_ahead" in codes(self.law, offline)) == ahead

    def test_unknown_is_silent(self):
        before = record("accepted", "2026-03-02 10:00", recorded=WALL("2026-03-02 09:00"))
        assert codes(self.law, replace(before, offline=False)) == {"item_missing"} - {
            "item_missing"
        }

    def test_of_copies_the_first_arrival_counts(self):
        first = record("accepted", A, arrived=WALL("2026-03-03 10:00"), offline=False)
        again = replace(first, arrived=WALL("2026-03-13 10:00"))
        assert codes(self.law, first, again) == set()
        unknown = replace(first, arrived=None)
        assert codes(self.law, again, unknown) == set()

    def test_while_its_source_is_loaded_neither_is_found(self):
        law = replace(self.law, loading_until=WALL("2026-04-01 00:00"))
        late = record("accepted", A, arrived=WALL("2026-04-01 00:00"), offline=False)
        assert codes(law, late) == set()
        assert codes(law, replace(late, arrived=WALL("2026-04-01 00:00:01"))) == {"late_record"}
        ahead = record("accepted", "2026-03-25 10:00", arrived=WALL(A), offline=False)
        assert codes(law, ahead) == set()


class TestRulings:
    def test_they_take_effect_at_their_arrival_or_later(self):
        assert took_effect(WALL("2026-03-02 10:00"), WALL("2026-03-09 10:00")) == WALL(
            "2026-03-09 10:00"
        )
        assert took_effect(WALL("2026-03-12 10:00"), WALL("2026-03-09 10:00")) == WALL(
            "2026-03-12 10:00"
        )

    @pytest.mark.parametrize(
        ("effect", "in_time"), [("2026-03-05 23:59:59", True), ("2026-03-06 00:00", False)]
    )
    def test_silence_is_broken_before_the_end_of_the_third_working_day(self, effect, in_time):
        assert in_time_for_silence(CHINA, WALL(A), WALL(effect)) == in_time

    @pytest.mark.parametrize(
        ("arrival", "backdated"), [("2026-03-09 10:00", False), ("2026-03-10 00:00", True)]
    )
    def test_backdated(self, arrival, backdated):
        assert is_backdated(CHINA, WALL("2026-03-06 10:00"), WALL(arrival)) == backdated


class TestCorrectedAfterBreach:
    """Accepted 03-02, five days: due 03-09; over at the tick of 03-12."""

    law = Law({"promised": Limit(5)})
    one = record("accepted", A, id="a")
    over = Tick(WALL("2026-03-12 10:00"))
    after = Tick(WALL("2026-03-13 10:00"))

    def corrections(self, *log):
        return watch(self.law, list(log)).corrections

    @pytest.mark.parametrize(
        ("what", "found"),
        [
            (record("accepted", "2026-03-06 10:00", id="a", version=2), True),
            (record("accepted", A, id="a", version=2, voided=True), True),
            (record("accepted", A, id="a", version=2, officer="b"), False),
            (record("accepted", "2026-02-27 10:00", id="again"), True),
            (record("decided", "2026-03-06 10:00", outcome="granted"), True),
            (record("decided", "2026-03-09 23:59:59", outcome="granted"), True),
            (record("decided", "2026-03-10 00:00:00", outcome="granted"), False),
            (record("decided", "2026-03-12 10:30", outcome="granted"), False),
            (record("decided", "2026-03-05 10:00", outcome="returned"), True),
            (next(suspended("2026-03-04 09:00", None, 5)), False),
        ],
        ids=[
            "replaced",
            "taken back",
            "replaced, and nothing moved",
            "a second of the same act",
            "a back-dated first decision",
            "one dated at the due",
            "one dated after the due",
            "a decision as it came",
            "a back-dated ending",
            "the first record of an act",
        ],
    )
    def test_what_is_one(self, what, found):
        corrections = self.corrections(self.one, self.over, what, self.after)
        assert bool(corrections) == found
        assert all(each.clock == "promised" for each in corrections)

    def test_it_tells_both_values_and_the_records(self):
        again = record("accepted", "2026-03-06 10:00", id="a", version=2)
        (found,) = self.corrections(self.one, self.over, again, self.after)
        assert found.found_at == self.after.now
        assert [str(each) for each in found.before[:2]] == [f"{A}:00", "2026-03-09 23:59:59"]
        assert [str(each) for each in found.after[:2]] == [
            "2026-03-06 10:00:00",
            "2026-03-13 23:59:59",
        ]
        assert found.records == ("a",)

    def test_before_the_breach_it_is_none(self):
        again = record("accepted", "2026-03-06 10:00", id="a", version=2)
        early = Tick(WALL("2026-03-09 23:59:59"))
        assert not self.corrections(self.one, early, again, self.after)

    def test_between_two_ticks_it_is_none(self):
        again = record("accepted", "2026-03-06 10:00", id="a", version=2)
        assert not self.corrections(self.one, again, self.over, self.after)

    def test_a_clock_that_ended_past_its_due_is_over_too(self):
        done = record("decided", "2026-03-11 10:00", id="d", outcome="granted")
        earlier = record("decided", "2026-03-09 10:00", id="d", version=2, outcome="granted")
        (found,) = self.corrections(self.one, done, self.over, earlier, self.after)
        assert found.clock == "promised"

    def test_it_is_remembered(self):
        again = record("accepted", "2026-03-06 10:00", id="a", version=2)
        back = record("accepted", A, id="a", version=3)
        later = Tick(WALL("2026-03-13 11:00"))
        assert len(self.corrections(self.one, self.over, again, self.after, back, later)) == 1


class TestDaysOfAYearWithoutItsNotice:
    calendar = Calendar(supposed=False)

    @pytest.mark.parametrize(
        ("day", "kind", "worked", "provisional"),
        [
            ("2026-12-25", "decreed", True, False),
            ("2026-12-26", "decreed", False, True),
            ("2026-12-31", "decreed", True, True),
            ("2027-01-01", "statutory", False, False),
            ("2027-01-04", "projected", True, True),
            ("2027-02-05", "statutory", False, False),  # 除夕
            ("2027-02-08", "statutory", False, False),  # 初三, a Monday
            ("2027-02-09", "projected", True, True),
            ("2027-04-05", "statutory", False, False),
            ("2027-05-03", "projected", True, True),  # 5-1 and 5-2 are a weekend: no day in lieu
            ("2027-10-04", "projected", True, True),
        ],
    )
    def test_which_it_is(self, day, kind, worked, provisional):
        day = date.fromisoformat(day)
        found = self.calendar.kind(day), self.calendar.worked(day), self.calendar.provisional(day)
        assert found == (kind, worked, provisional)

    def test_a_region_decrees_only_the_days_that_it_lists(self):
        regional = replace(self.calendar, off=frozenset({date(2027, 8, 6)}))
        assert not regional.provisional(date(2027, 8, 6))
        assert regional.provisional(date(2027, 8, 5))
        assert not regional.worked(date(2027, 1, 1))

    def test_thirteen_days(self):
        assert len(statutory(2027)) == 13
        assert len(statutory(2028)) == 12  # 中秋 is 3 October

    @pytest.mark.parametrize(
        ("start", "limit", "end", "provisional"),
        [
            ("2026-12-18 10:00", Limit(5), "2026-12-25 23:59:59", False),
            ("2026-12-18 10:00", Limit(6), "2026-12-28 23:59:59", True),
            ("2026-12-31 10:00", Limit(1), "2027-01-04 23:59:59", True),
            ("2026-12-31 10:00", Limit(1, "natural_day"), "2027-01-04 23:59:59", True),
        ],
    )
    def test_what_crosses_one_is_provisional(self, start, limit, end, provisional):
        """The last two would fall due on New Year's Day, which needs no notice to be one."""
        law = Law({"promised": limit}, calendar=self.calendar)
        found = clock(law, record("accepted", start))
        assert (str(found.due), found.provisional) == (end, provisional)


class TestHours:
    summer = ((time(8), time(12)), (time(15), time(18)))
    winter = ((time(10), time(12)),)

    @pytest.mark.parametrize(
        ("day", "close"),
        [
            ("2026-05-29", "17:30"),
            ("2026-06-01", "18:00"),
            ("2026-09-30", "18:00"),
            ("2026-10-08", "17:30"),
            ("2026-12-01", "12:00"),
            ("2026-01-05", "12:00"),
            ("2026-03-02", "17:30"),
        ],
    )
    def test_seasons_are_inclusive_and_may_cross_the_year(self, day, close):
        seasons = Season((6, 1), (9, 30), self.summer), Season((12, 1), (2, 28), self.winter)
        law = Law(
            {"promised": Limit(1)},
            cut_off="close_of_business",
            calendar=Calendar(seasons=seasons),
        )
        before = Calendar().nth(date.fromisoformat(day), -1)
        assert due(law, f"{before} 09:00") == f"{day} {close}:00"

    def test_hours_never_make_a_working_date_but_the_week_does(self):
        six = Calendar(saturdays=((time(9), time(12)),))
        assert six.worked(date(2026, 3, 7))
        assert not six.worked(date(2026, 10, 3))  # decreed off
        assert str(six.closing(date(2026, 3, 7))) == "2026-03-07 12:00:00"

    def test_a_weekend_day_worked_by_decree_has_the_hours_of_a_weekday(self):
        six = Calendar(saturdays=((time(9), time(12)),))
        assert str(six.closing(date(2026, 2, 14))) == "2026-02-14 17:30:00"
        assert str(CHINA.closing(date(2026, 2, 14))) == "2026-02-14 17:30:00"

    def test_hours_of_the_season_are_what_is_worked(self):
        law = Law({"promised": Limit(8, "working_hour")}, calendar=Calendar(
            seasons=(Season((6, 1), (9, 30), self.summer),)
        ))  # fmt: skip
        assert due(law, "2026-06-01 09:00") == "2026-06-02 10:00:00"

    def test_on_the_clock_nothing_rolls(self):
        law = Law({"promised": Limit(48, "hour")})
        assert due(law, "2026-03-06 10:00") == "2026-03-08 10:00:00"


@pytest.mark.parametrize(("ladder", "notice"), [("hunan", False), ("chengdu", True)])
def test_a_province_has_the_rungs_that_it_published(ladder, notice):
    law = Law({"e_licence": Limit(3)}, ladder=ladder)
    granted = record("decided", A, outcome="granted")
    found = clock(law, record("accepted", A), granted, clock_id="e_licence")
    assert ("notice" in found.levels) == notice


def test_levels_of_what_is_found():
    """The row of the table of readings, and what the rules say beside it."""
    assert {code for code, level in LEVELS.items() if level == "red"} == {
        "third_notice",
        "item_unknown",
        "item_not_in_force",
    }
    assert {code for code, level in LEVELS.items() if level == "notice"} == {
        "suspension_at_brink",
        "suspensions_many",
    }

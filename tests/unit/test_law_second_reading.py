"""What reading the law a second time showed (domain.md §2): each kind with its right value."""

from __future__ import annotations

from schemas import topics
from streams.engine.entries import identity
from tests.support.cases import assessed, at, built_in, clock, days, event, rules, shown
from tests.support.partition import Partition

ACCEPTED = event("accepted", "2018-10-15 10:00:00")  # a Monday
GRANTED = {"outcome": "granted"}


def due(law, *events, of="promised"):
    return shown(clock(assessed(law, *events), of).due_at)


def found(law, *events):
    return {str(f.code): shown(f.at) for f in assessed(law, *events).findings}


def refused(law, *events):
    return [r.reason for r in clock(assessed(law, *events)).refused]


def begun(when, asked=3, **more):
    return event("suspended", when, suspension="testing", days_asked=asked, **more)


class TestWhenADayEnds:
    def test_a_day_off_has_no_business_that_could_close(self):
        """Six natural days end on a Sunday, four on a Friday (民法典 §203 ¶2)."""
        for amount, end in ((6, "2018-10-21 23:59:59"), (4, "2018-10-19 17:30:00")):
            limit = {"amount": amount, "unit": "natural_day", "roll": "none"}
            law = rules({"promised": limit}, cut_off="close_of_business")
            assert due(law, ACCEPTED) == end


class TestProvisional:
    """2027 has no notice yet; 5 to 8 February are public holidays by law, which none can move."""

    def provisional(self, law, *events, of="promised"):
        return clock(assessed(law, *events), of).counting.provisional

    def test_what_crosses_public_holidays_alone_is_not(self):
        law = rules({"promised": {"stated": "promised_due_at"}})
        for due_at, provisional in (("02-08T22:23:32", False), ("02-09T10:00:00", True)):
            stated = event(
                "accepted", "2027-02-06 12:25:40", promised_due_at=f"2027-{due_at}+08:00"
            )
            assert self.provisional(law, stated) is provisional

    def test_a_day_that_the_notice_may_name_is_also_without_rolling(self):
        limit = {"amount": 1, "unit": "natural_day", "roll": "none"}
        law = rules({"promised": limit})
        for day, provisional in (("04", False), ("08", True)):
            begun = event("accepted", f"2027-02-{day} 10:00:00")
            assert self.provisional(law, begun) is provisional


class TestTwoInOneSecond:
    def test_which_of_two_acceptances_opens_a_round_is_read_off_their_ids_alone(self):
        """Of the hashes of their ids, by which the history's tables name them, the smaller."""
        law = rules({"promised": days(5)})
        before = ACCEPTED, event("decided", "2018-10-17 10:00:00", outcome="denied")
        both = [
            event("accepted", "2018-10-22 10:00:00", event_id=name, window=name)
            for name in ("accepted-18", "accepted-28")
        ]
        assert identity("hall", "accepted-28") < identity("hall", "accepted-18")
        for order in (both, both[::-1]):
            case = assessed(law, *before, *order)
            assert case.rounds[-1].ledger.accepted.window == "accepted-28"

    def test_of_a_receipt_and_an_acceptance_the_acceptance_states_the_due_moment(self):
        """It is the later act of the two, whatever their ids; written at once, it holds."""
        law = rules({"promised": {"stated": "promised_due_at"}})
        for ids in (("accepted-18", "accepted-28"), ("accepted-28", "accepted-18")):
            both = [
                event(
                    kind, "2018-10-15 10:00:00", event_id=name, promised_due_at=f"2018-10-{due_at}"
                )
                for kind, name, due_at in (
                    ("received", ids[0], "17T10:00:00+08:00"),
                    ("accepted", ids[1], "19T10:00:00+08:00"),
                )
            ]
            for order in (both, both[::-1]):
                assert due(law, *order) == "2018-10-19 10:00:00"


class TestDaysAskedOfHours:
    """A day has 7 hours, the standard day 6; a limit of 8 hours, 7 of them left at 10:00."""

    def law(self, mode):
        shorter = built_in().calendars["cn"].model_copy(update={"standard_day": 6 * 3600})
        limit = {"amount": 8, "unit": "working_hour"}
        return rules({"promised": limit}, mode=mode, calendars={"cn": shorter})

    def test_the_mode_says_how_a_day_asked_is_used_up(self):
        start = event("accepted", "2018-10-15 09:00:00")
        pause = begun("2018-10-15 10:00:00", 1)
        assert due(self.law("next_day"), start, pause) == "2018-10-17 10:00:00"  # to Tuesday 10:00
        assert due(self.law("elapsed"), start, pause) == "2018-10-17 09:00:00"  # to Monday 17:30


class TestJustBeforeTheDue:
    def test_in_the_second_in_which_the_clock_starts_it_runs(self):
        assert "suspension_at_brink" in found(
            rules({"promised": days(1)}), ACCEPTED, begun("2018-10-15 10:00:00")
        )

    def test_a_promise_that_nothing_stops_is_due_as_it_was(self):
        """Due on Wednesday the 24th, whatever moved the statute before."""
        law = rules({"promised": days(7)}, preset="cn-permit", suspension_stops=["statutory"])
        first = begun("2018-10-17 10:00:00", suspension_id="a")
        assert "suspension_at_brink" in found(
            law, ACCEPTED, first, begun("2018-10-24 10:00:00", suspension_id="b")
        )

    def test_a_promise_that_is_cut_to_the_statute_is_due_as_the_statute(self):
        """Moved by three days, to Thursday the 15th of November: the 12th is no longer near."""
        stated = {"promised": {"stated": "promised_due_at"}}
        law = rules(stated, preset="cn-permit", suspension_stops=["statutory"])
        accepted = event(
            "accepted", "2018-10-15 10:00:00", promised_due_at="2018-12-10T17:00:00+08:00"
        )
        first = begun("2018-10-17 10:00:00", suspension_id="a")
        for day, near in (("12", False), ("15", True)):
            second = begun(f"2018-11-{day} 10:00:00", suspension_id="b")
            assert ("suspension_at_brink" in found(law, accepted, first, second)) is near

    def test_of_the_earliest_due_also_of_a_clock_that_is_not_stopped(self):
        law = rules({"promised": days(7)}, preset="cn-permit", suspension_stops=["statutory"])
        assert "suspension_at_brink" in found(law, ACCEPTED, begun("2018-10-23 10:00:00"))
        assert "suspension_at_brink" not in found(law, ACCEPTED, begun("2018-10-22 10:00:00"))

    def test_before_the_start_and_after_the_end_nothing_runs(self):
        law = rules({"promised": days(1)})
        early = begun("2018-10-15 09:00:00")
        late = begun("2018-10-16 10:00:00")
        decided = event("decided", "2018-10-15 16:00:00", **GRANTED)
        assert "suspension_at_brink" not in found(law, early, ACCEPTED)
        assert "suspension_at_brink" not in found(law, ACCEPTED, decided, late)

    def test_what_ended_in_time_was_not_breached(self):
        law = rules({"promised": days(7)})
        late = begun("2018-10-29 10:00:00")
        in_time = event("decided", "2018-10-23 10:00:00", **GRANTED)
        assert set(found(law, ACCEPTED, in_time, late)) == {"suspension_after_decision"}
        overdue = event("decided", "2018-10-26 10:00:00", **GRANTED)
        assert "suspension_after_breach" in found(law, ACCEPTED, overdue, late)

    def test_sent_back_is_a_day_before_whatever_is_asked_of_suspensions(self):
        law = rules({"promised": days(7)}, suspension_brink_days=3)
        again = event("received", "2018-11-01 10:00:00")
        for day, brink in (("22", False), ("23", True)):
            back = event("decided", f"2018-10-{day} 10:00:00", outcome="returned")
            assert ("returned_at_brink" in found(law, ACCEPTED, back, again)) is brink


class TestHeldAgainstTheStatute:
    def test_an_extension_moves_a_promise_no_further_than_the_statute(self):
        """5 + 5 days are more than the statute's 8, which the extension is too long for."""
        law = rules({"promised": days(5), "statutory": days(8, extension_cap=2)})
        more = event("extended", "2018-10-16 10:00:00", amount=5)
        assert due(law, ACCEPTED, more) == due(law, ACCEPTED, more, of="statutory")
        assert due(law, ACCEPTED, more) == "2018-10-25 23:59:59"
        assert set(found(law, ACCEPTED, more)) == {"promise_cut", "extension_refused"}

    def test_a_special_procedure_that_stops_the_promise_alone_does_not_either(self):
        law = rules({"promised": days(7), "statutory": days(8)}, suspension_stops=["promised"])
        assert due(law, ACCEPTED, begun("2018-10-17 10:00:00", 5)) == "2018-10-25 23:59:59"


class TestStated:
    LAW = rules({"promised": {"stated": "promised_due_at"}})

    @staticmethod
    def accepted(due_at, when="2026-03-02 10:00:00", **more):
        stated = {} if due_at is None else {"promised_due_at": f"{due_at}+08:00"}
        return event("accepted", when, **stated, **more)

    @staticmethod
    def extended(when, amount, due_at=None, **more):
        stated = {} if due_at is None else {"promised_due_at": f"{due_at}+08:00"}
        return event("extended", f"2026-{when}:00", amount=amount, **stated, **more)

    def test_an_extension_states_it_where_no_other_record_does(self):
        law = rules({"promised": {"stated": "promised_due_at", **days(7)}})
        more = self.extended("03-06 10:00", 3, "2026-03-13T12:00:00")
        assert due(law, self.accepted(None)) == "2026-03-11 23:59:59"
        assert due(law, self.accepted(None), more) == "2026-03-13 12:00:00"

    def test_what_an_extension_states_takes_its_own_days_in_whenever_it_was_written(self):
        """It was written at 06:10, to be approved at 08:40: it does not move itself."""
        more = self.extended(
            "03-06 08:40", 10, "2026-03-20T12:00:00", recorded_at="2026-03-06T06:10:00+08:00"
        )
        events = self.accepted("2026-03-11T17:00:00"), more
        assert due(self.LAW, *events) == "2026-03-20 12:00:00"

    def test_what_an_extension_states_beyond_the_statute_is_cut_and_told(self):
        """The item's own promise was cut by the catalogue already, 5 days to the statute's 4."""
        law = rules({"promised": {"stated": "promised_due_at", **days(5)}, "statutory": days(4)})
        more = self.extended("03-04 10:00", 1, "2026-03-16T17:00:00")
        events = self.accepted(None), more
        assert due(law, *events) == due(law, *events, of="statutory") == "2026-03-09 23:59:59"
        (cut,) = (f for f in assessed(law, *events).findings if f.code == "promise_cut")
        assert cut.record.kind == "extended"

    def test_what_an_extension_states_before_the_start_does_not_hold(self):
        more = self.extended("03-06 10:00", 3, "2026-03-01T12:00:00")
        events = self.accepted("2026-03-11T17:00:00"), more
        assert due(self.LAW, *events) == "2026-03-16 17:00:00"  # three working days on
        assert found(self.LAW, *events) == {"due_before_start": "2026-03-06 10:00:00"}

    def test_one_that_is_taken_in_is_the_one_extension(self):
        late = self.accepted("2026-03-11T17:00:00", recorded_at="2026-03-06T10:00:00+08:00")
        events = late, self.extended("03-06 10:00", 5), self.extended("03-09 10:00", 3)
        assert due(self.LAW, *events) == "2026-03-11 17:00:00"
        assert refused(self.LAW, *events) == ["taken_in", "once"]
        assert found(self.LAW, *events)["extension_refused"] == "2026-03-09 10:00:00"

    def test_it_is_in_working_days_also_where_it_states_the_due_moment(self):
        first = self.accepted("2026-03-11T17:00:00")
        hours = self.extended("03-06 10:00", 3, "2026-03-16T17:00:00", unit="working_hour")
        assert refused(self.LAW, first, hours) == ["unit"]
        assert due(self.LAW, first, hours) == "2026-03-11 17:00:00"

    def test_a_second_acceptance_states_nothing(self):
        """Else whoever is late would accept once more."""
        again = self.accepted("2026-04-30T17:00:00", "2026-03-10 10:00:00")
        assert due(self.LAW, self.accepted("2026-03-11T17:00:00"), again) == "2026-03-11 17:00:00"

    def test_at_its_start_it_is_near_at_once(self):
        case = assessed(self.LAW, self.accepted("2026-03-02T10:00:00"))
        assert {str(r.level): shown(r.at) for r in clock(case).levels} == {
            "notice": "2026-03-02 10:00:00",
            "yellow": "2026-03-02 10:00:01",
        }


class TestTakenBack:
    def test_after_its_card_fell_due_and_not_in_the_same_second(self):
        law = rules({"promised": days(7)})
        for second, told in (("00", False), ("01", True)):
            back = event("decided", f"2018-10-25 00:00:{second}", outcome="voided")
            assert ("voided_after_breach" in found(law, ACCEPTED, back)) is told

    def test_a_second_decision_takes_it_back_too(self):
        law = rules({"promised": days(7)})
        late = event("decided", "2018-10-30 10:00:00", **GRANTED)
        back = event("decided", "2018-11-02 10:00:00", outcome="voided")
        assert found(law, ACCEPTED, late, back)["voided_after_breach"] == "2018-11-02 10:00:00"


class TestDoneAwayWith:
    """What a tick has found over must not vanish, or end in time, in silence."""

    LAW = rules({"promised": days(7)}, preset="cn-permit")
    OVER = at("2026-03-25 08:00:00")
    RECEIVED = event("received", "2026-03-02 10:00:00")

    def corrected(self, *late, before=()):
        here = Partition(self.LAW)
        self.tick(here, at("2026-03-02 10:00:00"))
        here.feed(*(before or [self.RECEIVED]))
        self.tick(here, self.OVER)
        here.feed(*late)
        self.tick(here, self.OVER + 60)
        codes = [f for f in here.cases()["c"].findings if f.code == "corrected_after_breach"]
        return {f.detail.clock_id for f in codes}

    @staticmethod
    def tick(here, now):
        here.tick(now, barriers={topics.STEPS.name: here.next[topics.STEPS.name]})

    def test_by_a_notice_that_undoes_a_deemed_acceptance(self):
        notice = event("corrections_requested", "2026-03-04 10:00:00", items=["a"])
        assert self.corrected(notice) == {"acceptance:1", "promised"}

    def test_by_an_acceptance_that_names_another_item(self):
        other = event("accepted", "2026-03-25 08:00:00", item="elsewhere")
        assert "acceptance:1" in self.corrected(other)

    def test_the_first_decision_of_a_later_round_is_no_second_one(self):
        """Over since 03-17; the decision of the round before has nothing to do with it."""
        before = [
            self.RECEIVED,
            event("accepted", "2026-03-03 10:00:00"),
            event("decided", "2026-03-04 10:00:00", outcome="withdrawn"),
            event("received", "2026-03-06 09:00:00"),
            event("accepted", "2026-03-06 10:00:00"),
        ]
        late = event("decided", "2026-03-24 10:00:00", **GRANTED)
        assert self.corrected(late, before=before) == set()

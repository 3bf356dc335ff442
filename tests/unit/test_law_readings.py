"""Every row of domain.md's table of readings, by name: where the text leaves two, this is taken."""

from __future__ import annotations

from streams.engine.case import assess
from streams.engine.corrections import Comparing
from streams.engine.entries import entry_of
from tests.support.cases import assessed, at, clock, days, event, levels, rules, shown

PERMIT = rules({"promised": days(7)}, preset="cn-permit")
ELAPSED = rules({"promised": days(7)}, mode="elapsed")
NEXT_DAY = rules({"promised": days(7)})


def due(law, start, *events, of="promised"):
    return shown(clock(assessed(law, event("accepted", start), *events), of).due_at)


def start_of(law, *events):
    return shown(clock(assessed(law, *events)).counting.start)


def test_start_on_a_day_off():
    """`next_day`: the actual date, the next working day is day 1. `elapsed`: from its opening."""
    saturday = "2018-10-13 10:00:00"
    assert due(NEXT_DAY, saturday) == "2018-10-23 23:59:59"
    assert due(ELAPSED, saturday) == "2018-10-24 09:00:00"  # seven days of Monday 15 to Tuesday 23


def test_start_after_hours():
    evening = "2018-10-15 20:00:00"
    assert due(NEXT_DAY, evening) == "2018-10-24 23:59:59"
    assert due(ELAPSED, evening) == "2018-10-25 09:00:00"


def test_on_the_spot_case_accepted_after_close_or_on_a_day_off():
    """Close of the next working day; otherwise it would be over at birth."""
    spot = rules({"promised": {"unit": "on_the_spot"}})
    assert due(spot, "2018-10-15 18:00:00") == "2018-10-16 17:30:00"
    assert due(spot, "2018-10-13 10:00:00") == "2018-10-15 17:30:00"


def test_suspension_starting_or_ending_on_a_day_off():
    """(S, R] as it is; R on Sunday: Monday counts."""
    begun = event("suspended", "2018-10-20 10:00:00", suspension="testing", days_asked=5)
    ended = event("resumed", "2018-10-21 10:00:00")
    assert due(NEXT_DAY, "2018-10-15 10:00:00", begun, ended) == "2018-10-24 23:59:59"
    later = event("resumed", "2018-10-22 16:00:00")
    assert due(NEXT_DAY, "2018-10-15 10:00:00", begun, later) == "2018-10-25 23:59:59"


RECEIVED = event("received", "2018-10-15 10:00:00")
NOTICE = event("corrections_requested", "2018-10-16 10:00:00", items=["甲"])
SUPPLY = event("corrections_supplied", "2018-10-22 10:00:00", items=["甲"])


def test_corrections_supplied_after_a_timely_complete_notice():
    """The time between is not counted; 5 wd anew; in silence deemed to start at the supply."""
    silent = assessed(PERMIT, RECEIVED, NOTICE, SUPPLY)
    assert shown(clock(silent, "acceptance:2").due_at) == "2018-10-29 23:59:59"
    assert shown(clock(silent).counting.start) == "2018-10-22 10:00:00"
    accepted = event("accepted", "2018-10-24 10:00:00")
    assert start_of(PERMIT, RECEIVED, NOTICE, SUPPLY, accepted) == "2018-10-24 10:00:00"


def test_notice_after_day_5():
    """Void: deemed accepted at receipt; a later supply does not stop the clock."""
    late = event("corrections_requested", "2018-10-23 10:00:00", items=["甲"])
    supply = event("corrections_supplied", "2018-10-25 10:00:00", items=["甲"])
    assert start_of(PERMIT, RECEIVED, late, supply) == "2018-10-15 10:00:00"


def test_second_notice_with_new_items():
    """It counts as no notice: yellow, deemed accepted at the supply."""
    again = event("corrections_requested", "2018-10-24 10:00:00", items=["乙"])
    case = assessed(PERMIT, RECEIVED, NOTICE, SUPPLY, again)
    assert shown(clock(case).counting.start) == "2018-10-22 10:00:00"
    assert [(str(f.code), str(f.level)) for f in case.findings] == [("second_notice", "yellow")]


def test_second_notice_the_same_items_still_missing():
    """Lawful, no restart."""
    again = event("corrections_requested", "2018-10-24 10:00:00", items=["甲"])
    case = assessed(PERMIT, RECEIVED, NOTICE, SUPPLY, again)
    assert case.findings == ()
    assert [c.clock_id for c in case.clocks] == ["acceptance:1", "acceptance:2"]


def test_acceptance_missing_decision_present():
    """Start at receipt, or the last supply; else the earliest event, marked assumed."""
    denied = event("decided", "2018-10-26 10:00:00", outcome="denied")
    plain = rules({"promised": days(7)})
    step = event("step_started", "2018-10-24 10:00:00", step="s")
    assert start_of(plain, RECEIVED, denied) == "2018-10-15 10:00:00"
    assert start_of(plain, RECEIVED, SUPPLY, denied) == "2018-10-22 10:00:00"
    assert start_of(plain, step, denied) == "2018-10-24 10:00:00"


def test_deemed_accepted_then_accepted_later():
    """Receipt stays; the late acceptance is yellow."""
    case = assessed(PERMIT, RECEIVED, event("accepted", "2018-10-24 10:00:00"))
    assert shown(clock(case).counting.start) == "2018-10-15 10:00:00"
    assert [(str(f.code), str(f.level)) for f in case.findings] == [("late_acceptance", "yellow")]


def test_deemed_accepted_then_not_accepted():
    """It ends the decision clock as a refusal, judged from receipt; yellow."""
    case = assessed(PERMIT, RECEIVED, event("refused", "2018-10-26 10:00:00"))
    assert shown(clock(case).stopped_at) == "2018-10-26 10:00:00"
    assert [(str(f.code), str(f.level)) for f in case.findings] == [("late_refusal", "yellow")]


def test_make_up_half_day():
    """`next_day`: a whole working day; `elapsed`: its real seconds over the standard day."""
    base = rules({"promised": days(2)}).catalogue.calendars["cn"]
    half = tuple(
        day.model_copy(update={"hours": ((32_400, 43_200),)})
        if str(day.date) == "2018-09-29"
        else day
        for day in base.days
    )
    calendars = {"cn": base.model_copy(update={"days": half})}
    start = "2018-09-28 09:00:00"  # Friday; Saturday 29 is a make-up day, here until noon
    by_days = rules({"promised": days(2)}, calendars=calendars)
    by_time = rules({"promised": days(2)}, calendars=calendars, mode="elapsed")
    assert due(by_days, start) == "2018-09-30 23:59:59"
    assert due(by_time, start) == "2018-09-30 14:30:00"  # 7 h, 3 h, and 4 h of Sunday 30


def test_working_hours_across_lunch():
    """2 h from 10:00 is reached at 12:00 and over from 13:30:01."""
    law = rules({"promised": {"amount": 2, "unit": "working_hour"}})
    case = assessed(law, event("accepted", "2018-10-15 10:00:00"))
    assert levels(case)["yellow"] == "2018-10-15 13:30:01"


def test_region_changed_mid_case():
    """Calendar, hours and limits of acceptance; steps use the handling region.

    The step's side: `test_law_other_clocks.py::TestRecords`.
    """
    moved = event("step_started", "2018-10-16 10:00:00", step="s", region="430200")
    case = assessed(NEXT_DAY, event("accepted", "2018-10-15 10:00:00", region="430100"), moved)
    assert case.ledger.value("region") == "430100"


def test_a_breached_clock_that_a_back_dated_ending_ends():
    """`corrected_after_breach`, if it is dated at or before the due; after it, none.

    The ticks that find it are driven in `test_corrections.py::TestEndsDatedBack`.
    """
    tick, then = at("2026-03-20 08:00:00"), [event("accepted", "2026-03-02 10:00:00")]
    for end, found in (("2026-03-11 23:59:59", ["promised"]), ("2026-03-12 00:00:00", [])):
        now = [*then, event("decided", end, outcome="granted")]
        before, after = (sorted(entry_of(each) for each in records) for records in (then, now))
        became = assess(after, NEXT_DAY)
        comparing = Comparing(before, after, became, lambda records: assess(records, NEXT_DAY))
        assert [each.clock_id for each in comparing.corrections(tick, tick + 1)] == found

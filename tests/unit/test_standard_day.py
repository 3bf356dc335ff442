"""D, the standard working day, stays with the case from its acceptance on."""

from __future__ import annotations

import pytest

from streams.engine.state import CaseState, unpack
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, reported, send, settle, with_calendar
from tests.support.partition import Partition, restarted

LAW = rules({"promised": days(2)}, mode="elapsed")
CN = LAW.catalogue.calendars["cn"]
SHORTER = CN.model_copy(update={"standard_day": 6 * 3600})
OLD = event("accepted", "2026-03-02 10:00:00", case_no="old")  # a Monday
NEW = event("accepted", "2026-03-03 10:00:00", case_no="new")
NOW = at("2026-03-02 12:00:00")


def running(*events, law=LAW):
    here = Partition(law)
    here.tick(NOW)
    here.feed(*(events or (OLD,)))
    here.tick(NOW + 1)
    here.take()
    return here


def due(partition, case_no):
    (clock,) = partition.cases()[case_no].clocks
    return clock.due_at


def state(partition, case_no):
    return unpack(dict(partition.changelog)[case_no.encode()])


def changed(**more):
    here = running()
    send(here, change(SHORTER, **more))
    settle(here)
    return here


def test_what_is_accepted_later_is_counted_by_the_new_one():
    """Two days are 14 hours for the old case, 6 + 7 + 1; 12 for the new, 6 + 6."""
    here = changed()
    here.feed(NEW)
    here.take()
    assert due(here, "old") == at("2026-03-04 10:00:00")
    assert due(here, "new") == at("2026-03-04 16:30:00")
    assert reported(here)[1] == {}
    assert state(here, "old").standard_days == ()


def test_it_lasts_over_a_restart_and_a_touch():
    here = restarted(changed())
    settle(here)
    here.feed(event("step_started", "2026-03-03 11:00:00", case_no="old", step="s"))
    here.take()
    assert due(here, "old") == at("2026-03-04 10:00:00")


def test_the_hours_of_the_calendar_hold_for_open_cases_all_the_same():
    here = running()
    send(here, change(SHORTER.model_copy(update={"hours": ((32_400, 43_200),)})))
    settle(here)
    # 2 h on Monday, then 3 h a day: 14 h are used up on Friday at noon.
    assert due(here, "old") == at("2026-03-09 09:00:00")


def test_a_case_received_before_and_accepted_after_has_that_of_its_acceptance():
    here = running(event("received", "2026-03-02 10:00:00", case_no="old"))
    send(here, change(SHORTER))
    settle(here)
    here.feed(event("accepted", "2026-03-03 10:00:00", case_no="old"))
    here.take()
    assert due(here, "old") == at("2026-03-04 16:30:00")


def test_the_order_of_records_between_two_ticks_makes_no_difference():
    received = event("received", "2026-03-02 09:30:00", case_no="old")
    first, second = running(received, OLD), running(OLD, received)
    assert dict(first.changelog)[b"old"] == dict(second.changelog)[b"old"]


def test_a_state_that_says_nothing_of_it_has_that_of_its_calendar():
    assert CaseState().standard_days is None


def test_it_is_in_the_state_from_the_first_record_on():
    here = running(law=with_calendar(LAW, SHORTER))
    assert due(here, "old") == at("2026-03-03 16:30:00")
    assert state(here, "old").standard_days == (("cn", 6 * 3600),)


@pytest.mark.parametrize("name", ["cn", "elsewhere"])
def test_only_the_calendar_that_is_named_is_changed(name):
    made = LAW.calendars | {"elsewhere": LAW.calendars["cn"]}
    law = type(LAW)(LAW.catalogue, made).lasting(((name, 3600),))
    days_of = {key: calendar.standard_day for key, calendar in law.calendars.items()}
    assert days_of == dict.fromkeys(made, 25_200) | {name: 3600}
    assert law.calendars[name].version == made[name].version

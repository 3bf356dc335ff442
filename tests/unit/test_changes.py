"""A change of calendar or catalogue in one partition: what is in force, judged again, told.

2027 is decreed by an invented notice: Friday 1 January, Monday 4 and Tuesday 5 are off, Saturday 2
is worked. Promised within 7 working days, accepted on Monday 2026-12-07, the limit ends on the
16th, and even the silence about its cards is over on the 22nd, before the days that await the
notice (from 12-26 on); accepted on the 28th it ends, by the law and the week, on Thursday
2027-01-07, and by the decree on Friday the 8th.
"""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.codes import Level
from schemas.verdicts import ReferenceRecord, decode
from streams.runtime.logic import PARTITION_KEY, RESERVED
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, decreed, reported, send, settle, with_calendar
from tests.support.partition import Partition, restarted

LAW = rules({"promised": days(7)})
CN = LAW.catalogue.calendars["cn"]
CN_2027 = decreed(CN)
NEW_LAW = with_calendar(LAW, CN_2027)
IN_2026 = event("accepted", "2026-12-07 10:00:00", case_no="early")
ACROSS = event("accepted", "2026-12-28 10:00:00", case_no="late")
NOW = at("2026-12-28 12:00:00")
BREACHED = at("2026-12-17 12:00:00")
"""The first case is over its limit."""


def running(*events, law=LAW, now=NOW, **more):
    made = Partition(law, **more)
    if not events:
        made.tick(BREACHED)
        made.feed(IN_2026)
        made.tick(BREACHED + 1)
        made.take()
    made.tick(now)
    made.feed(*(events or (ACROSS,)))
    made.tick(now + 1)
    made.take()
    return made


def clock(partition, case_no):
    (found,) = partition.cases()[case_no].clocks
    return found


class TestApplied:
    def test_due_times_follow_and_nothing_is_provisional_any_more(self):
        here = running()
        assert clock(here, "late").provisional
        assert clock(here, "late").due_at == at("2027-01-07 23:59:59")
        send(here, change(CN_2027))
        settle(here)
        assert clock(here, "late").due_at == at("2027-01-08 23:59:59")
        assert not clock(here, "late").provisional
        assert clock(here, "late").calendar_version == CN_2027.version

    def test_the_report_names_each_case_that_differs_and_counts(self):
        here = running()
        send(here, change(CN_2027))
        settle(here)
        (begun,), found, (ended,) = reported(here)
        assert (begun.cases, begun.first_day, begun.names) == (
            1,
            "2026-12-26",
            [f"cn@{CN_2027.version}"],
        )
        assert found.keys() == {"late"}
        told = found["late"]["promised"]
        assert (told.due_before, told.due_after) == (
            at("2027-01-07 23:59:59"),
            at("2027-01-08 23:59:59"),
        )
        assert (told.level_before, told.level_after) == (Level.NONE, Level.NONE)
        assert (told.provisional_before, told.provisional_after) == (True, False)
        assert (ended.result, ended.judged, ended.changed) == ("applied", 1, 1)
        assert here.metrics.seen["changed", "calendar", "applied"] == 1

    def test_a_case_whose_verdict_rests_on_earlier_days_is_not_opened(self):
        here = running()
        before = dict(here.changelog)[b"early"]
        send(here, change(CN_2027))
        settle(here)
        assert dict(here.changelog)[b"early"] == before

    def test_a_card_that_is_no_longer_true_is_retracted_by_the_next_tick(self):
        now = at("2027-01-06 09:00:00")
        here = running(now=now)
        assert [str(m.level) for m in here.moves() if m.case_no == "late"] == ["notice"]
        send(here, change(CN_2027))
        settle(here)
        _, found, _ = reported(here)
        assert (found["late"]["promised"].level_before, found["late"]["promised"].level_after) == (
            Level.NOTICE,
            Level.NONE,
        )
        assert [m.move for m in here.moves() if m.case_no == "late"] == ["issued"]
        here.tick(now + 2)
        told = [m for m in here.moves() if m.case_no == "late"]
        assert [(m.move, m.reason) for m in told][1:] == [("retracted", "due_moved")]

    def test_what_is_closed_stays_as_it_was(self):
        here = running(ACROSS, event("finished", "2026-12-29 10:00:00", case_no="late"))
        send(here, change(CN_2027))
        settle(here)
        assert reported(here)[1] == {}
        assert clock(here, "late").due_at == at("2027-01-07 23:59:59")

    def test_it_waits_for_what_its_barriers_name(self):
        here = running()
        sent = change(CN_2027, barriers={topics.STEPS.name: 3})
        assert send(here, sent) == []
        settle(here)
        assert reported(here) == ([], {}, [])
        here.feed(event("accepted", "2026-12-28 11:00:00", case_no="later"))
        settle(here)
        assert reported(here)[1].keys() == {"late", "later"}

    def test_the_same_again_changes_nothing(self):
        here = running()
        send(here, change(CN_2027))
        settle(here)
        send(here, change(CN_2027, change_id="c2"))
        settle(here)
        _, found, (ended,) = reported(here, "c2")
        assert (found, ended.result) == ({}, "unchanged")

    def test_a_tick_before_the_sweep_has_come_judges_by_the_new_calendar(self):
        now = at("2027-01-07 12:00:00")
        here = running(now=now)
        send(here, change(CN_2027))
        here.tick(at("2027-01-08"))  # by the old calendar it was late from this second
        here.tick(at("2027-01-08 00:00:05"))
        settle(here)
        levels = {str(m.level) for m in here.moves() if m.case_no == "late"}
        assert levels == {"notice"}
        assert reported(here)[1].keys() == {"late"}

    def test_a_case_that_an_event_touches_first_is_told_once_as_it_was(self):
        here = running(slice_cases=1)
        send(here, change(CN_2027))
        here.feed(event("finished", "2026-12-29 11:00:00", case_no="late"))
        settle(here)
        _, found, (ended,) = reported(here)
        assert found["late"]["promised"].due_after == at("2027-01-08 23:59:59")
        assert (ended.judged, ended.changed) == (1, 1)
        assert clock(here, "late").due_at == at("2027-01-08 23:59:59")

    def test_the_next_change_waits_until_the_first_is_through(self):
        here = running(slice_cases=1)
        send(here, change(CN_2027))
        again = decreed(CN_2027, off=("2027-01-06",), worked=())
        assert send(here, change(again, change_id="c2")) == []
        settle(here)
        assert len(here.tick(NOW + 5)) == 2  # the second change, then the tick
        settle(here)
        assert reported(here, "c2")[1]["late"]["promised"].due_after == at("2027-01-11 23:59:59")


class TestRefused:
    @pytest.mark.parametrize(
        ("broken", "why"),
        [
            ({"hours": []}, "no working hours"),
            ({"time_zone": "Asia/Changsha"}, "time_zone = Asia/Changsha"),
            ({"years": []}, "2004, 2005"),
        ],
    )
    def test_a_content_that_does_not_hold_is_refused_and_told(self, broken, why):
        here = running()
        content = {**CN_2027.model_dump(mode="json"), **broken}
        sent = json.dumps(content).encode()
        bad = change(CN_2027)
        bad = type(bad)(
            **{f: getattr(bad, f) for f in bad.__struct_fields__} | {"calendars": (raw(sent),)}
        )
        assert len(send(here, bad)) == 1
        settle(here)
        _, found, (ended,) = reported(here)
        assert (found, ended.result) == ({}, "refused")
        assert why in ended.reason
        assert clock(here, "late").provisional
        assert here.metrics.seen["changed", "calendar", "refused"] == 1

    def test_what_is_no_change_at_all_is_counted(self):
        here = running()
        done = here.logic.apply(here.chunk(topics.TICKS.name, [b'{"type":"change"}']))
        assert len(done) == 1
        assert here.metrics.seen["tick_refused", "unreadable"] == 1


def raw(content):
    from msgspec import Raw

    return Raw(content)


class TestDryRun:
    def test_it_tells_the_same_and_leaves_every_byte(self):
        here, there = running(), running()
        before = dict(here.changelog)
        send(here, change(CN_2027, dry_run=True))
        settle(here)
        send(there, change(CN_2027))
        settle(there)
        assert reported(here)[1] == reported(there)[1]
        (begun,), _, (ended,) = reported(here)
        assert begun.dry_run
        assert (ended.result, ended.judged, ended.changed) == ("compared", 1, 1)
        after = {k: v for k, v in dict(here.changelog).items() if v is not None}
        del before[PARTITION_KEY], after[PARTITION_KEY]
        assert after == before
        here.tick(at("2027-01-08"))
        assert clock(here, "late").level is Level.YELLOW

    def test_it_goes_on_after_a_restart(self):
        many = [event("accepted", "2026-12-28 10:00:00", case_no=f"case-{n:02}") for n in range(9)]
        here = running(*many, slice_cases=2)
        send(here, change(CN_2027, dry_run=True))
        for _ in range(3):
            here.take()
        again = restarted(here, slice_cases=2)
        again.outputs = here.outputs
        settle(again)
        _, found, (ended,) = reported(again)
        assert len(found) == 9
        assert (ended.judged, ended.changed) == (9, 9)


class TestCatalogue:
    STRICT = rules({"promised": days(3)}).catalogue.content

    def test_it_holds_for_new_cases_and_open_ones_keep_theirs(self):
        here = running()
        due = clock(here, "late").due_at
        send(here, change(catalogue=self.STRICT))
        settle(here)
        here.feed(
            event("step_started", "2026-12-29 11:00:00", case_no="late", step="s"),
            event("accepted", "2026-12-28 10:00:00", case_no="new"),
        )
        assert clock(here, "late").due_at == due
        assert clock(here, "new").due_at == at("2026-12-31 23:59:59")

    def test_declared_retroactive_it_holds_for_every_open_case(self):
        here = running(slice_cases=1)
        here.feed(event("finished", "2026-12-24 10:00:00", case_no="early"))
        here.take()
        send(here, change(catalogue=self.STRICT, retroactive=True))
        settle(here)
        _, found, (ended,) = reported(here)
        assert found.keys() == {"late"}
        assert found["late"]["promised"].due_after == at("2026-12-31 23:59:59")
        assert ended.judged == 1
        here.feed(event("step_started", "2026-12-29 11:00:00", case_no="late", step="s"))
        assert clock(here, "late").due_at == at("2026-12-31 23:59:59")

    def test_a_case_that_ends_before_its_turn_ends_by_the_new_limits_for_good(self):
        here = running(slice_cases=1)
        send(here, change(catalogue=self.STRICT, retroactive=True))
        here.feed(event("finished", "2026-12-29 11:00:00", case_no="late"))
        settle(here)
        here.feed(event("delivered", "2026-12-29 11:30:00", case_no="late"))
        assert clock(here, "late").due_at == at("2026-12-31 23:59:59")
        assert reported(here)[1].keys() == {"late", "early"}

    def test_one_that_names_an_unknown_calendar_is_refused(self):
        here = running()
        content = {**self.STRICT, "policy": {**self.STRICT["policy"], "calendar": "mars"}}
        send(here, change(catalogue=content))
        settle(here)
        (ended,) = reported(here)[2]
        assert ended.result == "refused"
        assert "mars" in ended.reason


class TestRestart:
    def test_what_was_imported_stays_in_force_with_old_files(self):
        here = running()
        send(here, change(CN_2027))
        settle(here)
        again = restarted(here)
        settle(again)
        assert reported(again)[0] == []
        again.feed(event("accepted", "2026-12-28 10:00:00", case_no="new"))
        assert clock(again, "new").due_at == at("2027-01-08 23:59:59")
        assert again.metrics.rules.calendars["cn"].version == CN_2027.version

    def test_files_that_changed_since_they_were_last_read_come_in_force(self):
        here = running()
        again = Partition(NEW_LAW, changelog=here.changelog)
        settle(again)
        assert clock(again, "late").due_at == at("2027-01-08 23:59:59")
        (change_id,) = {
            json.loads(o.value)["change_id"]
            for o in again.written(topics.EVENTS)
            if json.loads(o.value)["type"].startswith("change_")
        }
        (begun,), found, (ended,) = reported(again, change_id)
        assert (begun.by, found.keys(), ended.result) == ("files", {"late"}, "applied")
        third = restarted(again)
        settle(third)
        assert third.written(topics.EVENTS) == []

    def test_files_that_say_what_is_in_force_change_nothing(self):
        here = running()
        send(here, change(CN_2027))
        settle(here)
        again = Partition(NEW_LAW, changelog=here.changelog)
        settle(again)
        assert again.written(topics.EVENTS) == []
        third = Partition(LAW, changelog=again.changelog)  # the file is taken away again
        settle(third)
        assert third.metrics.rules.calendars["cn"].version == CN.version

    def test_a_sweep_that_was_cut_off_goes_on_where_it_was(self):
        many = [event("accepted", "2026-12-28 10:00:00", case_no=f"case-{n:02}") for n in range(20)]
        whole = running(*many)
        send(whole, change(CN_2027))
        settle(whole)
        here = running(*many, slice_cases=3)
        send(here, change(CN_2027))
        for _ in range(50):
            here.take()  # after a restart it looks for its place first
            if not here.take().more:
                break
            outputs = here.outputs
            here = restarted(here, slice_cases=3)
            here.outputs = outputs
        else:
            raise AssertionError
        assert reported(here)[1:] == reported(whole)[1:]
        assert kept(here) == kept(whole)

    def test_a_new_version_is_announced_with_its_content(self):
        here = running()
        send(here, change(CN_2027))
        settle(here)
        told = [
            decode(o.value, ReferenceRecord)
            for o in here.written(topics.EVENTS)
            if json.loads(o.value)["type"] == "reference"
        ]
        assert [(r.subject, r.name, r.version) for r in told][-1] == (
            "calendar",
            "cn",
            CN_2027.version,
        )
        assert json.loads(bytes(told[-1].content)) == CN_2027.model_dump(mode="json")


def kept(partition):
    return {
        k: v
        for k, v in dict(partition.changelog).items()
        if v is not None and not k.startswith(RESERVED)
    }

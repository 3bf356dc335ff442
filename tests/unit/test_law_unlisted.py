"""What is not in the catalogue is watched too: unknown, out of force, missing, covered by `*`."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.reading import SchemaError
from streams.engine.listing import is_unlisted, why_no_clock
from streams.engine.rules import Rules
from tests.support.cases import assessed, built_in, clock, days, event, rules, rules_of, shown
from tests.support.system import ROOT

LAW = rules({"promised": days(7)})
STATED = {"promised_due_at": "2026-03-11T17:00:00+08:00"}


def law(*items, **more):
    base = built_in()
    places = {
        "regions": [{"code": "430000", "name": "省"}, {"code": "430100", "name": "市"}],
        "departments": [
            {"code": "zj", "name": "住建", "region": "430100"},
            {"code": "other", "name": "别局", "region": "430100"},
        ],
    }
    content = {**base.content, **places, "items": list(items), **more}
    return rules_of(catalogue_from(content, base.calendars))


def other(amount, **place):
    return {
        "code": "*",
        "name": "其他事项",
        "versions": [{"clocks": {"promised": days(amount)}}],
        **place,
    }


LISTED = {"code": "i", "name": "事项", "versions": [{"clocks": {"promised": days(7)}}]}
GONE = {
    "code": "gone",
    "name": "已取消",
    "versions": [{"to": "2025-12-31", "clocks": {"promised": days(7)}}],
}


def accepted(**facts):
    return event("accepted", "2026-03-02 10:00:00", **facts)


def found(case):
    return [(str(f.code), str(f.level), f.record.kind) for f in case.findings]


class TestFound:
    @pytest.mark.parametrize(
        ("item", "code", "level"),
        [
            ("nosuch", "item_unknown", "red"),  # C3
            ("gone", "item_not_in_force", "red"),  # C2
            (None, "item_missing", "yellow"),  # C4
        ],
    )
    def test_an_item_that_nobody_listed(self, item, code, level):
        case = assessed(law(LISTED, GONE), accepted(item=item))
        assert found(case) == [(code, level, "accepted")]
        assert why_no_clock(case) == code

    @pytest.mark.parametrize("item", ["nosuch", "gone", None])
    def test_a_due_moment_that_the_hall_states_gives_a_clock_all_the_same(self, item):
        case = assessed(law(LISTED, GONE), accepted(item=item, **STATED))
        assert shown(clock(case).due_at) == "2026-03-11 17:00:00"
        assert why_no_clock(case) is None
        assert len(case.findings) == 1

    def test_one_that_is_listed_is_no_finding(self):
        case = assessed(law(LISTED), accepted())
        assert found(case) == []
        assert why_no_clock(case) is None

    def test_on_the_day_of_the_acceptance(self):
        """Received in the year in which it was in force, accepted after it was abolished."""
        received = event("received", "2025-12-30 10:00:00", item="gone")
        later = event("accepted", "2026-01-05 10:00:00", item="gone")
        assert found(assessed(law(GONE), received)) == []
        assert found(assessed(law(GONE), received, later)) == [
            ("item_not_in_force", "red", "accepted")
        ]

    def test_without_an_acceptance_on_the_day_of_the_receipt(self):
        received = event("received", "2026-03-02 10:00:00", item="nosuch")
        assert found(assessed(LAW, received)) == [("item_unknown", "red", "received")]

    @pytest.mark.parametrize(
        ("limits", "why"), [({"promised": days(7)}, "not_started"), ({}, "no_limit")]
    )
    def test_an_item_that_is_listed_says_why_no_clock_runs(self, limits, why):
        step = event("step_started", "2026-03-02 10:00:00", step="s")
        assert why_no_clock(assessed(rules(limits), step)) == why

    @pytest.mark.parametrize(
        ("item", "unlisted"), [("i", False), ("nosuch", True), ("gone", False), (None, False)]
    )
    @pytest.mark.parametrize("more", [(), (other(9),)], ids=["", "with *"])
    def test_what_a_newer_catalogue_may_know(self, item, unlisted, more):
        assert is_unlisted(assessed(law(LISTED, GONE, *more), accepted(item=item))) is unlisted

    def test_a_finding_runs_as_long_as_its_case(self):
        later = event("decided", "2026-03-03 10:00:00", outcome="granted")
        for events, running in (((), True), ((later,), False)):
            case = assessed(LAW, accepted(item="nosuch"), *events)
            assert [f.running for f in case.findings] == [running]

    def test_where_silence_accepts_on_the_day_from_which_it_counts(self):
        """Supplied on Wednesday the 11th, when the item's longer promise was in force."""
        answer = {"acceptance": days(5)}
        both = [
            {"to": "2026-03-09", "clocks": {**answer, "promised": days(7)}},
            {"from": "2026-03-10", "clocks": {**answer, "promised": days(10)}},
        ]
        told = {"items": ["x"]}
        case = assessed(
            law({"code": "i", "name": "事项", "versions": both}),
            event("received", "2026-03-02 10:00:00"),
            event("corrections_requested", "2026-03-03 10:00:00", **told),
            event("corrections_supplied", "2026-03-11 10:00:00", **told),
        )
        assert shown(clock(case).due_at) == "2026-03-25 23:59:59"

    def test_the_item_of_a_round_is_that_of_its_acceptance(self):
        received = event("received", "2026-03-01 10:00:00", item="nosuch")
        case = assessed(LAW, received, accepted())
        assert found(case) == []

    def test_else_of_the_receipt_else_of_the_earliest_record_that_names_one(self):
        step = event("step_started", "2026-03-01 10:00:00", step="s", item="nosuch")
        received = event("received", "2026-03-02 09:00:00")
        assert found(assessed(LAW, step, received, accepted(item=None))) == []
        assert found(assessed(LAW, step, accepted(item=None)))[0][0] == "item_unknown"

    def test_each_round_is_looked_at(self):
        ended = event("decided", "2026-03-03 10:00:00", outcome="returned")
        again = event("accepted", "2026-03-09 10:00:00", item="nosuch")
        codes = [code for code, *_ in found(assessed(LAW, accepted(), ended, again))]
        assert codes == ["item_unknown", "round_without_receipt"]

    def test_a_catalogue_that_lists_no_item_makes_no_such_finding(self):
        foreign = law()
        assert found(assessed(foreign, accepted(item="nosuch"))) == []
        assert found(assessed(foreign, accepted(item=None))) == []
        assert shown(clock(assessed(foreign, accepted(**STATED))).due_at) == "2026-03-11 17:00:00"


class TestAnyOtherItem:
    def due(self, rules, **facts):
        case = assessed(rules, accepted(item="nosuch", **facts))
        return shown(clock(case).due_at)[5:10]

    def test_what_it_covers_is_a_remark(self):
        case = assessed(law(LISTED, other(5)), accepted(item="nosuch"))
        assert found(case) == [("item_covered", "none", "accepted")]
        assert shown(clock(case).due_at) == "2026-03-09 23:59:59"

    def test_the_department_goes_before_the_region_and_the_nearest_region_before_the_farther(self):
        rules = law(
            LISTED,
            other(1),
            other(2, region="430000"),
            other(3, region="430100"),
            other(4, department="zj"),
        )
        assert self.due(rules) == "03-03"
        assert self.due(rules, region="430200") == "03-04"  # in 430000
        assert self.due(rules, region="430100", department="other") == "03-05"
        assert self.due(rules, department="other") == "03-05"  # which lies in 430100
        assert self.due(rules, region="430100", department="zj") == "03-06"

    def test_one_that_is_listed_but_out_of_force_is_never_covered(self):
        case = assessed(law(GONE, other(5)), accepted(item="gone"))
        assert found(case) == [("item_not_in_force", "red", "accepted")]
        assert why_no_clock(case) == "item_not_in_force"

    def test_a_missing_item_is_none_that_it_covers(self):
        assert found(assessed(law(LISTED, other(5)), accepted(item=None)))[0][0] == "item_missing"

    def test_a_record_that_names_the_star_itself_names_no_item_that_is_listed(self):
        assert found(assessed(law(LISTED, other(5)), accepted(item="*")))[0][0] == "item_covered"

    def test_two_for_one_place_are_refused(self):
        with pytest.raises(SchemaError, match="stated twice"):
            law(other(1), other(2))

    def test_a_region_belongs_to_no_other_item(self):
        with pytest.raises(ValueError, match="only an item of code"):
            law({**LISTED, "region": "430100"})

    def test_a_region_that_is_not_there_is_refused(self):
        with pytest.raises(SchemaError, match="there is no nowhere in regions"):
            law(other(1, region="nowhere"))

    def test_a_catalogue_without_it_keeps_its_version(self):
        assert all("region" not in item for item in law(LISTED).catalogue.content["items"])


BOSTON = ZoneInfo("America/New_York")


def test_two_requests_of_types_that_bostons_catalogue_does_not_list():
    """Kind “what is not listed is not watched”: the city states the due moment of both."""
    law = Rules.of(load_catalogue(ROOT / "deploy/samples/boston/catalogue"))
    told = []
    for item, taken, due, closed in (
        (
            "Yardwaste Asian Longhorned Beetle Affected Area",
            "2011-10-12 15:34:52",
            "2011-10-14T15:34:50-04:00",
            "2011-11-01 16:10:12",
        ),
        (
            "No Utilities - Food Establishment - Water",
            "2011-11-04 08:56:58",
            "2011-11-07T08:56:58-05:00",
            "2011-11-07 12:52:09",
        ),
    ):
        where = {"item": item, "region": "boston", "zone": BOSTON}
        case = assessed(
            law,
            event("accepted", taken, promised_due_at=due, **where),
            event("finished", closed, **where),
        )
        told.append((clock(case).overdue(clock(case).stopped_at), found(case)))
    assert told == [(True, [("item_unknown", "red", "accepted")])] * 2

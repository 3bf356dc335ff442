"""What holds for a case: policies from the region down to the item, versions, presets."""

from __future__ import annotations

import pytest

from schemas.catalogue_loading import catalogue_from
from schemas.codes import ClockKind
from streams.engine.rules import promise_exceeds_statute
from tests.support.cases import assessed, at, built_in, clock, days, event, levels, rules, rules_of

ACCEPTED = event("accepted", "2018-10-15 10:00:00")
MONDAY = at("2018-10-15 10:00:00")


def catalogued(*, policy=None, regions=(), departments=(), items=None, ladders=(), presets=()):
    base = built_in()
    content = {
        **base.content,
        "policy": {**base.content["policy"], **(policy or {})},
        "regions": regions,
        "departments": departments,
        "ladders": [*base.content["ladders"], *ladders],
        "presets": [*base.content["presets"], *presets],
        "items": items or [{"code": "i", "name": "事项", "versions": [{}]}],
    }
    return rules_of(catalogue_from(content, base.calendars))


def region(code, **policy):
    return {"code": code, "name": code, "policy": policy}


def item(*versions, **more):
    return {"code": "i", "name": "事项", "versions": versions, **more}


class TestPolicies:
    regions = (
        region("430000", ladder="chengdu", mode="elapsed", cut_off="close_of_business"),
        region("430100", mode="next_day"),
        region("430102"),
    )
    departments = ({"code": "d", "name": "d", "region": "430102", "policy": {"mode": "elapsed"}},)

    @pytest.mark.parametrize("code", ["430103", "430102003", "430000000"])
    def test_a_region_that_is_not_listed_inherits_from_the_one_it_lies_in(self, code):
        expected = "elapsed" if code.startswith("430000") else "next_day"
        found = self.policy(code)
        assert (found.ladder, found.mode) == ("chengdu", expected)

    def policy(self, region="", department="", versions=({},), answers=None):
        law = catalogued(
            regions=self.regions,
            departments=self.departments,
            items=[item(*versions, department=answers)],
        )
        return law.resolve("i", region, department, MONDAY).policy

    def test_without_a_region_the_catalogue_s_own(self):
        found = self.policy()
        assert (found.ladder, found.mode, found.cut_off) == ("hunan", "next_day", "midnight")

    def test_regions_from_the_root_down_each_saying_only_what_differs(self):
        found = self.policy("430102")
        assert (found.ladder, found.mode, found.cut_off) == (
            "chengdu",
            "next_day",
            "close_of_business",
        )
        assert self.policy("430000").mode == "elapsed"

    def test_a_department_over_its_region(self):
        assert self.policy("430102", "d").mode == "elapsed"

    def test_a_department_brings_its_region_where_the_record_names_none(self):
        assert self.policy(department="d").ladder == "chengdu"

    def test_the_item_s_department_stands_in_for_a_missing_one(self):
        assert self.policy(answers=None).mode == "next_day"
        assert self.policy(answers="d").mode == "elapsed"

    def test_the_item_has_the_last_word(self):
        of_version = ({"policy": {"mode": "next_day", "ladder": "hunan"}},)
        found = self.policy("430102", "d", of_version)
        assert (found.ladder, found.mode, found.cut_off) == (
            "hunan",
            "next_day",
            "close_of_business",
        )

    def test_a_limit_may_say_its_own_mode_and_cut_off(self):
        limits = {"promised": days(7, mode="elapsed"), "statutory": days(10)}
        found = rules(limits, cut_off="close_of_business").resolve("i", "", "", MONDAY).limits
        assert found[ClockKind.PROMISED].mode == "elapsed"
        assert found[ClockKind.STATUTORY].mode == "next_day"
        assert found[ClockKind.PROMISED].cut_off == "close_of_business"

    def test_each_place_keeps_its_own_answer(self):
        law = catalogued(regions=self.regions, departments=self.departments)
        asked = [("430000", ""), ("430102", ""), ("430102", "d"), ("430000", "")]
        modes = [law.resolve("i", *place, MONDAY).policy.mode for place in asked]
        assert modes == ["elapsed", "next_day", "elapsed", "elapsed"]
        assert law.resolve("i", "", "", MONDAY) is law.resolve("i", "", "", MONDAY + 9)


class TestVersions:
    law = catalogued(
        items=[
            item(
                {"from": "2018-01-01", "to": "2018-10-15", "clocks": {"promised": days(7)}},
                {"from": "2018-10-17", "clocks": {"promised": days(5)}},
            )
        ]
    )

    @pytest.mark.parametrize(
        ("start", "amount"),
        [
            ("2017-12-31 23:59:59", None),
            ("2018-01-01 00:00:00", 7),
            ("2018-10-15 23:59:59", 7),
            ("2018-10-16 12:00:00", None),
            ("2018-10-17 00:00:00", 5),
            ("2030-01-01 00:00:00", 5),
        ],
    )
    def test_in_force_from_the_first_day_to_the_last_by_local_date(self, start, amount):
        limits = self.law.resolve("i", "", "", at(start)).limits
        assert amount == (limits[ClockKind.PROMISED].amount if limits else None)

    def test_the_limit_at_acceptance_stays_with_the_case(self):
        received = event("received", "2017-12-01 10:00:00")
        case = assessed(self.law, received, ACCEPTED, event("finished", "2018-12-01 10:00:00"))
        assert clock(case).limit.amount == 7

    def test_an_item_that_nobody_stated_has_the_due_moment_that_the_hall_states(self):
        found = self.law.resolve("else", "", "", MONDAY)
        assert (found.item, found.standing, list(found.limits)) == (None, "unknown", ["promised"])
        assert found.limits["promised"].stated == "promised_due_at"


class TestPresets:
    def test_give_what_the_item_does_not_state(self):
        limits = rules(preset="cn-permit").resolve("i", "", "", MONDAY).limits
        amounts = {str(kind): limit.amount for kind, limit in limits.items()}
        assert amounts == {
            "acceptance": 5,  # §32
            "statutory": 20,  # §42
            "special_procedure": None,  # §45: the days asked
            "delivery": 10,  # §44
            "opinion": 7,  # 国发〔1999〕9号
            "first_review": 20,  # §43
        }
        assert "第四十二条" in limits[ClockKind.STATUTORY].basis

    def test_the_item_s_own_clock_wins(self):
        limits = (
            rules({"statutory": days(45)}, preset="cn-permit").resolve("i", "", "", MONDAY).limits
        )
        assert limits[ClockKind.STATUTORY].amount == 45


OWN = {
    "name": "own",
    "title": "本省行政许可",
    "basis": "示例",
    "extends": "cn-permit",
    "clocks": {"delivery": days(5)},
    "policy": {"extension_cap": 5},
}


class TestAProvincesVariation:
    """Each number is configuration: region → department → item."""

    def found(self, version, region="", **more):
        law = catalogued(presets=[OWN], items=[item(version)], **more)
        return law.resolve("i", region, "", MONDAY)

    def test_a_preset_states_what_differs_from_the_one_it_extends(self):
        found = self.found({"preset": "own"})
        assert found.limits[ClockKind.DELIVERY].amount == 5
        assert found.limits[ClockKind.ACCEPTANCE].amount == 5
        assert found.limits[ClockKind.STATUTORY].amount == 20
        assert found.policy.extension_cap == 5

    def test_the_item_has_the_last_word(self):
        version = {"preset": "own", "clocks": {"delivery": days(2)}, "policy": {"extension_cap": 3}}
        found = self.found(version)
        assert (found.limits[ClockKind.DELIVERY].amount, found.policy.extension_cap) == (2, 3)

    def test_a_region_varies_the_presets_limits_of_items_that_have_them(self):
        places = (
            region("430000", limits={"delivery": days(7), "acceptance": days(3)}),
            region("430100", limits={"delivery": days(4), "e_licence": days(3)}),
        )
        found = self.found({"preset": "cn-permit"}, "430100", regions=places).limits
        assert found[ClockKind.DELIVERY].amount == 4
        assert found[ClockKind.ACCEPTANCE].amount == 3
        assert ClockKind.E_LICENCE not in found  # no clock that the item did not ask for
        foreign = self.found({}, "430100", regions=places).limits
        assert not foreign

    def test_levels_of_findings_are_joined_one_by_one(self):
        places = (
            region("430000", finding_levels={"late_record": "notice"}),
            region("430100", finding_levels={"suspension_untold": "red"}),
        )
        levels_ = self.found({}, "430100", regions=places).policy.finding_levels
        assert {str(code): str(level) for code, level in levels_.items()} == {
            "late_record": "notice",
            "suspension_untold": "red",
        }


class TestThePromise:
    def limits(self, promised, statutory):
        law = rules({"promised": promised, "statutory": statutory})
        return law.resolve("i", "", "", MONDAY).limits

    def test_longer_than_the_statute_is_the_statute(self):
        found = self.limits(days(30, mode="elapsed"), days(20))
        assert found[ClockKind.PROMISED] == found[ClockKind.STATUTORY]
        assert found[ClockKind.STATUTORY].amount == 20

    @pytest.mark.parametrize("amount", [1, 19, 20])
    def test_as_long_or_shorter_stays(self, amount):
        assert self.limits(days(amount), days(20))[ClockKind.PROMISED].amount == amount

    def test_in_another_unit_nobody_can_say(self):
        natural = {"amount": 30, "unit": "natural_day"}
        found = self.limits(natural, days(20))
        assert found[ClockKind.PROMISED].amount == 30
        assert not promise_exceeds_statute(found)

    def test_stated_by_the_hall_stays_stated(self):
        found = self.limits({"stated": "promised_due_at"}, days(20))
        assert found[ClockKind.PROMISED].stated == "promised_due_at"


class TestRungs:
    def test_each_carries_the_ladder_its_version_and_what_it_counts(self):
        case = assessed(rules({"promised": days(7), "statutory": days(10)}), ACCEPTED)
        told = {str(r.level): r.rule for c in case.clocks for r in c.levels}
        assert told == {
            "notice": "hunan@3/promised/near",
            "yellow": "hunan@3/promised/passed",
            "red": "hunan@3/statutory/passed",
        }

    def test_without_a_promise_the_notice_counts_from_the_statute(self):
        case = assessed(rules({"statutory": days(10)}), ACCEPTED)
        assert set(levels(case, "statutory")) == {"notice", "red"}

    def test_a_promise_that_the_hall_should_state_and_did_not_is_none(self):
        law = rules({"promised": {"stated": "promised_due_at"}, "statutory": days(10)})
        assert set(levels(assessed(law, ACCEPTED), "statutory")) == {"notice", "red"}
        said = event("accepted", "2018-10-15 10:00:00", promised_due_at="2018-10-20T10:00:00Z")
        case = assessed(law, said)
        assert set(levels(case)) == {"notice", "yellow"}
        assert set(levels(case, "statutory")) == {"red"}

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_a_level_to_which_two_rungs_lead_holds_from_the_earlier(self, order):
        near = {"clock": "promised", "when": "near", "leads": [{"working_days": 3}]}
        passed = {"clock": "promised", "when": "passed"}
        rungs = [{**(near, passed)[n], "level": "yellow"} for n in order]
        own = {"name": "own", "title": "自定", "rungs": rungs}
        clocks = [{"clocks": {"promised": days(7)}}]
        law = catalogued(ladders=[own], policy={"ladder": "own"}, items=[item(*clocks)])
        assert levels(assessed(law, ACCEPTED)) == {"yellow": "2018-10-20 00:00:00"}
        assert len(clock(assessed(law, ACCEPTED)).levels) == 1


# Ladders named after a place


def rungs(name, *clocks):
    """Give a built-in ladder's rungs for some clocks: clock, level, when."""
    ladder = rules({}).catalogue.ladders[name]
    return {(str(r.clock), str(r.level), r.condition) for r in ladder.rungs if r.clock in clocks}


def test_hunan_has_what_the_province_published_and_no_more():
    """For the kinds that it published rules for; an e-licence has yellow only."""
    assert rungs("hunan", ClockKind.E_LICENCE) == {("e_licence", "yellow", "passed")}
    assert rungs("hunan", ClockKind.PRE_ACCEPTANCE) == {
        ("pre_acceptance", "notice", "passed"),
        ("pre_acceptance", "yellow", "passed+3"),
        ("pre_acceptance", "red", "passed+5"),
    }
    assert rungs("hunan", ClockKind.SPECIAL_PROCEDURE) == {
        ("special_procedure", "notice", "near"),
        ("special_procedure", "yellow", "passed"),
        ("special_procedure", "red", "passed+1"),
    }
    assert rungs("hunan", ClockKind.PROMISED, ClockKind.STATUTORY) == {
        ("promised", "notice", "near"),
        ("promised", "yellow", "passed"),
        ("promised", "red", "silent"),
        ("statutory", "red", "passed"),
    }


def test_chengdu_has_yellow_near_the_promise_and_red_past_either_limit():
    assert rungs("chengdu", ClockKind.PROMISED, ClockKind.STATUTORY) == {
        ("promised", "yellow", "near"),
        ("promised", "red", "passed"),
        ("statutory", "red", "passed"),
    }

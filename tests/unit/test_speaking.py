"""Who may say what: each way of speaking for somebody else is refused, and touches no case."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.decoding import NOT_ALLOWED
from schemas.events import STEP_EVENT
from schemas.macs import MAC_HEADER, Key, signature
from schemas.ticks import Change
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, decode, encode
from streams.runtime.ports import Fatal
from tests.support.cases import at, event
from tests.support.partition import Partition, elsewhere, restarted
from tests.support.sources import (
    BUREAU,
    CHANGSHA,
    FURONG,
    HN,
    HN_NEXT,
    KEYS,
    OPS,
    SOURCES,
    TAX,
    ZHUZHOU,
    ZZ,
    catalogue,
    law,
    signed,
)

BOUND = law(*SOURCES)
WHEN = "2026-03-02 09:00:00"


def raw_of(kind="accepted", when=WHEN, **facts):
    facts = {"case_no": "430100-1", "source": "hn-zwfw", "region": "430100", **facts}
    return STEP_EVENT.dump_json(event(kind, when, **facts), exclude_none=True)


class Bound:
    """A partition of the two cities, and what came of the records sent to it."""

    def __init__(self, rules=BOUND, **more):
        self.here = Partition(rules, **{"keys": KEYS, **more})

    def send(self, raw, key=None, headers=None):
        headers = signed(key, raw) if key else headers or []
        self.here.logic.apply(self.here.chunk(topics.STEPS.name, [raw], headers=[headers]))
        return self

    @property
    def letters(self):
        found = self.here.written(topics.DEAD_LETTERS)
        return [decode(dict(o.headers)[DEAD_LETTER_HEADER], DeadLetter) for o in found]

    @property
    def reasons(self):
        return [(letter.reason, letter.field, letter.value) for letter in self.letters]

    @property
    def events(self):
        return sum(b'"type":"event"' in o.value for o in self.here.written(topics.EVENTS))


def refused(raw, key=None, headers=None, before=()):
    bound = Bound()
    for each, by in before:
        bound.send(each, by)
    assert bound.letters == []
    bound.send(raw, key, headers)
    (letter,) = bound.letters
    assert letter.message
    assert letter.remedy
    assert letter.reason in NOT_ALLOWED
    count = {k: n for k, n in bound.here.metrics.seen.items() if k[0] == "refused"}
    assert count == {("refused", letter.source, letter.reason): 1}
    return letter.reason, letter.field, letter.value


class TestSigning:
    def test_what_a_source_signed_counts_by_each_of_its_keys(self):
        bound = Bound().send(raw_of(), HN)
        bound.send(raw_of("finished", "2026-03-03 09:00:00"), HN_NEXT)
        assert bound.letters == []
        assert bound.here.cases()["430100-1"].events == 2

    def test_without_a_mac(self):
        assert refused(raw_of()) == ("mac_missing", MAC_HEADER, "")

    def test_another_value_another_topic_a_cut_value(self):
        raw = raw_of()
        for mac in (
            signed(HN, raw + b" "),
            signed(HN, raw[:-1]),
            signed(HN, raw, "jiancha.rulings"),
        ):
            assert refused(raw, headers=mac) == ("mac_wrong", MAC_HEADER, "hn-2026")

    def test_the_mac_of_another_case(self):
        other = signed(HN, raw_of(case_no="430100-2"))
        assert refused(raw_of(), headers=other)[0] == "mac_wrong"

    def test_a_key_nobody_has(self):
        stranger = Key("hn-2020", "hmac-sha-256", bytes(32))
        assert refused(raw_of(), stranger) == ("key_unknown", MAC_HEADER, "hn-2020")

    def test_the_key_of_another_source(self):
        assert refused(raw_of(), ZZ) == ("key_foreign", MAC_HEADER, "zz-2026")

    def test_a_key_under_the_id_of_another(self):
        assert refused(raw_of(), Key("hn-2026", ZZ.algorithm, ZZ.secret))[0] == "mac_wrong"

    def test_a_key_by_an_algorithm_that_is_not_its_own(self):
        assert refused(raw_of(), Key(HN.id, "hmac-sm3", HN.secret))[0] == "mac_wrong"

    @pytest.mark.parametrize("value", [b"", b"none", b"none hn-2026 ", None])
    def test_a_header_that_is_none(self, value):
        assert refused(raw_of(), headers=[(MAC_HEADER, value)])[0] == "mac_malformed"

    def test_two_headers_of_which_one_holds(self):
        raw = raw_of()
        two = [*signed(HN, raw), *signed(ZZ, raw)]
        assert refused(raw, headers=two)[0] == "mac_malformed"

    def test_the_same_bytes_again_change_nothing(self):
        bound = Bound().send(raw_of(), HN).send(raw_of(), HN)
        assert bound.letters == []
        assert bound.here.metrics.seen["repeated", "hn-zwfw"] == 1

    def test_an_older_version_again_changes_nothing(self):
        first, second = raw_of(), raw_of(record_version=2, voided=True)
        bound = Bound().send(first, HN).send(second, HN).send(first, HN)
        assert bound.here.cases()["430100-1"].accepted_at is None


class TestSources:
    def test_one_that_nobody_listed(self):
        assert refused(raw_of(source="op")) == ("source_unknown", "source", "op")

    def test_the_one_that_stands_for_whoever_is_not_listed(self):
        anybody = {"code": "*", "name": "其他", "regions": ["430102"], "unsigned": True}
        bound = Bound(law(CHANGSHA, anybody))
        bound.send(raw_of(source="op", region="430102"))
        assert bound.letters == []
        bound.send(raw_of(source="op", region="430100", case_no="2"))
        bound.send(raw_of())  # a listed one is not "whoever else"
        assert [reason for reason, *_ in bound.reasons] == ["region_foreign", "mac_missing"]

    def test_an_unsigned_one_may_come_with_or_without_a_mac_nobody_knows(self):
        raw = raw_of(source="furong", region="430102")
        stranger = Key("own-1", "hmac-sha-256", bytes(32))
        assert Bound().send(raw).send(raw, stranger).letters == []

    def test_a_mac_by_a_known_key_is_looked_at_even_where_none_is_needed(self):
        raw = raw_of(source="furong", region="430102")
        assert refused(raw, ZZ)[0] == "key_foreign"
        assert refused(raw, headers=[(MAC_HEADER, b"x")])[0] == "mac_malformed"

    def test_while_it_learns_to_sign_both_count_and_a_wrong_one_does_not(self):
        learns = law({**CHANGSHA, "unsigned": True})
        raw = raw_of()
        assert Bound(learns).send(raw).send(raw, HN).letters == []
        assert Bound(learns).send(raw, headers=signed(HN, b"")).reasons[0][0] == "mac_wrong"


class TestPlaces:
    def test_what_lies_in_its_region_counts_listed_or_not(self):
        bound = Bound()
        for n, region in enumerate(("430100", "430102", "430103", "430102003", "4301")):
            bound.send(raw_of(case_no=f"c{n}", region=region), HN)
        assert bound.letters == []

    @pytest.mark.parametrize(
        "region", ["430200", "430000", "430201", "110000", "x", "４３０１０２"]
    )
    def test_another_region(self, region):
        assert refused(raw_of(region=region), HN) == ("region_foreign", "region", region)

    def test_another_department_where_departments_are_stated(self):
        assert Bound().send(raw_of(source="tax", department="tax-430100")).letters == []
        assert refused(raw_of(source="tax", department="zj-430100")) == (
            "department_foreign",
            "department",
            "zj-430100",
        )

    def test_a_department_of_elsewhere_without_a_region(self):
        raw = raw_of(region=None, department="zj-430200")
        assert refused(raw, HN) == ("department_foreign", "department", "zj-430200")

    def test_a_department_of_elsewhere_may_take_a_step_in_a_case_of_here(self):
        bound = Bound().send(raw_of(), HN)
        step = raw_of("step_started", step="会签", region=None, department="tax-430100")
        assert bound.send(step, HN).letters == []

    def test_a_case_of_another_region_whatever_the_record_says_of_itself(self):
        theirs = raw_of(source="zz-zwfw", region="430200", case_no="430200-1")
        for says in ({"region": "430100"}, {"region": None}):
            ours = raw_of("decided", outcome="denied", case_no="430200-1", **says)
            assert refused(ours, HN, before=[(theirs, ZZ)]) == (
                "case_foreign",
                "case_no",
                "430200-1",
            )

    def test_where_a_case_says_no_region_its_department_does(self):
        theirs = raw_of(source="zz-zwfw", region=None, department="zj-430200", case_no="c")
        ours = raw_of("finished", region=None, case_no="c")
        assert refused(ours, HN, before=[(theirs, ZZ)])[0] == "case_foreign"

    def test_who_came_first_without_a_region_shares_the_case_with_nobody_elsewhere(self):
        theirs = raw_of(source="zz-zwfw", region=None, case_no="c")
        assert refused(raw_of(case_no="c"), HN, before=[(theirs, ZZ)])[0] == "case_foreign"
        county = raw_of(source="furong", region=None, case_no="c")
        assert Bound().send(county).send(raw_of(case_no="c"), HN).letters == []

    def test_a_case_that_was_taken_back_whole_is_nobodys(self):
        theirs = raw_of(source="zz-zwfw", region="430200", case_no="c")
        gone = raw_of(source="zz-zwfw", region="430200", case_no="c", record_version=2, voided=True)
        assert Bound().send(theirs, ZZ).send(gone, ZZ).send(raw_of(case_no="c"), HN).letters == []

    def test_a_province_may_speak_for_its_cities(self):
        province = {"code": "hn", "name": "省", "regions": ["430000"], "unsigned": True}
        assert Bound(law(province)).send(raw_of(source="hn", region="430102")).letters == []


class TestCases:
    def test_the_forged_record_of_the_hostile_hall_changes_nothing(self):
        """found/operator/forged_by_another_hall.jsonl: the hall's own record, voided."""
        forged = {"record_version": 2, "voided": True}
        bound = Bound().send(raw_of("received"), HN)
        before = bound.here.cases()
        bound.send(raw_of("received", **forged))  # unsigned, as whoever can write to the topic does
        bound.send(raw_of("received", **forged), ZZ)  # by another hall's key
        bound.send(raw_of("received", source="zz-zwfw", **forged), ZZ)  # in its own name
        assert [reason for reason, *_ in bound.reasons] == [
            "mac_missing",
            "key_foreign",
            "region_foreign",
        ]
        assert bound.here.cases() == before
        assert bound.events == 1

    def test_a_record_of_the_same_id_by_another_source_is_another_record(self):
        """Even one that may speak for the case neither voids nor replaces what others said."""
        county = {**FURONG, "regions": ["430100"]}
        bound = Bound(law(CHANGSHA, county))
        bound.send(raw_of("received"), HN)
        bound.send(raw_of("received", source="furong", record_version=9, voided=True))
        assert bound.letters == []
        case = bound.here.cases()["430100-1"]
        assert case.received_at == at(WHEN)

    def test_what_was_refused_leaves_no_case_behind(self):
        bound = Bound().send(raw_of())
        assert bound.here.cases() == {}
        assert restarted(bound.here, keys=KEYS).cases() == {}

    def test_a_case_a_refused_record_touched_is_not_written_again(self):
        bound = Bound().send(raw_of(), HN)
        revision = bound.here.cases()["430100-1"].revision
        bound.send(raw_of("finished"))
        assert bound.here.cases()["430100-1"].revision == revision


class TestLaw:
    def test_a_catalogue_without_sources_lets_everybody_write(self):
        bound = Bound(law(), keys={})
        bound.send(raw_of(source="anybody", region="nowhere"))
        bound.send(raw_of(case_no="2"), headers=[(MAC_HEADER, b"nonsense")])
        assert bound.letters == []

    def test_the_catalogue_in_force_decides_from_its_tick_on(self):
        bound = Bound(law())
        bound.send(raw_of(case_no="before"))
        self.bring(bound, catalogue(CHANGSHA))
        bound.send(raw_of(case_no="after")).send(raw_of(case_no="signed"), HN)
        assert [letter.reason for letter in bound.letters] == ["mac_missing"]
        assert set(bound.here.cases()) == {"before", "signed"}
        again = Bound.__new__(Bound)
        again.here = restarted(bound.here, keys=KEYS)  # its files still say: nobody is listed
        assert again.send(raw_of(case_no="later")).reasons[0][0] == "mac_missing"

    def test_a_key_that_is_given_up_counts_no_longer(self):
        bound = Bound(law(CHANGSHA)).send(raw_of(), HN)
        self.bring(bound, catalogue({**CHANGSHA, "keys": ["hn-2027"]}))
        bound.send(raw_of(case_no="2"), HN).send(raw_of(case_no="3"), HN_NEXT)
        assert bound.reasons == [("key_unknown", MAC_HEADER, "hn-2026")]

    def test_a_key_that_is_not_here_ends_the_process_before_anything_is_decided(self):
        with pytest.raises(Fatal, match=r"zz-2026 is not among the keys here.*JIANCHA_KEYS_FILE"):
            Bound(law(ZHUZHOU), keys={})
        bound = Bound(law(), keys={})
        with pytest.raises(Fatal, match="hn-2026 is not among the keys here"):
            self.bring(bound, catalogue(CHANGSHA))
        assert restarted(bound.here, keys={}).logic.applied(topics.TICKS.name) == 0

    def bring(self, bound, made):
        change = Change(
            change_id="x",
            subject="catalogue",
            made_at=0,
            by="test",
            barriers={},
            catalogue=json_raw(made.content),
        )
        bound.here.logic.apply(bound.here.chunk(topics.TICKS.name, [encode(change)]))


def json_raw(content):
    from msgspec import Raw

    return Raw(json.dumps(content).encode())


class TestPassingOn:
    def test_a_signed_record_is_sent_on_with_its_mac_and_holds_there(self):
        here = Partition(BOUND, number=0, partitions=4, keys=KEYS)
        case_no, place = elsewhere(4)
        raw = raw_of(case_no=case_no)
        here.logic.apply(here.chunk(topics.STEPS.name, [raw], headers=[signed(HN, raw)]))
        (sent,) = here.written(topics.STEPS)
        assert sent.partition == place
        there = Bound(BOUND)
        there.here = Partition(BOUND, number=place, partitions=4, keys=KEYS)
        there.send(sent.value, headers=sent.headers)
        assert there.letters == []
        assert case_no in there.here.cases()

    def test_a_letter_keeps_the_mac_so_that_it_holds_when_it_is_sent_again(self):
        bound = Bound(law(ZHUZHOU))
        raw = raw_of()
        bound.send(raw, HN)
        assert bound.letters[0].reason == "source_unknown"
        (letter,) = bound.here.written(topics.DEAD_LETTERS)
        assert [h for h in letter.headers if h[0] == MAC_HEADER] == signed(HN, raw)
        assert Bound().send(letter.value, headers=letter.headers).letters == []


class TestCuring:
    def test_who_may_cure_signs_what_it_changed_for_the_source(self):
        cured = raw_of(item="i")
        bound = Bound().send(cured, OPS)
        assert bound.letters == []
        assert bound.here.cases()["430100-1"].source == "hn-zwfw"

    def test_only_within_its_own_regions_and_those_of_the_source(self):
        theirs = raw_of(source="zz-zwfw", region="430200", case_no="c")
        assert refused(theirs, OPS)[0] == "region_foreign"
        assert refused(raw_of(region="430200"), OPS)[0] == "region_foreign"

    def test_a_source_that_may_not_cure_signs_for_itself_alone(self):
        no_cures = {**BUREAU, "cures": False}
        bound = Bound(law(CHANGSHA, no_cures)).send(raw_of(), OPS)
        assert bound.reasons[0][0] == "key_foreign"

    def test_the_records_of_an_unsigned_source_too(self):
        raw = raw_of(source="furong", region="430102")
        assert Bound().send(raw, OPS).letters == []
        assert Bound().send(raw, headers=signed(OPS, b"")).reasons[0][0] == "mac_wrong"


def test_the_header_is_that_of_the_docs():
    assert signature(HN, "hall.steps", b"x")[1].startswith(b"hmac-sha-256 hn-2026 ")
    assert TAX["regions"] == ["430000"]


def test_a_case_lies_where_its_acceptance_says_and_else_where_the_first_record_does():
    county = {"code": "county", "name": "县", "regions": ["430102"], "unsigned": True}
    for acceptance, refuses in (("430100", True), ("430102", False), (None, True)):
        bound = Bound(law(CHANGSHA, county))
        bound.send(raw_of("received", "2026-03-01 09:00:00", region="430100"), HN)
        bound.send(raw_of("accepted", region=acceptance), HN)
        bound.send(raw_of("finished", "2026-03-03 09:00:00", source="county", region="430102"))
        assert [r for r, *_ in bound.reasons] == ["case_foreign"] * refuses


def test_a_regions_name_on_a_record_without_acceptance_counts_wherever_it_stands():
    bound = Bound()
    bound.send(raw_of("accepted", source="zz-zwfw", region=None, case_no="c"), ZZ)
    later = raw_of(
        "finished", "2026-03-05 09:00:00", source="zz-zwfw", region="430200", case_no="c"
    )
    bound.send(later, ZZ)
    bound.send(raw_of("delivered", "2026-03-06 09:00:00", region=None, case_no="c"), HN)
    assert [r for r, *_ in bound.reasons] == ["case_foreign"]

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

import streams.runtime.metrics
import streams.runtime.ports
import streams.sink.metrics
from alerts.metrics import (
    EngineMetrics,
    EngineProgress,
    NotifyMetrics,
    RuntimeMetrics,
    SinkMetrics,
    definitions,
    reach,
    role_registry,
)
from alerts.metrics.labels import OTHER, Places, Regions, systems, words
from schemas.calendars import load_calendars
from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.codes import ClockKind, Level
from schemas.findings import FindingCode
from schemas.verdicts import MoveRecord
from streams.engine.rules import Rules
from streams.engine.state import UNLISTED, Summary, watch_of
from streams.runtime.ports import PartitionProgress
from tests.support.changing import decreed_2027

DUE = 1_700_000_000
SAMPLES = Path(__file__).parents[2] / "deploy/samples"


def catalogue(departments=3, calendar="cn", policy=None):
    content = {
        "policy": policy or {"calendar": calendar},
        "regions": [{"code": "430100", "name": "长沙市"}],
        "departments": [
            {"code": f"D{n}", "name": f"部门{n}", "region": "430100"} for n in range(departments)
        ],
    }
    built_in = load_calendars([])
    ladders = [{"name": "hunan", "title": "x", "rungs": [RUNG]}]
    return catalogue_from({**content, "ladders": ladders}, built_in)


RUNG = {"clock": "promised", "level": "yellow", "when": "passed"}


@pytest.fixture(scope="module")
def rules():
    return Rules.of(catalogue())


@pytest.fixture
def registry():
    return role_registry("engine", "0.1.0")


def move(**changed):
    return MoveRecord(
        **{
            "move_id": "m-1",
            "card_id": "m",
            "move": "issued",
            "move_no": 1,
            "at": DUE + 30,
            "reason": "level_reached",
            "case_no": "440106199001011234",
            "clock_id": "promised",
            "clock": ClockKind.PROMISED,
            "level": Level.YELLOW,
            "sequence": 1,
            "rule": "hunan/promised/yellow",
            "holds_from": DUE + 1,
            "due_at": DUE,
            "started_at": DUE - 86_400,
            "active": True,
            "provisional": False,
            "limit": "20 working_day",
            "source": "hall",
            "region": "430100",
            "department": "D1",
            "officer": "张三",
            "revision": 1,
            "catalogue": "c",
            "calendar": "cn",
            "calendar_version": "v",
            **changed,
        }
    )


class TestReach:
    """Counters begin at 0 for what the ladders can reach, and for nothing else."""

    HUNAN = "promised notice yellow red, statutory notice red, acceptance notice yellow red"

    def test_the_cards_of_a_ladder_and_of_findings(self, rules):
        found = {(ClockKind.FINDING, level) for level in (Level.NOTICE, Level.YELLOW, Level.RED)}
        assert reach.cards(rules.catalogue) == {(ClockKind.PROMISED, Level.YELLOW)} | found
        assert reach.breaches(rules.catalogue) == {ClockKind.PROMISED}

    def test_what_counts_from_another_clock_is_carded_there(self):
        hunan = load_catalogue(SAMPLES / "hunan/catalogue")
        cards = reach.cards(hunan)
        for stated in self.HUNAN.split(", "):
            clock, *levels = stated.split()
            assert {level for kind, level in cards if kind == clock} == set(levels)
        assert len(cards) == 25
        assert reach.breaches(hunan) == set(ClockKind) - {ClockKind.FINDING}

    def test_a_policy_that_grades_a_finding_lets_it_be_carded(self):
        plain = reach.findings(catalogue())
        assert FindingCode.SECOND_NOTICE in plain
        assert FindingCode.LATE_RECORD not in plain
        levels = {"finding_levels": {"late_record": "notice", "repeated_act": "none"}}
        graded = catalogue(policy={"calendar": "cn", **levels})
        assert reach.findings(graded) == plain | {FindingCode.LATE_RECORD}
        assert (ClockKind.FINDING, Level.NOTICE) in reach.cards(graded)

    def test_a_region_beyond_the_budget_is_other(self, rules):
        regions = Regions(rules.catalogue, 3)
        assert [regions(code) for code in ("430100", "430200", None)] == ["430100", OTHER, "none"]


def text(registry):
    return generate_latest(registry).decode()


@pytest.mark.parametrize(
    ("ours", "asked"),
    [
        (EngineMetrics, streams.runtime.metrics.EngineMetrics),
        (RuntimeMetrics, streams.runtime.ports.RuntimeMetrics),
        (SinkMetrics, streams.sink.metrics.SinkMetrics),
    ],
)
def test_each_class_is_what_its_role_asks_for(ours, asked):
    methods = [name for name in vars(asked) if not name.startswith("_")]
    assert methods
    for name in methods:
        assert inspect.signature(getattr(ours, name)) == inspect.signature(getattr(asked, name))


class TestNames:
    @pytest.mark.parametrize("metric", definitions.ALL, ids=lambda m: m.name)
    def test_a_name_says_whose_it_is_and_its_unit(self, metric):
        assert metric.name.startswith("jiancha_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert not metric.name.endswith(("_ms", "_minutes", "_bytes_total_total"))
        assert metric.meaning
        assert metric.series <= definitions.PLACES * definitions.CARDS == 6600
        assert bool(metric.labels) == (metric.series > 1 or metric.name.endswith("_info"))

    def test_none_is_defined_twice(self):
        names = [metric.name for metric in definitions.ALL]
        assert len(names) == len(set(names)) > 40

    def test_what_the_process_uses_is_shown_too(self, registry):
        shown = text(registry)
        assert 'jiancha_build_info{role="engine",version="0.1.0"} 1.0' in shown
        assert "process_resident_memory_bytes" in shown
        NotifyMetrics(registry)
        assert "_created" not in text(registry)


class TestLabels:
    def test_a_flood_of_senders_costs_no_series(self):
        source = systems(3)
        assert [source("a"), source("b"), source("c"), source("a")] == ["a", "b", OTHER, "a"]

    @pytest.mark.parametrize(
        "value",
        [
            "440106199001011234",
            "E12345678",
            "张三",
            "a b",
            "",
            "x" * 33,
            "x\n",
            "case-20260918123",
        ],
    )
    def test_what_has_not_the_form_of_a_system_is_not_shown(self, value):
        assert systems(20)(value) == OTHER

    def test_reasons_are_words(self):
        reason = words(20)
        assert reason("union_tag_invalid") == "union_tag_invalid"
        assert reason("The field 'x' of 张三 is wrong") == OTHER

    def test_places_are_those_of_the_catalogue(self):
        places = Places(catalogue(), 10)
        assert places("430100", "D1") == ("430100", "D1")
        assert places("430100", "张三") == ("430100", "other")
        assert places("999999", None) == ("other", "none")

    def test_more_departments_than_the_budget_become_other(self):
        places = Places(catalogue(departments=300), definitions.PLACES)
        seen = {places("430100", f"D{n}") for n in range(300)}
        assert len(seen) == definitions.PLACES
        assert places("430100", "D299") == ("other", "other")


class TestEngine:
    def test_counters_begin_at_zero_so_that_the_first_card_is_a_rise(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        labels = {"region": "430100", "department": "D1", "clock": "promised"}
        assert registry.get_sample_value("jiancha_breaches_total", labels) == 0
        metrics.moved(move())
        assert registry.get_sample_value("jiancha_breaches_total", labels) == 1
        issued = {**labels, "level": "yellow"}
        assert registry.get_sample_value("jiancha_cards_issued_total", issued) == 1

    def test_only_the_first_second_over_is_a_breach(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        metrics.moved(move(level=Level.NOTICE, holds_from=DUE - 3600))
        metrics.moved(move(level=Level.RED, holds_from=DUE + 86_400))
        metrics.moved(move(move="reopened"))
        labels = {"region": "430100", "department": "D1", "clock": "promised"}
        assert registry.get_sample_value("jiancha_breaches_total", labels) == 0

    def test_a_retraction_is_counted_apart(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        metrics.moved(move())
        metrics.moved(move(move="retracted", active=False))
        labels = {"clock": "promised", "level": "yellow"}
        place = {"region": "430100", "department": "D1"}
        assert registry.get_sample_value("jiancha_cards_issued_total", place | labels) == 1
        assert registry.get_sample_value("jiancha_cards_retracted_total", labels) == 1

    def test_a_card_about_a_finding_is_counted_by_what_was_found(self, registry, rules):
        """监察发现: no limit was passed, so it is no breach."""
        metrics = EngineMetrics(registry, rules)
        found = {"clock": ClockKind.FINDING, "clock_id": "finding:second_notice:1f", "limit": ""}
        metrics.moved(move(**found, holds_from=DUE))
        metrics.moved(move(**found, holds_from=DUE, move="resolved", active=False))
        metrics.moved(move(**found, holds_from=DUE, region="999999"))
        value = registry.get_sample_value
        name, code = "jiancha_finding_cards_issued_total", "second_notice"
        assert value(name, {"region": "430100", "code": code}) == 1
        assert value(name, {"region": "other", "code": code}) == 1
        assert value(name, {"region": "430100", "code": "third_notice"}) == 0
        place = {"region": "430100", "department": "D1", "clock": "finding"}
        assert value("jiancha_cards_issued_total", {**place, "level": "yellow"}) == 1
        assert value("jiancha_breaches_total", place) is None

    def test_senders_and_reasons(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        metrics.accepted("hall", repeated=False)
        metrics.accepted("hall", repeated=True)
        metrics.refused("张三", "missing")
        metrics.misplaced("hall", "partition")
        metrics.tick_refused("strays")
        value = registry.get_sample_value
        assert value("jiancha_events_total", {"source": "hall", "result": "new"}) == 1
        assert value("jiancha_events_total", {"source": "hall", "result": "repeated"}) == 1
        refused = {"source": "other", "reason": "missing"}
        assert value("jiancha_dead_letters_total", refused) == 1
        misplaced = {"source": "hall", "what": "partition"}
        assert value("jiancha_misplaced_records_total", misplaced) == 1
        assert value("jiancha_ticks_refused_total", {"reason": "strays"}) == 1

    def test_changes_are_counted_from_zero(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        labels = {"subject": "calendar", "result": "applied"}
        assert registry.get_sample_value("jiancha_changes_total", labels) == 0
        metrics.changed("calendar", "applied")
        assert registry.get_sample_value("jiancha_changes_total", labels) == 1

    def test_no_label_holds_a_case_a_person_or_free_text(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        metrics.moved(move(region="张三", department="李四 free text", source="王五"))
        metrics.refused("430102199001011234", "some free text")
        shown = text(registry)
        for told in ("4401061990", "4301021990", "张三", "李四", "王五", "free text"):
            assert told not in shown


class TestProgress:
    def shown(self, registry, rules, progress, *, live=True, now=1000.0):
        metrics = EngineMetrics(registry, rules)
        metrics.partition(0, 900, 0, {Summary(True, 3, False): 2, Summary(False, 0, False): 7}, 4)
        metrics.partition(1, 800, 0, {Summary(True, 1, True): 3, Summary(True, 0, False): 1}, 1)
        time = [now]
        registry.register(EngineProgress(lambda: progress, metrics, live=live, clock=time.pop))
        return registry

    def running(self, partition=0, lag=0, stalled=0.0, waiting=0, last=999_000):
        lags = {"hall.steps": lag}
        return PartitionProgress(partition, "running", lags, stalled, waiting, last)

    def read(self, registry):
        samples = [s for f in registry.collect() for s in f.samples]
        return {(s.name, *s.labels.values()): s.value for s in samples}

    def test_open_cases_that_no_clock_watches_by_why(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        unknown, missing = (
            watch_of(why, unlisted=False) for why in ("item_unknown", "item_missing")
        )
        cases = {
            Summary(True, 3, False, unknown): 2,
            Summary(False, 0, False, unknown): 7,  # it has ended
            Summary(True, 0, False, missing): 1,
            Summary(True, 0, False, UNLISTED): 5,  # the hall states the due moment
        }
        metrics.partition(0, 900, 0, cases, 0)
        registry.register(
            EngineProgress(lambda: [self.running(0)], metrics, live=True, clock=[0.0].pop)
        )
        found = self.read(registry)
        name = "jiancha_open_cases_without_clock"
        assert {key[1]: value for key, value in found.items() if key[0] == name} == {
            "item_unknown": 2,
            "item_not_in_force": 0,
            "item_missing": 1,
            "no_limit": 0,
            "not_started": 0,
        }

    def test_open_cases_of_the_partitions_owned_now(self, registry, rules):
        found = self.read(self.shown(registry, rules, [self.running(0), self.running(1)]))
        assert found["jiancha_open_cases",] == 6
        assert found["jiancha_open_cases_provisional",] == 3
        assert found["jiancha_open_cases_with_card", "red"] == 2
        assert found["jiancha_open_cases_with_card", "yellow"] == 0
        assert found["jiancha_open_cases_with_card", "notice"] == 3
        assert found["jiancha_engine_time_timestamp_seconds",] == 800

    def test_how_many_cases_a_change_has_not_come_to(self, registry, rules):
        found = self.read(self.shown(registry, rules, [self.running(0), self.running(1)]))
        assert found["jiancha_change_cases_left",] == 5

    def test_where_the_cases_lie_of_the_partitions_owned_now(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        metrics.held(0, 3, 40)
        metrics.held(1, 2, 10)

        def held(*owned):
            families = {f.name: f for f in metrics.open_cases(owned)}
            return [s.value for s in families["jiancha_engine_cases"].samples]

        assert held(0, 1) == [5, 50]
        assert held(1) == [2, 10]
        assert held() == [0, 0]

    def test_cases_set_aside_are_named_the_first_of_them_by_number(self, registry, rules):
        metrics = EngineMetrics(registry, rules)

        def aside(*owned):
            families = {f.name: f for f in metrics.open_cases(owned)}
            samples = families["jiancha_engine_cases_set_aside"].samples
            return {s.labels["case"]: s.value for s in samples}

        assert aside(0) == {}
        metrics.set_aside(0, ("c-1", "\x00hall.steps@5"))
        metrics.set_aside(1, tuple(f"d-{n:02}" for n in range(25)))
        assert aside(0) == {"c-1": 1, "unreadable": 1}
        every = aside(0, 1)
        assert len(every) == 22
        assert (every["d-18"], every["other"], every["unreadable"]) == (1, 6, 1)
        metrics.set_aside(0, ())
        assert aside(0) == {}

    def test_how_far_the_calendar_in_force_is_decreed_where_it_is_least(self, registry, rules):
        metrics = EngineMetrics(registry, rules)
        metrics.in_force(0, rules)
        metrics.in_force(1, decreed_2027(rules))
        metrics.in_force(2, decreed_2027(rules))

        def end(*owned):
            families = {f.name: f for f in metrics.open_cases(owned)}
            samples = families["jiancha_calendar_decreed_until_timestamp_seconds"].samples
            (found,) = [s.value for s in samples if s.labels == {"calendar": "cn"}]
            return found

        shanghai = dt.timezone(dt.timedelta(hours=8))
        assert end(0, 1) == dt.datetime(2026, 12, 25, 23, 59, 59, tzinfo=shanghai).timestamp()
        assert end(1, 2) == dt.datetime(2027, 12, 25, 23, 59, 59, tzinfo=shanghai).timestamp()

    def test_a_partition_given_away_leaves_nothing_behind(self, registry, rules):
        found = self.read(self.shown(registry, rules, [self.running(0)]))
        assert found["jiancha_open_cases",] == 2
        assert found["jiancha_engine_time_timestamp_seconds",] == 900

    def test_lag_is_summed_and_the_worst_stall_counts(self, registry, rules):
        progress = [self.running(0, lag=5, stalled=3.0), self.running(1, lag=7, waiting=2)]
        found = self.read(self.shown(registry, rules, progress))
        assert found["jiancha_engine_lag_records", "hall.steps"] == 12
        assert found["jiancha_engine_stalled_seconds",] == 3.0
        assert found["jiancha_engine_ticks_waiting",] == 2
        assert found["jiancha_engine_partitions", "running"] == 2
        assert found["jiancha_engine_partitions", "restoring"] == 0

    @pytest.mark.parametrize(
        ("live", "waiting", "delay"), [(True, 0, 400.0), (False, 0, 0.0), (False, 1, 400.0)]
    )
    def test_the_worst_partition_says_how_late_cards_are(
        self, registry, rules, live, waiting, delay
    ):
        progress = [self.running(0), self.running(1, last=600_000, waiting=waiting)]
        found = self.read(self.shown(registry, rules, progress, live=live))
        assert found["jiancha_engine_deadline_delay_seconds",] == delay

    def test_before_its_first_tick_a_partition_counts_from_when_it_came(self, rules):
        now = [100.0]
        partition = PartitionProgress(0, "restoring", {}, 0.0, 0, None)
        collector = EngineProgress(
            lambda: [partition],
            EngineMetrics(CollectorRegistry(), rules),
            live=True,
            clock=lambda: now[0],
        )

        def delay():
            (family,) = (f for f in collector.collect() if f.name.endswith("delay_seconds"))
            return family.samples[0].value

        assert delay() == 0
        now[0] = 160.0
        assert delay() == 60

    def test_a_worker_without_partitions_is_late_for_nothing(self, registry, rules):
        found = self.read(self.shown(registry, rules, []))
        assert found["jiancha_engine_deadline_delay_seconds",] == 0
        assert ("jiancha_engine_time_timestamp_seconds",) not in found


def test_runtime_counts(registry):
    metrics = RuntimeMetrics(registry)
    metrics.chunk("hall.steps", 40)
    metrics.committed(40, 90, 0.03)
    metrics.restored(1000, 2.0)
    metrics.rebalanced(8, 3, 0.4)
    metrics.gave_back("hall.steps")
    metrics.looked_again("hall.steps")
    metrics.hole("hall.steps", 2)
    metrics.tick_skipped("late")
    metrics.fail_stop("transaction")
    value = registry.get_sample_value
    assert value("jiancha_engine_records_total", {"topic": "hall.steps"}) == 40
    assert value("jiancha_engine_chunks_total", {"topic": "hall.steps"}) == 1
    assert value("jiancha_engine_committed_records_total") == 40
    assert value("jiancha_engine_written_records_total") == 90
    assert value("jiancha_engine_transaction_seconds_count") == 1
    assert value("jiancha_engine_restored_records_total") == 1000
    assert value("jiancha_engine_rebalances_total") == 1
    assert value("jiancha_engine_partitions_kept") == 3
    assert value("jiancha_engine_hole_offsets_total", {"topic": "hall.steps"}) == 2
    assert value("jiancha_engine_ticks_skipped_total", {"reason": "late"}) == 1
    assert value("jiancha_engine_fail_stops_total", {"reason": "transaction"}) == 1


def test_sink_counts(registry):
    metrics = SinkMetrics(registry)
    metrics.inserted("events", 100)
    metrics.batch(0.2, 1234.0)
    metrics.lag("jiancha.events", 17)
    metrics.retried("weather")
    metrics.poisoned("events", 1)
    value = registry.get_sample_value
    assert value("jiancha_sink_rows_total", {"table": "events"}) == 100
    assert value("jiancha_sink_last_batch_timestamp_seconds") == 1234
    assert value("jiancha_sink_lag_records", {"topic": "jiancha.events"}) == 17
    assert value("jiancha_sink_retries_total", {"reason": "weather"}) == 1
    assert value("jiancha_sink_poisoned_total", {"table": "events"}) == 1


def test_every_metric_stays_within_its_budget(registry):
    big = Rules.of(catalogue(departments=500))
    engine = EngineMetrics(registry, big)
    for n in range(600):
        for clock in ClockKind:
            for level in (Level.NOTICE, Level.YELLOW, Level.RED):
                place = {"region": f"R{n % 7}", "department": f"D{n}"}
                for code in FindingCode if clock is ClockKind.FINDING else ("x",):
                    named = f"{clock}:{code}:{n:x}"
                    engine.moved(move(clock=clock, clock_id=named, level=level, **place))
        engine.refused(f"hall-{n}", f"reason_{n % 90}")
        engine.accepted(f"hall-{n}", repeated=bool(n % 2))
        engine.misplaced(f"hall-{n}", ("key", "partition")[n % 2])
        engine.tick_refused(f"reason_{n}")
        engine.held(n, 1, 1)
    running = [PartitionProgress(n, "running", {}, 0.0, 0, None) for n in range(2000)]
    registry.register(EngineProgress(lambda: running, engine, live=True))
    budget = {metric.name.removesuffix("_total"): metric.series for metric in definitions.ALL}
    for family in registry.collect():
        if family.name.startswith("jiancha_"):
            assert len(family.samples) <= budget[family.name], family.name

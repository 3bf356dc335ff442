"""Every metric: its name, kind, meaning, labels, and how many series it may have. Once.

Names begin with `jiancha_`; units are base units (seconds, records); counters end in `_total`. No
label holds a person or free text, and none but the few cases set aside a case number: what a label
may say is bounded in `labels.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

from schemas.codes import ClockKind
from schemas.findings import FindingCode
from streams.engine.listing import NO_CLOCK

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

PLACES: Final = 200
"""How many pairs of region and department are told apart; the rest are `other`."""
SOURCES: Final = 120
"""Those that the catalogue lists come first; a hundred halls are a province's."""
REASONS: Final = 50
TOPICS: Final = 9
CLOCKS: Final = len(ClockKind) - 1
"""Every kind of clock; a card about a finding has none."""
LEVELS: Final = 3
REGIONS: Final = 60
"""How many regions are told apart where departments are not; the rest are `other`."""
NAMED: Final = 20
"""How many cases that are set aside are named."""
FINDING_CODES: Final = len(FindingCode)
CARDS: Final = (CLOCKS + 1) * LEVELS
"""What a card can be about, by level; `reach.py` shows only what the ladders can reach."""
_SPENT_SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one process. `series` is the most it may have, buckets apart."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    series: int = 1

    def counter(self, registry: CollectorRegistry) -> Counter:
        """Make the counter."""
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        """Make the gauge."""
        return Gauge(self.name, self.meaning, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry) -> Histogram:
        """Make the histogram, of seconds."""
        return Histogram(
            self.name, self.meaning, self.labels, registry=registry, buckets=_SPENT_SECONDS
        )

    def family(self, values: dict[tuple[str, ...], float]) -> GaugeMetricFamily:
        """Make the gauge as it is at a scrape, from values by their labels."""
        family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


_PLACE: Final = ("region", "department")

BUILD: Final = Metric(
    "jiancha_build_info", "gauge", "1; says which role and version runs", ("role", "version")
)

# What the engine finds (alerts.metrics.engine)
CARDS_ISSUED: Final = Metric(
    "jiancha_cards_issued_total",
    "counter",
    "Cards issued (发出)",
    (*_PLACE, "clock", "level"),
    PLACES * CARDS,
)
CARDS_RETRACTED: Final = Metric(
    "jiancha_cards_retracted_total",
    "counter",
    "Cards retracted, since a record that came later made them untrue (撤回)",
    ("clock", "level"),
    CARDS,
)
FINDING_CARDS: Final = Metric(
    "jiancha_finding_cards_issued_total",
    "counter",
    "Cards issued for what a case's records show (监察发现), by finding",
    ("region", "code"),
    REGIONS * FINDING_CODES,
)
BREACHES: Final = Metric(
    "jiancha_breaches_total",
    "counter",
    "Cards issued for the first second over a limit (超时)",
    (*_PLACE, "clock"),
    PLACES * CLOCKS,
)
EVENTS: Final = Metric(
    "jiancha_events_total",
    "counter",
    "Step events read, by sender; repeated: it changed nothing",
    ("source", "result"),
    SOURCES * 2,
)
DEAD_LETTERS: Final = Metric(
    "jiancha_dead_letters_total",
    "counter",
    "Records refused, by sender and reason (退回)",
    ("source", "reason"),
    SOURCES * REASONS,
)
MISPLACED: Final = Metric(
    "jiancha_misplaced_records_total",
    "counter",
    "Records under a wrong key, or in another partition than their case's and sent on",
    ("source", "what"),
    SOURCES * 2,
)
TICKS_REFUSED: Final = Metric(
    "jiancha_ticks_refused_total",
    "counter",
    "Ticks that do not count: another source's, or straying",
    ("reason",),
    REASONS,
)
OPEN_CASES: Final = Metric("jiancha_open_cases", "gauge", "Cases that have not ended (在办件)")
CASES_WITH_CARD: Final = Metric(
    "jiancha_open_cases_with_card",
    "gauge",
    "Cases by the highest card whose clock still runs, ended ones that await delivery among them",
    ("level",),
    LEVELS,
)
CASES_PROVISIONAL: Final = Metric(
    "jiancha_open_cases_provisional",
    "gauge",
    "Open cases with a due time that rests on days which nobody has decreed yet (暂定)",
)
CASES_WITHOUT_CLOCK: Final = Metric(
    "jiancha_open_cases_without_clock",
    "gauge",
    "Open cases that no clock watches (无计时), by why",
    ("reason",),
    len(NO_CLOCK),
)
ENGINE_TIME: Final = Metric(
    "jiancha_engine_time_timestamp_seconds",
    "gauge",
    "The engine's time, which ticks bring: the earliest of the owned partitions",
)
CALENDAR_END: Final = Metric(
    "jiancha_calendar_decreed_until_timestamp_seconds",
    "gauge",
    "The end of the last decreed day of a calendar that the catalogue in force uses",
    ("calendar",),
    50,
)
CHANGE_LEFT: Final = Metric(
    "jiancha_change_cases_left",
    "gauge",
    "Open cases that a change of calendar or catalogue can concern, not judged again yet",
)
CASES_HELD: Final = Metric(
    "jiancha_engine_cases",
    "gauge",
    "Cases of this worker's partitions, by where they lie: memory, or cold, which is on disk",
    ("place",),
    2,
)
SET_ASIDE: Final = Metric(
    "jiancha_engine_cases_set_aside",
    "gauge",
    "Cases on which the engine decides no more, since that ended it three times (搁置), by number;"
    " beyond twenty they are `other`, and records of no known case are `unreadable`",
    ("case",),
    NAMED + 2,
)
WORKED: Final = Metric(
    "jiancha_worked_seconds",
    "gauge",
    "Working seconds of the house's calendar from 2020 until now",
)
SOURCE_HEARD: Final = Metric(
    "jiancha_source_heard_worked_seconds",
    "gauge",
    "The same, when this worker last read a record of a sender",
    ("source",),
    SOURCES,
)
FINDINGS: Final = (
    OPEN_CASES,
    CASES_WITH_CARD,
    CASES_PROVISIONAL,
    CASES_WITHOUT_CLOCK,
    ENGINE_TIME,
    CALENDAR_END,
    CHANGE_LEFT,
    CASES_HELD,
    SET_ASIDE,
    WORKED,
    SOURCE_HEARD,
)
"""What is asked of the owned partitions at each scrape."""
CHANGES: Final = Metric(
    "jiancha_changes_total",
    "counter",
    "Changes of calendar or catalogue (变更), by partition: applied, compared, unchanged, refused",
    ("subject", "result"),
    8,
)

# How the engine runs (alerts.metrics.runtime, alerts.metrics.progress)
PARTITIONS: Final = Metric(
    "jiancha_engine_partitions", "gauge", "Partitions of this worker, by state", ("state",), 3
)
LAG: Final = Metric(
    "jiancha_engine_lag_records",
    "gauge",
    "Records of an input topic not yet applied, over this worker's partitions",
    ("topic",),
    TOPICS,
)
STALLED: Final = Metric(
    "jiancha_engine_stalled_seconds", "gauge", "The longest that a partition with lag has not moved"
)
TICKS_WAITING: Final = Metric(
    "jiancha_engine_ticks_waiting", "gauge", "Ticks that wait until the records before them applied"
)
DEADLINE_DELAY: Final = Metric(
    "jiancha_engine_deadline_delay_seconds",
    "gauge",
    "How far the worst partition's last tick lies back: cards are late by so much",
)
CHUNKS: Final = Metric(
    "jiancha_engine_chunks_total", "counter", "Chunks handed to the logic", ("topic",), TOPICS
)
RECORDS: Final = Metric(
    "jiancha_engine_records_total", "counter", "Records handed to the logic", ("topic",), TOPICS
)
COMMITTED: Final = Metric(
    "jiancha_engine_committed_records_total", "counter", "Input records whose effects are durable"
)
WRITTEN: Final = Metric("jiancha_engine_written_records_total", "counter", "Records written")
TRANSACTION: Final = Metric(
    "jiancha_engine_transaction_seconds", "histogram", "Seconds that a transaction took"
)
RESTORED: Final = Metric(
    "jiancha_engine_restored_records_total", "counter", "State records read back"
)
RESTORE_SECONDS: Final = Metric(
    "jiancha_engine_restore_seconds_total", "counter", "Seconds spent on reading state back"
)
REBALANCES: Final = Metric("jiancha_engine_rebalances_total", "counter", "Take-overs of partitions")
REBALANCE_SECONDS: Final = Metric(
    "jiancha_engine_rebalance_seconds_total", "counter", "Seconds spent on take-overs"
)
KEPT: Final = Metric(
    "jiancha_engine_partitions_kept", "gauge", "Partitions kept at the last take-over"
)
GAVE_BACK: Final = Metric(
    "jiancha_engine_given_back_total",
    "counter",
    "Fetches that a rebalance overtook, given back",
    ("topic",),
    TOPICS,
)
LOOKED_AGAIN: Final = Metric(
    "jiancha_engine_holes_doubted_total",
    "counter",
    "Holes in the offsets, read once more",
    ("topic",),
    TOPICS,
)
HOLES: Final = Metric(
    "jiancha_engine_hole_offsets_total",
    "counter",
    "Offsets that carry no record (transaction markers, compaction)",
    ("topic",),
    TOPICS,
)
TICKS_SKIPPED: Final = Metric(
    "jiancha_engine_ticks_skipped_total", "counter", "Ticks left out", ("reason",), REASONS
)
FAIL_STOPS: Final = Metric(
    "jiancha_engine_fail_stops_total", "counter", "Ends of the process", ("reason",), REASONS
)

# The sink (alerts.metrics.sink)
SINK_ROWS: Final = Metric(
    "jiancha_sink_rows_total", "counter", "Rows that ClickHouse has taken", ("table",), 20
)
SINK_BATCH: Final = Metric(
    "jiancha_sink_batch_seconds", "histogram", "Seconds that a batch took to insert"
)
SINK_LAST: Final = Metric(
    "jiancha_sink_last_batch_timestamp_seconds", "gauge", "When the last batch was inserted"
)
SINK_LAG: Final = Metric(
    "jiancha_sink_lag_records", "gauge", "Records not yet in ClickHouse", ("topic",), TOPICS
)
SINK_GAP: Final = Metric(
    "jiancha_sink_history_gap_records",
    "gauge",
    "Records that the history lacks and will not get by reading on; the sink stands still",
    ("topic",),
    TOPICS,
)
SINK_RETRIES: Final = Metric(
    "jiancha_sink_retries_total", "counter", "Attempts made again", ("reason",), REASONS
)
SINK_POISONED: Final = Metric(
    "jiancha_sink_poisoned_total",
    "counter",
    "Rows, or a topic's records, sent to the sink's dead letters",
    ("table",),
    30,
)

# The notifier (alerts.metrics.notify)
MOVES: Final = Metric(
    "jiancha_notify_moves_total",
    "counter",
    "Moves of cards read, by what came of them",
    ("result",),
    8,
)
PUSHES: Final = Metric(
    "jiancha_notify_pushes_total", "counter", "Requests to Alertmanager", ("result",), 2
)
ALERTS: Final = Metric(
    "jiancha_notify_alerts_total",
    "counter",
    "Alerts pushed, each re-sending included",
    ("kind",),
    3,
)
REFUSED_ALERTS: Final = Metric(
    "jiancha_notify_refused_alerts_total",
    "counter",
    "Alerts that Alertmanager does not take, each re-sending included",
)
NOTIFY_HEARD: Final = Metric(
    "jiancha_notify_heard_timestamp_seconds",
    "gauge",
    "When the notifier last knew that Kafka answers it",
)
LINKS: Final = Metric(
    "jiancha_links_info",
    "gauge",
    "1; the addresses under which people reach the board and Grafana, for Grafana's own links",
    ("board", "grafana"),
)
RINGING: Final = Metric(
    "jiancha_notify_ringing", "gauge", "Alerts that ring now: cards and digests", ("kind",), 2
)
NOTIFY_LAG: Final = Metric(
    "jiancha_notify_lag_records", "gauge", "Moves of cards not yet pushed for good"
)
UNREADABLE: Final = Metric(
    "jiancha_notify_unreadable_total", "counter", "Records of the verdicts topic that are none"
)

ALL: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""A test holds each to its budget."""

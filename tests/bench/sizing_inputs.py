"""What `tests.bench.sizing` computes from; each input says where it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


class Input(NamedTuple):
    value: float
    unit: str
    where: str


ASSUMED: Final = "assumed"
VOLUME: Final = "measured: `tests.bench.volume`"
IDLE: Final = "measured: `tests.bench.idle`, 24 against 96 partitions"
BENCH: Final = "measured: [benchmarks](benchmarks.md)"
STATES: Final = "measured: [state](state.md)"

EVENTS_A_CASE = Input(6, "events a case", ASSUMED)
WORKING_DAYS = Input(250, "working days a year", ASSUMED)
BUSY_DAY = Input(2, "× the mean working day: the busiest one", ASSUMED)
BUSY_HOUR = Input(0.2, "of a day's events, in its busiest hour", ASSUMED)
OPEN_DAYS = Input(10, "working days that a case is open", ASSUMED)
MOVES_A_CASE = Input(0.15, "moves of cards a case (every twentieth case, three moves)", ASSUMED)
YEARS = Input(5, "years that cases are kept", ASSUMED)
CLOSED_DAYS = Input(
    90, "days that a closed case stays in memory", "setting `engine.closed_days_in_memory`"
)
WORKER_MEMORY = Input(16e9, "bytes of memory for cases in a worker", ASSUMED)
WORKER_DISK = Input(100e9, "bytes of disk for closed cases in a worker", ASSUMED)
BUSY = Input(0.6, "of a core, at most, in the busiest hour", ASSUMED)
OUTDATED = Input(2, "× the states themselves, before compaction has removed what is outdated",
                 "Kafka's default `min.cleanable.dirty.ratio` 0.5")  # fmt: skip
PATIENCE = Input(300, "seconds that a start may last", ASSUMED)
REPLICAS = Input(3, "replicas of a topic", ASSUMED)
BROKER_DISK = Input(2e12, "bytes of disk in a broker", ASSUMED)
SHARD_DISK = Input(2e12, "bytes of disk in a ClickHouse shard", ASSUMED)

EVENT_CPU = Input(195e-6, "seconds of a worker's core an event, in a backlog", BENCH)
WORKER_SPEED = Input(5_200, "events a second a worker, in a backlog", BENCH)
CHANGE_CPU = Input(120e-6, "seconds of a core a case that a change concerns", BENCH)
LOOK_CPU = Input(0.5e-6, "seconds of a core a case that it does not concern", BENCH)
RESTORE = Input(125_000, "open cases a second that a worker reads at its start", BENCH)
RESTORE_CLOSED = Input(54_000, "closed cases a second, which go to its disk", STATES)
SESSION = Input(10, "seconds until a killed worker is missed", "setting `kafka.session_timeout`")
TICK_WORKER = Input(1.8e-3, "seconds of a worker's core a tick, with its transaction", IDLE)
TICK_BROKER = Input(4.7e-3, "seconds of a broker's core a tick, with its transaction", IDLE)
READ_MOVES = Input(
    32_500, "moves a second that the notifier reads at its start", "measured: `tests.bench.moves`"
)
STATE = Input(826, "bytes of a case's state, with its key", VOLUME)
CASE_MEMORY = Input(965, "bytes of a case in a worker's memory", VOLUME)
CASE_DISK = Input(1_200, "bytes of a closed case on a worker's disk", STATES)
STEPS_BYTES = Input(436, "bytes an event in `hall.steps`, kept 90 days", VOLUME)
EVENTS_BYTES = Input(597, "bytes an event in `jiancha.events`, kept 30 days", VOLUME)
CASES_BYTES = Input(843, "bytes an event in `jiancha.cases`, kept 30 days", VOLUME)
MOVE_BYTES = Input(713, "bytes a move in `jiancha.verdicts`, kept for ever", VOLUME)
TICK_BYTES = Input(196, "bytes a tick in `jiancha.ticks`, kept 7 days", VOLUME)
HISTORY_BYTES = Input(143, "bytes an event in ClickHouse, all tables, merged", VOLUME)


@dataclass(frozen=True, slots=True)
class Place:
    """Who is to be watched."""

    name: str
    cases_a_year: float
    counties: int
    partitions: int

    @property
    def events_a_year(self) -> float:
        return self.cases_a_year * EVENTS_A_CASE.value

    @property
    def busy_day(self) -> float:
        """Events of the busiest day."""
        return self.events_a_year / WORKING_DAYS.value * BUSY_DAY.value

    @property
    def busy_hour(self) -> float:
        """Events of its busiest hour."""
        return self.busy_day * BUSY_HOUR.value


CITY: Final = Place("a city", 2e6, 9, 24)
PROVINCE: Final = Place("a province", 20e6, 122, 24)
COUNTRY: Final = Place("the country", 500e6, 2844, 192)
PLACES: Final = (CITY, PROVINCE, COUNTRY)


def inputs() -> str:
    """Give every input, where it comes from first."""
    found = [value for value in globals().values() if isinstance(value, Input)]
    lines = ["| input | value | from |", "|---|---:|---|"]
    return "\n".join([*lines, *(f"| {i.unit} | {_plain(i.value)} | {i.where} |" for i in found)])


def _plain(value: float) -> str:
    return (
        f"{value / 1e9:,g} billion"
        if value >= 1e9
        else f"{value:,g}"
        if value >= 1e-3
        else (f"{value * 1e6:g} millionths")
    )

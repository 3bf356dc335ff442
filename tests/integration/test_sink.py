"""The sink on the real wire: what the engine wrote is in ClickHouse, once, whatever happens."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from clickhouse_driver.errors import Error
from kafka import KafkaConsumer, TopicPartition

from schemas import topics
from schemas.codes import Level
from schemas.findings import FindingCode
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, decode
from streams.kafka_clients import kafka_python_consumer_options
from streams.sink.batches import Batcher
from streams.sink.inserts import Writer
from streams.sink.rows import TOPICS, rows_of
from tests.support import history, servers
from tests.support.history import NOW, Metrics, Sent, clock
from tests.support.reader import Reader
from tests.support.wait import eventually

PARTITIONS = 4
CLOCK = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """A broker of our own: the topics' names are fixed."""
    made = {topic.name: PARTITIONS for topic in topics.ALL}
    with servers.embedded_kafka(tmp_path_factory.mktemp("kafka"), made) as bootstrap:
        yield bootstrap


@pytest.fixture
def place(embedded_clickhouse):
    with history.database(embedded_clickhouse) as (where, client):
        yield where, client


def case_log(name, cases):
    """A whole life of some cases, as the engine would write it."""
    found = []
    for number in range(cases):
        case_no = f"{name}-{number:05}"
        moment = f"2026-03-{2 + number % 20:02}T09:00:00+08:00"
        found += [
            history.event(case_no, "received", moment),
            history.event(case_no, "accepted", moment, offset=1),
            history.case(case_no, [CLOCK], revision=1),
            history.case(
                case_no,
                [CLOCK],
                revision=2,
                events=2,
                findings=[
                    history.finding(
                        FindingCode.LATE_RECORD, "2026-03-02 01:00:00", of="a-accepted-1"
                    ),
                ],
            ),
        ]
        if number % 3 == 0:
            found.append(history.move(case_no, CLOCK, Level.YELLOW))
    return found


# fmt: off
VIEWS = ("v_events", "v_cases", "v_clocks_at(as_of = '2026-03-10 00:00:00')", "v_cards",
         "v_card_history", "v_findings", "v_case_timeline", "v_dead_letters",
         "v_reference_versions", "v_rulings", "v_on_time_rates_at(as_of = '2026-03-10 00:00:00')")
# fmt: on


def answers(client, name):
    """All that the views say of the cases of one test."""
    said = {}
    for view in VIEWS:
        rows = client.execute(f"SELECT * FROM {view}")
        said[view] = sorted(repr(row) for row in rows if name in repr(row) or "rates" in view)
    return said


def expected(records):
    """Count the rows that some records must become."""
    rows = [(table.name, values) for record in records for table, values in rows_of(record)]
    return {
        "v_events": sum(table == "events" for table, _ in rows),
        "v_cases": len({values[0] for table, values in rows if table == "cases"}),
        "v_cards": len({values[1] for table, values in rows if table == "cards"}),
    }


def arrived(client, name, records):
    def check():
        said = answers(client, name)
        counts = {view: len(said[view]) for view in ("v_events", "v_cases", "v_cards")}
        assert counts == expected(records)
        return True

    eventually(check, 30, interval=0.1, forgive=(AssertionError, Error, OSError, EOFError))


def committed(settings):
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        group_id=settings.sink.group,
        **kafka_python_consumer_options(settings.kafka),
    )
    everything = [TopicPartition(topic, p) for topic in TOPICS for p in range(PARTITIONS)]
    found = {tp: consumer.committed(tp) or 0 for tp in everything}
    ends = consumer.end_offsets(everything)
    consumer.close()
    return found, ends


def test_what_the_engine_writes_is_in_clickhouse_and_committed(kafka, place):
    where, client = place
    settings, metrics = history.settings(kafka, where), Metrics()
    records = [
        *case_log("whole", 50),
        history.dead_letter(1),
        history.reference("calendar", "c", "1"),
    ]
    history.produce(settings.kafka, records)
    with history.sink(settings, metrics):
        arrived(client, "whole", records)
        eventually(lambda: len(metrics.lags) == len(TOPICS) and not any(metrics.lags.values()), 10)
    found, ends = committed(settings)
    assert found == ends
    assert len(client.execute("SELECT * FROM v_dead_letters")) == 1
    assert client.execute("SELECT name, version, partitions FROM v_reference_versions") == [
        ("c", "1", 1)
    ]
    assert metrics.poison == {}


@pytest.mark.long
def test_reading_everything_again_changes_no_answer(kafka, place):
    where, client = place
    records = case_log("again", 40)
    history.produce(history.settings(kafka, where).kafka, records)
    with history.sink(history.settings(kafka, where)):
        arrived(client, "again", records)
    before = answers(client, "again")
    other_group = history.settings(kafka, where)
    with history.sink(other_group):
        eventually(lambda: all(committed(other_group)[0][tp] == end
                               for tp, end in committed(other_group)[1].items()), 20)  # fmt: skip
    assert answers(client, "again") == before


@pytest.mark.parametrize(
    "part",
    [(30, 90), *(pytest.param(part, marks=pytest.mark.long) for part in ((0, 60), (119, 140)))],
)
def test_inserting_any_range_twice_changes_no_answer(place, part):
    where, client = place
    records = case_log("range", 30)
    insert(client, where, records)
    before = answers(client, "range")
    insert(client, where, records[slice(*part)])
    assert answers(client, "range") == before
    for table in ("events", "cases", "clocks", "cards", "card_moves"):
        client.execute(f"OPTIMIZE TABLE {table} FINAL")
    assert answers(client, "range") == before


def insert(client, where, records):
    batcher = Batcher(1, 1.0)
    for record in records:
        batcher.add(record, rows_of(record), 0.0)
    client.execute(f"USE {where.database}")
    Writer(client, where.database, lambda *_: None).write(batcher.seal())


def test_records_out_of_order_leave_the_latest_standing(place):
    where, client = place
    stopped = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59", "2026-03-05 01:00:00")
    gone = clock("step:S1:1", "2026-03-02 01:00:00", "2026-03-03 01:00:00")
    stays, goes = (
        history.finding(code, "2026-03-02 01:00:00", of="order-1-accepted-1")
        for code in (FindingCode.LATE_ACCEPTANCE, FindingCode.LATE_RECORD)
    )
    records = [
        history.case("order-1", [stopped], revision=3, events=3, findings=[stays]),
        history.case("order-1", [CLOCK, gone], revision=2, findings=[goes, stays]),
        history.case("order-1", [CLOCK], revision=1),
    ]
    insert(client, where, records)
    assert client.execute("SELECT revision, events FROM v_cases") == [(3, 3)]
    assert client.execute("SELECT clock_id, state FROM v_clocks") == [("promised", "stopped")]
    assert client.execute("SELECT code, carded FROM v_findings") == [("late_acceptance", True)]


def test_a_conflicting_record_under_the_same_id_is_kept_beside_the_other(place):
    where, client = place
    same = {"event_id": "e-1", "record_version": 1}
    insert(client, where, [
        history.event("c", "received", "2026-03-02T09:00:00+08:00", **same),
        history.event("c", "received", "2026-03-02T09:00:00+08:00", offset=7, **same),
        history.event("c", "received", "2026-03-02T10:00:00+08:00", **same),
    ])  # fmt: skip
    found = client.execute("SELECT occurred_at, origin_offset FROM v_events ORDER BY occurred_at")
    assert [offset for _, offset in found] == [0, 0], "of equal content the first arrival stays"


def test_a_record_taken_back_stays_beside_what_it_said(place):
    """作废: an auditor sees both, and which of them took the other back."""
    where, client = place
    sent = {"event_id": "e-1", "outcome": "denied", "arrived": NOW}
    insert(client, where, [
        history.event("c", "decided", "2026-03-02T09:00:00+08:00", **sent),
        history.event("c", "decided", "2026-03-02T09:00:00+08:00", record_version=2, voided=True,
                      **sent),
    ])  # fmt: skip
    found = client.execute("SELECT record_version, voided FROM v_events ORDER BY record_version")
    assert found == [(1, False), (2, True)]
    told = client.execute("SELECT entry, what FROM v_case_timeline ORDER BY entry")
    assert told == [("event", "decided"), ("voided", "decided")]
    assert len(found) == 2


def test_moments_from_1990_to_2100_are_kept(place):
    where, client = place
    records = [
        history.event("far", "received", f"{year}-06-01T00:00:00Z", offset=year)
        for year in range(1990, 2101)
    ]
    insert(client, where, records)
    found = client.execute(
        "SELECT count(), min(toYear(occurred_at)), max(toYear(occurred_at)) FROM v_events"
    )
    assert found == [(111, 1990, 2100)]


def test_poison_goes_to_the_dead_letters_and_the_rest_is_in(kafka, place):
    where, client = place
    settings, metrics = history.settings(kafka, where), Metrics()
    records = case_log("poison", 20)
    bad_row = history.case("poison-bad", [CLOCK], revision=-1)
    bad_record = Sent(topics.VERDICTS.name, b"{nonsense", b"poison")
    history.produce(settings.kafka, [*records[:30], bad_row, bad_record, *records[30:]])
    with history.sink(settings, metrics):
        arrived(client, "poison", records)
        eventually(lambda: len(sink_letters(settings, b"poison")) >= 3, 20)
    letters = sink_letters(settings, b"poison")
    assert {(letter.field, letter.reason, value) for letter, value in letters} == {
        ("cases", "clickhouse", bad_row.value),
        ("clocks", "clickhouse", bad_row.value),
        (topics.VERDICTS.name, "undecodable", b"{nonsense"),
    }
    assert metrics.poison == {"cases": 1, "clocks": 1, topics.VERDICTS.name: 1}
    found, ends = committed(settings)
    assert found == ends


def sink_letters(settings, name):
    """Read the sink's dead letters of one test."""
    reader = Reader(settings.kafka.bootstrap_servers, PARTITIONS)
    return [
        (decode(dict(message.headers())[DEAD_LETTER_HEADER], DeadLetter), message.value())
        for message in reader.read(topics.SINK_DEAD_LETTERS.name)
        if message.key().startswith(name)
    ]


class Door:
    """A way to ClickHouse that can be shut: connections are refused and open ones are cut."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.shut = threading.Event()
        self.pairs = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                inside, _ = self.listener.accept()
                if self.shut.is_set():
                    inside.close()
                    continue
                outside = socket.create_connection(("127.0.0.1", self.target))
                self.pairs.append((inside, outside))
                for one, other in ((inside, outside), (outside, inside)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.shut.set()
        for pair in self.pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def open(self):
        self.shut.clear()


@pytest.mark.long
def test_clickhouse_away_for_a_while_costs_only_time(kafka, place):
    where, client = place
    door = Door(where.port)
    settings = history.settings(kafka, where.model_copy(update={"port": door.port}))
    metrics = Metrics()
    first, second = case_log("away-a", 20), case_log("away-b", 20)
    history.produce(settings.kafka, first)
    with history.sink(settings, metrics):
        arrived(client, "away-a", first)
        eventually(lambda: committed(settings)[0] == committed(settings)[1], 10)
        before, _ = committed(settings)
        door.close()
        history.produce(settings.kafka, second)
        eventually(lambda: metrics.retries["weather"] >= 2, 20)
        assert committed(settings)[0] == before, "nothing is committed that is not inserted"
        eventually(lambda: sum(metrics.lags.values()) == len(second), 10)
        door.open()
        arrived(client, "away-b", second)
    found, ends = committed(settings)
    assert found == ends


def test_a_sink_whose_clickhouse_is_away_still_stops_in_time(kafka, place):
    where, _ = place
    door = Door(where.port)
    door.close()
    settings, metrics = (
        history.settings(kafka, where.model_copy(update={"port": door.port})),
        Metrics(),
    )
    history.produce(settings.kafka, case_log("stops", 5))
    with history.sink(settings, metrics):
        eventually(lambda: metrics.retries["weather"] >= 1, 20)
    assert not any(committed(settings)[0].values())


@pytest.mark.long
def test_tables_that_are_not_there_yet_are_waited_for(kafka, embedded_clickhouse):
    records = case_log("early", 5)
    with history.database(embedded_clickhouse, migrated=False) as (where, client):
        settings, metrics = history.settings(kafka, where), Metrics()
        client.execute(f"CREATE DATABASE {where.database}")
        history.produce(settings.kafka, records)
        with history.sink(settings, metrics):
            eventually(lambda: metrics.retries["operator"] >= 1, 20)
            history.migrations.migrate(client, where.database)
            arrived(client, "early", records)
        assert sink_letters(settings, b"early") == []


@pytest.mark.long
def test_a_sink_killed_between_insert_and_commit_leaves_the_same_answers(kafka, place, tmp_path):
    where, client = place
    settings = history.settings(kafka, where)
    records = case_log("killed", 60)
    history.produce(settings.kafka, records)
    code = (
        "import os, sys\n"
        "from streams.sink.loop import Sink\n"
        "from tests.support import history\n"
        "from streams.settings import Settings\n"
        "Sink._commit = lambda self: self._uncommitted and os._exit(9)\n"
        "settings = Settings.model_validate_json(sys.argv[1])\n"
        "history.run_sink(settings, history.threading.Event(), history.Metrics())\n"
    )
    log = (tmp_path / "sink.log").open("wb")
    done = subprocess.run(
        [sys.executable, "-c", code, settings.model_dump_json()],
        cwd=Path(__file__).parents[2],
        env=os.environ,
        stdout=log,
        stderr=log,
        timeout=60,
        check=False,
    )
    log.close()
    assert done.returncode == 9, (tmp_path / "sink.log").read_text()
    assert client.execute("SELECT count() FROM cases")[0][0] > 0
    assert not any(committed(settings)[0].values())
    with history.sink(settings):
        arrived(client, "killed", records)
    rows = client.execute(
        "SELECT count(), uniqExact(case_no) FROM v_cases WHERE case_no LIKE 'killed%%'"
    )
    assert rows == [(60, 60)]

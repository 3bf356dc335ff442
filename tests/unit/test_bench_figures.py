from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import table as page
from tests.bench import task as tasks
from tests.bench.__main__ import LOOP, PEERS, PROGRAMS, WORKER, BenchError, options, same
from tests.bench.broker import Outcome
from tests.bench.loop import Transactions, chunks_of
from tests.bench.task import Measured, Meter, Task

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- x: begin -->", "<!-- x: end -->"


@pytest.fixture
def clocks(monkeypatch):
    """Both clocks, moved by hand."""
    now = {"wall": 100.0, "cpu": 10.0}
    monkeypatch.setattr(tasks.time, "perf_counter", lambda: now["wall"])
    monkeypatch.setattr(tasks.time, "process_time", lambda: now["cpu"])
    return now


def test_the_meter_runs_from_the_first_record_to_the_last_durable_one(clocks):
    meter = Meter(10)
    clocks["wall"] += 50  # start-up
    meter.begin()
    clocks["wall"] += 2
    meter.begin()  # a later record
    assert not meter.durable(6, 8)
    clocks["wall"] += 3
    clocks["cpu"] += 4
    assert meter.durable(4, 7)
    assert meter.read() == Measured(5.0, 4.0, 15)


def test_a_task_and_its_result_pass_from_process_to_process(capsys):
    task = Task("127.0.0.1:1", "g", 8, 100)
    assert Task.from_argument(task.argument()) == task
    tasks.report(Measured(1.5, 2.0, 3))
    line = capsys.readouterr().out.splitlines()[-1]
    assert Measured(*json.loads(line.removeprefix(tasks.RESULT))) == Measured(1.5, 2.0, 3)


def test_the_table_shows_medians_and_ratios_to_the_first_program():
    runs = {
        "loop": [Measured(s, 0.01, 1500) for s in (1.0, 10.0, 1.0)],
        "worker": [Measured(s, 0.02, 1800) for s in (2.0, 2.0, 0.1)],
    }
    rows = page.table(runs, 1000).splitlines()[2:]
    assert rows[0] == "| loop | 1,000 | 100 – 1,000 | 1.00 | 10.0 | 1.50 |"
    assert rows[1] == "| worker | 500 | 500 – 10,000 | 0.50 | 20.0 | 1.80 |"


def test_what_is_written_by_hand_stays_and_the_block_is_replaced():
    text = f"# A\n\nby hand\n\n{BEGIN}\nold\n{END}\n\nmore\n"
    once = page.rewritten(text, "x", "new")
    assert once == f"# A\n\nby hand\n\n{BEGIN}\nnew\n{END}\n\nmore\n"
    assert page.rewritten(once, "x", "new") == once


@pytest.mark.parametrize("text", ["", BEGIN, f"{END} {BEGIN}"])
def test_a_page_without_its_marks_is_not_overwritten(text):
    with pytest.raises(ValueError, match="has lost its marks"):
        page.rewritten(text, "x", "new")


@pytest.mark.parametrize(("marks", "programs"), [("make bench", PROGRAMS), ("peers", PEERS)])
def test_the_page_in_docs_has_a_table_with_every_program(marks, programs):
    text = (ROOT / page.PAGE).read_text(encoding="utf-8")
    block = text.partition(f"<!-- {marks}: begin -->")[2].partition(f"<!-- {marks}: end -->")[0]
    assert all(f"| {program} |" in block for program in programs)


EXPECTED = Outcome(3, {"a": (1,), "b": (2,)}, frozenset({"x", "y"}))


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (EXPECTED._replace(events=2), "2 events, not 3"),
        (EXPECTED._replace(cases={"a": (1,)}), "1 cases differ, e.g. b"),
        (EXPECTED._replace(cases={"a": (9,), "b": (2,)}), "1 cases differ, e.g. a"),
        (EXPECTED._replace(cards=frozenset({"x"})), "1 cards differ, e.g. y"),
        (EXPECTED._replace(cards=frozenset({"x", "y", "z"})), "1 cards differ, e.g. z"),
    ],
)
def test_a_run_that_left_something_else_behind_fails_the_bench(outcome, says):
    with pytest.raises(BenchError, match=f"{WORKER}: {says}"):
        same(WORKER, outcome, EXPECTED)


def test_a_run_that_left_the_same_behind_passes():
    same(LOOP, Outcome(*EXPECTED), EXPECTED)


def test_the_whole_bench_is_three_rounds_and_smoke_is_an_option():
    assert options([]).rounds == 3
    assert not options([]).smoke
    assert options(["--events", "5", "--rounds", "1"]).events == 5
    assert options(["--smoke"]).smoke


class Read:
    """A record as confluent-kafka gives it."""

    def __init__(self, topic, partition, offset):
        self.place = topic, partition, offset

    def error(self):
        return None

    def topic(self):
        return self.place[0]

    def partition(self):
        return self.place[1]

    def offset(self):
        return self.place[2]

    def key(self):
        return b"k%d" % self.place[2]

    def value(self):
        return b"v%d" % self.place[2]

    def timestamp(self):
        return (1, 1000 + self.place[2])

    def headers(self):
        return None


def test_a_turns_records_become_a_chunk_for_each_partition_in_order():
    found = [*chunks_of([Read("t", 0, 4), Read("t", 1, 7), Read("t", 0, 5), Read("u", 0, 1)])]
    assert [(c.topic, c.partition, c.offsets) for c in found] == [
        ("t", 0, [4, 5]),
        ("t", 1, [7]),
        ("u", 0, [1]),
    ]
    assert found[0].keys == [b"k4", b"k5"]
    assert found[0].values == [b"v4", b"v5"]
    assert found[0].timestamps == [1004, 1005]
    assert found[0].headers == [(), ()]


def test_the_transactional_loop_commits_the_offsets_within_its_transaction():
    calls = []

    class Producer:
        def __getattr__(self, name):
            return lambda *arguments: calls.append((name, arguments))

    class Consumer:
        def position(self, read):
            return [f"after {each}" for each in read]

        def consumer_group_metadata(self):
            return "group"

    output = Transactions.__new__(Transactions)
    output._producer = Producer()
    output.write({}, Consumer(), ["p"])
    assert [name for name, _ in calls] == [
        "begin_transaction",
        "send_offsets_to_transaction",
        "commit_transaction",
    ]
    assert calls[1][1] == (["after p"], "group")

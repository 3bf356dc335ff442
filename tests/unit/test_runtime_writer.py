"""Group commit: what is written together, in what order things are acknowledged, and when not."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from streams.runtime.ports import Batch, Fatal, Fault, Output
from streams.runtime.writer import GroupCommit, Turns
from tests.fakes import CountedMetrics, Ended, stopper


class Bench:
    """A group commit whose writes the test lets pass."""

    def __init__(self, spacing: float = 0) -> None:
        self.events: list = []
        self.given: list[str] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None
        self.metrics = CountedMetrics()
        self.commit = GroupCommit(
            self.take, self.write, self.acknowledge, self.metrics, stopper(self.metrics), Turns(0),
            spacing,
        )  # fmt: skip

    def take(self) -> Batch:
        taken, self.given = self.given, []
        return Batch([Output("out", 0, None, text.encode()) for text in taken], [])

    async def write(self, batch: Batch) -> None:
        self.events.append(("write", [output.value.decode() for output in batch.outputs]))
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    def acknowledge(self, message: str) -> None:
        self.events.append(("ack", message))

    def add(self, *messages: str, effects: tuple[str, ...] = (), records: int = 1) -> None:
        self.given.extend(effects)
        self.commit.add(messages, records)


async def turn(times: int = 5) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def test_after_a_calm_it_is_written_at_once_and_then_not_too_often():
    async def scenario():
        bench = Bench(spacing=60)
        bench.gate.set()
        bench.add("m1", effects=("e1",))
        await turn()
        bench.add("m2", effects=("e2",))
        await turn()
        assert bench.events == [("write", ["e1"]), ("ack", "m1")]

    asyncio.run(scenario())


def test_nothing_is_acknowledged_before_its_write_is_durable():
    async def scenario():
        bench = Bench()
        bench.add("m1", effects=("e1",))
        await turn()
        assert bench.events == [("write", ["e1"])]
        bench.gate.set()
        await turn()
        assert bench.events == [("write", ["e1"]), ("ack", "m1")]

    asyncio.run(scenario())


def test_what_comes_during_a_write_goes_together_into_the_next():
    async def scenario():
        bench = Bench()
        bench.add("m1", effects=("e1",))
        await turn()
        bench.add("m2", effects=("e2",))
        bench.add("m3", effects=("e3",))
        bench.gate.set()
        await turn()
        assert bench.events == [
            ("write", ["e1"]),
            ("ack", "m1"),
            ("write", ["e2", "e3"]),
            ("ack", "m2"),
            ("ack", "m3"),
        ]
        assert bench.metrics.counts["transactions"] == 2
        assert bench.metrics.counts["committed"] == 3

    asyncio.run(scenario())


def test_effects_without_a_finished_message_are_written_at_once():
    """Of a chunk of ticks only the first may have been applied: its cards must not wait."""

    async def scenario():
        bench = Bench()
        bench.gate.set()
        bench.add(effects=("card",))
        await turn()
        assert bench.events == [("write", ["card"])]

    asyncio.run(scenario())


def test_a_message_without_effects_is_acknowledged_without_a_transaction():
    async def scenario():
        bench = Bench()
        bench.add("m1")
        await turn()
        assert bench.events == [("ack", "m1")]
        assert bench.metrics.counts["transactions"] == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [Fatal("fenced"), RuntimeError("bug")])
def test_a_failed_write_ends_the_process_and_acknowledges_nothing(error):
    async def scenario():
        bench = Bench()
        bench.error = error
        bench.gate.set()
        bench.add("m1", effects=("e1",))
        with pytest.raises(Ended):
            await bench.commit.room(1) or await bench.commit._task
        assert bench.events == [("write", ["e1"])]
        assert bench.metrics.counts["fail stop transaction"] == 1

    asyncio.run(scenario())


def test_reading_waits_while_a_batch_is_full_and_goes_on_when_it_is_on_its_way():
    async def scenario():
        bench = Bench()
        bench.add("m1", effects=("e1",), records=10)
        await turn()
        bench.add("m2", effects=("e2",), records=10)
        waiting = asyncio.ensure_future(bench.commit.room(10))
        await turn()
        assert not waiting.done()
        bench.gate.set()
        await asyncio.wait_for(waiting, 1)
        assert bench.commit.pending == 0

    asyncio.run(scenario())


def test_a_cancelled_reader_does_not_cancel_the_write():
    async def scenario():
        bench = Bench()
        bench.add("m1", effects=("e1",), records=1)
        await turn()
        bench.add("m2", effects=("e2",), records=1)
        waiting = asyncio.ensure_future(bench.commit.room(1))
        await turn()
        waiting.cancel()
        bench.gate.set()
        await turn()
        assert [event for event in bench.events if event[0] == "ack"] == [
            ("ack", "m1"),
            ("ack", "m2"),
        ]

    asyncio.run(scenario())


class Busy(Bench):
    """A logic that has so many slices to do by itself."""

    def __init__(self, slices: int, *, writes: bool = True) -> None:
        super().__init__()
        self.left, self.writes = slices, writes
        self.gate.set()

    def take(self) -> Batch:
        batch = super().take()
        if self.left == 0:
            return batch
        self.left -= 1
        if self.writes:
            batch.outputs.append(Output("out", 0, None, b"slice"))
        return batch._replace(more=self.left > 0)


async def until(condition) -> None:
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError


def test_what_the_logic_does_by_itself_is_taken_without_further_input():
    async def scenario():
        bench = Busy(3)
        bench.commit.add((), 0)
        await until(lambda: len(bench.events) == 3)
        await turn(20)
        assert bench.events == [("write", ["slice"])] * 3

    asyncio.run(scenario())


@pytest.mark.parametrize("writes", [True, False])
def test_records_come_in_between_two_slices(writes):
    async def scenario():
        bench = Busy(1000, writes=writes)
        bench.commit.add((), 0)
        await turn()
        bench.add("m1", effects=("e1",))
        await until(lambda: ("ack", "m1") in bench.events)
        assert bench.left > 900

    asyncio.run(scenario())


def test_a_rebalance_does_not_wait_for_what_the_logic_does_by_itself():
    async def scenario():
        bench = Busy(1000)
        bench.commit.add((), 0)
        await turn()
        await asyncio.wait_for(bench.commit.idle(), 1)
        left = bench.left
        assert left > 900
        await turn(20)
        assert bench.left == left
        bench.commit.add((), 0)
        await until(lambda: bench.left < left - 5)

    asyncio.run(scenario())


def test_partitions_take_turns_and_the_event_loop_turns_between():
    async def scenario():
        turns, order = Turns(0.001), []

        async def partition(name):
            for _ in range(3):
                await turns.next()
                order.append(name)

        async def records():
            while True:
                order.append("record")
                await asyncio.sleep(0)

        beside = asyncio.create_task(records())
        await asyncio.gather(partition("a"), partition("b"))
        beside.cancel()
        assert order.count("a") == order.count("b") == 3
        for first, second in pairwise(order):
            assert "record" in {first, second}

    asyncio.run(scenario())


FAULT = Fault(
    "KeyError",
    case="c",
    topic="t",
    partition=0,
    offset=7,
    remedy="report it",
    last=Batch([Output("out", 0, None, b"told")], [(b"mark", b"1")]),
)


class Faulty(Bench):
    """A logic that stumbles when it is asked for what it has."""

    def take(self) -> Batch:
        raise FAULT


def test_a_fault_of_the_logic_is_counted_alone_before_the_end_and_acknowledges_nothing():
    async def scenario():
        bench = Faulty()
        bench.gate.set()
        bench.add("m1")
        with pytest.raises(Ended):
            await bench.commit._task
        assert bench.events == [("write", ["told"])]
        assert bench.metrics.counts["fail stop engine"] == 1

    asyncio.run(scenario())


def test_it_ends_all_the_same_and_by_the_same_name_when_that_cannot_be_written():
    async def scenario():
        bench = Faulty()
        bench.gate.set()
        bench.error = Fatal("no broker")
        bench.add("m1")
        with pytest.raises(Ended):
            await bench.commit._task
        assert bench.metrics.counts["fail stop engine"] == 1

    asyncio.run(scenario())


def test_what_was_being_written_is_finished_first_and_nothing_more_is_taken():
    async def scenario():
        bench = Bench()
        bench.add("m1", effects=("e1",))
        await turn()
        bench.add("m2", effects=("half",))  # the logic stumbled over this one
        ending = asyncio.ensure_future(bench.commit.give_up(FAULT))
        await turn()
        assert bench.events == [("write", ["e1"])]
        bench.gate.set()
        await asyncio.wait_for(ending, 1)
        assert bench.events == [("write", ["e1"]), ("ack", "m1"), ("write", ["told"])]

    asyncio.run(scenario())


def test_a_fault_of_no_case_leaves_nothing_to_write():
    async def scenario():
        bench = Bench()
        fault = Fault("a change", topic="t", partition=0, offset=0, remedy="report it")
        await bench.commit.give_up(fault)
        assert bench.events == []

    asyncio.run(scenario())

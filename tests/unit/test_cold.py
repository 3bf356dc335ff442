"""Stores of closed cases: the one in memory, the one on disk, and what either has to keep to."""

from __future__ import annotations

import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from streams.engine.judge import NEVER
from streams.engine.state import CaseState, Head, Summary, head_of, pack
from streams.runtime.cold import DAY, Closings, InMemory
from streams.runtime.cold_file import READ_AT_ONCE, WRITTEN_AT_ONCE, ColdFile
from streams.runtime.ports import Fatal


def some_case(random):
    """A packed case of a length that may fill more than a page."""
    summary = Summary(random.random() < 0.5, random.randrange(4), random.random() < 0.5)
    head = Head(summary, random.randrange(NEVER), random.randrange(50_000))
    return pack(CaseState(), head) + random.randbytes(random.choice((20, 500, 5_000)))


@pytest.fixture(params=[InMemory, ColdFile])
def store(request, tmp_path):
    made = InMemory() if request.param is InMemory else ColdFile(tmp_path)
    yield made
    made.close()


class TestEveryStore:
    def test_it_gives_what_it_took(self, store):
        assert store.put("办件-1", b"one") is None
        assert store.get("办件-1") == b"one"
        assert store.put("办件-1", b"two") == b"one"
        assert store.pop("办件-1") == b"two"
        assert store.pop("办件-1") is None
        assert store.get("办件-1") is None

    def test_it_counts_each_case_once(self, store):
        for _ in range(2):
            store.put("a", b"1")
            store.put("b", b"1")
        assert len(store) == 2
        store.pop("a")
        store.pop("a")
        assert len(store) == 1

    def test_it_equals_a_dictionary(self, store):
        random, model = Random(1), {}
        for _ in range(3 * WRITTEN_AT_ONCE):
            name = f"case-{random.randrange(WRITTEN_AT_ONCE)}"
            if random.random() < 0.3:
                assert store.pop(name) == model.pop(name, None)
            else:
                packed = some_case(random)
                assert store.put(name, packed) == model.get(name)
                model[name] = packed
        assert {name: head_of(head) for name, head in store.heads()} == {
            name: head_of(packed) for name, packed in model.items()
        }
        assert {name: store.get(name) for name in model} == model
        assert len(store) == len(model)

    def test_what_is_changed_while_all_is_read_hides_nothing_else(self, store):
        names = [f"case-{n:06d}" for n in range(3 * READ_AT_ONCE)]
        for name in names:
            store.put(name, b"x")
        seen = []
        for name, head in store.heads():
            assert head == b"x"
            seen.append(name)
            store.put(name, b"y" * 100)
            store.pop(names[0])
        assert seen == names
        assert next(iter(store.heads()))[0] == names[1]

    def test_it_may_be_filled_in_one_thread_and_read_in_another(self, store):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: [store.put(f"{n}", b"x") for n in range(10)]).result()
        store.put("10", b"x")
        assert sum(1 for _ in store.heads()) == len(store) == 11


class TestOnDisk:
    def test_nothing_is_left_in_the_directory_whatever_ends_the_process(self, tmp_path):
        store = ColdFile(tmp_path)
        store.put("a", b"x")
        assert list(tmp_path.iterdir()) == []
        store.close()

    def test_a_directory_that_is_none_is_named_with_the_setting(self, tmp_path):
        with pytest.raises(Fatal, match=r"/absent failed: .*set engine\.cold_dir"):
            ColdFile(tmp_path / "absent")

    def test_a_store_that_is_full_says_so_and_that_nothing_is_lost(self, tmp_path):
        store = ColdFile(tmp_path, capacity=1 << 20)

        def fill():
            for n in range(10_000):
                store.put(f"{n}", bytes(1_000))

        with pytest.raises(Fatal, match=r"MAP_FULL.*nothing is lost"):
            fill()

    def test_a_disk_that_is_full_says_so(self, tmp_path):
        store = ColdFile(tmp_path)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))

        def fill():
            for n in range(2 * WRITTEN_AT_ONCE):
                store.put(f"{n}", bytes(1_000))

        try:
            with pytest.raises(Fatal, match=r"failed: .*disk full.*nothing is lost"):
                fill()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)


class TestClosings:
    def test_a_case_is_past_so_many_days_after_it_closed(self):
        closings = Closings(90)
        closings.add("a", 5 * DAY + 3)
        assert closings.past(95 * DAY - 1, 10) == []
        assert closings.past(95 * DAY, 10) == ["a"]
        assert closings.past(200 * DAY, 10) == []

    def test_slices_go_on_where_the_last_one_ended_the_oldest_day_first(self):
        closings = Closings(0)
        for n in range(7):
            closings.add(f"{n}", (n // 4) * DAY)
        slices = [closings.past(DAY, 3) for _ in range(4)]
        assert [len(found) for found in slices] == [3, 3, 1, 0]
        assert set(slices[0]) < set("0123")
        assert {name for found in slices for name in found} == set("0123456")

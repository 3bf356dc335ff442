"""The end of the process: said, counted, and not to be held up."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
import structlog
from aiokafka.errors import TopicAuthorizationFailedError

from streams.runtime import failstop
from streams.runtime.failstop import EXIT_CODE, FailStop, describe
from streams.runtime.ports import Fatal, Fault
from tests.fakes import CountedMetrics, Ended, stopper


def test_it_says_why_once_counts_it_and_leaves_with_70():
    metrics = CountedMetrics()
    with structlog.testing.capture_logs() as lines, pytest.raises(Ended) as ended:
        stopper(metrics)("transaction", Fatal("another worker owns it"))
    assert ended.value.args == (EXIT_CODE,)
    assert lines == [
        {
            "event": "fail-stop",
            "kind": "transaction",
            "reason": "another worker owns it",
            "log_level": "critical",
        }
    ]
    assert metrics.counts == {"fail stop transaction": 1}


def test_a_log_that_fails_does_not_keep_the_process(monkeypatch):
    class Broken:
        def critical(self, *_, **__):
            raise OSError("disk full")

    monkeypatch.setattr(failstop, "log", Broken())
    with pytest.raises(Ended):
        stopper()("loop", "why")


def test_no_memory_for_a_thread_does_not_keep_the_process(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with structlog.testing.capture_logs() as lines, pytest.raises(Ended):
        stopper()("loop", MemoryError())
    assert lines[0]["reason"] == "MemoryError"


def test_a_log_that_hangs_does_not_keep_the_process(monkeypatch):
    monkeypatch.setattr(failstop, "PATIENCE", 0.01)
    left, released = threading.Event(), threading.Event()

    class Hanging(CountedMetrics):
        def fail_stop(self, _reason):
            released.wait(5)

    def leave(_code):
        left.set()
        released.set()

    with pytest.raises(SystemExit):
        FailStop(Hanging(), leave=leave)("loop", "why")
    assert left.is_set()


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("plain", "plain"),
        (Fatal("ours"), "ours"),
        (KeyError("x"), "KeyError: 'x'"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_reason_names_foreign_errors_by_class(reason, text):
    assert describe(reason) == text


def test_guarded_work_ends_the_process_on_any_error_and_passes_a_cancel_on():
    async def fails():
        raise KeyError("x")

    async def cancelled():
        raise asyncio.CancelledError

    with pytest.raises(Ended):
        asyncio.run(stopper().guard("worker", fails()))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopper().guard("worker", cancelled()))


def test_what_the_brokers_refuse_is_of_one_kind_wherever_it_shows():
    metrics = CountedMetrics()

    async def refused():
        raise Fatal("the state cannot be read") from TopicAuthorizationFailedError("t")

    with structlog.testing.capture_logs() as lines, pytest.raises(Ended):
        asyncio.run(stopper(metrics).guard("take_over", refused()))
    assert metrics.counts == {"fail stop access": 1}
    (line,) = lines
    assert line["kind"] == "access"
    assert line["reason"].startswith("the state cannot be read → `jiancha topics --acls`")


def test_a_fault_while_deciding_is_of_one_kind_and_its_line_names_what_it_was():
    metrics = CountedMetrics()
    fault = Fault("KeyError: 'x'", case="c-1", topic="t", partition=3, offset=7, remedy="report it")

    async def stumbles():
        raise fault

    with structlog.testing.capture_logs() as lines, pytest.raises(Ended):
        asyncio.run(stopper(metrics).guard("transaction", stumbles()))
    assert metrics.counts == {"fail stop engine": 1}
    assert lines == [
        {
            "event": "fail-stop",
            "kind": "engine",
            "case": "c-1",
            "topic": "t",
            "partition": 3,
            "offset": 7,
            "reason": "KeyError: 'x'",
            "remedy": "report it",
            "log_level": "critical",
        }
    ]


OUTLIVES = """
import sys, threading
from streams.runtime.failstop import FailStop
from tests.fakes import CountedMetrics

FailStop(CountedMetrics()).unless_ended("shutdown", float(sys.argv[1]))
if "thread" in sys.argv:
    threading.Thread(target=threading.Event().wait).start()
print("all that was waited for is done")
"""


@pytest.mark.parametrize(
    ("arguments", "code"), [(["0.1", "thread"], EXIT_CODE), (["60"], 0)], ids=["held", "free"]
)
def test_a_thread_that_outlives_the_work_does_not_keep_the_process(arguments, code):
    argv = [sys.executable, "-c", OUTLIVES, *arguments]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == code, done.stderr
    assert "is done" in done.stdout
    assert ("not finished in" in done.stdout + done.stderr) == (code == EXIT_CODE)

"""Run a target on many inputs, hold it to its rules, and make a failing input small."""

from __future__ import annotations

import gc
import signal
import time
import tracemalloc
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.target import Outcome, Target

HANG = 20
"""Seconds of CPU after which an input counts as hanging, and is broken off."""
TWICE = 10
"""One in so many inputs is run twice: it must come to the same."""
MEASURED = 500
"""One in so many inputs is run a third time, with its memory counted."""
SMALLER_SECONDS = 20.0
"""How long a failing input is made smaller."""


class Broken(Exception):  # noqa: N818 - named after the condition
    """Raised when a rule was not held; `fault` names it, and is the same for the same fault."""

    def __init__(self, fault: str, raw: bytes) -> None:
        super().__init__(fault)
        self.fault, self.raw = fault, raw


@dataclass
class Tally:
    """What became of a target's inputs."""

    inputs: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds of CPU."""
    memory: int = 0
    """Bytes allocated at once, of those that were measured."""


def run(target: Target, seed: int, count: int, tally: Tally, told=lambda _done: None) -> None:
    """Run `count` inputs. Raises Broken with the first that does not hold, made small."""
    for number in range(count):
        raw = target.make(Random(f"{target.name}/{seed}/{number}"))
        try:
            outcome, seconds = held(target, raw)
            if number % TWICE == 0:
                again, _ = held(target, raw)
                _hold(again == outcome, "not the same twice", raw)
            if number % MEASURED == 0 or len(raw) > 50_000:
                tally.memory = max(tally.memory, measured(target, raw))
        except Broken as broken:
            small = smaller(broken.raw, lambda r, fault=broken.fault: _breaks(target, r, fault))
            raise Broken(broken.fault, small) from broken
        tally.inputs += 1
        tally.reasons[outcome.reason] += 1
        tally.slowest = max(tally.slowest, seconds)
        told(number + 1)


def held(target: Target, raw: bytes) -> tuple[Outcome, float]:
    """Run one input; give what became of it and its CPU seconds. Raises Broken."""
    seconds = target.seconds + 1
    for _ in range(3):  # a collection of garbage, or a cold memory, is no fault of the input
        outcome, took = _timed(target, raw)
        seconds = min(seconds, took)
        if seconds <= target.seconds:
            break
        gc.collect()
    _hold(seconds <= target.seconds, "too slow", raw)
    return outcome, seconds


def measured(target: Target, raw: bytes) -> int:
    """Run one input; give the bytes allocated at once. Raises Broken."""
    tracemalloc.start()
    try:
        target.run(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    _hold(peak <= target.memory, "too much memory", raw)
    return peak


def _timed(target: Target, raw: bytes) -> tuple[Outcome, float]:
    start = time.process_time()
    try:
        with _broken_off():
            outcome = target.run(raw)
    except Exception as error:  # whatever it is, nothing may raise it
        raise Broken(_name(error), raw) from error
    return outcome, time.process_time() - start


def _hold(held: bool, fault: str, raw: bytes) -> None:
    if not held:
        raise Broken(fault, raw)


def _name(error: BaseException) -> str:
    """Name a fault by its type and the place in the program that raised it."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__name__}{where}"


class Hanging(Exception):  # noqa: N818
    """Raised in an input that takes longer than `HANG`."""


@contextmanager
def _broken_off() -> Iterator[None]:
    def hanging(_signal, _frame):
        raise Hanging

    before = signal.signal(signal.SIGVTALRM, hanging)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _breaks(target: Target, raw: bytes, fault: str) -> bool:
    try:
        held(target, raw)
    except Broken as broken:
        return broken.fault == fault
    return False


def smaller(raw: bytes, breaks: Callable[[bytes], bool]) -> bytes:
    """Leave out what the fault does not need: ever smaller pieces, as long as there is time."""
    end, size = time.monotonic() + SMALLER_SECONDS, max(len(raw) // 2, 1)
    while size:
        at = 0
        while at < len(raw):
            if time.monotonic() > end:
                return raw
            less = raw[:at] + raw[at + size :]
            if breaks(less):
                raw = less
            else:
                at += size
        size //= 2
    return raw


def digest(raw: bytes) -> str:
    return f"{crc32(raw):08x}"

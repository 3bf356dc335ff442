"""The faults: what can happen to workers, the load and the clock; and how one is done."""

from __future__ import annotations

import resource
import signal
import time
from typing import TYPE_CHECKING, Any, Final

from tests.faults.points import POINTS, SLOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.faults.lab import Lab
    from tests.faults.load import Load

    Faults = dict[str, Callable[[], None]]

BEYOND_SESSION: Final = 8.0
"""Seconds that a worker is frozen for: its session is 6 s."""
HOUR: Final = 3600
MANY: Final = 100_000


class Disturber:
    """Does one fault after another to a lab; each is over when its method returns."""

    def __init__(self, lab: Lab, load: Load, random: Random) -> None:
        self.lab, self.load, self.random = lab, load, random

    def faults(self) -> Faults:
        """Give the faults by name, those that this lab can have."""
        raise NotImplementedError

    def go_on_for(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let the load go on: the length is the fault's own, not a wait for something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            self.lab.send(self.load.burst(20))
            time.sleep(0.1)

    def slowly(self, signals: Callable[[signal.Signals], None]) -> None:
        """Let a process run for a tenth of its time."""
        for _ in range(self.random.randrange(10, 40)):
            signals(signal.SIGSTOP)
            time.sleep(0.18)
            signals(signal.SIGCONT)
            self.lab.send(self.load.burst(10))
            time.sleep(0.02)


class Workers(Disturber):
    """What happens to engine workers."""

    def faults(self) -> Faults:
        """Give the faults by name."""
        usual = {
            "kill a worker": self.kill,
            "kill all workers": self.kill_all,
            "freeze a worker": self.freeze,
            "a worker leaves": self.leave,
            "a worker joins": self.join,
            "rolling restart": self.roll,
            "restores that take long": self.restore_slowly,
            "a worker's disk is full": self.fill_disk,
            "a worker's memory is at its limit": self.fill_memory,
        }
        return usual | {f"kill {point}": lambda at=point: self.kill_at(at) for point in POINTS}

    def _one(self) -> Any:
        return self.random.choice(self.lab.awake())

    def kill(self) -> None:
        self.lab.signal(self._one(), signal.SIGKILL)

    def kill_all(self) -> None:
        for worker in self.lab.awake():
            self.lab.signal(worker, signal.SIGKILL)

    def kill_at(self, point: str) -> None:
        """Let the next worker that passes a point die there; help one to come by."""
        asked = self.lab.folder / "faults" / point
        asked.touch()
        if point in {"during_recovery", "during_rebalance"}:
            self.kill()
        elif point == "during_shutdown":
            self.lab.signal(self._one(), signal.SIGTERM)
        self.go_on_for(15, until=lambda: not asked.exists())
        asked.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop a worker's time beyond its session; it wakes up as a zombie."""
        worker = self._one()
        self.lab.signal(worker, signal.SIGSTOP)
        self.go_on_for(BEYOND_SESSION)
        self.lab.signal(worker, signal.SIGCONT)

    def leave(self) -> None:
        if len(self.lab.awake()) > 1:
            self.lab.rest(self._one())

    def join(self) -> None:
        asleep = [w for w in self.lab.engines() if w.resting]
        if asleep:
            self.lab.wake(self.random.choice(asleep))

    def roll(self) -> None:
        for worker in self.lab.awake():
            self.lab.rest(worker)
            self.lab.wake(worker)
            self.go_on_for(2.0)

    def restore_slowly(self) -> None:
        """Let workers die and come while restores take seconds: a rebalance meets a restore."""
        slow = self.lab.folder / "faults" / SLOW
        slow.touch()
        for _ in range(3):
            self.kill()
            self.go_on_for(self.random.uniform(1, 6))
        slow.unlink()

    def fill_disk(self) -> None:
        """Let no file of a worker's grow but its log: its cold store finds the disk full."""
        worker = self._one()
        self._limit(worker, resource.RLIMIT_FSIZE, self.lab.log_of(worker).stat().st_size + 50_000)

    def fill_memory(self) -> None:
        """Give a worker no more memory than it has."""
        worker = self._one()
        if worker.process is not None:
            worker.starved = worker.process.pid
        self._limit(worker, resource.RLIMIT_AS, 1)

    def _limit(self, worker: Any, what: int, limit: int) -> None:
        process = worker.process
        if process is None or process.poll() is not None:
            return
        resource.prlimit(process.pid, what, (limit, resource.RLIM_INFINITY))
        self.lab.send(self.load.one_case(3_000))
        self.go_on_for(10, until=lambda: process.poll() is not None)
        if process.poll() is None:
            resource.prlimit(process.pid, what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class Input(Disturber):
    """What happens to the load, the ticks and the clock."""

    def faults(self) -> Faults:
        """Give the faults by name."""
        usual: Faults = {
            "poison": lambda: self.lab.send(self.load.poison()),
            "one case with all the load": lambda: self.lab.send(self.load.one_case(3_000)),
        }
        if self.lab.live:
            return usual | {
                "the clock an hour ahead": lambda: self.step(HOUR),
                "the clock an hour behind": lambda: self.step(-HOUR),
            }
        return usual | {
            "a case with 100,000 events": lambda: self.lab.send(self.load.one_case(MANY)),
            "ticks of two sources": self.two_sources,
            "ticks doubled": self.doubled,
            "no ticks for long": self.no_ticks,
        }

    def two_sources(self) -> None:
        self.lab.tick(self.load.now + 40 * 86_400, source="worker")

    def doubled(self) -> None:
        for _ in range(3):
            self.lab.tick(self.load.now)

    def no_ticks(self) -> None:
        """Send what comes in ten minutes and more of the hall's time, and no tick."""
        until = self.load.now + 600
        while self.load.left and self.load.now < until:
            self.lab.send(self.load.burst(50))

    def step(self, seconds: int) -> None:
        """Set the workers' clocks wrong for a while, and right again."""
        clock = self.lab.folder / "faults" / "clock"
        clock.write_text(str(seconds), encoding="ascii")
        self.go_on_for(self.random.uniform(3, 10))
        clock.unlink()

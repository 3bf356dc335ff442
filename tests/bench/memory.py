"""`python -m tests.bench.memory backlog|day|finished`: does a worker's memory stay flat?

`backlog`: ten million records wait when the worker starts; they are the same cases again and again,
so what is known of cases does not grow, and everything that does is a queue. `day`: 24 hours of a
hall's time with a tick for each second in each partition; cases come and go, and what has closed
goes to the cold store, so that what grows is forgotten somewhere. `finished`: a backlog of cases
that all finish, kept in memory for 90 days of the engine's time; then ticks 91 days later, with
which they go to the cold store: what a finished case holds, and what is given back. Own memory
(RssAnon) is taken
twice a second. Exit code 1 when the last quarter's most is above `FLAT` times that of the second
tenth, or the worker does not come to the end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from deploy.local.ports import free_port
from deploy.local.real_kafka import RealKafka
from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.runtime.placing import partition_of
from tests.bench import hall
from tests.bench.filling import make_topics
from tests.bench.live import Sender
from tests.bench.process import Resident
from tests.faults.load import event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PARTITIONS: Final = 4
GROUP: Final = "memory"
FLAT: Final = 1.1
MEGABYTE: Final = 1 << 20
ONCE: Final = 100_000
"""Records of the backlog that differ."""
DAY: Final = 86_400
FIRST: Final = 1_741_000_000
"""The first second of the simulated day."""
LIMIT: Final = (
    "items: [{code: i, name: i, versions: [{clocks: {promised: {amount: 120, unit: minute}}}]}]"
)
SILENCE: Final = 120.0
"""Seconds without progress after which the worker counts as stuck."""


class Sample(NamedTuple):
    """How much of the records is done, and the worker's own memory in MB."""

    done: float
    own: float


class Written(NamedTuple):
    """One record to be put in."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


def backlog(records: int) -> Iterator[Written]:
    """Give the same cases' events again and again."""
    log = hall.make_log(min(records, ONCE), PARTITIONS)
    for _ in range(records // min(records, ONCE)):
        for partition, steps in enumerate(log.steps):
            for each in steps:
                yield Written(topics.STEPS.name, partition, each.case_no.encode(), each.value)


def day(seconds: int) -> Iterator[Written]:
    """Give a hall's hours: two cases a second, each an hour long, one of fifty three hours."""
    sent: list[list[int]] = [[] for _ in range(PARTITIONS)]
    story = ((0, "accepted", {}), (3600, "finished", {"outcome": "granted"}))
    happening = sorted(
        (number / 2 + after * (3 if number % 50 == 0 else 1), number, kind, facts)
        for number in range(2 * seconds)
        for after, kind, facts in story
    )
    for at, number, kind, facts in happening:
        case_no, moment = f"430102-2025-{number:08d}", FIRST + int(at)
        place = partition_of(case_no, PARTITIONS)
        sent[place].append(moment)
        told = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
        value = event(case_no, kind, kind, told, **facts)
        yield Written(topics.STEPS.name, place, case_no.encode(), value)
    for now in range(FIRST, FIRST + seconds):
        for place, times in enumerate(sent):
            tick = Tick(now, "replay", {topics.STEPS.name: bisect_right(times, now)})
            yield Written(topics.TICKS.name, place, None, encode(tick))


def finished(cases: int) -> Iterator[Written]:
    """Give cases that are accepted and finish within the hour, each once; 91 days; ticks again."""
    sent = [0] * PARTITIONS
    for number in range(cases):
        case_no = f"430102-2025-{number:08d}"
        place = partition_of(case_no, PARTITIONS)
        for after, kind, facts in ((0, "accepted", {}), (1800, "finished", {"outcome": "granted"})):
            told = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(FIRST + after))
            sent[place] += 1
            value = event(case_no, kind, kind, told, **facts)
            yield Written(topics.STEPS.name, place, case_no.encode(), value)
    for place, steps in enumerate(sent):
        yield tick(place, FIRST + 3600, steps)


def tick(place: int, now: int, steps: int) -> Written:
    """Give a tick that waits until so many records of its partition are read."""
    value = encode(Tick(now, "replay", {topics.STEPS.name: steps}))
    return Written(topics.TICKS.name, place, None, value)


def later(ends: dict[tuple[str, int], int]) -> Iterator[Written]:
    """Give the ticks after which no finished case is in memory: each moves 500 of a partition."""
    for place in range(PARTITIONS):
        steps = ends[topics.STEPS.name, place]
        for number in range(steps // 2 // 500 + 2):
            yield tick(place, FIRST + 91 * DAY + number, steps)


def fill(bootstrap: str, records: Iterable[Written]) -> dict[tuple[str, int], int]:
    """Make the topics and put the records in; give each partition's end."""
    make_topics(bootstrap, PARTITIONS)
    return send(bootstrap, records, {})


def send(
    bootstrap: str, records: Iterable[Written], ends: dict[tuple[str, int], int]
) -> dict[tuple[str, int], int]:
    """Put records in; give each partition's end, with those that were in it before."""
    sender = Sender(bootstrap, linger=20)
    for number, (topic, partition, key, value) in enumerate(records):
        sender.send(topic, value, key, partition)
        ends[topic, partition] = ends.get((topic, partition), 0) + 1
        if number % 1_000_000 == 0:
            say(f"{number:,} records put in")
    sender.flush()
    return ends


def watch(bootstrap: str, worker: subprocess.Popen, ends: dict[tuple[str, int], int]) -> list:
    """Sample until everything is committed. Raises TimeoutError when the worker stands still."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "log_level": 2})
    asked = [TopicPartition(topic, partition) for topic, partition in ends]
    samples: list[Sample] = []
    moved, said, total = time.monotonic(), 0, sum(ends.values())
    while worker.poll() is None and (not samples or samples[-1].done < 1):
        time.sleep(0.5)
        done = sum(max(found.offset, 0) for found in consumer.committed(asked, 10)) / total
        if not samples or done > samples[-1].done:
            moved = time.monotonic()
        if time.monotonic() - moved > SILENCE:
            raise TimeoutError(f"nothing more is committed after {done:.0%}")
        samples.append(Sample(done, Resident.of(worker.pid).own / MEGABYTE))
        if done * 10 >= said:
            say(f"{done:4.0%} done, {samples[-1].own:.0f} MB of its own")
            said = int(done * 10) + 1
    consumer.close()
    return samples


def most(samples: list[Sample], low: float, high: float) -> float:
    """Give the most memory while between these shares of the records were done."""
    return max((s.own for s in samples if low <= s.done <= high), default=0.0)


def measure(
    records: Iterable[Written], catalogue: str, folder: Path, closed_days: int = 0
) -> tuple[list[Sample], list[Sample], float]:
    """Run a worker over the records; give its samples, and the seconds it took.

    Where closed cases stay in memory at first, also those of the ticks after which they do not.
    """
    (folder / "catalogue").mkdir()
    (folder / "catalogue" / "items.yaml").write_text(catalogue, encoding="utf-8")
    kafka = RealKafka(folder / "kafka", partitions=4)
    kafka.start()
    try:
        ends = fill(kafka.bootstrap, records)
        say(f"{sum(ends.values()):,} records wait")
        environment = os.environ | {
            "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap,
            "JIANCHA_KAFKA__PARTITIONS": str(PARTITIONS),
            "JIANCHA_CATALOGUE": str(folder / "catalogue"),
            "JIANCHA_ENGINE__GROUP": GROUP,
            "JIANCHA_ENGINE__TICKS_FROM": "replay",
            "JIANCHA_ENGINE__CLOSED_DAYS_IN_MEMORY": str(closed_days),
            "JIANCHA_ENGINE__COLD_DIR": str(folder),
            "JIANCHA_HTTP__PORT": str(free_port()),
        }
        with (folder / "log").open("wb") as log:
            command = [sys.executable, "-m", "streams.cli", "worker", "--role", "engine"]
            worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        began = time.monotonic()
        try:
            samples, seconds = watch(kafka.bootstrap, worker, ends), time.monotonic() - began
            if not closed_days:
                return samples, [], seconds
            after = send(kafka.bootstrap, later(ends), ends)
            return samples, watch(kafka.bootstrap, worker, after), seconds
        finally:
            worker.terminate()
            worker.wait()
    finally:
        kafka.stop()


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main_finished(cases: int) -> int:
    """Tell what a finished case holds, from the tenth part of the backlog to its end, and after."""
    with tempfile.TemporaryDirectory() as folder:
        samples, after, seconds = measure(finished(cases), LIMIT, Path(folder), closed_days=90)
    early = next(s for s in samples if s.done >= 0.1)
    end, cold = samples[-1].own, after[-1].own
    each = (end - early.own) * MEGABYTE / (cases * (1 - early.done))
    print(  # noqa: T201
        f"finished: {cases:,} cases in {seconds:.0f} s; own memory {early.own:.0f} MB at"
        f" {early.done:.0%}, {end:.0f} MB at the end: {each:.0f} bytes a case; {cold:.0f} MB when"
        " they are in the cold store"
    )
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("what", choices=("backlog", "day", "finished"))
    parser.add_argument("--cases", type=int, default=200_000, help="that finish")
    parser.add_argument("--records", type=int, default=10_000_000, help="of the backlog")
    parser.add_argument("--hours", type=int, default=24, help="of the day")
    given = parser.parse_args(arguments)
    if given.what == "finished":
        return main_finished(given.cases)
    if given.what == "backlog":
        records, catalogue = backlog(given.records), hall.CATALOGUE
    else:
        records, catalogue = day(given.hours * 3600), LIMIT
    with tempfile.TemporaryDirectory() as folder:
        samples, _, seconds = measure(records, catalogue, Path(folder))
    early, late = most(samples, 0.1, 0.2), most(samples, 0.75, 1.0)
    print(  # noqa: T201
        f"{given.what}: {samples[-1].done:.0%} done in {seconds:.0f} s; own memory"
        f" {early:.0f} MB in the second tenth, {late:.0f} MB in the last quarter,"
        f" {most(samples, 0, 1):.0f} MB at most"
    )
    return 0 if samples[-1].done >= 1 and late <= FLAT * early else 1


if __name__ == "__main__":
    sys.exit(main())

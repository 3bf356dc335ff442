"""The lab: a cluster, the hall's load, workers under a supervisor, and a watch on all of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.ports import free_port
from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.engine.rules import Rules
from streams.runtime.logic import PARTITION_KEY
from tests.faults import catalogue
from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.faults.oracle import Findings, Oracle, position
from tests.support.reader import Reader
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.load import Load, Record
    from tests.releases.running import Release

ROOT = Path(__file__).parents[2]
GROUP = "faults-engine"
BACKOFF = 0.5
"""Seconds after which the supervisor starts a worker again."""
WORKS_WITHIN = 30.0
"""Seconds in which a worker works again, or has ended with a reason, once nothing disturbs it."""
AGAIN = 4
"""How often the end is waited for, as long as it comes nearer."""
USUAL_ENDS = {0, 70, -signal.SIGKILL, -signal.SIGTERM}
"""The last one before it listens to signals."""


class Sample(NamedTuple):
    """What was committed of the steps at a moment, by partition."""

    at: float
    offsets: dict[int, int]


ENGINE = ["tests.faults.worker"]
SINK = ["streams.cli", "worker", "--role", "sink"]


class Worker:
    """One worker's process, started again by the supervisor until it is to rest."""

    def __init__(self, name: str, program: list[str]) -> None:
        self.name, self.program = name, program
        self.process: subprocess.Popen | None = None
        self.resting = False
        self.again_at = 0.0
        self.port = free_port()
        self.starved: int | None = None
        """The process that was given no memory: what it says at its end is up to where it was."""


class Lab:
    """Everything of one round. A context: what it started ends with it."""

    def __init__(
        self,
        folder: Path,
        brokers: int,
        partitions: int,
        *,
        history: bool,
        live: bool,
        law: str = "",
        release: Release | None = None,
    ) -> None:
        self.folder, self.partitions, self.live = folder, partitions, live
        self.release = release
        """The older release whose program runs, as long as it does; None: this tree's."""
        self.history = History(folder) if history else None
        self.cluster = Cluster(folder, brokers)
        (folder / "catalogue").mkdir(parents=True)
        law = catalogue.LIVE if live else law or catalogue.REPLAYED
        (folder / "catalogue" / "all.yaml").write_text(law, encoding="utf-8")
        (folder / "faults").mkdir()
        self.workers: dict[str, Worker] = {}
        self.ends: Counter[str] = Counter()
        self.odd_ends: list[str] = []
        self.samples: list[Sample] = []
        self.now = 0
        self._ended = threading.Event()
        self._looking = threading.Lock()
        self._threads = [threading.Thread(target=each) for each in (self._supervise, self._sample)]

    def __enter__(self) -> Self:
        self.cluster.start()
        self._make_topics()
        if self.history is not None:
            self.history.gate.start()
            self.history.start()
            self.jiancha("migrate")
            self._add("sink", SINK)
        self._producer = self._halls()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        for worker in self.workers.values():
            if worker.process is not None and worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
        self.cluster.stop()
        if self.history is not None:
            self.history.stop()
            self.history.gate.stop()

    def _halls(self) -> ck.Producer:
        return ck.Producer(
            {
                "bootstrap.servers": self.cluster.direct,
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.max.bytes": 2 << 20,
            }
        )

    def jiancha(self, *arguments: object, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command as an operator types it. Raises AssertionError when it ends otherwise."""
        done = subprocess.run(
            [self._python, "-m", "streams.cli", *map(str, arguments)],
            cwd=self._home, env=self._environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert code is None or done.returncode == code, said
        return done

    @property
    def _python(self) -> str:
        return sys.executable if self.release is None else str(self.release.python)

    @property
    def _home(self) -> Path:
        return ROOT if self.release is None else self.release.folder

    def exchange_kafka(self, exchange: Callable[[], None]) -> None:
        """Let the brokers be others, or older ones: nothing that was seen of them holds on."""
        self._settle()
        with self._looking:
            exchange()
            self.samples.clear()
            self._producer = self._halls()

    def forget_commits(self) -> None:
        """Hold nothing against the commits that were seen: the state begins anew."""
        with self._looking:
            self.samples.clear()

    def _make_topics(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.cluster.direct})
        wanted = []
        for topic in topics.ALL:
            config = topic.config() | {"message.timestamp.type": "LogAppendTime"}
            if topic is topics.CASE_STATE:  # compaction is at work all the while
                config |= {"segment.bytes": "2097152", "min.cleanable.dirty.ratio": "0.1"}
            wanted.append(
                NewTopic(topic.name, self.partitions, self.cluster.replication, config=config)
            )
        for made in admin.create_topics(wanted).values():
            made.result(30)

    # -- what goes in ------------------------------------------------------

    def send(self, records: list[Record]) -> None:
        """Put steps in, whatever the brokers are at."""
        for record in records:
            while True:
                try:
                    self._producer.produce(
                        topics.STEPS.name, record.value, record.key, record.partition
                    )
                except BufferError:
                    self._producer.poll(0.05)
                else:
                    break
        self._producer.poll(0)

    def tick(self, now: int, *, source: str = "replay") -> None:
        """Tell every partition the time, behind all that was sent so far."""
        self._settle()
        if source == "replay":  # the other's do not count
            self.now = max(self.now, now)
        ends = self.ends_of(topics.STEPS.name)
        for partition in range(self.partitions):
            barriers = {topics.STEPS.name: ends[partition]} if source == "replay" else {}
            value = encode(Tick(now, source, barriers))
            self._producer.produce(topics.TICKS.name, value, partition=partition)
        self._settle()

    def _settle(self) -> None:
        if self._producer.flush(120):
            raise TimeoutError("the brokers do not take what the halls send")

    def ends_of(self, topic: str) -> dict[int, int]:
        """Give the next offset of each partition, once the brokers tell."""

        def ends() -> dict[int, int]:
            with self._consumer() as consumer:
                return {
                    p: consumer.get_watermark_offsets(ck.TopicPartition(topic, p), 5)[1]
                    for p in range(self.partitions)
                }

        return eventually(ends, 90, interval=0.3, forgive=ck.KafkaException)

    # -- workers ------------------------------------------------------

    def add_worker(self) -> str:
        """Start one more engine worker."""
        name = f"w{len(self.engines()) + 1}"
        self._add(name, ENGINE)
        return name

    def _add(self, name: str, program: list[str]) -> None:
        worker = Worker(name, program)
        self._spawn(worker)
        self.workers[name] = worker

    def engines(self) -> list[Worker]:
        """Give the engine workers, those that rest among them."""
        return [worker for worker in self.workers.values() if worker.program is ENGINE]

    def awake(self) -> list[Worker]:
        """Give the engine workers that run, or will be started again."""
        return [worker for worker in self.engines() if not worker.resting]

    def rest(self, worker: Worker, *, killed: bool = False) -> None:
        """Stop a worker for a while, in good order unless it is killed."""
        worker.resting = True
        if killed:
            self.signal(worker, signal.SIGKILL)
        if worker.process is not None and worker.process.poll() is None:
            worker.process.terminate()
            try:
                code = worker.process.wait(25)
            except subprocess.TimeoutExpired:
                self.odd_ends.append(f"{worker.name} does not end on SIGTERM")
                worker.process.kill()
            else:
                self._note_end(worker, code)
        worker.process = None

    def wake(self, worker: Worker) -> None:
        worker.resting = False
        worker.again_at = 0.0

    def signal(self, worker: Worker, number: int) -> None:
        if worker.process is not None and worker.process.poll() is None:
            worker.process.send_signal(number)

    def _environment(self) -> dict[str, str]:
        clickhouse = {}
        if self.history is not None:
            clickhouse["JIANCHA_CLICKHOUSE__PORT"] = str(self.history.gate.port)
        return {
            **os.environ,
            "JIANCHA_FAULTS": str(self.folder / "faults"),
            "JIANCHA_CATALOGUE": str(self.folder / "catalogue"),
            "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": self.cluster.address,
            "JIANCHA_KAFKA__PARTITIONS": str(self.partitions),
            "JIANCHA_KAFKA__REPLICATION_FACTOR": str(self.cluster.replication),
            "JIANCHA_KAFKA__SESSION_TIMEOUT": "6",
            "JIANCHA_KAFKA__REBALANCE_TIMEOUT": "20",
            "JIANCHA_ENGINE__GROUP": GROUP,
            "JIANCHA_ENGINE__TICKS_FROM": "worker" if self.live else "replay",
            "JIANCHA_ENGINE__CLOSED_DAYS_IN_MEMORY": "2",
            "JIANCHA_ENGINE__STALL_TIMEOUT": "20",
            "PYTHONUNBUFFERED": "1",
            **clickhouse,
        }

    def _spawn(self, worker: Worker) -> None:
        with self.log_of(worker).open("ab") as log:
            worker.process = subprocess.Popen(
                [self._python, "-m", *self._program(worker)], cwd=self._home,
                env=self._environment() | {"JIANCHA_HTTP__PORT": str(worker.port)},
                stdout=log, stderr=log,
            )  # fmt: skip

    def _program(self, worker: Worker) -> list[str]:
        """Give what a worker runs: of a release there is no engine that can be told to die."""
        if worker.program is ENGINE and self.release is not None:
            return [*SINK[:-1], "engine"]
        return worker.program

    def log_of(self, worker: Worker) -> Path:
        """Tell where a worker writes what it has to say."""
        return self.folder / f"{worker.name}.log"

    def said(self, name: str) -> int:
        """Tell how much a worker has said so far, in characters."""
        log = self.log_of(self.workers[name])
        return len(log.read_text(encoding="utf-8", errors="replace"))

    def _supervise(self) -> None:
        """Start again what has ended, as whatever runs the workers in an office does."""
        while not self._ended.wait(0.1):
            for worker in list(self.workers.values()):
                if worker.resting:
                    continue
                code = None if worker.process is None else worker.process.poll()
                if worker.process is not None and code is None:
                    continue
                if worker.process is not None:
                    self._note_end(worker, code)
                    worker.process, worker.again_at = None, time.monotonic() + BACKOFF
                if time.monotonic() >= worker.again_at:
                    self._spawn(worker)

    def _note_end(self, worker: Worker, code: int | None) -> None:
        log = self.log_of(worker).read_text(encoding="utf-8", errors="replace")
        reason = next((line for line in reversed(log.splitlines()) if "fail-stop" in line), "")
        self.ends[f"exit {code}"] += 1
        if worker.process is not None and worker.process.pid == worker.starved and code != 0:
            return
        if code not in USUAL_ENDS or (code == 70 and not reason):
            self.odd_ends.append(f"{worker.name} ended with {code}: {log[-600:]}")

    # -- what is watched ------------------------------------------------------

    def _sample(self) -> None:
        while not self._ended.wait(0.3):
            with self._looking, contextlib.suppress(ck.KafkaException):
                offsets = self.committed(topics.STEPS.name)  # a moment before it is noted
                self.samples.append(Sample(time.time(), offsets))

    def committed(self, topic: str) -> dict[int, int]:
        with self._consumer(GROUP) as consumer:
            asked = [ck.TopicPartition(topic, p) for p in range(self.partitions)]
            return {tp.partition: max(tp.offset, 0) for tp in consumer.committed(asked, 2)}

    @contextlib.contextmanager
    def _consumer(self, group: str = "faults-lab"):
        consumer = ck.Consumer(
            {"bootstrap.servers": self.cluster.direct, "group.id": group, "log_level": 2}
        )
        try:
            yield consumer
        finally:
            consumer.close()

    # -- the end ------------------------------------------------------

    def finish(self, load: Load, within: float) -> Findings:
        """Let the workers come to the end of everything, and hold it against the oracle."""
        findings = Findings()
        began = time.monotonic()
        self._come_to(topics.STEPS.name, None, within, findings)
        if self.live:
            eventually(lambda: time.time() > load.settled, within, interval=0.5)
            self.now = int(time.time())
            self._come_to(topics.TICKS.name, self.ends_of(topics.TICKS.name), within, findings)
        else:
            self.tick(load.now + 86_400)
            self._come_to(topics.TICKS.name, None, within, findings)
        self.seconds_to_end = time.monotonic() - began
        for worker in self.awake():
            self.rest(worker)
        reader = Reader(self.cluster.direct, self.partitions)
        rules = Rules.of(load_catalogue(self.folder / "catalogue"))
        found = Oracle(self.cluster.direct, self.partitions, rules).check(self.now)
        found.stuck = findings.stuck
        found.ended_oddly = self.odd_ends
        self._hold_commits(found, reader)
        if self.history is not None:
            found.history_wrong += self.history.hold(reader, within)
        return found

    def come_to(self, topic: str, within: float) -> None:
        """Wait until the engines have committed a topic to its end."""
        findings = Findings()
        self._come_to(topic, None, within, findings)
        assert not findings, findings.told()

    def _come_to(
        self, topic: str, wanted: dict[int, int] | None, within: float, findings: Findings
    ) -> None:
        """Wait until a topic is committed to these offsets, or else to its end.

        A worker that is slow, on a machine with other work, is not stuck: as long as something
        moves it is waited for again.
        """

        def behind() -> dict[int, tuple[int, int]]:
            ends, done = wanted or self.ends_of(topic), self.committed(topic)
            return {p: (done[p], end) for p, end in ends.items() if done[p] < end}

        left: dict[int, tuple[int, int]] = {}
        for _ in range(AGAIN):
            try:
                eventually(lambda: not behind(), within, interval=0.5, forgive=ck.KafkaException)
            except AssertionError:
                before, left = left, behind()
                if left == before:
                    break
            else:
                return
        findings.stuck.append((topic, left))

    def _hold_commits(self, findings: Findings, reader: Reader) -> None:
        """Nothing was committed before the state that holds it was durable."""
        durable: dict[int, list[tuple[float, int]]] = {p: [] for p in range(self.partitions)}
        for message in reader.read(topics.CASE_STATE.name):
            if message.key() == PARTITION_KEY:
                at, next_ = message.timestamp()[1] / 1000, position(message)
                durable[message.partition()].append((at, next_.get(topics.STEPS.name, 0)))
        for partition, written in durable.items():
            if not written:
                continue
            final = max(offset for _, offset in written)
            last = self.samples[-1].offsets.get(partition, 0) if self.samples else 0
            if last > final:
                findings.committed_too_far.append((partition, last, final))
            first_kept = written[0][0]  # compaction has taken what was written earlier
            for sample in self.samples:
                known = [offset for at, offset in written if at <= sample.at + 0.05]
                if sample.at > first_kept and sample.offsets.get(partition, 0) > max(known):
                    findings.committed_too_far.append((partition, sample.at))

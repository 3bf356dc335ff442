"""The whole system as an operator runs it: roles as processes, commands as commands."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from clickhouse_driver import Client

from deploy.local.ports import free_port
from schemas import topics
from tests.support.servers import embedded_kafka
from tests.support.wait import eventually

ROOT = Path(__file__).parents[2]
JIANCHA = [sys.executable, "-m", "streams.cli"]
PARTITIONS = 4


@dataclass
class System:
    """One installation: a broker, a ClickHouse database of its own, and the roles started."""

    folder: Path
    bootstrap: str
    clickhouse_port: int
    catalogue: Path
    embedded: bool
    extra: dict[str, str] = field(default_factory=dict)
    program: list[str] = field(default_factory=lambda: JIANCHA)
    """What `jiancha` is: this tree's, or that of a release."""
    home: Path = ROOT
    """Where it is started: the program is found from there."""
    running: dict[str, subprocess.Popen] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self):
        self.name = f"t_{uuid.uuid4().hex[:10]}"
        self.env = {
            **os.environ,
            "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": self.bootstrap,
            "JIANCHA_KAFKA__EMBEDDED": str(self.embedded).lower(),
            "JIANCHA_KAFKA__PARTITIONS": str(PARTITIONS),
            "JIANCHA_KAFKA__SESSION_TIMEOUT": "6",
            "JIANCHA_CLICKHOUSE__PORT": str(self.clickhouse_port),
            "JIANCHA_CLICKHOUSE__DATABASE": self.name,
            "JIANCHA_CATALOGUE": str(self.catalogue),
            "JIANCHA_ENGINE__TICKS_FROM": "replay",
            "JIANCHA_ENGINE__GROUP": f"{self.name}-engine",
            "JIANCHA_SINK__GROUP": f"{self.name}-sink",
            "JIANCHA_NOTIFY__GROUP": f"{self.name}-notify",
            "JIANCHA_LINKS__BOARD": "http://board.test:8080",
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }

    def run(self, *arguments, code=0, timeout=300):
        """Run a command of ours to its end."""
        done = subprocess.run(
            [*self.program, *map(str, arguments)],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        said = f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, said
        return done

    def begin(self, *arguments):
        """Start a command of ours, its output in a log."""
        with self.log(arguments[0]).open("wb") as log:
            self.running[arguments[0]] = subprocess.Popen(
                [*self.program, *map(str, arguments)],
                cwd=self.home,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        return self.running[arguments[0]]

    def start(self, role, name=None, program=None):
        """Start a role under a name; the roles of one name keep their port."""
        name = name or role
        port = self.ports.setdefault(name, free_port())
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                [*(program or self.program), "worker", "--role", role],
                cwd=self.home,
                env={**self.env, "JIANCHA_HTTP__PORT": str(port)},
                stdout=log,
                stderr=log,
            )
        return self.running[name]

    def log(self, name):
        return self.folder / f"{name}.log"

    def ready(self, name, timeout=60):
        """Wait until a role says that it is ready for work."""

        def answers():
            process = self.running[name]
            ended = process.poll()
            assert ended is None, f"{name} ended with {ended}: {self.log(name).read_text()[-3000:]}"
            return self.get(name, "/readyz").status_code == 200

        eventually(answers, timeout, interval=0.1, forgive=httpx.HTTPError)

    def get(self, name, path):
        return httpx.get(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=5)

    def kill(self, name):
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def terminate(self, name, within=12):
        """Ask a role to end; give its exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(within)

    def freeze(self, name):
        self.running[name].send_signal(signal.SIGSTOP)

    def thaw(self, name):
        self.running[name].send_signal(signal.SIGCONT)

    def ask(self, sql, parameters=None):
        """Query the history."""
        client = Client("127.0.0.1", port=self.clickhouse_port, database=self.name)
        try:
            return client.execute(sql, parameters)
        finally:
            client.disconnect()

    def stop(self):
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
        for process in self.running.values():
            process.wait()


@contextlib.contextmanager
def installed(folder, bootstrap, clickhouse_port, catalogue, *, embedded, **extra):
    """Install a system: topics (on a real broker), migrations; stop all its roles at the end."""
    system = System(folder, bootstrap, clickhouse_port, Path(catalogue), embedded, extra)
    if not embedded:
        remove_topics(bootstrap)
        system.run("topics")
    system.run("migrate")
    try:
        yield system
    finally:
        system.stop()
        if not embedded:
            remove_topics(bootstrap)


@contextlib.contextmanager
def on_embedded(folder, clickhouse_port, catalogue, **extra):
    """Install a system on an embedded broker of its own."""
    with (
        embedded_kafka(folder, {topic.name: PARTITIONS for topic in topics.ALL}) as kafka,
        installed(folder, kafka, clickhouse_port, catalogue, embedded=True, **extra) as system,
    ):
        yield system


@contextlib.contextmanager
def on_either(request, folder, clickhouse_port, catalogue, **extra):
    """Install a system on the broker that the fixture's parameter names: `embedded` or `real`."""
    if request.param == "embedded":
        with on_embedded(folder, clickhouse_port, catalogue, **extra) as system:
            yield system
    else:
        kafka = request.getfixturevalue("real_kafka")
        with installed(
            folder, kafka, clickhouse_port, catalogue, embedded=False, **extra
        ) as system:
            yield system


def remove_topics(bootstrap):
    """Delete our topics from a shared broker, which the next test makes anew."""
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap})
    ours = {topic.name for topic in topics.ALL}

    def gone():
        there = ours & set(admin.list_topics(timeout=10).topics)
        if there:
            for deleted in admin.delete_topics(sorted(there)).values():
                with contextlib.suppress(Exception):
                    deleted.result(10)
        return not there

    eventually(gone, 30, interval=0.2)

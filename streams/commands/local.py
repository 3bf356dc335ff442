"""`jiancha local`: the whole system on embedded servers, with a real log replayed into it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from deploy import samples
from deploy.healthcheck import complaint
from deploy.local import checks, servers
from deploy.local.ports import free_port
from deploy.local.supervisor import Child, Supervisor
from schemas import topics
from streams.commands.common import FINDINGS, MOMENT, SPAN, SPEED, complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

PARTITIONS: Final = 4
ROLES: Final = ("sink", "engine", "notify", "board")
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, with what, and where it lies."""

    layout: servers.Layout
    replay: Path
    mapping: Path | None
    catalogue: Path
    speed: float | str
    tick_every: int
    until: datetime | None
    port: int
    language: str | None

    @property
    def events(self) -> Path:
        """What a mapping makes of a hall's table."""
        return self.layout.root / "events.jsonl"

    @property
    def log(self) -> Path:
        """Everything that the processes say."""
        return self.layout.root / "local.log"


@click.command("local")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A hall's table (with --mapping) or a file of step events; the bundled log of"
              " the City of Boston, when left out.")  # fmt: skip
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="How to read the table.")  # fmt: skip
@click.option("--catalogue", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="The catalogue that states the limits; needed with --replay.")  # fmt: skip
@click.option("--speed", type=SPEED, default="36000", show_default=True,
              help="How many times faster than it happened.")  # fmt: skip
@click.option("--tick-every", type=SPAN, default="1h", show_default=True,
              help="How often time passes in the replay.")  # fmt: skip
@click.option("--until", type=MOMENT, help="Where the replay ends; at its last event.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535),
              help="Where the board is.")  # fmt: skip
@click.option("--data", default=Path("data"), show_default=True,
              type=click.Path(file_okay=False, path_type=Path),
              help="Where ClickHouse keeps the history.")  # fmt: skip
@click.option("--lang", type=click.Choice(["zh", "en"]), help="The board's first language.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    replay: Path | None,
    mapping: Path | None,
    catalogue: Path | None,
    speed: float | str,
    tick_every: int,
    until: datetime | None,
    port: int,
    data: Path,
    lang: str | None,
) -> None:
    """Run everything on this machine, with embedded servers, until Ctrl-C.

    \b
    Examples:
      jiancha local
      jiancha local --speed max --until 2011-10-01T00:00:00-04:00
      jiancha local --replay cases.csv --mapping mapping.yaml --catalogue catalogue
    """  # noqa: D301 - click reads \b
    if replay is None:
        replay, mapping = (
            samples.BOSTON / "boston311_2011q3.csv.gz",
            samples.BOSTON / "mapping.yaml",
        )
        catalogue = catalogue or samples.BOSTON / "catalogue"
    if catalogue is None:
        raise click.UsageError("--replay needs --catalogue, which states the limits")
    os.umask(0o077)  # applicants' records lie in what is written here: for the owner alone
    layout = servers.Layout(data.absolute())
    plan = Plan(layout, replay, mapping, catalogue.absolute(), speed, tick_every, until, port, lang)
    faults = checks.faults(
        [
            checks.python,
            lambda: checks.module("chdb", "install the extra `local`, as `make run` does"),
            lambda: checks.directory_writable(layout.root, "--data"),
            lambda: checks.port_free(port, "--port"),
        ]
    )
    if faults:
        for fault in faults:
            complain(fault)
        sys.exit(FINDINGS)
    sys.exit(_run(plan))


def _run(plan: Plan) -> int:
    clickhouse_port = free_port()
    env = _environment(plan, clickhouse_port)
    password = servers.new_password(plan.layout)
    for written in (plan.log, plan.events):  # by an earlier release, for everyone to read
        with contextlib.suppress(FileNotFoundError):
            written.chmod(0o600)
    with plan.log.open("a", encoding="utf-8") as log:
        guard = threading.Lock()

        def write(line: str) -> None:
            with guard:
                log.write(line + "\n")
                log.flush()

        names = [topic.name for topic in topics.ALL]
        kafka = servers.kafka(plan.layout, dict.fromkeys(names, PARTITIONS))
        clickhouse = servers.clickhouse(plan.layout, clickhouse_port, password)
        supervisor = Supervisor(kafka, clickhouse, log=write)

        def foreground(stop: threading.Event) -> None:
            env["JIANCHA_KAFKA__BOOTSTRAP_SERVERS"] = servers.bootstrap(plan.layout)
            _say(f"Kafka       {servers.bootstrap(plan.layout)} (embedded)")
            _say(f"ClickHouse  {HOST}:{clickhouse_port} (embedded, in {plan.layout.clickhouse})")
            _say(f"            user default, password in {password}")
            events = _events(plan, env, stop)
            _command(["migrate"], env, stop, quiet=True)
            supervisor.add(*(_role(role, env, plan.port) for role in ROLES))
            scheme = "https" if env.get("JIANCHA_HTTP__CERT_FILE") else "http"
            _say(f"Board       {scheme}://{HOST}:{plan.port}")
            _say(f"Log         {plan.log}")
            _command(_replay(plan, events), env, stop)
            if not stop.is_set():
                _say("The log is replayed. The board stays up until Ctrl-C.")

        code = supervisor.run(foreground)
        if supervisor.failure:
            complain(supervisor.failure)
        return code


def _environment(plan: Plan, clickhouse_port: int) -> dict[str, str]:
    chosen = {"JIANCHA_LANGUAGE": plan.language} if plan.language else {}
    for name in list(os.environ):  # its servers are its own: how others are reached is not asked
        if name.startswith(("JIANCHA_KAFKA__", "JIANCHA_CLICKHOUSE__")):
            del os.environ[name]
    scheme = "https" if os.environ.get("JIANCHA_HTTP__CERT_FILE") else "http"
    return {
        "JIANCHA_LINKS__BOARD": f"{scheme}://{HOST}:{plan.port}",
        **os.environ,
        "JIANCHA_KAFKA__EMBEDDED": "true",
        "JIANCHA_KAFKA__PARTITIONS": str(PARTITIONS),
        "JIANCHA_CLICKHOUSE__HOST": HOST,
        "JIANCHA_CLICKHOUSE__PORT": str(clickhouse_port),
        "JIANCHA_CLICKHOUSE__PASSWORD_FILE": str(plan.layout.clickhouse_password),
        "JIANCHA_CATALOGUE": str(plan.catalogue),
        "JIANCHA_ENGINE__TICKS_FROM": "replay",
        "JIANCHA_HTTP__HOST": HOST,
        "PYTHONUNBUFFERED": "1",
        **chosen,
    }


def _role(role: str, env: dict[str, str], board_port: int) -> Child:
    port = board_port if role == "board" else free_port()
    env = {**env, "JIANCHA_HTTP__PORT": str(port)}
    return Child(
        role,
        [sys.executable, "-m", "streams.cli", "worker", "--role", role],
        env=env,
        ready=lambda: complaint(env, "/readyz") is None,
        ready_within=60.0,
    )


def _events(plan: Plan, env: dict[str, str], stop: threading.Event) -> Path:
    """Give the step events to replay: the file itself, or what the mapping makes of it."""
    if plan.mapping is None:
        return plan.replay
    arguments = ["convert", "--mapping", plan.mapping, plan.replay, "-o", plan.events]
    _command([str(argument) for argument in arguments], env, stop)
    return plan.events


def _replay(plan: Plan, events: Path) -> list[str]:
    pace = ["--speed", str(plan.speed), "--tick-every", f"{plan.tick_every}s"]
    end = [] if plan.until is None else ["--until", plan.until.isoformat()]
    return ["replay", str(events), *pace, *end]


def _command(
    arguments: list[str], env: dict[str, str], stop: threading.Event, *, quiet: bool = False
) -> None:
    """Run a command of ours, its progress shown, until it ends or all stops."""
    output = subprocess.PIPE if quiet else None
    argv = [sys.executable, "-m", "streams.cli", *arguments]
    with subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,  # Ctrl-C is for us, who end the command
    ) as done:
        with _ended_on(stop, done.terminate):
            said, _ = done.communicate()
        if done.returncode and not stop.is_set():
            raise click.ClickException(
                f"`jiancha {arguments[0]}` ended with {done.returncode}. {(said or b'').decode()}"
            )


@contextlib.contextmanager
def _ended_on(stop: threading.Event, end: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if stop.is_set():
                end()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _say(text: str) -> None:
    click.echo(text)

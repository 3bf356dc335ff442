"""`jiancha worker --role R`: one process, one role."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

import click
import structlog
from kafka.errors import KafkaError

from alerts.metrics import role_registry
from streams.commands.common import WRONG_USE, complain, settings_or_exit
from streams.kafka_access import HANG_UP_SECONDS, CannotReadOn, denial, enter_or_deny
from streams.kafka_clients import aiokafka_options
from streams.logs import configure_logs
from streams.runtime import memory
from streams.runtime.failstop import EXIT_CODE, describe
from streams.settings import SettingsError

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)


@click.command("worker")
@click.option("--role", type=click.Choice(["engine", "sink", "notify", "board"]), required=True)
def command(role: str) -> None:
    """Run one role until SIGTERM or Ctrl-C; it serves /metrics, /healthz and /readyz.

    It ends with a reason and a non-zero code when going on could lose or double something: run it
    under a supervisor that starts it again.

    \b
    Example:
      JIANCHA_CATALOGUE=catalogue jiancha worker --role engine
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    if role == "notify":
        _links_or_exit(settings)
    configure_logs(settings)
    run = import_module(f"streams.commands.roles.{role}").run  # the others' parts take a second
    registry = role_registry(role, version("jiancha"))
    log.info("starting", role=role, version=version("jiancha"))
    memory.settle()
    try:
        if role != "board":
            kafka = settings.kafka
            enter_or_deny(kafka.bootstrap_servers, aiokafka_options(kafka), HANG_UP_SECONDS)
        code = run(settings, registry)
    except Exception as error:
        if (end := _end_of(error)) is None:
            raise
        kind, reason = end
        log.critical("fail-stop", kind=kind, reason=reason)
        code = EXIT_CODE
    sys.exit(code)


def _links_or_exit(settings: Settings) -> None:
    try:
        settings.links.needed_board()
    except SettingsError as error:
        complain(str(error))
        sys.exit(WRONG_USE)


def _end_of(error: Exception) -> tuple[str, str] | None:
    """Tell kind and reason of an end that an operator can do something about; else it is a bug."""
    if (reason := denial(error)) is not None:
        return "access", reason
    if isinstance(error, KafkaError | CannotReadOn):  # what waiting would not cure
        return "read", describe(error)
    return None

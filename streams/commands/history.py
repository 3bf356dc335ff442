"""`jiancha history rewind|resend`: what brings a lost history back, or an older copy."""

from __future__ import annotations

import sys
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from clickhouse_driver.errors import Error
from confluent_kafka import KafkaException
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from schemas import topics
from streams.commands.common import FINDINGS, catalogue_or_exit, complain, settings_or_exit
from streams.commands.progress import progress
from streams.engine.rules import Rules
from streams.kafka_clients import kafka_python_consumer_options
from streams.logs import configure_logs
from streams.resending import Refused as NotResent
from streams.resending_kafka import resend_all
from streams.rewinding import Refused, rewind
from streams.runtime.ports import Fatal
from streams.sink.clickhouse import connect
from streams.sink.errors import words
from streams.sink.inserts import SchemaDiffers
from streams.sink.offsets import Brokers, Offsets
from streams.sink.rows import TOPICS
from streams.sink.run import topic_ids
from streams.topic_admin import TopicsUnavailable, open_admin

if TYPE_CHECKING:
    from streams.resending import Sent
    from streams.rewinding import Rewound
    from streams.settings import Settings

_TROUBLE = (
    Refused,
    NotResent,
    Fatal,
    SchemaDiffers,
    TopicsUnavailable,
    KafkaError,
    KafkaException,
    Error,
    OSError,
    EOFError,
)


@click.group("history")
def command() -> None:
    """Bring the history (ClickHouse) back to what the topics and the engine's state say.

    See docs/recovery.md for the order of the steps, and for what is lost.

    \b
    Example:
      jiancha history rewind
      JIANCHA_CATALOGUE=catalogue jiancha history resend
    """  # noqa: D301 - click reads \b


@command.command("rewind")
@click.option("--dry-run", is_flag=True, help="Only tell what would be read again.")
@click.option("--from-the-first", is_flag=True,
              help="Read again all that the topics hold, whatever the history says.")  # fmt: skip
def rewind_command(*, dry_run: bool, from_the_first: bool) -> None:
    """Let the sink read on where the history ends, and say what the topics no longer hold.

    No sink may be in the group. One that stands still for a gap in the history has left it, and
    goes on by itself. To read a record twice changes nothing.

    \b
    Example:
      jiancha history rewind --dry-run
    """  # noqa: D301 - click reads \b
    settings = _settings()
    try:
        done = _rewind(settings, dry_run=dry_run, from_the_first=from_the_first)
    except _TROUBLE as error:
        _end(error)
    _tell_rewound(done, dry_run=dry_run)


@command.command("resend")
def resend_command() -> None:
    """Write every case, clock and card of the engine's state into the topics that the sink reads.

    The engine may run meanwhile: what it writes is newer, and wins. For what the topics no longer
    hold; first let `rewind` bring back what they do. Needs the engine's catalogue.

    \b
    Example:
      JIANCHA_CATALOGUE=catalogue jiancha history resend
    """  # noqa: D301 - click reads \b
    settings = _settings()
    rules = Rules.of(catalogue_or_exit(settings.catalogue))
    try:
        sent = _resend(settings, rules)
    except _TROUBLE as error:
        _end(error)
    click.echo(
        f"Sent again: {sent.cases} cases with {sent.clocks} clocks,"
        f" {sent.references} catalogues and calendars."
    )
    if sent.aside:
        complain(
            f"{sent.aside} cases are set aside (`jiancha case list`): the history says so, and has"
            " nothing else of them from here"
        )
    click.echo(
        f"Of {sent.cards} cards {sent.moves} moves were made from the state; the others are in the"
        " topic or in the history."
    )


def _settings() -> Settings:
    settings = settings_or_exit()
    if settings.kafka.embedded:
        complain("the embedded broker begins anew with each run: there is nothing to go back to")
        sys.exit(FINDINGS)
    configure_logs(settings)
    return settings


def _end(error: BaseException) -> Any:
    text = words(error) if isinstance(error, Error | KafkaError) else str(error)
    if isinstance(error, KafkaException):
        text = error.args[0].str()
    complain(text)
    sys.exit(FINDINGS)


def _rewind(settings: Settings, *, dry_run: bool, from_the_first: bool) -> list[Rewound]:
    kafka, group = settings.kafka, settings.sink.group
    client = connect(settings.clickhouse)
    consumer = _consumer(settings)
    try:
        brokers = Brokers(consumer, partial(topic_ids, kafka))
        offsets = Offsets(client, settings.clickhouse.database, brokers, time.time)
        with open_admin(kafka) as admin:
            return rewind(
                consumer,
                brokers,
                offsets,
                TOPICS,
                lambda: admin.remaining(group),
                from_the_first=from_the_first,
                dry_run=dry_run,
            )
    finally:
        consumer.close(autocommit=False, timeout_ms=1000)
        client.disconnect()


def _consumer(settings: Settings) -> Any:
    """Speak for the sink's group, without joining it."""
    return KafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers.split(","),
        group_id=settings.sink.group,
        client_id="jiancha-history",
        metrics_enabled=False,
        **kafka_python_consumer_options(settings.kafka),
    )


def _tell_rewound(done: list[Rewound], *, dry_run: bool) -> None:
    if not done:
        click.echo("Nothing to do: the history has all that the group has read.")
        return
    again, gone = Counter[str](), Counter[str]()
    for each in done:
        again[each.partition.topic] += each.again
        gone[each.partition.topic] += each.gone
    for topic in again:
        verb = "would be read" if dry_run else "are read"
        click.echo(f"{topic}: {again[topic]} records {verb} again")
    for topic, records in gone.items():
        if records:
            complain(f"{topic}: {records} records are no longer in the topic")
    if any(gone.values()):
        complain(
            "Cases, clocks and cards come back by `jiancha history resend`; docs/recovery.md says"
            " what does not."
        )


def _resend(settings: Settings, rules: Rules) -> Sent:
    client = connect(settings.clickhouse)
    consumer = _consumer(settings)
    try:
        there = consumer.topics()
        if missing := sorted({topics.CASE_STATE.name, *TOPICS} - there):
            raise NotResent(f"there is no topic {', '.join(missing)}: run `jiancha topics`")
        partitions = len(consumer.partitions_for_topic(topics.CASE_STATE.name))
        return resend_all(settings, rules, client, partitions, progress())
    finally:
        consumer.close(autocommit=False, timeout_ms=1000)
        client.disconnect()

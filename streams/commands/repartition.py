"""`jiancha repartition`: more partitions, while the engines stand still."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from streams.commands.brokers import let_in_or_exit, one_line
from streams.commands.common import FINDINGS, complain, settings_or_exit
from streams.commands.progress import progress
from streams.logs import configure_logs
from streams.repartition_kafka import KafkaLayout
from streams.repartitioning import Refused, prospect, repartition
from streams.runtime.ports import Fatal
from streams.topic_admin import TopicsUnavailable, open_admin

if TYPE_CHECKING:
    from streams.repartitioning import Done
    from streams.settings import Settings


@click.command("repartition")
@click.option("--to", type=click.IntRange(1, 10_000), required=True,
              help="The partitions that there shall be; never fewer than there are.")  # fmt: skip
@click.option("--dry-run", is_flag=True,
              help="Only tell what would move; engines may run meanwhile.")  # fmt: skip
def command(to: int, *, dry_run: bool) -> None:
    """Give the co-partitioned topics more partitions, and move each case to its new one.

    Let the halls pause, let the engines read everything, and stop them all. A run that was cut off
    is simply run again; until it has ended no engine starts. See docs/scaling.md.

    \b
    Example:
      jiancha repartition --to 48 --dry-run
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    if settings.kafka.embedded:
        complain("the embedded broker adds no partitions: start `jiancha local` anew")
        sys.exit(FINDINGS)
    configure_logs(settings)
    let_in_or_exit(settings.kafka)
    with one_line(settings.kafka, Refused, Fatal, TopicsUnavailable):
        done = _run(settings, to, dry_run=dry_run)
    sys.exit(_told(done, to, dry_run=dry_run))


def _run(settings: Settings, to: int, *, dry_run: bool) -> Done:
    with open_admin(settings.kafka) as admin:
        layout = KafkaLayout(settings, admin)
        return (prospect if dry_run else repartition)(layout, to, progress())


def _told(done: Done, to: int, *, dry_run: bool) -> int:
    """Tell the outcome; give the exit code."""
    survey = done.survey
    if done.before == to:
        click.echo(f"There are {to} partitions; nothing to do.")
        return 0
    click.echo(
        f"{survey.moving} of {survey.cases} cases {'would move' if dry_run else 'moved'}"
        f" ({survey.bytes_moving / 1e6:.1f} MB), from {done.before} partitions to {to}."
    )
    if survey.cases:
        most = max(survey.load.values())
        click.echo(f"The largest partition then holds {most} cases.")
    for problem in survey.wrong:
        complain(problem)
    if dry_run:
        return FINDINGS if survey.wrong else 0
    click.echo(f"Set JIANCHA_KAFKA__PARTITIONS={to}, and start the engines.")
    changes = sorted({unread.change_id for unread in done.late if unread.change_id})
    for change in changes:
        complain(f"the change {change} came in meanwhile, in some partitions only: send it again")
    if events := sum(not unread.change_id for unread in done.late):
        click.echo(f"{events} records came in meanwhile; the engines send them to their places.")
    return FINDINGS if changes else 0

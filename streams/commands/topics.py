"""`jiancha topics`: makes the topics that are missing, and checks them all."""

from __future__ import annotations

import sys

import click

from streams.acls import grants
from streams.commands.brokers import let_in_or_exit
from streams.commands.common import FINDINGS, complain, settings_or_exit
from streams.topic_admin import TopicsUnavailable, open_admin
from streams.topic_checks import mismatches, missing


@click.command("topics")
@click.option("--check", is_flag=True, help="Make nothing; a missing topic is an error then.")
@click.option("--acls", is_flag=True, help="Print who must be allowed what; ask no broker.")
def command(*, check: bool, acls: bool) -> None:
    """Create the topics that are missing, and check partitions, replicas, retention, compaction.

    Nothing that is there is changed: each mismatch is told with its cure (exit code 1), and while
    there is one nothing is made.

    \b
    Example:
      JIANCHA_KAFKA__PARTITIONS=24 jiancha topics
      jiancha topics --acls | sed 's/$/ --command-config admin.properties/' | sh
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    kafka = settings.kafka
    if acls:
        for grant in grants(settings):
            click.echo(grant.command(kafka.bootstrap_servers))
        return
    if kafka.embedded:
        click.echo("The embedded broker has its topics from its start; there is nothing to do.")
        return
    let_in_or_exit(kafka)
    try:
        with open_admin(kafka) as admin:
            held = admin.held()
            lacking = missing(held)
            wrong = list(mismatches(held, kafka))
            if check:
                wrong += [f"{topic.name} is missing → jiancha topics" for topic in lacking]
            elif not wrong:
                admin.create(lacking)
                for topic in lacking:
                    click.echo(f"made {topic.name}")
                held = admin.held()
                wrong = list(mismatches(held, kafka))
    except TopicsUnavailable as error:
        complain(str(error))
        sys.exit(FINDINGS)
    for problem in wrong:
        complain(problem)
    if wrong:
        sys.exit(FINDINGS)
    click.echo(f"{len(held)} topics are as they must be.")

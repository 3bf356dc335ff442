"""`jiancha accept-gap`: go on without records that were deleted before they were judged."""

from __future__ import annotations

import getpass
import sys
import time
from typing import TYPE_CHECKING

import click

from schemas import topics
from streams.commands.brokers import let_in_or_exit, one_line
from streams.commands.common import FINDINGS, complain, settings_or_exit
from streams.gaps import Gap, Refused, accepted
from streams.logs import configure_logs
from streams.reaches import reaches
from streams.repartition_kafka import KafkaLayout
from streams.repartitioning import in_the_way
from streams.runtime.engine import runtime_settings
from streams.runtime.ports import Fatal, InputTopic
from streams.runtime.positions import Partition
from streams.topic_admin import TopicsUnavailable, open_admin

if TYPE_CHECKING:
    from streams.settings import Settings


@click.command("accept-gap")
@click.argument("topic", type=click.Choice([topic.name for topic in topics.INPUTS]))
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("first", metavar="FROM", type=click.IntRange(min=0))
@click.argument("following", metavar="TO", type=click.IntRange(min=1))
@click.option("--by", default=getpass.getuser, help="Who says so; by default who is logged in.")
@click.option("--reason", default="", help="Why, for the record.")
def command(
    topic: str, partition: int, first: int, following: int, *, by: str, reason: str
) -> None:
    """Go on without the records FROM to TO-1, which were deleted before they were judged.

    The engine ends with the numbers to give here when retention has taken unread records. Stop
    every engine first. A record that is still there is never skipped. What was left out stands in
    the history (v_gaps). Have the halls send what they hold of that time again.

    \b
    Example:
      jiancha accept-gap hall.steps 3 120000 151234 --reason "engine down for 100 days"
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    if settings.kafka.embedded:
        complain("the embedded broker keeps nothing: start `jiancha local` anew")
        sys.exit(FINDINGS)
    configure_logs(settings)
    let_in_or_exit(settings.kafka)
    with one_line(settings.kafka, Refused, Fatal, TopicsUnavailable):
        _accept(settings, Gap(topic, partition, first, following), by, reason)
    click.echo(
        f"{following - first} records of {topic}[{partition}] are left out, on record in v_gaps."
        " Start the engines."
    )


def _accept(settings: Settings, gap: Gap, by: str, reason: str) -> None:
    with open_admin(settings.kafka) as admin:
        layout = KafkaLayout(settings, admin)
        if members := layout.members():
            raise Refused(in_the_way(members))
        if gap.partition >= layout.counts().get(gap.topic, 0):
            raise Refused(f"{gap.topic} has no partition {gap.partition}")
        layout.claim([gap.partition])
        place = Partition(gap.topic, gap.partition)
        reach = reaches(runtime_settings(settings, data_dir=""), admin, [place])[place]
        found = InputTopic(reach.topic_id, reach.low, reach.next)
        own = layout.kept(gap.partition).own
        batch = accepted(gap, own, found, by=by, reason=reason, wall=int(time.time()))
        layout.write(gap.partition, batch)

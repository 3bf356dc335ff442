"""`jiancha replay`: a file of step events into Kafka, in virtual time."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from schemas.event_lines import open_lines, read_event_lines
from streams.commands.brokers import let_in_or_exit
from streams.commands.common import (
    FINDINGS,
    MOMENT,
    SPAN,
    SPEED,
    complain,
    key_or_exit,
    settings_or_exit,
)
from streams.replaying import Pace, Replay, ReplayFailed, Sent

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command("replay")
@click.argument("events", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--speed", type=SPEED, default="max", show_default=True,
              help="Times faster than it happened; max: as fast as the readers.")  # fmt: skip
@click.option("--tick-every", type=SPAN, default="1h", show_default=True,
              help="How often time passes.")  # fmt: skip
@click.option("--until", type=MOMENT, help="Where time ends; after the last event, when left out.")
@click.option("--wait-for", type=click.Choice(["engine", "sink"]), multiple=True,
              default=("engine", "sink"), show_default=True,
              help="The roles that set the pace and have read everything at the end.")  # fmt: skip
@click.option("--sign", metavar="KEYID",
              help="Sign each record with this key of JIANCHA_KEYS_FILE.")  # fmt: skip
def command(
    events: Path,
    speed: float | str,
    tick_every: int,
    until: datetime | None,
    wait_for: tuple[str, ...],
    sign: str | None,
) -> None:
    """Send a file of step events to Kafka with its own ticks, so that time passes as it did.

    The file must be sorted by occurred_at, as `convert` writes it. Engines must count a replay's
    ticks (JIANCHA_ENGINE__TICKS_FROM=replay). A line that is no event is sent too: it becomes a
    dead letter, as it would from a hall.

    \b
    Example:
      jiancha replay events.jsonl --speed max --tick-every 1d --until 2019-10-31T00:00:00-04:00
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    key = key_or_exit(settings, sign) if sign else None
    let_in_or_exit(settings.kafka)
    pace = Pace(
        speed=None if isinstance(speed, str) else speed,
        tick_every=tick_every,
        until=None if until is None else int(until.timestamp()),
        readers=wait_for,
    )
    with open_lines(events) as lines:
        total = sum(1 for _ in lines)
    try:
        with _shown() as bar:
            sent = Replay(settings, pace, _progress(bar, total), key=key).run(
                read_event_lines(events)
            )
    except ReplayFailed as error:
        complain(str(error))
        sys.exit(FINDINGS)
    click.echo(f"{sent.events} events and {sent.ticks} ticks sent; all read by now.")
    if sent.late:
        complain(
            f"{sent.late} events, the first in line {sent.first_late}, stand after later ones and"
            " arrived late by that: sort the file by occurred_at, as `jiancha convert` writes it"
        )


def _shown() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        refresh_per_second=4,
    )


def _progress(bar: Progress, total: int) -> Callable[[Sent], None]:
    task = bar.add_task("replay", total=total)

    def told(sent: Sent) -> None:
        moment = datetime.fromtimestamp(sent.now, UTC)
        bar.update(task, completed=sent.events, description=f"{moment:%Y-%m-%d %H:%M}Z")

    return told

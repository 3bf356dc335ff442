"""`jiancha check`: everything wrong with a catalogue, and with events, at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from schemas.event_lines import read_event_lines
from streams.checking import EventCheck, findings, remarks
from streams.checking_events import Endings, SameRecords
from streams.checking_options import idle_options
from streams.checking_years import unlawful_years
from streams.commands.common import (
    FINDINGS,
    catalogue_option,
    catalogue_or_exit,
    complain,
    complain_of_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.catalogue import Catalogue
    from schemas.event_lines import EventLine

TOLD_EVERY = 5_000


@click.command("check")
@click.argument(
    "events", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@catalogue_option
def command(events: Path | None, directory: Path) -> None:
    """Check a catalogue, and a file of step events against it.

    Everything wrong is told at once, with the remedy; exit code 1 when there is anything.

    \b
    Example:
      jiancha check --catalogue deploy/samples/hunan/catalogue events.jsonl
    """  # noqa: D301 - click reads \b
    catalogue = catalogue_or_exit(directory)
    for warning in (*remarks(catalogue), *unlawful_years(directory, catalogue.calendars)):
        complain(f"warning: {warning}")
    wrong = 0
    for found in (*idle_options(directory, catalogue), *findings(catalogue)):
        wrong += 1
        complain(str(found))
    lines = 0
    if events is not None:
        lines, more = _check_events(events, catalogue)
        wrong += more
    told = f"{len(catalogue.items)} items"
    if events is not None:
        told += f", {lines} events"
    if wrong:
        complain(f"{told} checked: {wrong} findings.")
        sys.exit(FINDINGS)
    click.echo(f"{told} checked: nothing is wrong.")


def _check_events(events: Path, catalogue: Catalogue) -> tuple[int, int]:
    """Tell what is wrong in a file of events; give how many lines it has, and how many findings."""
    check, endings, same = EventCheck(catalogue), Endings(catalogue), SameRecords()
    lines = wrong = 0
    for line in _shown(read_event_lines(events)):
        lines += 1
        if line.event is None:
            wrong += 1
            complain_of_line(events, line)
        else:
            check.read(line.number, line.event)
            endings.read(line.event)
            same.read(line.number, line.event)
    for remark in endings.findings():
        complain(f"warning: {events}: {remark}")
    for finding in (*check.findings(), *same.findings()):
        wrong += 1
        complain(f"{events}: {finding}")
    for watch in check.watched():
        complain(watch)
    return lines, wrong


def _shown(lines: Iterable[EventLine]) -> Iterator[EventLine]:
    """Pass lines on, telling how many, where somebody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("0 events", total=None)
        for count, line in enumerate(lines, 1):
            if count % TOLD_EVERY == 0:
                bar.update(task, description=f"{count:,} events")
            yield line

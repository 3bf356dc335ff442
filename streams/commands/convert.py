"""`jiancha convert`: a hall's table into step events."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from schemas.mapping import HallMapping
from schemas.reading import SchemaError, read_yaml
from streams.commands.common import FINDINGS, complain
from streams.converting import TableError, convert, write_events

SHOWN_PROBLEMS = 20


@click.command("convert")
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="How to read the table: docs/mappings.md.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("-"),
    help="Where the events go, JSON lines; gzipped for .gz.",
)
def command(table: Path, file: Path, output: Path) -> None:
    """Turn a hall's table (CSV, or CSV.gz) into step events, sorted by when they happened.

    Ids come from the content, so converting again gives the same events. A row that is wrong is
    named and left out; the others are written, and the exit code is 1.

    \b
    Example:
      jiancha convert --mapping deploy/samples/boston/mapping.yaml \\
        deploy/samples/boston/boston311_2011q3.csv.gz -o events.jsonl
    """  # noqa: D301 - click reads \b
    try:
        mapping = read_yaml(file, HallMapping)
    except SchemaError as error:
        for problem in error.problems:
            complain(str(problem))
        sys.exit(FINDINGS)
    if not output.parent.is_dir():
        raise click.BadParameter(f"there is no directory {output.parent}", param_hint="--output")
    columns = (SpinnerColumn(), TextColumn("{task.completed} rows"))
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("convert", total=None)
            done = convert(mapping, table, lambda rows: bar.update(task, completed=rows))
        write_events(done.events, output)
    except TableError as error:
        complain(str(error))
        sys.exit(FINDINGS)
    for wrong in done.problems[:SHOWN_PROBLEMS]:
        complain(f"{table}: {wrong}")
    left_out = len(done.problems) - SHOWN_PROBLEMS
    if left_out > 0:
        complain(f"… and {left_out} more")
    click.echo(
        f"{done.rows} rows, {len(done.events)} events"
        f" ({done.repeated} repeated), {len(done.problems)} problems",
        err=True,
    )
    if done.problems:
        sys.exit(FINDINGS)

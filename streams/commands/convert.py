"""`jiancha convert`: a hall's table into step events."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from schemas.mapping import HallMapping
from schemas.reading import SchemaError, read_yaml
from streams.commands.common import FINDINGS, catalogue_or_exit, complain
from streams.converting import convert
from streams.engine.rules import Rules
from streams.showing_rows import shown_rows
from streams.tables import TableError, size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.converting import Converted
    from streams.converting import Progress as Far

SHOWN_PROBLEMS = 20
SHOWN_ROWS = 10


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
@click.option("--limit", type=click.IntRange(min=1), help="Read the first so many rows only.")
@click.option(
    "--show",
    is_flag=True,
    help=f"Print rows beside their events, {SHOWN_ROWS} without --limit, and write nothing.",
)
@click.option(
    "--catalogue",
    "directory",
    type=click.Path(path_type=Path),
    help="Say how many of the cases have no clock by this catalogue, and why.",
)
def command(
    table: Path,
    file: Path,
    output: Path,
    limit: int | None,
    directory: Path | None,
    *,
    show: bool,
) -> None:
    """Turn a hall's table (CSV, or CSV.gz) into step events, sorted by when they happened.

    Ids come from the content, so converting again gives the same events. What is wrong is named:
    of an optional field that is wrong the event is written without it, a row that is wrong is left
    out; the others are written, and the exit code is 1.

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
    rules = None if directory is None else Rules.of(catalogue_or_exit(directory))
    _check_output(output, table, file)
    try:
        if show:
            for line in shown_rows(mapping, table, limit or SHOWN_ROWS):
                click.echo(line)
            return
        with _bar() as bar:
            told = _progress(bar, size_of(table))
            done = convert(mapping, table, output, told, limit=limit, rules=rules)
    except TableError as error:
        complain(str(error))
        sys.exit(FINDINGS)
    except OSError as error:
        complain(f"{error.filename or output}: {error.strerror or error}")
        sys.exit(FINDINGS)
    _tell(table, done)
    if done.wrong:
        sys.exit(FINDINGS)


def _check_output(output: Path, table: Path, file: Path) -> None:
    """Refuse an output that cannot be written, or would overwrite what is read."""
    if not output.parent.is_dir():
        raise click.BadParameter(f"there is no directory {output.parent}", param_hint="--output")
    for read in (table, file):
        if output.exists() and output.samefile(read):
            raise click.BadParameter(
                f"{output} is what is read: the events would overwrite it; name another file",
                param_hint="--output",
            )


def _tell(table: Path, done: Converted) -> None:
    """Say what was mended, what is wrong, and how much of everything there was."""
    for key, remark in done.remarks.items():
        times = f" ({done.times[key]} times, first here)" if done.times[key] > 1 else ""
        complain(f"remark: {table}: {remark}{times}")
    for wrong in done.problems[:SHOWN_PROBLEMS]:
        complain(f"{table}: {wrong}")
    left_out = done.wrong - SHOWN_PROBLEMS
    if left_out > 0:
        complain(f"… and {left_out} more; in all:")
        for key, count in done.times.most_common(SHOWN_PROBLEMS):
            if key not in done.remarks:
                where = ".".join(part for part in key[:2] if part)
                complain(f"  {count} times: " + (f"{where}: " if where else "") + key[2])
    told = f"{done.repeated} repeated"
    if done.corrections:
        told += f", {done.corrections} corrections"
    for line in done.watched.told():
        complain(line)
    rows = f"{done.rows} rows" + (f" ({done.left_out} left out)" if done.left_out else "")
    click.echo(f"{rows}, {done.events} events ({told}), {done.wrong} problems", err=True)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _progress(bar: Progress, size: int) -> Callable[[Far], None]:
    """Show how far it is: the table's bytes are the total, then the events."""
    task = bar.add_task("0 rows", total=size or None)

    def told(far: Far) -> None:
        if far.written:
            said = f"{far.rows:,} rows, {far.written:,} events written"
            bar.update(task, description=said, completed=size)
        else:
            bar.update(task, description=f"{far.rows:,} rows", completed=far.read)

    return told

"""What `calendar import` and `catalogue import` share: options, sending, following, telling."""

from __future__ import annotations

import getpass
import sys
import time
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from schemas.changes import CaseDifference
from schemas.verdicts import encode
from streams.change_texts import heads, rows, totals
from streams.changing import ChangeFailed, Changing
from streams.commands.brokers import let_in_or_exit
from streams.commands.common import FINDINGS, complain, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.ticks import Change
    from schemas.words import Language
    from streams.change_texts import Row
    from streams.settings import Settings

SHOWN: Final = 200
"""Clocks in the table; `--json` lists them all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What every import is asked: whether to do it, and how to tell of it."""

    apply: bool
    dry_run: bool
    by: str
    as_json: bool
    settings: Settings
    language: Language

    @property
    def only_checked(self) -> bool:
        """Whether the running system is left alone."""
        return not self.apply and not self.dry_run


def import_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every import; the command gets them as `asked`."""

    @wraps(function)
    def gathered(
        *, apply: bool, dry_run: bool, by: str, as_json: bool, lang: Language | None, **own: Any
    ) -> None:
        if apply and dry_run:
            raise click.UsageError("--apply and --dry-run are two things: give one")
        settings = settings_or_exit()
        language = lang or settings.language
        function(asked=Asked(apply, dry_run, by, as_json, settings, language), **own)

    for option in (
        click.option("--lang", type=click.Choice(["zh", "en"]), help="The report's language."),
        click.option("--json", "as_json", is_flag=True,
                     help="One JSON object a line: each case that changes, then the partitions."),
        click.option("--by", default=getpass.getuser, show_default="the user",
                     help="Who asks for it; stands in the report."),
        click.option("--dry-run", is_flag=True,
                     help="The report of what would change; nothing does."),
        click.option("--apply", is_flag=True, help="Put it in force in the running system."),
    ):  # fmt: skip
        gathered = option(gathered)
    return gathered


def run_change(asked: Asked, change: Change, zone: str) -> bool:
    """Send a change and tell its report; whether every partition took it.

    Ends with FINDINGS when it cannot be sent, or nothing is heard.
    """
    shown: list[Row] = []
    language, as_json = asked.language, asked.as_json
    let_in_or_exit(asked.settings.kafka)
    changing = Changing(asked.settings)
    try:
        heard = changing.send(change)
        with _bar() as bar:
            task = bar.add_task("", total=None)
            for record in changing.follow(heard):
                if isinstance(record, CaseDifference):
                    if as_json:
                        click.echo(encode(record))
                    elif len(shown) < SHOWN:
                        shown += rows(record, zone, language)
                bar.update(task, completed=len(heard.seen), total=heard.cases or None)
    except ChangeFailed as error:
        complain(str(error))
        sys.exit(FINDINGS)
    finally:
        changing.close()
    if as_json:
        for ended in heard.ended.values():
            click.echo(msgspec.json.encode(ended))
    else:
        _print(shown, language)
        if len(heard.seen) > len({row.case_no for row in shown}):
            click.echo("… (--json)")
        for line in totals(heard, language):
            click.echo(line)
    return all(ended.result != "refused" for ended in heard.ended.values())


def now() -> int:
    """Tell the time at which a change is made, in seconds since the epoch."""
    return int(time.time())


def _bar() -> Progress:
    console = Console(stderr=True)
    columns: tuple[Any, ...] = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(
        TextColumn("{task.description}"),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _print(shown: list[Row], language: Language) -> None:
    if not shown:
        return
    table = Table(*heads(language))
    for row in shown:
        table.add_row(row.case_no, row.clock, row.before, row.after)
    width = None if sys.stdout.isatty() else 160
    Console(width=width).print(table)

"""`jiancha catalogue`: put a catalogue in force in the running system."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from schemas.reading import SchemaError
from schemas.words import Words
from streams.change_making import catalogue_change
from streams.checking import findings, remarks
from streams.checking_options import idle_options
from streams.checking_years import unlawful_years
from streams.commands.common import FINDINGS, WRONG_USE, catalogue_or_exit, complain
from streams.commands.importing import Asked, import_options, now, run_change


@click.group("catalogue")
def command() -> None:
    """Put a catalogue (事项目录) in force in the running system.

    \b
    Example:
      jiancha catalogue import catalogue --dry-run --retroactive
    """  # noqa: D301 - click reads \b


@command.command("import")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--retroactive", is_flag=True,
              help="A correction: it holds for open cases too, not only for new ones.")  # fmt: skip
@import_options
def import_command(asked: Asked, directory: Path, *, retroactive: bool) -> None:
    """Check a catalogue directory; put it in force with --apply, or compare with --dry-run.

    It holds for cases that begin, or are accepted, from then on; open ones keep the limits that
    were in force at their acceptance, unless it is declared retroactive. Its calendars hold for
    every open case. Let the workers' own directory say the same before they are next restarted.

    \b
    Example:
      jiancha catalogue import catalogue --apply
    """  # noqa: D301
    catalogue = catalogue_or_exit(directory)
    for found in (*idle_options(directory, catalogue), *findings(catalogue)):
        complain(str(found))
    for warning in (*remarks(catalogue), *unlawful_years(directory, catalogue.calendars)):
        complain(f"warning: {warning}")
    named = [key for source in catalogue.sources.values() for key in source.keys]
    if named and not asked.only_checked:
        complain(
            f"note: it names {len(named)} keys: every engine needs them in its keys_file before it"
            f" is in force, or ends: {', '.join(named)}"
        )
    if asked.only_checked:
        size = len(catalogue.items)
        click.echo(
            Words(
                f"目录 {catalogue.name}，版本 {catalogue.version}，{size} 个事项，可以采用"
                "（--dry-run 试算，--apply 生效）",
                f"catalogue {catalogue.name}, version {catalogue.version}, {size} items: can be put"
                " in force (--dry-run compares, --apply does it)",
            ).said(asked.language)
        )
        return
    try:
        change = catalogue_change(
            catalogue,
            retroactive=retroactive,
            dry_run=asked.dry_run,
            made_at=now(),
            by=asked.by,
        )
    except SchemaError as error:
        complain(str(error))
        sys.exit(WRONG_USE)
    zone = catalogue.calendars[catalogue.policy.calendar or ""].time_zone
    if not run_change(asked, change, zone):
        sys.exit(FINDINGS)

"""`jiancha explain`: why a clock is due when it is, for a person."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.event_lines import read_event_lines
from schemas.words import Language
from streams.commands.common import (
    FINDINGS,
    MOMENT,
    catalogue_or_exit,
    complain,
    complain_of_line,
    settings_or_exit,
)
from streams.engine.explanation import explain_case
from streams.engine.rules import Rules
from streams.engine.telling import as_json, tell
from streams.sink.records_of_case import HistoryUnavailable, read_case

if TYPE_CHECKING:
    from datetime import datetime

    from schemas.events import StepEvent


@click.command("explain")
@click.argument("case_no", metavar="CASE")
@click.option("--as-of", type=MOMENT, help="The moment of the question; now, when left out.")
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the records from a file of step events; from ClickHouse, when left out.",
)
@click.option(
    "--catalogue",
    "directory",
    type=click.Path(path_type=Path),
    help="Needed with --events; from ClickHouse the catalogue that was in force is taken.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="The language of the text.")
def command(
    case_no: str,
    as_of: datetime | None,
    events: Path | None,
    directory: Path | None,
    form: str,
    lang: Language | None,
) -> None:
    """Explain each clock of a case: every interval counted and not counted, and their sum.

    \b
    Examples:
      jiancha explain 101000295616 --as-of 2011-08-01T00:00:00-04:00
      jiancha explain 43010220260001 --events events.jsonl --catalogue deploy/samples/hunan
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    found: list[StepEvent]
    if events is not None:
        if directory is None:
            raise click.UsageError("--events needs --catalogue, which states the limits")
        rules = Rules.of(catalogue_or_exit(directory))
        found = _from_file(events, case_no)
    else:
        try:
            found, catalogue = read_case(settings.clickhouse, case_no)
        except HistoryUnavailable as error:
            complain(str(error))
            sys.exit(FINDINGS)
        rules = Rules.of(catalogue_or_exit(directory) if directory else catalogue)
    moment = int(as_of.timestamp()) if as_of is not None else int(time.time())
    explained = explain_case(case_no, found, rules, moment)
    if explained is None:
        complain(f"No record of case {case_no} by that moment. Check the number and --as-of.")
        sys.exit(FINDINGS)
    if form == "json":
        click.echo(json.dumps(as_json(explained), ensure_ascii=False, indent=2))
    else:
        click.echo(tell(explained, lang or settings.language))


def _from_file(path: Path, case_no: str) -> list[StepEvent]:
    found = []
    for line in read_event_lines(path):
        if line.event is None:
            complain_of_line(path, line)
        elif line.event.case_no == case_no:
            found.append(line.event)
    return found

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
from streams.engine.entries import identity
from streams.engine.explanation import explain_case
from streams.engine.rules import Rules
from streams.engine.telling import tell
from streams.engine.telling_json import as_json
from streams.sink.records_of_case import HistoryUnavailable, read_case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from schemas.events import StepEvent
    from streams.engine.findings import Finding


@click.command("explain")
@click.argument("case_no", metavar="CASE")
@click.option(
    "--as-of",
    type=MOMENT,
    help="The moment of the question: what had happened by then. Left out: --known-at, or now.",
)
@click.option(
    "--known-at",
    type=MOMENT,
    help="Tell it as it was known at a moment: by the records that had arrived (in a file: written "
    "down, by recorded_at, or else by occurred_at), the catalogue and calendars in force, and the "
    "cards moved by then. A file's catalogue is the one you name. Left out: as known now.",
)
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the records from a file of step events, which knows of no cards; from ClickHouse, "
    "when left out.",
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
    known_at: datetime | None,
    events: Path | None,
    directory: Path | None,
    form: str,
    lang: Language | None,
) -> None:
    """Explain each clock of a case: every interval counted and not counted, and their sum.

    And what it starts with, what moved it, what was refused and why, what each level rests on,
    the findings, and the cards with all that became of them.

    \b
    Examples:
      jiancha explain 101000295616 --as-of 2011-08-01T00:00:00-04:00
      jiancha explain 430100-2026-0003 --known-at 2026-03-24T09:00:00+08:00
      jiancha explain 430100-2026-0003 --lang zh \\
        --events deploy/samples/hunan/events.jsonl --catalogue deploy/samples/hunan/catalogue
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    known = None if known_at is None else int(known_at.timestamp())
    asked = as_of or known_at
    moment = int(time.time() if asked is None else asked.timestamp())
    catalogue = None if directory is None else catalogue_or_exit(directory)
    cards, came = None, None
    remembered: Sequence[Finding] = ()
    pins: Mapping[int, Rules] = {}
    if events is not None:
        found = _from_file(events, case_no, known)
    else:
        try:
            history = read_case(settings.clickhouse, case_no, known, law=catalogue is None)
        except HistoryUnavailable as error:
            complain(str(error))
            sys.exit(FINDINGS)
        found, cards = history.events, history.cards
        came, remembered = history.came, history.remembered
        pinned = {law.version: law for law in history.pins.values()}
        laws = {version: Rules.of(law) for version, law in pinned.items()}
        pins = {identity(*of): laws[law.version] for of, law in history.pins.items()}
        catalogue = catalogue or history.catalogue
    if catalogue is None:
        raise click.UsageError("--events needs --catalogue, which states the limits")
    explained = explain_case(
        case_no,
        found,
        Rules.of(catalogue),
        moment,
        cards,
        known_at=known,
        came=came,
        remembered=remembered,
        pins=pins,
    )
    if explained is None:
        complain(f"No record of case {case_no} by that moment. Check the number and --as-of.")
        sys.exit(FINDINGS)
    if form == "json":
        click.echo(json.dumps(as_json(explained), ensure_ascii=False, indent=2))
    else:
        click.echo(tell(explained, lang or settings.language))


def _from_file(path: Path, case_no: str, known_at: int | None) -> list[StepEvent]:
    """Read a case's records; what was written down later than `known_at` is left out."""
    found = []
    for line in read_event_lines(path):
        if line.event is None:
            complain_of_line(path, line)
        elif line.event.case_no == case_no:
            written = line.event.recorded_at or line.event.occurred_at
            if known_at is None or written.timestamp() <= known_at:
                found.append(line.event)
    return found

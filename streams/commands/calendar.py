"""`jiancha calendar`: ask the calendar."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from schemas.calendars import load_calendars
from schemas.catalogue import DEFAULT_POLICY
from schemas.codes import Unit
from schemas.limits import Limit
from schemas.reading import SchemaError
from schemas.words import Words
from streams.calendar_answers import When, between, days_told, due, month
from streams.change_making import YearChange, calendar_change, year_change
from streams.change_texts import year_told
from streams.commands.common import (
    FINDINGS,
    WRONG_USE,
    catalogue_or_exit,
    complain,
    settings_or_exit,
)
from streams.commands.importing import Asked, import_options, now, run_change
from streams.engine.calendar import Calendar, OutsideCalendar, day_of
from streams.engine.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.limits import Policy
    from schemas.words import Language

NOT_LAWFUL: Final = Words(
    "不予采用：与法律不符。请对照国务院通知核对文件；通知确实如此的，加 --despite-law 再执行",
    "Not taken: it is at odds with the law. Hold the file against the notice; if the notice says"
    " so indeed, run it again with --despite-law",
)


class Day(click.ParamType):
    """A day, or a time on the calendar's own clock: `2026-09-18`, `2026-09-18T10:00`."""

    name = "DAY"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> date | datetime:
        """Read it."""
        if isinstance(value, date):
            return value
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                return date.fromisoformat(value)
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no day; write it as 2026-09-18 or 2026-09-18T10:00", param, ctx
            )


class MonthOrDay(click.ParamType):
    """A month, `2026-10`, or a day, `2026-10-01`: the date, and whether it stands for a month."""

    name = "MONTH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date, bool]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        whole = re.fullmatch(r"\d{4}-\d\d", value) is not None
        try:
            return date.fromisoformat(f"{value}-01" if whole else value), whole
        except ValueError:
            told = f"{value!r} is no month; write it as 2026-10, or a day as 2026-10-01"
            self.fail(told, param, ctx)


def _asked(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every question takes."""
    for option in (
        click.option("--lang", type=click.Choice(["zh", "en"]), help="The answer's language."),
        click.option("--catalogue", "directory", type=click.Path(path_type=Path),
                     help="Ask a catalogue's calendars; the national one, when left out."),
        click.option("--region", help="The region whose calendar is asked; needs --catalogue."),
    ):  # fmt: skip
        function = option(function)
    return function


@click.group("calendar")
def command() -> None:
    """Ask the calendar (工作日历): when a limit ends, what lies between two days, a month.

    `import` puts a new year in force in the running system.

    \b
    Examples:
      jiancha calendar due --from 2026-09-18 --days 20
      jiancha calendar between 2026-09-18 2026-10-26
      jiancha calendar show 2026-10
      jiancha calendar import 2027.json --decree 国办发明电〔2026〕9号 --dry-run
    """  # noqa: D301 - click reads \b


@command.command("due")
@click.option("--from", "start", type=Day(), required=True, help="The day that is not counted.")
@click.option("--days", "amount", type=click.IntRange(1, 10_000), required=True,
              help="The limit, in its unit.")  # fmt: skip
@click.option("--unit", type=click.Choice([unit.value for unit in Unit]),
              default=Unit.WORKING_DAY.value, show_default=True)  # fmt: skip
@click.option("--mode", type=click.Choice(["next_day", "elapsed"]), help="By the policy, if not.")
@_asked
def due_command(
    start: date | datetime,
    amount: int,
    unit: str,
    mode: Literal["next_day", "elapsed"] | None,
    directory: Path | None,
    region: str | None,
    lang: Language | None,
) -> None:
    """Tell when a limit ends, with the holidays on the way; provisional where days are projected.

    \b
    Example:
      jiancha calendar due --from 2026-09-18T10:00 --days 20 --mode elapsed
    """  # noqa: D301
    calendar, policy = _calendar(directory, region)
    limit = Limit(amount=amount, unit=Unit(unit), mode=mode or policy.mode, cut_off=policy.cut_off)
    _tell(lambda said: due(calendar, When.of(start, calendar), limit, said), lang)


@command.command("between")
@click.argument("begin", type=Day(), metavar="A")
@click.argument("end", type=Day(), metavar="B")
@_asked
def between_command(
    begin: date | datetime,
    end: date | datetime,
    directory: Path | None,
    region: str | None,
    lang: Language | None,
) -> None:
    """Count the days after A up to B; with times of day also the working hours between them.

    \b
    Example:
      jiancha calendar between 2026-09-18 2026-10-26
    """  # noqa: D301
    calendar, _ = _calendar(directory, region)
    _tell(lambda said: between(calendar, When.of(begin, calendar), When.of(end, calendar), said),
          lang)  # fmt: skip


@command.command("show")
@click.argument("asked", type=MonthOrDay(), metavar="MONTH")
@_asked
def show(
    asked: tuple[date, bool], directory: Path | None, region: str | None, lang: Language | None
) -> None:
    """Show a month, or one day: what each day is, why (its decree, the law, the week), its hours.

    \b
    Examples:
      jiancha calendar show 2026-10 --lang en
      jiancha calendar show 2027-01-01
    """  # noqa: D301
    calendar, _ = _calendar(directory, region)
    day, whole = asked
    if whole:
        _tell(lambda said: month(calendar, day.year, day.month, said), lang)
    else:
        number = day_of(day)
        _tell(lambda said: "\n".join(days_told(calendar, number, number, said)), lang)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--calendar", "name", default="cn", show_default=True, help="Whose year it is.")
@click.option("--decree", help="The notice's number, where the file lacks it.")
@click.option("--catalogue", "directory", type=click.Path(path_type=Path),
              help="The catalogue's directory; with --apply the year is written there too. Left"
              " out, the settings' one is read and nothing is written.")  # fmt: skip
@click.option(
    "--despite-law",
    is_flag=True,
    help="Take a year that is at odds with the law on public holidays.",
)
@import_options
def import_command(
    asked: Asked,
    file: Path,
    name: str,
    decree: str | None,
    directory: Path | None,
    *,
    despite_law: bool,
) -> None:
    """Import a decreed year: our own YAML, or the widespread JSON with `isOffDay`.

    A year at odds with the law on public holidays is refused: one of them worked, or more or fewer
    days off than the law gives. Without --apply or --dry-run it is only checked, and the days that
    change are shown. With
    --dry-run the running system tells what would change of each open case. With --apply the year
    comes in force at once, without a restart, and open cases are judged again.

    \b
    Examples:
      jiancha calendar import 2027.json
      jiancha calendar import 2027.json --decree 国办发明电〔2026〕9号 --dry-run
      jiancha calendar import 2027.json --decree 国办发明电〔2026〕9号 --catalogue catalogue --apply
    """  # noqa: D301
    files = asked.settings.catalogue
    source = directory or (files if files.is_dir() else None)
    made = _year_or_exit(file, name, decree, source)
    for line in year_told(made, asked.language):
        click.echo(line, err=asked.as_json)
    if made.objections and not despite_law:
        complain(NOT_LAWFUL.said(asked.language))
        sys.exit(FINDINGS)
    if asked.only_checked:
        return
    if source is None:
        raise click.UsageError(
            f"{files} is no directory: name the catalogue with --catalogue,"
            " so that the calendars which rest on this one follow"
        )
    if asked.apply and made.found.year.decree is None:
        complain(
            f"{file}: decree: without the notice's number no day can be traced to its decree;"
            " write it in the file, or give --decree, such as 国办发明电〔2025〕7号"
        )
        sys.exit(WRONG_USE)
    change = calendar_change(made, dry_run=asked.dry_run, made_at=now(), by=asked.by)
    if not run_change(asked, change, made.calendars[name].time_zone):
        sys.exit(FINDINGS)
    if asked.apply:
        _write_or_tell(made, directory, asked.language)


def _year_or_exit(file: Path, name: str, decree: str | None, source: Path | None) -> YearChange:
    try:
        return year_change(file, name, decree, source)
    except SchemaError as error:
        for problem in error.problems:
            complain(str(problem))
        sys.exit(FINDINGS)


def _write_or_tell(made: YearChange, directory: Path | None, language: Language) -> None:
    """Let the files and the running system agree, or say that they do not yet."""
    if directory is None:
        said = Words(
            "文件未改动：请用 --catalogue 指明目录再执行一次，使文件与系统一致",
            "no file was written: run it again with --catalogue, so that files and system agree",
        )
        click.echo(said.said(language), err=True)
        return
    for written in made.written_to(directory):
        click.echo(Words(f"已写入 {written}", f"written: {written}").said(language), err=True)


def _calendar(directory: Path | None, region: str | None) -> tuple[Calendar, Policy]:
    """Find the calendar and the policy that are asked."""
    if directory is None:
        if region is not None:
            raise click.UsageError("--region needs --catalogue, which states the regions")
        return Calendar(load_calendars()[DEFAULT_POLICY.calendar or ""]), DEFAULT_POLICY
    catalogue = catalogue_or_exit(directory)
    if region is not None and next(catalogue.ancestors(region), None) is None:
        complain(f"There is no region {region} in {directory}.")
        sys.exit(FINDINGS)
    found = Rules.of(catalogue).resolve("", region or "", "", 0)
    return found.calendar, found.policy


def _tell(answer: Callable[[Language], str], lang: Language | None) -> None:
    try:
        click.echo(answer(lang or settings_or_exit().language))
    except OutsideCalendar as error:
        complain(str(error))
        sys.exit(WRONG_USE)

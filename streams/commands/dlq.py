"""`jiancha dlq`: what was refused, and again after the cure."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from schemas import topics
from schemas.aside import SET_ASIDE
from schemas.verdicts import encode
from streams.commands.brokers import let_in_or_exit
from streams.commands.common import FINDINGS, complain, key_or_exit, settings_or_exit
from streams.curing import Cure, CureFailed, Sender, send_again
from streams.dead_letters import DeadLetters, Letter, LettersUnavailable, open_letters
from streams.sending_back import once_each, send_back
from streams.sink.letters import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streams.settings import Kafka

_SINK = click.option(
    "--sink", "of_sink", is_flag=True,
    help="Those of the sink: what it could not read, or ClickHouse did not take.",
)  # fmt: skip


class Setting(click.ParamType):
    """A field and its new value: `occurred_at=2026-03-02T09:00:00+08:00`."""

    name = "FIELD=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        field, equals, text = value.partition("=")
        if not equals or not field:
            self.fail(f"{value!r} sets nothing; write it as FIELD=VALUE", param, ctx)
        return field, text


@click.group("dlq")
def command() -> None:
    """Dead letters (退回记录): list what was refused, show one, send it again after the cure.

    Those of the halls (hall.steps.dlq), or with --sink those of the sink (jiancha.sink.dlq).

    \b
    Examples:
      jiancha dlq list --reason timezone_aware
      jiancha dlq show 5f1c0f6b9d2e4a7c8b3d
      jiancha dlq replay 5f1c0f6b9d2e4a7c8b3d --set occurred_at=2026-03-02T09:00:00+08:00
      jiancha dlq replay --sink --all
    """  # noqa: D301 - click reads \b


@command.command("list")
@_SINK
@click.option("--reason", help="Only those with this reason.")
@click.option("--source", help="Only those of this sender.")
@click.option("--case", "case_no", help="Only those of this case, while it is set aside.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_letters(
    reason: str | None,
    source: str | None,
    case_no: str | None,
    limit: int | None,
    form: str,
    *,
    of_sink: bool,
) -> None:
    """List what was refused, partition by partition in order of arrival.

    With --format json each line is the whole letter, without the record's own bytes.

    \b
    Example:
      jiancha dlq list --source hall-a --limit 20
    """  # noqa: D301
    with _reading(settings_or_exit().kafka, of_sink=of_sink) as letters:
        found = (
            letter
            for letter in letters.read()
            if reason in {None, letter.about.reason}
            and source in {None, letter.about.source}
            and _is_of(letter, case_no)
        )
        for letter in islice(found, limit):
            click.echo(encode(letter.about) if form == "json" else _line(letter))


@command.command("show")
@_SINK
@click.argument("letter_id", metavar="ID")
def show(letter_id: str, *, of_sink: bool) -> None:
    """Show one letter: where it came from, what is wrong, what to do, and its bytes.

    The bytes may name an applicant; control characters are written as escapes.

    \b
    Example:
      jiancha dlq show 5f1c0f6b9d2e4a7c8b3d
    """  # noqa: D301
    with _reading(settings_or_exit().kafka, of_sink=of_sink) as letters:
        for letter in letters.read():
            if letter.about.letter_id == letter_id:
                click.echo(_whole_story(letter))
                return
    complain(_nowhere(letter_id, of_sink=of_sink))
    sys.exit(FINDINGS)


@command.command("replay")
@_SINK
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--reason", help="Every letter with this reason.")
@click.option("--case", "case_no", help="Of those only what was set aside of this case.")
@click.option("--all", "every", is_flag=True, help="Every letter.")
@click.option("--set", "sets", type=Setting(), multiple=True, help="Give a field a value.")
@click.option("--drop", "drops", metavar="FIELD", multiple=True, help="Remove a field.")
@click.option("--sign", metavar="KEYID", help="Sign what is sent with this key, as your own word.")
@click.option("--force", is_flag=True, help="Send also what would be refused again.")
def replay(  # noqa: PLR0913 - click gives each option by its name
    letter_ids: tuple[str, ...],
    reason: str | None,
    case_no: str | None,
    sets: tuple[tuple[str, str], ...],
    drops: tuple[str, ...],
    sign: str | None,
    *,
    of_sink: bool,
    every: bool,
    force: bool,
) -> None:
    """Send letters to where they came from: to hall.steps, cured by --set and --drop.

    The rulings on a case that was set aside go to jiancha.rulings. With --sink each record goes
    back to its own topic as it was, for the sink to read it again.

    What a source signed keeps its MAC. What you change is signed by --sign KEYID, a key of the
    file that JIANCHA_KEYS_FILE names: you answer for it, so letters are then named by their ids.


    With --sink each record goes back to its own topic as it was, for the sink to read it again.
    What would be refused again is not sent, unless --force. Repeats are harmless: an event is
    known by its source and event_id, a row by what it tells. Exit code 1 when a letter was not
    sent.

    \b
    Examples:
      jiancha dlq replay 5f1c0f6b9d2e4a7c8b3d --set occurred_at=2026-03-02T09:00:00+08:00
      jiancha dlq replay --reason extra_forbidden --drop oficer
      jiancha dlq replay --sink --all
    """  # noqa: D301
    if sum(map(bool, (letter_ids, reason, every))) != 1:
        raise click.UsageError("name the letters by their ids, or by --reason, or by --all")
    if sign and not letter_ids:
        raise click.UsageError("--sign answers for what it signs: name the letters by their ids")
    if of_sink and (sets or drops or sign):
        raise click.UsageError(
            "--sink sends our own records as they were: leave --set, --drop and --sign out"
        )
    settings = settings_or_exit()
    key, kafka = key_or_exit(settings, sign) if sign else None, settings.kafka
    cure, sender, wanted = Cure(dict(sets), drops), Sender(kafka), set(letter_ids)
    with _reading(kafka, of_sink=of_sink) as letters:
        chosen = [
            letter
            for letter in letters.read()
            if (every or letter.about.letter_id in wanted or reason == letter.about.reason)
            and _is_of(letter, case_no)
        ]

        def send(letter: Letter) -> str:
            if of_sink:
                return f"to {send_back(letters, sender, letter, force=force)}"
            return f"case {send_again(letters, sender, letter, cure, force=force, sign=key)}"

        sent, kept = _send_each(once_each(chosen), send)
    for missing in sorted(wanted - {letter.about.letter_id for letter in chosen}):
        kept += 1
        complain(_nowhere(missing, of_sink=of_sink))
    click.echo(f"{sent} sent again, {kept} not.", err=True)
    if kept:
        sys.exit(FINDINGS)


def _send_each(chosen: list[Letter], send: Callable[[Letter], str]) -> tuple[int, int]:
    """Send letters, and tell of each; give how many were sent, and how many were not."""
    sent = 0
    for letter in chosen:
        try:
            where = send(letter)
        except (CureFailed, LettersUnavailable) as error:
            complain(f"{letter.about.letter_id}: {error}")
        else:
            sent += 1
            click.echo(f"{letter.about.letter_id}: sent, {where}")
    return sent, len(chosen) - sent


def _nowhere(letter_id: str, *, of_sink: bool) -> str:
    names = "jiancha dlq list --sink" if of_sink else "jiancha dlq list"
    return f"There is no dead letter {letter_id}. `{names}` names them."


@contextmanager
def _reading(kafka: Kafka, *, of_sink: bool) -> Iterator[DeadLetters]:
    let_in_or_exit(kafka)
    topic = topics.SINK_DEAD_LETTERS if of_sink else topics.DEAD_LETTERS
    try:
        with open_letters(kafka, topic) as letters:
            yield letters
    except LettersUnavailable as error:
        complain(str(error))
        sys.exit(FINDINGS)


def _is_of(letter: Letter, case_no: str | None) -> bool:
    """Tell whether a letter was set aside with a case; every one is where none is asked for."""
    return case_no is None or (letter.about.reason, letter.about.value) == (SET_ASIDE, case_no)


def _when(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"


def _line(letter: Letter) -> str:
    about, of = letter.about, letter.about.origin
    field = f"{about.field}: " if about.field else ""
    ours = about.source == SOURCE  # of the sink's letters the sender is no news, but the place is
    source = f"{of.topic} {of.partition} {of.offset}" if ours else about.source
    return (
        f"{about.letter_id}  {_when(letter.refused_ms)}  {source}  {about.reason}  "
        f"{field}{about.message}"
    )


def _whole_story(letter: Letter) -> str:
    about, origin = letter.about, letter.about.origin
    lines = [
        ("letter", about.letter_id),
        ("refused", _when(letter.refused_ms)),
        ("source", about.source),
        ("origin", f"{origin.topic} partition {origin.partition} offset {origin.offset}"),
        ("arrived", _when(origin.timestamp_ms)),
        ("reason", about.reason),
        ("field", about.field or "-"),
        ("value", about.value or "-"),
        ("message", about.message),
        ("remedy", about.remedy),
        ("bytes", f"{about.size}, SHA-256 {about.sha256}"),
    ]  # fmt: skip
    if about.cut:
        lines.append(("cut", f"{len(letter.raw)} bytes follow; the whole stands at the origin"))
    told = "\n".join(f"{name:8} {text}" for name, text in lines)
    return f"{told}\n\n{_safe(letter.raw)}"


def _safe(raw: bytes) -> str:
    """Write bytes so that a terminal shows them and obeys none of them."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)

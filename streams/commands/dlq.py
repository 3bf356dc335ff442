"""`jiancha dlq`: what was refused, and again after the cure."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from schemas.aside import SET_ASIDE
from schemas.verdicts import encode
from streams.commands.brokers import let_in_or_exit
from streams.commands.common import FINDINGS, complain, key_or_exit, settings_or_exit
from streams.curing import Cure, CureFailed, Sender, send_again
from streams.dead_letters import DeadLetters, Letter, LettersUnavailable, open_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.settings import Kafka


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

    \b
    Examples:
      jiancha dlq list --reason timezone_aware
      jiancha dlq show 5f1c0f6b9d2e4a7c8b3d
      jiancha dlq replay 5f1c0f6b9d2e4a7c8b3d --set occurred_at=2026-03-02T09:00:00+08:00
    """  # noqa: D301 - click reads \b


@command.command("list")
@click.option("--reason", help="Only those with this reason.")
@click.option("--source", help="Only those of this sender.")
@click.option("--case", "case_no", help="Only those of this case, while it is set aside.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_letters(
    reason: str | None, source: str | None, case_no: str | None, limit: int | None, form: str
) -> None:
    """List what was refused, partition by partition in order of arrival.

    With --format json each line is the whole letter, without the record's own bytes.

    \b
    Example:
      jiancha dlq list --source hall-a --limit 20
    """  # noqa: D301
    with _reading(settings_or_exit().kafka) as letters:
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
@click.argument("letter_id", metavar="ID")
def show(letter_id: str) -> None:
    """Show one letter: where it came from, what is wrong, what to do, and its bytes.

    The bytes may name an applicant; control characters are written as escapes.

    \b
    Example:
      jiancha dlq show 5f1c0f6b9d2e4a7c8b3d
    """  # noqa: D301
    with _reading(settings_or_exit().kafka) as letters:
        for letter in letters.read():
            if letter.about.letter_id == letter_id:
                click.echo(_whole_story(letter))
                return
    complain(f"There is no dead letter {letter_id}. `jiancha dlq list` names them.")
    sys.exit(FINDINGS)


@command.command("replay")
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--reason", help="Every letter with this reason.")
@click.option("--case", "case_no", help="Of those only what was set aside of this case.")
@click.option("--all", "every", is_flag=True, help="Every letter.")
@click.option("--set", "sets", type=Setting(), multiple=True, help="Give a field a value.")
@click.option("--drop", "drops", metavar="FIELD", multiple=True, help="Remove a field.")
@click.option("--sign", metavar="KEYID", help="Sign what is sent with this key, as your own word.")
@click.option("--force", is_flag=True, help="Send also what would be refused again.")
def replay(
    letter_ids: tuple[str, ...],
    reason: str | None,
    case_no: str | None,
    sets: tuple[tuple[str, str], ...],
    drops: tuple[str, ...],
    sign: str | None,
    *,
    every: bool,
    force: bool,
) -> None:
    """Send letters to where they came from again, cured by --set and --drop.

    That is hall.steps; and jiancha.rulings for the rulings on a case that was set aside.

    What a source signed keeps its MAC. What you change is signed by --sign KEYID, a key of the
    file that JIANCHA_KEYS_FILE names: you answer for it, so letters are then named by their ids.

    What would be refused again is not sent, unless --force. Repeats are harmless: an event is
    known by its source and event_id. Exit code 1 when a letter was not sent.

    \b
    Examples:
      jiancha dlq replay 5f1c0f6b9d2e4a7c8b3d --set occurred_at=2026-03-02T09:00:00+08:00
      jiancha dlq replay --reason extra_forbidden --drop oficer
    """  # noqa: D301
    if sum(map(bool, (letter_ids, reason, every))) != 1:
        raise click.UsageError("name the letters by their ids, or by --reason, or by --all")
    if sign and not letter_ids:
        raise click.UsageError("--sign answers for what it signs: name the letters by their ids")
    settings = settings_or_exit()
    key, kafka = key_or_exit(settings, sign) if sign else None, settings.kafka
    cure, sender, wanted = Cure(dict(sets), drops), Sender(kafka), set(letter_ids)
    sent = kept = 0
    with _reading(kafka) as letters:
        chosen = [
            letter
            for letter in letters.read()
            if (every or letter.about.letter_id in wanted or reason == letter.about.reason)
            and _is_of(letter, case_no)
        ]
        for letter in chosen:
            try:
                case_no = send_again(letters, sender, letter, cure, force=force, sign=key)
            except (CureFailed, LettersUnavailable) as error:
                kept += 1
                complain(f"{letter.about.letter_id}: {error}")
            else:
                sent += 1
                click.echo(f"{letter.about.letter_id}: sent, case {case_no}")
    for missing in sorted(wanted - {letter.about.letter_id for letter in chosen}):
        kept += 1
        complain(f"There is no dead letter {missing}. `jiancha dlq list` names them.")
    click.echo(f"{sent} sent again, {kept} not.", err=True)
    if kept:
        sys.exit(FINDINGS)


@contextmanager
def _reading(kafka: Kafka) -> Iterator[DeadLetters]:
    let_in_or_exit(kafka)
    try:
        with open_letters(kafka) as letters:
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
    about = letter.about
    field = f"{about.field}: " if about.field else ""
    return (
        f"{about.letter_id}  {_when(letter.refused_ms)}  {about.source}  {about.reason}  "
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

"""What commands share: options, and how they speak of errors."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.catalogue_loading import load_catalogue
from schemas.macs import can
from schemas.reading import SchemaError
from streams.keys import Keys, KeysError, read_keys, unusable
from streams.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.catalogue import Catalogue
    from schemas.event_lines import EventLine
    from schemas.macs import Key
    from streams.settings import Settings

FINE, FINDINGS, WRONG_USE = 0, 1, 2
"""Exit codes: all is well; something is wrong with the data; the command was called wrongly."""


class Moment(click.ParamType):
    """A moment with its offset from UTC, as `2019-10-31T00:00:00-04:00`."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it; a time without an offset is refused, since it would be read as anybody's."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it as 2019-10-31T00:00:00-04:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no offset from UTC; write it as {value}+08:00", param, ctx)
        return moment


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Span(click.ParamType):
    """A span of time such as `30s`, `15m`, `1h`, `1d`; in seconds."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", value)
        if found is None:
            self.fail(f"{value!r} is no span; write it as 30s, 15m, 1h or 1d", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class Speed(click.ParamType):
    """`max`, or how many times faster than it happened."""

    name = "max|N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        """Read it."""
        if value == "max":
            return "max"
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is no speed; write max, or a number above 0", param, ctx)
        return speed


MOMENT, SPAN, SPEED = Moment(), Span(), Speed()

catalogue_option = click.option(
    "--catalogue",
    "directory",
    type=click.Path(path_type=Path),
    required=True,
    help="The catalogue's directory.",
)


def catalogue_or_exit(directory: Path) -> Catalogue:
    """Read a catalogue; when it is wrong say everything that is, and end with FINDINGS."""
    try:
        return load_catalogue(directory)
    except SchemaError as error:
        for problem in error.problems:
            complain(str(problem))
        sys.exit(FINDINGS)


def settings_or_exit() -> Settings:
    """Read the settings; when one is wrong say which, and end with WRONG_USE."""
    try:
        return load_settings()
    except SettingsError as error:
        complain(str(error))
        sys.exit(WRONG_USE)


def keys_or_exit(settings: Settings, catalogue: Catalogue | None = None) -> Mapping[str, Key]:
    """Read the keys of sources; when they are wrong say what is, and end with WRONG_USE.

    So it is where a catalogue is given, and names a key that cannot be used here.
    """
    try:
        keys = read_keys(settings.keys_file) if settings.keys_file else Keys({})
    except KeysError as error:
        complain(str(error))
        sys.exit(WRONG_USE)
    if keys.warning:
        complain(f"warning: {keys.warning}")
    if catalogue is not None and (lacking := unusable(catalogue, keys.by_id)):
        for line in lacking:
            complain(line)
        sys.exit(WRONG_USE)
    return keys.by_id


def key_or_exit(settings: Settings, key_id: str) -> Key:
    """Give the key to sign with; when it is not there, or cannot be used, say so and end."""
    key = keys_or_exit(settings).get(key_id)
    if key is None:
        complain(
            f"{key_id} is not in the file of keys: set JIANCHA_KEYS_FILE (docs/security.md#keys)"
        )
        sys.exit(WRONG_USE)
    if not can(key.algorithm):
        complain(f"{key_id} is for {key.algorithm}, which this machine's OpenSSL lacks")
        sys.exit(WRONG_USE)
    return key


def complain(text: str) -> None:
    """Say what is wrong, on standard error."""
    click.echo(text, err=True)


def complain_of_line(path: Path, line: EventLine) -> None:
    """Say what is wrong with a line of events: where, field, value, remedy."""
    refusal = line.refusal
    if refusal is not None:
        what = f"{refusal.field}: " if refusal.field else ""
        value = f" ({refusal.value})" if refusal.value else ""
        complain(f"{path}:{line.number}: {what}{refusal.message}{value} → {refusal.remedy}")

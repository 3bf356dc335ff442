"""Runs the numbered files of `schemas/clickhouse/`, once each, and holds the result to account.

ClickHouse has no transaction over statements, so each statement can be run again (IF NOT EXISTS,
OR REPLACE): a migration that was cut off is run again from its beginning.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from streams.sink import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.resources.abc import Traversable

    from clickhouse_driver import Client

_FILE = re.compile(r"(?P<number>\d{4})_(?P<name>\w+)\.sql")
_MARK = re.compile(r"^-- (apply|revert)\s*$", re.MULTILINE)
_RECORD: Final = """CREATE TABLE IF NOT EXISTS schema_migrations
(
    number UInt32 COMMENT '迁移序号',
    name String COMMENT '迁移名称',
    checksum String COMMENT '文件的 SHA-256',
    applied_at DateTime64(0, 'UTC') DEFAULT now() COMMENT '执行时间'
)
ENGINE = ReplacingMergeTree
ORDER BY number
COMMENT '已执行的数据库迁移'"""


class MigrationError(Exception):
    """Raised when the files and the database's record of them do not agree; says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    checksum: str
    """SHA-256 of the file."""
    apply: tuple[str, ...]
    revert: tuple[str, ...]
    """What undoes it, data and all."""

    @property
    def title(self) -> str:
        """The file's name, without its ending."""
        return f"{self.number:04}_{self.name}"


def declared(directory: Traversable | None = None) -> list[Migration]:
    """Read the migrations, in their order; by default those of `schemas/clickhouse/`.

    Raises MigrationError when a file's name has no number, numbers have a gap, or a file does
    nothing.
    """
    directory = directory or resources.files("schemas").joinpath("clickhouse")
    files = sorted(file.name for file in directory.iterdir() if file.name.endswith(".sql"))
    found = [_read(name, directory.joinpath(name).read_text(encoding="utf-8")) for name in files]
    for place, migration in enumerate(found, start=1):
        if migration.number != place:
            raise MigrationError(f"{migration.title}.sql stands where number {place:04} is due")
    return found


def pending(
    client: Client, database: str, migrations: Sequence[Migration] | None = None
) -> list[Migration]:
    """Tell which migrations have not run. Changes nothing.

    Raises MigrationError when a file was changed after it ran, or when the database has run one
    that this program does not know.
    """
    migrations = declared() if migrations is None else migrations
    by_number = {migration.number: migration for migration in migrations}
    run = _recorded(client, database)
    for number, (name, checksum) in run.items():
        known = by_number.get(number)
        if known is None:
            raise MigrationError(
                f"{database} has run {number:04}_{name}, which this program does not have:"
                " run the version that it was made by, or a later one"
            )
        if known.checksum != checksum:
            raise MigrationError(
                f"{known.title}.sql was changed after {database} had run it:"
                " restore the file, and put the change into a new one with the next number"
            )
    return [migration for migration in migrations if migration.number not in run]


def migrate(
    client: Client, database: str, migrations: Sequence[Migration] | None = None
) -> list[Migration]:
    """Make the database if there is none, run what is pending, and tell what ran.

    `client` should be connected without a database, which may not exist yet; afterwards it uses
    this one. Raises what `pending` raises, and clickhouse-driver's errors.
    """
    client.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
    client.execute(f"USE {database}")
    client.execute(_RECORD)
    todo = pending(client, database, migrations)
    for migration in todo:
        for statement in migration.apply:
            client.execute(statement)
        client.execute(
            "INSERT INTO schema_migrations (number, name, checksum) VALUES",
            [(migration.number, migration.name, migration.checksum)],
        )
    return todo


def verify(client: Client, database: str, wanted: Iterable[tables.Table] = tables.ALL) -> list[str]:
    """Compare the tables with the columns that the sink writes; tell every difference, or none."""
    there = client.execute(
        "SELECT table, name, type FROM system.columns WHERE database = %(database)s",
        {"database": database},
    )
    types = {(table, column): kind for table, column, kind in there}
    found: list[str] = []
    for table in wanted:
        if not any(name == table.name for name, _ in types):
            found.append(f"table {database}.{table.name} is missing")
            continue
        for column, kind in table.columns:
            actual = types.get((table.name, column))
            if actual is None:
                found.append(f"column {database}.{table.name}.{column} is missing")
            elif actual != kind:
                found.append(f"column {database}.{table.name}.{column} is {actual}, not {kind}")
    return found


def _read(file: str, text: str) -> Migration:
    named = _FILE.fullmatch(file)
    if named is None:
        raise MigrationError(f"{file} is not named like 0001_what_it_does.sql")
    _, *parts = _MARK.split(text)
    marked = [
        (mark, sql.strip().rstrip(";")) for mark, sql in zip(parts[::2], parts[1::2], strict=True)
    ]
    apply = tuple(sql for mark, sql in marked if mark == "apply")
    if not apply or not all(sql for _, sql in marked):
        raise MigrationError(f"{file} does nothing: `-- apply` begins a statement")
    return Migration(
        int(named["number"]),
        named["name"],
        hashlib.sha256(text.encode()).hexdigest(),
        apply,
        tuple(sql for mark, sql in marked if mark == "revert"),
    )


def _recorded(client: Client, database: str) -> dict[int, tuple[str, str]]:
    exists = client.execute(
        "SELECT count() FROM system.tables WHERE database = %(database)s AND name = %(name)s",
        {"database": database, "name": "schema_migrations"},
    )
    if not exists[0][0]:
        return {}
    rows = client.execute(f"SELECT number, name, checksum FROM {database}.schema_migrations FINAL")  # noqa: S608 - a checked setting
    return {number: (name, checksum) for number, name, checksum in rows}

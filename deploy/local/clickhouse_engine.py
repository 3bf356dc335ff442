"""chDB, the ClickHouse engine as a Python wheel, behind the few calls the front makes.

Measured on chdb 4.4 (ClickHouse 26.9): sessions of one process are independent of one another and
may be used at the same time by a thread each; one data directory belongs to one process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Final, Self

from deploy.local.clickhouse_fence import RULES, make_private
from deploy.local.native_protocol import header
from deploy.local.native_reader import blocks, with_zones
from deploy.local.native_types import without_low_cardinality
from deploy.local.statement import DataInsert, answers_in_blocks, bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import ModuleType, TracebackType

NO_SUCH_COLUMN: Final = 16
NOT_ENOUGH_SPACE: Final = 243
UNKNOWN_EXCEPTION: Final = 1002
CANCELLED: Final = 394


_CODE = re.compile(
    r"(?:.*?Code: (?P<code>\d+)\.\s*)(?:DB::Exception: Code: \d+\.\s*)?(?P<message>.*)", re.DOTALL
)
_REFUSED: Final = "Streaming query is not supported"
_ONE_LINE: Final = "SETTINGS print_pretty_type_names = 0"


class EngineError(Exception):
    """Raised when the engine refuses a statement; `code` is ClickHouse's own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class DirectoryInUseError(Exception):
    """Raised when another process owns the data directory."""


class Engine:
    """The engine on one data directory, which it owns until it is closed.

    `timezone` is an IANA name: what `DateTime` columns without a zone of their own mean. Raises
    DirectoryInUseError when another process owns the directory, ImportError without chdb, OSError
    when the directory cannot be written.
    """

    def __init__(self, directory: Path, timezone: str = "UTC") -> None:
        make_private(directory)
        self._lock = _own(directory)
        self._incoming = directory / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)  # inserts that a kill cut short
        self._incoming.mkdir()
        self._path = f"{directory / 'db'}?config-file={RULES}"
        os.environ["TMPDIR"] = str(self._incoming)  # chDB tries itself there when it is imported
        self.timezone = timezone
        os.environ["TZ"] = timezone  # the engine reads it once, when it starts
        from chdb import session  # noqa: PLC0415 - an optional dependency, and 1 s to import

        self._sessions: ModuleType = session
        self._names = 0
        self._guard = threading.Lock()
        self._control = self.session()
        version = self._control.rows("SELECT version() AS version")[0]["version"]
        self.version = version
        major, minor, *_ = version.split(".")
        self.release = (int(major), int(minor))
        # Each start makes it anew as a view of all files that the engine can reach: not here.
        self._control.whole("DROP DATABASE IF EXISTS default")
        self._control.whole("CREATE DATABASE default ENGINE = Memory")

    def session(self) -> Session:
        """Open a session: it has its own database, settings and running statement."""
        with self._guard:
            self._names += 1
            name = f"connection-{self._names}"
        return Session(lambda: self._sessions.Session(self._path), name, self._incoming)

    def cancel(self, name: str) -> None:
        """Ask the statement that the session `name` runs to stop. Nothing when there is none."""
        self._cancel(f"Settings['log_comment'] = '{name}'")

    def cancel_all(self) -> None:
        """Ask every running statement to stop."""
        self._cancel("Settings['log_comment'] != ''")

    def _cancel(self, where: str) -> None:
        with self._guard, contextlib.suppress(EngineError):
            self._control.whole(f"KILL QUERY WHERE {where} ASYNC")

    def close(self) -> None:
        """Close the engine; its sessions must have been closed."""
        self._control.close()
        self._lock.close()


class Session:
    """One client's view of the engine; for one thread at a time."""

    def __init__(self, open_session: Callable[[], Any], name: str, incoming: Path) -> None:
        self.name = name
        self._incoming = incoming
        self._open_session = open_session
        self._begin()

    def answer(self, sql: str) -> Iterator[bytes]:
        """Run any statement; yield its blocks in the Native format, as the engine makes them.

        A SELECT's first block only names its columns, as from any ClickHouse. Raises EngineError,
        also after some blocks.
        """
        statement = bare(sql)
        if not answers_in_blocks(statement):
            yield from blocks(self.whole(statement))
            return
        columns = self._columns_of(statement)
        try:
            if columns:
                yield header(columns)
            yield from self._stream(statement, [spec for _, spec in columns])
        except EngineError as error:
            if _REFUSED not in error.message:
                raise
            yield from blocks(self.whole(statement))  # WITH ... INSERT

    def whole(self, sql: str) -> bytes:
        """Run a statement; its blocks, if any, stand one behind another.

        Raises EngineError.
        """
        with _engine_errors():
            answer: bytes = self._session.query(sql, "Native").bytes()
            return answer

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run a small question of the front's own. Raises EngineError."""
        with _engine_errors():
            lines = self._session.query(sql, "JSONEachRow").bytes().splitlines()
        return [json.loads(line) for line in lines]

    @contextlib.contextmanager
    def settings(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Let `settings` hold for what runs inside. Raises EngineError for an unknown one."""
        if not settings:
            yield
            return
        self.whole("SET " + ", ".join(f"{k} = {quoted(v)}" for k, v in settings.items()))
        try:
            yield
        finally:
            try:
                self.whole("SET " + ", ".join(f"{name} = DEFAULT" for name in settings))
            except EngineError:  # `readonly` lets nothing be set, not even itself
                self._renew()

    def use(self, database: str) -> None:
        """Make `database` the session's own. Raises EngineError when there is none such."""
        name = database.replace("\\", "\\\\").replace("`", "\\`")
        self.whole(f"USE `{name}`")

    def columns(self, insert: DataInsert) -> list[tuple[str, str]]:
        """Return the columns an insert takes, in its order, with their types.

        Without LowCardinality, which is a matter of storage. Raises EngineError when the table,
        or a column of it, does not exist.
        """
        described = self.rows(f"DESCRIBE TABLE {insert.table} {_ONE_LINE}")
        types = {
            row["name"]: without_low_cardinality(row["type"])
            for row in described
            if row["default_type"] not in {"MATERIALIZED", "ALIAS"}
        }
        ordinary = [row["name"] for row in described if row["default_type"] != "EPHEMERAL"]
        for name in insert.columns:
            if name not in types:
                message = f"No such column {name} in table {insert.table}"
                raise EngineError(NO_SUCH_COLUMN, message)
        names = insert.columns or [name for name in ordinary if name in types]
        return [(name, types[name]) for name in names]

    def insert(self, insert: DataInsert) -> Insert:
        """Begin an insert."""
        return Insert(self, insert, self._incoming)

    def close(self) -> None:
        """Close the session; twice does no harm."""
        self._session.close()

    def _begin(self) -> None:
        self._session = self._open_session()
        self.whole(f"SET log_comment = '{self.name}'")  # how KILL QUERY finds its statement

    def _renew(self) -> None:
        """Change for a session with the settings of a new one and the same database."""
        database = self.rows("SELECT currentDatabase() AS name")[0]["name"]
        self.close()
        self._begin()
        self.use(database)

    def _stream(self, statement: str, specs: list[str]) -> Iterator[bytes]:
        """Yield blocks: each chunk of the engine's is one; a test holds it to that."""
        zoned = any(spec.startswith("DateTime(") for spec in specs)
        with _engine_errors(), self._session.send_query(statement, "Native") as stream:
            for chunk in stream:
                block = chunk.bytes()
                yield with_zones(block, specs) if zoned else block

    def _columns_of(self, statement: str) -> list[tuple[str, str]]:
        """Return the names and full types of what a SELECT answers with; none if it is wrong."""
        try:
            described = self.rows(f"DESCRIBE TABLE ({statement}\n) {_ONE_LINE}")
        except EngineError:  # run by itself, it says better what is wrong
            return []
        return [(row["name"], row["type"]) for row in described]


class Insert:
    """An insert in progress: its blocks are collected in a file, and written when all are there.

    Not through chDB's `send_insert`: that one reports success when a constraint, or the limit of
    partitions, has refused the rows (chdb 4.4; see docs/embedded.md).
    """

    def __init__(self, session: Session, insert: DataInsert, folder: Path) -> None:
        self._session = session
        self._insert = insert
        self._file = tempfile.NamedTemporaryFile(dir=folder, suffix=".native")  # noqa: SIM115

    def append(self, native: bytes) -> None:
        """Add one block. Raises EngineError when the disk does not take it."""
        try:
            self._file.write(native)
        except OSError as error:
            raise EngineError(NOT_ENOUGH_SPACE, f"the insert cannot be kept: {error}") from error

    def finish(self) -> None:
        """Write what has been added. Raises EngineError."""
        if not self._file.tell():
            return
        self._file.flush()
        source = f"FROM INFILE {quoted(self._file.name)} {self._insert.settings} FORMAT Native"
        self._session.whole(f"{self._insert.head} {source}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def quoted(value: str) -> str:
    """Write a string literal of ClickHouse's SQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _own(directory: Path) -> Any:
    """Take the directory for this process, for as long as the returned file is open."""
    file = (directory / "owner").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise DirectoryInUseError(
            f"data directory {directory} is in use by process {owner}: "
            "stop that one, or choose another directory",
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


@contextlib.contextmanager
def _engine_errors() -> Iterator[None]:
    """Turn chDB's errors, which differ by call but end alike, into one kind with its code."""
    try:
        yield
    except RuntimeError as error:
        found = _CODE.search(str(error))
        if found is None:
            raise EngineError(UNKNOWN_EXCEPTION, str(error)) from error
        raise EngineError(int(found["code"]), found["message"]) from error

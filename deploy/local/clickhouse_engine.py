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
import threading
from typing import TYPE_CHECKING, Any, Final, Self

from deploy.local.native_protocol import blocks, header
from deploy.local.native_types import without_low_cardinality
from deploy.local.statement import DataInsert, answers_in_blocks, bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType, TracebackType

NO_SUCH_COLUMN: Final = 16
UNKNOWN_EXCEPTION: Final = 1002
CANCELLED: Final = 394

_CODE = re.compile(r"Code: (?P<code>\d+)\.\s*(?P<message>.*)", re.DOTALL)
_REFUSED: Final = "Streaming query is not supported"
_PLAIN: Final = "SET low_cardinality_allow_in_native_format = 0, print_pretty_type_names = 0"
"""Blocks and type names as revision 54058 knows them."""


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
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = _own(directory)
        self._path = str(directory / "db")
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

    def session(self) -> Session:
        """Open a session: it has its own database, settings and running statement."""
        with self._guard:
            self._names += 1
            name = f"connection-{self._names}"
        return Session(self._sessions.Session(self._path), name)

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

    def __init__(self, session: Any, name: str) -> None:
        self.name = name
        self._session = session
        # The name is how KILL QUERY finds this session's statement.
        for statement in (_PLAIN, f"SET log_comment = '{name}'"):
            self.whole(statement)

    def answer(self, sql: str) -> Iterator[bytes]:
        """Run any statement; yield its blocks in the Native format, as the engine makes them.

        A SELECT without rows answers with one block that only names its columns. Raises
        EngineError, also after some blocks.
        """
        statement = bare(sql)
        if not answers_in_blocks(statement):
            yield from blocks(self.whole(statement))
            return
        empty = True
        try:
            for block in self._stream(statement):
                empty = False
                yield block
        except EngineError as error:
            if _REFUSED not in error.message:
                raise
            yield from blocks(self.whole(statement))  # WITH ... INSERT
        else:
            if empty:
                yield header(self._header(statement))

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
            self.whole("SET " + ", ".join(f"{name} = DEFAULT" for name in settings))

    def use(self, database: str) -> None:
        """Make `database` the session's own. Raises EngineError when there is none such."""
        name = database.replace("\\", "\\\\").replace("`", "\\`")
        self.whole(f"USE `{name}`")

    def columns(self, insert: DataInsert) -> list[tuple[str, str]]:
        """Return the columns an insert takes, in its order, with their types.

        Without LowCardinality, which is a matter of storage. Raises EngineError when the table,
        or a column of it, does not exist.
        """
        described = self.rows(f"DESCRIBE TABLE {insert.table}")
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

    def insert(self, head: str) -> Insert:
        """Begin an insert; `head` is the statement up to its rows. Raises EngineError."""
        with _engine_errors():
            return Insert(self._session.send_insert(head, "Native"))

    def close(self) -> None:
        """Close the session; twice does no harm."""
        self._session.close()

    def _stream(self, statement: str) -> Iterator[bytes]:
        with _engine_errors(), self._session.send_query(statement, "Native") as stream:
            # Each chunk is one block; a test holds the engine to that.
            yield from (chunk.bytes() for chunk in stream)

    def _header(self, statement: str) -> list[tuple[str, str]]:
        described = self.rows(f"DESCRIBE TABLE ({statement}\n)")
        return [(row["name"], without_low_cardinality(row["type"])) for row in described]


class Insert:
    """An insert in progress. Left without `finish`, it is given up."""

    def __init__(self, inserter: Any) -> None:
        self._inserter = inserter

    def append(self, native: bytes) -> None:
        """Add one block. Raises EngineError."""
        with _engine_errors():
            self._inserter.append(native)

    def finish(self) -> None:
        """Write what has been added. Raises EngineError."""
        with _engine_errors():
            self._inserter.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(RuntimeError):  # the engine may have given it up already
            self._inserter.cancel()


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

"""An embedded ClickHouse: `python -m deploy.local.clickhouse --port N --data DIR`.

Prints one line, `clickhouse ready on 127.0.0.1:PORT`, when it serves; ends on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Final

from deploy.local import clickhouse_fence as fence
from deploy.local import signals
from deploy.local.clickhouse_connection import Connection, Credentials
from deploy.local.clickhouse_engine import DirectoryInUseError, Engine
from deploy.local.native_reader import Limits

TOO_MANY: Final = 202
MAX_CONNECTIONS: Final = 64
WATCH_EVERY: Final = 0.2
"""Seconds between looks at whether a client whose statement runs is still there."""
STOP_WITHIN: Final = 3.0
"""Seconds the running statements get to end when the server stops."""
OF_OTHERS: Final = 0o077
UNCONFINED: Final = (
    "this kernel has no Landlock: whoever has the password can read the files of this process by"
    " the function file()"
)


class PasswordError(Exception):
    """Raised when the password's file is no secret; the message is one line."""


class Front:
    """A server on the loopback that lets clickhouse-driver talk with an engine.

    Port 0 means one that the system chooses; `port` tells which. Raises OSError when the port is
    taken.
    """

    def __init__(
        self,
        engine: Engine,
        port: int = 0,
        credentials: Credentials | None = None,
        limits: Limits | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._engine = engine
        self._credentials = credentials or Credentials()
        self._limits = limits or Limits()
        self._max_connections = max_connections
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._open: dict[Connection, threading.Thread] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to serve, in threads of its own."""
        for work in (self._accept, self._watch):
            threading.Thread(target=work, name=f"front{work.__name__}", daemon=True).start()

    def stop(self, within: float = STOP_WITHIN) -> bool:
        """End every conversation; tell whether all had ended `within` seconds."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            left = dict(self._open)
        for connection in left:
            connection.hang_up()
        self._engine.cancel_all()
        deadline = time.monotonic() + within
        for thread in left.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in left.values())

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                if self._stopping.wait(0.05):  # else out of descriptors: let some go
                    return
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client, self._engine, self._credentials, self._limits)
            with self._guard:
                full = len(self._open) >= self._max_connections
                thread = threading.Thread(
                    target=self._serve, args=(connection, client, full), daemon=True
                )
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: Connection, client: socket.socket, full: bool) -> None:
        try:
            with client:
                if full:
                    message = f"Too many connections: {self._max_connections} are open"
                    connection.refuse(TOO_MANY, message)
                else:
                    connection.serve()
        finally:
            with self._guard:
                del self._open[connection]

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_EVERY):
            with self._guard:
                connections = list(self._open)
            for connection in connections:
                connection.watch()


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; return the exit code: 0, or 1 with one line that says why."""
    options = _options(arguments)
    with signals.held() as wait_for_end, contextlib.ExitStack() as opened:
        try:
            password = "" if options.open else _password(options.password_file)
            confined = fence.confine(options.data)
            engine = Engine(options.data, options.timezone)
            opened.callback(engine.close)
            front = Front(engine, options.port, Credentials(options.user, password))
        except PasswordError as error:
            return _fail(str(error))
        except ImportError:
            return _fail("chDB is missing: install the extra `local`")
        except DirectoryInUseError as error:
            return _fail(str(error))
        except OSError as error:
            what = error.filename or f"port {options.port}"
            return _fail(f"{what}: {os.strerror(error.errno or 0)}")
        front.start()
        if not confined:
            _fail(UNCONFINED)
        print(f"clickhouse ready on 127.0.0.1:{front.port}", flush=True)  # noqa: T201 - the contract
        wait_for_end()
        if not front.stop():
            _fail("a statement did not stop in time; ending without it")
            sys.stderr.flush()
            os._exit(1)  # the engine must not be closed under it
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An embedded ClickHouse, for one machine.")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--data", type=Path, required=True, help="where the tables live")
    parser.add_argument("--user", default="default")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--password-file", type=Path, help="holds the password; for its owner only")
    secret.add_argument("--open", action="store_true", help="no password: for tests only")
    parser.add_argument("--timezone", default="UTC", help="of DateTime columns that name none")
    return parser.parse_args(arguments)


def _password(file: Path) -> str:
    """Read the password. Raises PasswordError when there is none, or others can read it."""
    with file.open(encoding="utf-8") as opened:
        if os.fstat(opened.fileno()).st_mode & OF_OTHERS:
            raise PasswordError(f"{file} can be read by others: chmod 600 {file}")
        password = opened.read().strip()
    if not password:
        raise PasswordError(f"{file} is empty: write a password into it")
    return password


def _fail(line: str) -> int:
    sys.stderr.write(f"clickhouse: {line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""A ClickHouse data directory as one user of deploy/clickhouse/users.xml finds it.

The embedded engine has no login, so its own user is given that user's profile, grants and quota;
a process of its own, for an engine reads its users and its time zone once.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deploy.local.servers import Layout
from streams.settings import ClickHouse
from streams.sink import migrations
from streams.sink.clickhouse import connect
from tests.support import board, servers
from tests.support.need import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.support.history import Sent

USERS = Path(__file__).parents[2] / "deploy/clickhouse/users.xml"

_PROCESS = r"""
import json, re, sys
from chdb import session

open_ = session.Session(sys.argv[1])
for line in sys.stdin:
    try:
        text = open_.query(json.loads(line), "JSONCompact").bytes()
        answer = json.loads(text) if text.strip() else {"data": [], "meta": []}
        said = {"rows": answer["data"], "names": [column["name"] for column in answer["meta"]]}
    except Exception as error:
        found = re.search(r"Code: (\d+)", str(error))
        said = {"code": int(found[1]) if found else -1, "message": str(error)}
    print(json.dumps(said), flush=True)
"""


class Refused(Exception):  # noqa: N818 - what happened
    """Raised when ClickHouse refuses a statement."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class AsUser:
    """Puts statements to the engine, one after another, in one session."""

    _into: IO[str]
    _out: IO[str]

    def ask(
        self, sql: str, settings: Mapping[str, object] | None = None
    ) -> tuple[list[tuple[Any, ...]], list[str]]:
        """Give rows and names of columns; moments come as text. `settings` as a client sends."""
        if settings:
            sql += "\nSETTINGS " + ", ".join(f"{k} = {v!r}" for k, v in settings.items())
        self._into.write(json.dumps(sql) + "\n")
        self._into.flush()
        said = json.loads(self._out.readline())
        if "code" in said:
            raise Refused(said["code"], said["message"])
        return [tuple(row) for row in said["rows"]], said["names"]


def configuration(folder: Path, user: str) -> Path:
    """Write a configuration whose only user is the engine's own, with the rights of `user`."""
    tree = ET.parse(USERS)
    users = tree.getroot().find("users")
    assert users is not None
    for one in list(users):
        if one.tag == user:
            one.tag = "default"
            password = one.find("password")
            assert password is not None
            password.attrib.clear()
        else:
            users.remove(one)
    assert len(users) == 1, user
    tree.write(folder / f"{user}-users.xml")
    file = folder / f"{user}.xml"
    file.write_text(
        "<clickhouse><user_directories><users_xml>"
        f"<path>{folder / f'{user}-users.xml'}</path>"
        "</users_xml></user_directories></clickhouse>",
        encoding="utf-8",
    )
    return file


@contextlib.contextmanager
def as_user(data: Path, folder: Path, user: str, timezone: str = "UTC") -> Iterator[AsUser]:
    """Open the directory `data` of an embedded ClickHouse that has ended, as `user`.

    `folder` takes the configuration; `timezone` is the server's own.
    """
    need("chdb")
    where = f"{data}?config-file={configuration(folder, user)}"
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS, where],
        env={**os.environ, "TZ": timezone},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            user_of_it = AsUser(process.stdin, process.stdout)
            user_of_it.ask("USE jiancha")
            yield user_of_it
        finally:
            process.stdin.close()
            process.wait(20)


def filled(folder: Path, records: Iterable[Sent]) -> Path:
    """Write records into a database `jiancha` under `folder`; give the directory for `as_user`."""
    with servers.embedded_clickhouse(folder) as port:
        client = connect(ClickHouse(port=port, database="jiancha"), database="")
        try:
            migrations.migrate(client, "jiancha")
            board.insert(client, records)
        finally:
            client.disconnect()
    return Layout(folder).clickhouse / "db"

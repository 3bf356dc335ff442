"""One way to reach ClickHouse, for the sink and for everyone who reads the history."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from clickhouse_driver import Client

from streams.clickhouse_clients import clickhouse_options

if TYPE_CHECKING:
    from streams.settings import ClickHouse

# What the driver logs, with a stack trace at every attempt, it raises as well.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 30.0
"""How long the server may be silent before the connection is given up."""
PING_SECONDS: Final = 3.0


def connect(
    clickhouse: ClickHouse, *, database: str | None = None, answer_seconds: float = ANSWER_SECONDS
) -> Client:
    """Make a client, which connects when it is first used. It is for one thread at a time.

    `database` is the one that names without a database mean; by default the settings' own.
    """
    options: dict[str, Any] = {
        **clickhouse_options(clickhouse),
        "database": clickhouse.database if database is None else database,
        "client_name": "jiancha",
        "connect_timeout": CONNECT_SECONDS,
        "send_receive_timeout": answer_seconds,
        "sync_request_timeout": PING_SECONDS,
        "tcp_keepalive": True,
    }
    return Client(**options)

"""How ClickHouse's client is told to reach it safely: the one place that maps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.settings import ClickHouse


def clickhouse_options(clickhouse: ClickHouse) -> dict[str, Any]:
    """Give where it is, who asks, and whom to trust, as clickhouse-driver takes it.

    The driver checks the certificate and the name on it by itself, and speaks TLS 1.2 or later.
    """
    return {
        "host": clickhouse.host,
        "port": clickhouse.port,
        "user": clickhouse.user,
        "password": "" if clickhouse.password is None else clickhouse.password.get_secret_value(),
        "secure": clickhouse.secure,
        "ca_certs": None if clickhouse.ca_file is None else str(clickhouse.ca_file),
    }

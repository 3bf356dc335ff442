"""What a command says of a fault that is none of its own: a file, a broker, a server."""

from __future__ import annotations

from typing import Final

from schemas.reading import SchemaError

_CLIENTS: Final = {
    "kafka": "Kafka",
    "aiokafka": "Kafka",
    "confluent_kafka": "Kafka",
    "cimpl": "Kafka",  # confluent-kafka's own name for its C part
    "clickhouse_driver": "ClickHouse",
}
_REMEDIES: Final = {
    "Kafka": "see whether the brokers run, and JIANCHA_KAFKA__BOOTSTRAP_SERVERS",
    "ClickHouse": "see whether it runs, and JIANCHA_CLICKHOUSE__HOST and __PORT",
}


def told(error: Exception) -> str | None:
    """Say in one line what an operator can cure; None for what is a fault of the program."""
    if isinstance(error, SchemaError):
        return "\n".join(map(str, error.problems))
    server = _CLIENTS.get(type(error).__module__.partition(".")[0])
    if server is not None:
        return f"{server}: {type(error).__name__}: {error} → {_REMEDIES[server]}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return None

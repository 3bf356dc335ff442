"""How each Kafka client is told to reach the brokers safely: the one place that maps it.

The options hold security and what the embedded broker needs, but no address: every client takes
`bootstrap_servers` under a name of its own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from kafka.errors import KafkaError

from streams.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext

    from streams.settings import Kafka

log = structlog.get_logger(__name__)

EMBEDDED_VERSION: Final = (2, 3)
"""What kafka-python must believe the embedded broker to be: it cannot find out by itself."""
VERSION: Final = (3, 0)
"""What it takes every other broker for, at least. Finding out would cost a thread and four files
for each attempt at a broker that does not answer (kafka-python 3.0.12)."""


def kafka_python_options(kafka: Kafka) -> dict[str, Any]:
    """Give what every kafka-python client takes (producer, consumer, admin).

    Raises OSError when a certificate cannot be read any more: the settings have tried.
    """
    options: dict[str, Any] = {
        "security_protocol": kafka.security_protocol,
        "api_version": EMBEDDED_VERSION if kafka.embedded else VERSION,
    }
    if _encrypted(kafka):
        options["ssl_context"] = _context(kafka)
    if _authenticated(kafka):
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.username
        options["sasl_plain_password"] = _password(kafka)
    return options


def kafka_python_consumer_options(kafka: Kafka) -> dict[str, Any]:
    """Give what a kafka-python consumer of ours takes: committed records only, commits by hand."""
    return {
        **kafka_python_options(kafka),
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": kafka.embedded,
        "metadata_max_age_ms": 10_000,  # how late a topic that is made afterwards is seen
        # The embedded broker writes transactional batches whose checksum is not theirs.
        "check_crcs": not kafka.embedded,
        "session_timeout_ms": round(kafka.session_timeout * 1000),
        "heartbeat_interval_ms": round(kafka.session_timeout * 1000 / 4),
        "max_poll_interval_ms": round(kafka.rebalance_timeout * 1000),
    }


def poll(
    consumer: Any, seconds: float, records: int, pause: Callable[[float], None] = time.sleep
) -> Mapping[Any, Sequence[Any]]:
    """Let a kafka-python consumer read for a moment; nothing when its brokers are away.

    It raises what its connections raise while a broker dies (kafka-python 3.0.12), where waiting is
    all there is to do. Raises KafkaError for what waiting will not cure.
    """
    try:
        found: Mapping[Any, Sequence[Any]] = consumer.poll(
            timeout_ms=round(seconds * 1000), max_records=records
        )
    except KafkaError as error:
        if not error.retriable:
            raise
        log.warning("not read", error=str(error) or type(error).__name__)
        pause(seconds)
        return {}
    return found


def aiokafka_options(kafka: Kafka) -> dict[str, Any]:
    """Give what every aiokafka client takes. Raises OSError as `kafka_python_options` does."""
    options: dict[str, Any] = {"security_protocol": kafka.security_protocol}
    if _encrypted(kafka):
        options["ssl_context"] = _context(kafka)
    if _authenticated(kafka):
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.username
        options["sasl_plain_password"] = _password(kafka)
    return options


def librdkafka_options(kafka: Kafka) -> dict[str, Any]:
    """Give what every confluent-kafka client takes."""
    options: dict[str, Any] = {"security.protocol": kafka.security_protocol}
    if _encrypted(kafka):
        files = {
            "ssl.ca.location": kafka.ca_file,
            "ssl.certificate.location": kafka.cert_file,
            "ssl.key.location": kafka.key_file,
        }
        options |= {name: str(file) for name, file in files.items() if file is not None}
    if _authenticated(kafka):
        options["sasl.mechanism"] = kafka.sasl_mechanism
        options["sasl.username"] = kafka.username
        options["sasl.password"] = _password(kafka)
    return options


def _context(kafka: Kafka) -> SSLContext:
    return client_context(kafka.ca_file, kafka.cert_file, kafka.key_file)


def _encrypted(kafka: Kafka) -> bool:
    return kafka.security_protocol.endswith("SSL")


def _authenticated(kafka: Kafka) -> bool:
    return kafka.security_protocol.startswith("SASL")


def _password(kafka: Kafka) -> str | None:
    return None if kafka.password is None else kafka.password.get_secret_value()

"""How each Kafka client is told to reach the brokers safely: the one place that maps it.

The options hold security and what the embedded broker needs, but no address: every client takes
`bootstrap_servers` under a name of its own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from kafka.errors import BrokerNotAvailableError, KafkaError, UnknownBrokerIdError

from streams.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext

    from streams.settings import Kafka

T = TypeVar("T")

log = structlog.get_logger(__name__)

EMBEDDED_VERSION: Final = (2, 3)
"""What kafka-python must believe the embedded broker to be: it cannot find out by itself."""
VERSION: Final = (3, 0)
"""What it takes every other broker for, at least. Finding out would cost a thread and four files
for each attempt at a broker that does not answer (kafka-python 3.0.12)."""
PASSING: Final = (BrokerNotAvailableError, UnknownBrokerIdError)
"""What kafka-python does not call retriable, and a broker that comes back cures all the same."""
CALM: Final = 10.0
"""Seconds without an error after which brokers that sent no record are taken to be back."""


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


class Steady:
    """A kafka-python consumer that outlasts its brokers' absences; for one thread.

    It raises what its connections raise while a broker dies or comes back (kafka-python 3.0.12),
    where waiting is all there is to do. Each absence is logged once, and so is its end. `clock`
    gives seconds.
    """

    def __init__(
        self,
        consumer: Any,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._consumer = consumer
        self._clock = clock
        self._pause = pause
        self._since: float | None = None
        self._failed_at = 0.0

    def poll(self, seconds: float, records: int) -> Mapping[Any, Sequence[Any]]:
        """Read for a moment; nothing when the brokers are away.

        Raises KafkaError for what waiting will not cure.
        """

        def read() -> Mapping[Any, Sequence[Any]]:
            found: Mapping[Any, Sequence[Any]] = self._consumer.poll(
                timeout_ms=round(seconds * 1000), max_records=records
            )
            return found

        found: Mapping[Any, Sequence[Any]] | None = self.ask(read, None)
        if found is None:
            self._pause(seconds)
            return {}
        if self._since is not None and (found or self._clock() - self._failed_at > CALM):
            log.info("read again", after=round(self._failed_at - self._since, 1))
            self._since = None
        return found

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """Ask what the consumer may have to ask a broker; `otherwise` when that is away.

        Raises KafkaError for what waiting will not cure.
        """
        try:
            return question()
        except KafkaError as error:
            if not (error.retriable or isinstance(error, PASSING)):
                raise
            self._failed_at = self._clock()
            if self._since is None:
                self._since = self._failed_at
                log.warning("not read", error=str(error) or type(error).__name__)
            return otherwise


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

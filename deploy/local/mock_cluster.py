"""librdkafka's mock cluster: a Kafka in memory that speaks the real protocol on the loopback.

It is in the `confluent-kafka` wheel, and its C interface (`rdkafka_mock.h`) offers what the
wheel's `test.mock.num.brokers` does not: topics with a partition count of one's choice.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from importlib import metadata
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

PRODUCER: Final = 0
DEFAULT_PARTITIONS: Final = 4
"""What a topic gets that a client names first."""

_MAX_ERROR: Final = 512


class MockClusterError(Exception):
    """Raised when the mock cluster cannot be made, or refuses a topic."""


class MockCluster:
    """A cluster of one broker. It, and what it holds, lives until `close`.

    Raises MockClusterError when librdkafka is not found or will not start one.
    """

    def __init__(self) -> None:
        self._library = _library()
        error = ctypes.create_string_buffer(_MAX_ERROR)
        configuration = self._library.rd_kafka_conf_new()
        # Else it warns that it has no broker: it is about to become one.
        self._library.rd_kafka_conf_set(configuration, b"log_level", b"3", error, _MAX_ERROR)
        self._client = self._library.rd_kafka_new(PRODUCER, configuration, error, _MAX_ERROR)
        if not self._client:
            raise MockClusterError(error.value.decode())
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        if not self._cluster:
            raise MockClusterError("librdkafka could not start a mock cluster")
        # A real broker waits 3 s for further members; here each member would pay it.
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        bootstrap: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        self.bootstrap = bootstrap.decode()

    def create_topic(self, name: str, partitions: int) -> None:
        """Make a topic. Raises MockClusterError when it exists or its name is not allowed."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if code:
            reason: bytes = self._library.rd_kafka_err2str(code)
            raise MockClusterError(f"topic {name} of {partitions}: {reason.decode()}")

    def close(self) -> None:
        """End the cluster and forget all it held."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _library() -> ctypes.CDLL:
    """Load the librdkafka that the wheel brought, else the system's."""
    for file in metadata.files("confluent-kafka") or ():
        if "librdkafka" in file.name:
            library = ctypes.CDLL(str(file.locate()))
            break
    else:
        name = ctypes.util.find_library("rdkafka")
        if name is None:
            raise MockClusterError(
                "librdkafka is not found: install confluent-kafka from a wheel, or use real Kafka",
            )
        library = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, *arguments in (
        ("rd_kafka_conf_new", pointer),
        ("rd_kafka_conf_set", number, pointer, text, text, text, ctypes.c_size_t),
        ("rd_kafka_new", pointer, number, pointer, text, ctypes.c_size_t),
        ("rd_kafka_destroy", None, pointer),
        ("rd_kafka_err2str", text, number),
        ("rd_kafka_mock_cluster_new", pointer, pointer, number),
        ("rd_kafka_mock_cluster_bootstraps", text, pointer),
        ("rd_kafka_mock_cluster_destroy", None, pointer),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, pointer, ctypes.c_int32),
        ("rd_kafka_mock_topic_create", number, pointer, text, number, number),
    ):
        symbol = getattr(library, function)
        symbol.restype = result
        symbol.argtypes = arguments
    return library

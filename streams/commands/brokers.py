"""What the commands that need the brokers share."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException

from streams.commands.common import FINDINGS, complain
from streams.kafka_access import AccessDenied, enter_or_deny
from streams.kafka_clients import aiokafka_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.settings import Kafka


@contextmanager
def one_line(kafka: Kafka, *refusals: type[Exception]) -> Iterator[None]:
    """Say in one line why the work was not done, by one of these or by Kafka's word: FINDINGS."""
    try:
        yield
    except refusals as error:
        complain(str(error))
        sys.exit(FINDINGS)
    except KafkaException as error:
        complain(f"Kafka at {kafka.bootstrap_servers}: {error.args[0].str()}")
        sys.exit(FINDINGS)


def let_in_or_exit(kafka: Kafka) -> None:
    """Go on if a broker lets us in; when they refuse, or none answers, say so: FINDINGS."""
    try:
        if enter_or_deny(kafka.bootstrap_servers, aiokafka_options(kafka)):
            return
        complain(
            f"no broker answers at {kafka.bootstrap_servers}: start Kafka,"
            " or set JIANCHA_KAFKA__BOOTSTRAP_SERVERS"
        )
    except AccessDenied as error:
        complain(str(error))
    sys.exit(FINDINGS)

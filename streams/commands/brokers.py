"""What the commands that need the brokers share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from streams.commands.common import FINDINGS, complain
from streams.kafka_access import AccessDenied, enter_or_deny
from streams.kafka_clients import aiokafka_options

if TYPE_CHECKING:
    from streams.settings import Kafka


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

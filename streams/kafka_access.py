"""What the brokers refuse us: to come in, or to do what a role must.

Whether they let us in is asked outright. The clients do not say: to them a refusal is a broker that
is away, and they try for ever.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING, Any, Final

import kafka.errors
import structlog
from aiokafka.conn import create_conn, get_ip_port_afi
from aiokafka.errors import (
    BrokerResponseError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest
from confluent_kafka import KafkaException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = structlog.get_logger(__name__)

ANSWER_MS: Final = 5_000
"""How long one broker may take to answer, in milliseconds."""
RESTART_SECONDS: Final = 30.0
"""How long the engine that starts waits for a broker that is away."""
HANG_UP_SECONDS: Final = 10.0
"""How long a role that starts bears with brokers that hang up. One that restarts soon refuses the
connection instead, so who hangs up for longer speaks another protocol."""
ASK_AGAIN: Final = 2.0
"""Seconds between two questions meanwhile."""

_LOGIN: Final = "JIANCHA_KAFKA__USERNAME and JIANCHA_KAFKA__PASSWORD_FILE"
_GRANT: Final = "`jiancha topics --acls` lists what each role must be allowed"
_REMEDIES: Final = {29: _GRANT, 30: _GRANT, 31: _GRANT, 53: _GRANT, 58: _LOGIN}
"""By Kafka's codes: not authorized for topic, group, cluster, transactional id; login failed."""


class AccessDenied(Exception):  # noqa: N818 - named after the condition
    """Raised when the brokers do not let us in, or not do what we must; the text says the cure."""


class CannotReadOn(Exception):  # noqa: N818 - named after the condition
    """Raised when a role cannot read on where it is, and waiting would cure nothing: begin anew."""


class HungUp(AccessDenied):
    """Raised when brokers break off: they want another protocol, or are about to stop."""


async def ask_to_enter(servers: str, options: Mapping[str, Any]) -> bool:
    """Log in to one of the brokers, and leave; tell whether one answered.

    `options` are `aiokafka_options`. Raises AccessDenied with the last refusal when none lets us
    in. Who does not answer refuses nothing: brokers that are away are waited for elsewhere.
    """
    denied: AccessDenied | None = None
    for server in servers.split(","):
        try:
            await _enter(server, options)
        except AccessDenied as error:
            if denied is None or isinstance(denied, HungUp):  # a plain no says more
                denied = error
        except (OSError, KafkaError):  # TimeoutError is an OSError
            continue
        else:
            return True
    if denied is not None:
        raise denied
    return False


def enter_or_deny(
    servers: str,
    options: Mapping[str, Any],
    patience: float = 0.0,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Do as `ask_to_enter`, where no event loop runs.

    Brokers that hang up are asked again for `patience` seconds: one that restarts does so too.
    """
    began = clock()
    while True:
        try:
            return asyncio.run(ask_to_enter(servers, options))
        except HungUp as error:
            if clock() - began >= patience:
                raise
            log.warning("broker away", servers=servers, error=str(error))
            pause(ASK_AGAIN)


def denial(error: object) -> str | None:
    """Tell what was refused, and the cure, if an error of any client says or comes from that."""
    if isinstance(error, AccessDenied):
        return str(error)
    cause = error
    while isinstance(cause, BaseException):
        remedy = _REMEDIES.get(_code(cause))
        if remedy is not None:
            text = str(error) if cause is not error else f"{type(error).__name__}: {error}"
            return f"{text} → {remedy}"
        cause = cause.__cause__
    return None


def _code(error: BaseException) -> int:
    """Give Kafka's own code, one number in three libraries; 0 for what has none."""
    code = 0
    if isinstance(error, KafkaException):
        code = error.args[0].code()
    elif isinstance(error, BrokerResponseError | kafka.errors.BrokerResponseError):
        code = error.errno
    return code


async def _enter(server: str, options: Mapping[str, Any]) -> None:
    host, port, _ = get_ip_port_afi(server)
    protocol = options.get("security_protocol", "PLAINTEXT")  # as aiokafka takes it
    user = options.get("sasl_plain_username")
    try:
        connection = await create_conn(host, port, request_timeout_ms=ANSWER_MS, **options)
        try:
            await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as error:
        raise AccessDenied(
            f"Kafka at {server}: its certificate is not trusted ({error.verify_message}) → "
            "JIANCHA_KAFKA__CA_FILE must name who signed it, and the certificate this address"
        ) from None
    except ssl.SSLError as error:
        # Broken off in the middle of the handshake: by another protocol, or by a broker that stops.
        kind = HungUp if isinstance(error, ssl.SSLEOFError) else AccessDenied
        raise kind(
            f"Kafka at {server}: no TLS could be agreed on ({error.reason}) → "
            f"JIANCHA_KAFKA__SECURITY_PROTOCOL is {protocol}: what does that listener speak?"
        ) from None
    except SaslAuthenticationFailed as error:
        raise AccessDenied(
            f"Kafka at {server}: the login of {user} is refused ({error}) → {_LOGIN}"
        ) from None
    except UnsupportedSaslMechanismError:
        raise AccessDenied(
            f"Kafka at {server}: it does not know {options.get('sasl_mechanism')} → "
            "JIANCHA_KAFKA__SASL_MECHANISM must be one that the broker enables"
        ) from None
    except (KafkaConnectionError, ConnectionResetError):
        raise HungUp(
            f"Kafka at {server}: it hangs up when it is spoken to → "
            f"JIANCHA_KAFKA__SECURITY_PROTOCOL is {protocol}: what does that listener speak? And "
            "does it ask for a certificate of ours (JIANCHA_KAFKA__CERT_FILE)?"
        ) from None

"""Whether the brokers let us in, asked outright.

The clients say no such thing: to them a refusal is a broker that is away, and they try for ever.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final

from aiokafka.conn import create_conn, get_ip_port_afi
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER_MS: Final = 5_000
"""How long one broker may take to answer, in milliseconds."""


class AccessDenied(Exception):  # noqa: N818 - named after the condition
    """Raised when the brokers do not let us in, or not do what we must; the text says the cure."""


async def ask_to_enter(servers: str, options: Mapping[str, Any]) -> None:
    """Log in to one of the brokers, and leave. `options` are `aiokafka_options`.

    Raises AccessDenied with the last refusal when none lets us in. Who does not answer refuses
    nothing: brokers that are away are waited for elsewhere.
    """
    denied: AccessDenied | None = None
    for server in servers.split(","):
        try:
            await _enter(server, options)
        except AccessDenied as error:
            denied = error
        except (OSError, KafkaError):  # TimeoutError is an OSError
            continue
        else:
            return
    if denied is not None:
        raise denied


def enter_or_deny(servers: str, options: Mapping[str, Any]) -> None:
    """Do as `ask_to_enter`, where no event loop runs."""
    asyncio.run(ask_to_enter(servers, options))


async def _enter(server: str, options: Mapping[str, Any]) -> None:
    host, port, _ = get_ip_port_afi(server)
    protocol, user = options["security_protocol"], options.get("sasl_plain_username")
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
        raise AccessDenied(
            f"Kafka at {server}: no TLS could be agreed on ({error.reason}) → "
            f"JIANCHA_KAFKA__SECURITY_PROTOCOL is {protocol}: what does that listener speak?"
        ) from None
    except SaslAuthenticationFailed as error:
        raise AccessDenied(
            f"Kafka at {server}: the login of {user} is refused ({error}) → "
            "JIANCHA_KAFKA__USERNAME and JIANCHA_KAFKA__PASSWORD_FILE"
        ) from None
    except UnsupportedSaslMechanismError:
        raise AccessDenied(
            f"Kafka at {server}: it does not know {options.get('sasl_mechanism')} → "
            "JIANCHA_KAFKA__SASL_MECHANISM must be one that the broker enables"
        ) from None
    except (KafkaConnectionError, ConnectionResetError):
        raise AccessDenied(
            f"Kafka at {server}: it hangs up when it is spoken to → "
            f"JIANCHA_KAFKA__SECURITY_PROTOCOL is {protocol}: what does that listener speak? And "
            "does it ask for a certificate of ours (JIANCHA_KAFKA__CERT_FILE)?"
        ) from None

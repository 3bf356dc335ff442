"""A container's health check: whether the role in it answers on `/healthz`.

Run as `python -m deploy.healthcheck`; exits 0 for yes, and 1 for no with one line that says why.
Only the standard library is used, since this starts anew every few seconds.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT: Final = 9108
TIMEOUT_SECONDS: Final = 4.0


def complaint(environment: Mapping[str, str], path: str = "/healthz") -> str | None:
    """Return what is wrong with the role on this machine, or None when it is healthy.

    The port is `JIANCHA_HTTP__PORT` of `environment`, and it speaks TLS where that has
    `JIANCHA_HTTP__CERT_FILE`. Raises ValueError when the port is no number.
    """
    port = int(environment.get("JIANCHA_HTTP__PORT", DEFAULT_PORT))
    secure = bool(environment.get("JIANCHA_HTTP__CERT_FILE"))
    connection = (_secure if secure else _plain)(port)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status == http.client.OK:
            return None
        return f"{response.status}: {response.read(500).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer on port {port}: {error!r}"
    finally:
        connection.close()


def _plain(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)


def _secure(port: int) -> http.client.HTTPSConnection:
    """Trust whoever answers: it is this machine, nothing is told, and no name says loopback.

    A certificate that has expired is no ill health that a restart would cure.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=context)


if __name__ == "__main__":
    sys.exit(complaint(os.environ))

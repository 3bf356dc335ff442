"""TLS at our edges: 1.2 or later, the other side's certificate and name checked.

Files are PEM. A key that is encrypted is refused: there is nobody to ask for its passphrase, and
without the empty one OpenSSL would ask the terminal.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def client_context(
    ca_file: Path | None = None, cert_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """Make what a client needs: who is trusted, by default the system's authorities; who it is.

    Raises OSError (ssl.SSLError among them) when a file cannot be read or is not what it should be.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert_file is not None:
        context.load_cert_chain(cert_file, key_file, password="")
    return context


def server_context(cert_file: Path, key_file: Path) -> ssl.SSLContext:
    """Make what a server needs. Raises OSError as `client_context` does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert_file, key_file, password="")
    return context

"""What a value of a setting must be, beyond its type. Each raises ValueError with the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streams.tls import client_context, server_context

if TYPE_CHECKING:
    from pydantic import ValidationInfo


def web_address(value: str) -> str:
    """Take an address of the web; without a scheme nobody could be asked there."""
    try:
        parts = urlsplit(value)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        whole = whole and not (parts.query or parts.fragment or any(map(str.isspace, value)))
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(
            "is no address: it begins with http:// or https://, names a host, and has no ? or #"
        )
    return value.rstrip("/")


def brokers(value: str) -> str:
    """Take `HOST:PORT`, or several behind commas."""
    for each in value.split(","):
        host, colon, port = each.strip().rpartition(":")
        whole = (
            colon and host and not {"/", ";"} & set(host) and port.isascii() and port.isdecimal()
        )
        if not whole or not 0 < int(port) < 65536:  # noqa: PLR2004 - the last port
            raise ValueError("is no list of brokers: write HOST:PORT, or several behind commas")
    return value


def authority(ca_file: Path | None) -> Path | None:
    """Take a file of certificates to trust."""
    if ca_file is not None:
        try:
            client_context(ca_file)
        except OSError as error:
            raise ValueError(f"{ca_file} holds no certificate to trust: {error}") from None
    return ca_file


def key_of_certificate(key_file: Path | None, info: ValidationInfo) -> Path | None:
    """Take a key that opens the certificate beside it; both or none."""
    cert_file = info.data.get("cert_file")
    if cert_file is None and key_file is not None:
        raise ValueError("is set, but cert_file is not: they go together")
    if cert_file is not None and key_file is None:
        raise ValueError("is missing, and cert_file is set: they go together")
    if cert_file is not None and key_file is not None:
        try:
            server_context(cert_file, key_file)
        except OSError as error:
            raise ValueError(
                f"{key_file} and {cert_file} are no key and its certificate, unencrypted and in"
                f" PEM: {error}"
            ) from None
    return key_file


def secret_in(setting: str, file: str) -> str:
    """Read the secret that a file holds."""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "it is no text"
    raise ValueError(f"{setting}: {file} cannot be read: {reason}")

"""Certificates for tests, made as docs/security.md tells an operator to make them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.need import need

SCRIPT = Path(__file__).parents[2] / "deploy/certificates.sh"


def certificates(folder: Path, *names: str) -> Path:
    """Make `ca.pem` and, for each name (`NAME=HOST,…`), `NAME.pem` and `NAME.key`; the folder."""
    need("openssl")
    subprocess.run([SCRIPT, folder, *names], check=True)
    return folder

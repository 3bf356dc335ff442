"""Samples: real logs with the mappings and catalogues that connect them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BOSTON: Final = Path(__file__).parent / "boston"
"""Service requests of the City of Boston, July to September 2011."""

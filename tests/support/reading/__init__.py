"""A second reading of the law of time: slow, obvious, and sharing nothing with the engine.

`read(law, records)` gives what the clocks of one case are, and what its records show. It is the
oracle of `tests/property/test_law_oracle.py`. All times are naive wall time of Beijing.
"""

from __future__ import annotations

from tests.support.reading.counting import Law
from tests.support.reading.story import read

__all__ = ["Law", "read"]

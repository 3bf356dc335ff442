"""A second reader of the law of time: slow, obvious, and sharing no code with the engine.

Written from the rules alone. Where the engine computes, this walks: days one by one, then the
seconds of the day that matters. All times are naive wall time of Beijing.
"""

from __future__ import annotations

from tests.support.law.days import Calendar
from tests.support.law.facts import ClockView, Law, Limit, Record, Verdict
from tests.support.law.reading import verdict

__all__ = ["Calendar", "ClockView", "Law", "Limit", "Record", "Verdict", "verdict"]

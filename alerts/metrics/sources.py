"""When each sending system was last heard of, in working time: a hall is not silent at night.

Prometheus keeps what was seen last, so that a source is not forgotten by a restart. Both numbers
are working seconds of the house's own calendar since `SINCE`: their difference is how long a source
has been silent while its hall was open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts.metrics import definitions as d
from streams.engine.calendar import OutsideCalendar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric as Family

    from streams.engine.calendar import Calendar
    from streams.engine.rules import Rules

SINCE: Final = 1_577_836_800
"""2020-01-01 UTC: where the counting of working seconds begins, for every process alike."""


class Sources:
    """Remembers when each source was heard of. `clock` gives seconds since the epoch."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heard: dict[str, float] = {}
        self._calendar: Calendar | None = None
        self.in_force(rules)

    def in_force(self, rules: Rules) -> None:
        """Take the rules in force: their own policy names the house's calendar."""
        self._calendar = rules.calendars.get(rules.catalogue.policy.calendar or "")

    def heard(self, source: str) -> None:
        """Know that a record of a source was read, whatever came of it."""
        self._heard[source] = self._clock()

    def families(self) -> Iterator[Family]:
        """Give the gauges; none without a calendar."""
        if self._calendar is None:
            return
        try:
            now = _worked(self._calendar, self._clock())
            last: dict[tuple[str, ...], float] = {
                (source,): _worked(self._calendar, at) for source, at in self._heard.copy().items()
            }
        except OutsideCalendar:  # a clock that is years off
            return
        yield d.WORKED.family({(): now})
        yield d.SOURCE_HEARD.family(last)


def _worked(calendar: Calendar, at: float) -> float:
    return float(calendar.measure(calendar.face(SINCE), calendar.face(int(at))))

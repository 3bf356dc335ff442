"""Every target, one module each."""

from __future__ import annotations

from tests.fuzz.targets import (
    calendars,
    catalogues,
    events,
    explanations,
    mappings,
    partitions,
    rows,
    rulings,
    sources,
    ticks,
    years,
)

_MODULES = (
    events,
    rulings,
    sources,
    ticks,
    rows,
    partitions,
    explanations,
    mappings,
    catalogues,
    calendars,
    years,
)
TARGETS = {module.TARGET.name: module.TARGET for module in _MODULES}

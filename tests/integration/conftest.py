"""What integration tests share: the real log, converted and judged once."""

from __future__ import annotations

import pytest

from tests.support import boston


@pytest.fixture(scope="session")
def boston_events(tmp_path_factory):
    """The city's log as step events."""
    return boston.convert(tmp_path_factory.mktemp("boston") / "events.jsonl")


@pytest.fixture(scope="session")
def boston_clocks(boston_events):
    """The offline verdict on it."""
    return boston.judged(boston_events)

"""What integration tests share: the real log, converted and judged once."""

from __future__ import annotations

import pytest

from tests.support import boston, secure_system
from tests.support import secure_kafka as secure


@pytest.fixture(scope="session")
def boston_events(tmp_path_factory):
    """The city's log as step events."""
    return boston.convert(tmp_path_factory.mktemp("boston") / "events.jsonl")


@pytest.fixture(scope="session")
def boston_clocks(boston_events):
    """The offline verdict on it."""
    return boston.judged(boston_events)


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory):
    """A real broker with TLS, logins and ACLs, and a user `jiancha-R` for each role."""
    users = [f"jiancha-{user}" for user in secure_system.USERS]
    with secure.secure_kafka(tmp_path_factory.mktemp("secure-kafka"), *users) as broker:
        yield broker


@pytest.fixture(scope="session")
def kafka_access(secure_kafka, tmp_path_factory):
    """The rules on it, those that `jiancha topics --acls` prints; with the topics made."""
    return secure_system.rules(tmp_path_factory.mktemp("topics"), secure_kafka)

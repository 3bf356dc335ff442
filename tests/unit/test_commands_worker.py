"""How a role ends: with a line that says why, and not with a trace, where it is no bug."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from kafka.errors import OffsetOutOfRangeError, TopicAuthorizationFailedError
from structlog.testing import capture_logs

from alerts.notify.verdicts import Widened
from streams.commands import worker
from streams.commands.common import WRONG_USE
from streams.commands.roles import board
from streams.runtime.failstop import EXIT_CODE
from streams.sink.loop import Stalled


def ended(monkeypatch, error):
    def role(_settings, _registry):
        raise error

    monkeypatch.setattr(board, "run", role)  # it asks no broker first
    monkeypatch.setattr(worker, "configure_logs", lambda _settings: None)
    monkeypatch.setattr(worker.memory, "settle", lambda: None)
    with capture_logs() as lines:
        result = CliRunner().invoke(worker.command, ["--role", "board"])
    return result, [line for line in lines if line["event"] == "fail-stop"]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (TopicAuthorizationFailedError("t"), "access", "jiancha topics --acls"),
        (OffsetOutOfRangeError("p"), "read", "OffsetOutOfRangeError"),
        (Widened("jiancha.verdicts has more partitions by now"), "read", "more partitions"),
        (Stalled("7 records wait"), "read", "7 records wait"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_go_on_is_told_in_one_line(monkeypatch, error, kind, said):
    result, (line,) = ended(monkeypatch, error)
    assert result.exit_code == EXIT_CODE
    assert line["kind"] == kind
    assert said in line["reason"]


def test_the_notifier_does_not_start_without_the_boards_address(monkeypatch):
    monkeypatch.setattr(worker, "configure_logs", lambda _settings: None)
    result = CliRunner().invoke(worker.command, ["--role", "notify"])
    assert result.exit_code == WRONG_USE
    assert "links.board is missing" in result.output
    assert "JIANCHA_LINKS__BOARD" in result.output


def test_a_bug_keeps_its_trace(monkeypatch):
    result, lines = ended(monkeypatch, ZeroDivisionError("bug"))
    assert isinstance(result.exception, ZeroDivisionError)
    assert lines == []

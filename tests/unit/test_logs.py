from __future__ import annotations

import io
import json
import logging
import warnings

import pytest
import structlog

from streams.logs import configure_logs
from streams.settings import Kafka, Settings


@pytest.fixture
def logs():
    """Configure logs into a text; afterwards everything is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    text = io.StringIO()

    def configure(**changed):
        configure_logs(Settings(**{"log": "json", **changed}), text)
        return text

    yield configure
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(text):
    return text.getvalue().splitlines()


def records(text):
    return [json.loads(line) for line in lines(text)]


def test_json_has_one_object_a_line(logs):
    text = logs()
    structlog.get_logger("streams.x").info("caught_up", partition=3, 部门="国土局")
    (record,) = records(text)
    assert record["event"] == "caught_up"
    assert record["level"] == "info"
    assert record["logger"] == "streams.x"
    assert record["partition"] == 3
    assert record["部门"] == "国土局"
    assert record["timestamp"].endswith("Z")


def test_people_get_a_line_too(logs):
    text = logs(log="human")
    structlog.get_logger("streams.x").warning("late", by="2 s", partition=3)
    (line,) = lines(text)
    assert 'WARN  late by="2 s" partition=3 (streams.x)' in line


@pytest.mark.parametrize("form", ["human", "json"])
def test_whatever_is_logged_stays_one_line(logs, form):
    text = logs(log=form)
    evil = "x\n2026-01-01 ERROR forged\r\u2028\x1b[31m"
    structlog.get_logger("a").error(evil, field=evil)
    try:
        int(evil)
    except ValueError:
        structlog.get_logger("a").exception("failed")
    found = lines(text)
    assert len(found) == 2
    assert "Traceback" in found[1]
    assert "\x1b" not in text.getvalue()


def test_the_libraries_take_the_same_way_out(logs):
    text = logs()
    logging.getLogger("kafka.client").warning("broker %s is away", "a:9092")
    logging.getLogger("kafka.client").info("chatter")
    (record,) = records(text)
    assert record["event"] == "broker a:9092 is away"
    assert record["logger"] == "kafka.client"


def test_debug_lets_the_libraries_speak_but_not_of_the_records_that_pass(logs):
    text = logs(log_level="debug")
    logging.getLogger("kafka.client").info("chatter")
    logging.getLogger("kafka.client").debug("FetchResponse(… records=b'…')")
    structlog.get_logger("a").debug("ours")
    assert [record["event"] for record in records(text)] == ["chatter", "ours"]


def test_the_lowest_level_is_a_setting(logs):
    text = logs(log_level="error")
    structlog.get_logger("a").warning("not this")
    structlog.get_logger("a").error("this")
    assert [record["event"] for record in records(text)] == ["this"]


def test_warnings_are_logged(logs):
    text = logs()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old way", stacklevel=1)
    assert "old way" in records(text)[0]["event"]


def test_what_is_bound_to_the_context_is_said(logs):
    text = logs()
    structlog.contextvars.bind_contextvars(role="sink")
    logging.getLogger("x").warning("hm")
    assert records(text)[0]["role"] == "sink"


@pytest.mark.parametrize("form", ["human", "json"])
class TestSecrets:
    secret = 'p"ä\\ss-w0rd'

    def configured(self, logs, form):
        kafka = Kafka(
            security_protocol="SASL_SSL",
            sasl_mechanism="PLAIN",
            username="me",
            password=self.secret,
        )
        return logs(log=form, kafka=kafka)

    def test_a_setting_is_hidden_wherever_it_stands(self, logs, form):
        text = self.configured(logs, form)
        log = structlog.get_logger("a")
        event = f"connecting with {self.secret}"
        log.info(event, options={"sasl": [self.secret]})
        log.info("object", thing=RuntimeError(self.secret))
        logging.getLogger("kafka").warning("sasl %s", self.secret)
        try:
            {}[self.secret]
        except KeyError:
            log.exception("failed")
        for part in ("w0rd", "ss-", "\\u00e4"):
            assert part not in text.getvalue()
        assert text.getvalue().count("***") >= 5

    def test_so_is_what_is_called_a_secret(self, logs, form):
        text = self.configured(logs, form)
        structlog.get_logger("a").info("x", options={"sasl_plain_password": "other"}, api_key="k1")
        assert "other" not in text.getvalue()
        assert "k1" not in text.getvalue()

    def test_and_who_stands_in_an_address(self, logs, form):
        text = self.configured(logs, form)
        structlog.get_logger("a").info("pushing", url="http://me:other@alertmanager:9093/api")
        assert "other" not in text.getvalue()
        assert "alertmanager:9093/api" in text.getvalue()

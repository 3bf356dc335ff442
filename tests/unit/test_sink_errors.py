"""An insert's failure is sorted by what can be done about it."""

from __future__ import annotations

import struct

import pytest
from clickhouse_driver import errors
from clickhouse_driver.errors import ServerException

from streams.sink.backoff import FIRST, LONGEST, backoff
from streams.sink.errors import DATA_CODES, OPERATOR_CODES, Kind, kind_of, words


@pytest.mark.parametrize(
    "error",
    [
        errors.NetworkError("Connection refused"),
        errors.SocketTimeoutError("timed out"),
        errors.UnexpectedPacketFromServerError("packet 7"),
        ConnectionResetError(),
        TimeoutError(),
        EOFError("Unexpected EOF while reading bytes"),
        ServerException("Too many parts", 252),
        ServerException("Memory limit exceeded", 241),
        ServerException("Timeout exceeded", 159),
        ServerException("from a server that is newer than we", 99_999),
    ],
)
def test_weather_passes(error):
    assert kind_of(error) is Kind.WEATHER


@pytest.mark.parametrize(
    ("code", "name"),
    [(60, "UNKNOWN_TABLE"), (16, "NO_SUCH_COLUMN"), (516, "AUTHENTICATION_FAILED"), (497, "")],
)
def test_a_person_must_act(code, name):
    assert kind_of(ServerException(name, code)) is Kind.OPERATOR


@pytest.mark.parametrize(
    "error",
    [
        ServerException("Type mismatch", 53),
        ServerException("Constraint `c` is violated", 469),
        errors.TypeMismatchError("Column revision: argument out of range"),
        struct.error("argument out of range"),
        TypeError("an integer is required"),
        ValueError("bad"),
    ],
)
def test_a_row_is_wrong(error):
    assert kind_of(error) is Kind.DATA


def test_no_code_means_two_things():
    assert DATA_CODES.isdisjoint(OPERATOR_CODES)


def test_words_leave_the_stack_trace_out_and_are_bounded():
    said = words(ServerException("DB::Exception: no\nStack trace:\n0. secret", 53))
    assert said == "ServerException: Code: 53. DB::Exception: no"
    long = words(ValueError("x" * 1000))
    assert len(long) == 400
    assert long.endswith("…")


def test_backoff_doubles_to_a_bound():
    waits = [backoff(failures, lambda: 0.0) for failures in range(1, 10)]
    assert waits[:4] == [FIRST, 1.0, 2.0, 4.0]
    assert waits[-1] == LONGEST
    assert backoff(10_000, lambda: 0.0) == LONGEST


def test_chance_takes_up_to_half_off():
    assert backoff(1, lambda: 0.5) == pytest.approx(FIRST * 0.75)
    assert backoff(1, lambda: 1.0) == pytest.approx(FIRST / 2)

"""What an insert's failure means: try again, call a person, or look for the row that is wrong."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from clickhouse_driver.errors import Error, ServerException


class Kind(StrEnum):
    """What to do about a failed insert."""

    WEATHER = "weather"
    """Nothing is wrong with the data: try again."""
    OPERATOR = "operator"
    """A person must act (migrate, grant, free a disk). Until then: try again, and lose nothing."""
    DATA = "data"
    """A row is not what its table takes."""


OPERATOR_CODES: Final = frozenset(
    {
        16,  # NO_SUCH_COLUMN_IN_TABLE
        36,  # BAD_ARGUMENTS
        47,  # UNKNOWN_IDENTIFIER
        60,  # UNKNOWN_TABLE
        81,  # UNKNOWN_DATABASE
        115,  # UNKNOWN_SETTING
        164,  # READONLY
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        291,  # DATABASE_ACCESS_DENIED
        452,  # SETTING_CONSTRAINT_VIOLATION
        497,  # ACCESS_DENIED
        516,  # AUTHENTICATION_FAILED
    }
)
DATA_CODES: Final = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        20,  # NUMBER_OF_COLUMNS_DOESNT_MATCH
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH; also the driver's own, when a value does not fit its column
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        190,  # SIZES_OF_ARRAYS_DONT_MATCH
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407,  # DECIMAL_OVERFLOW
        441,  # CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
        469,  # VIOLATED_CONSTRAINT
        691,  # UNKNOWN_ELEMENT_OF_ENUM
    }
)


def kind_of(error: Exception) -> Kind:
    """Tell what to do about a failed insert.

    A code that is in neither list, of a server newer than them say, is weather: what is tried again
    is not lost, and the lag rings.
    """
    if isinstance(error, Error):
        if error.code in DATA_CODES:
            return Kind.DATA
        known = isinstance(error, ServerException) and error.code in OPERATOR_CODES
        return Kind.OPERATOR if known else Kind.WEATHER
    if isinstance(error, OSError | EOFError):
        return Kind.WEATHER
    return Kind.DATA  # the driver could not write a value: struct.error, TypeError, ValueError, …


def words(error: Exception, limit: int = 400) -> str:
    """Say an error in one line, its own text of at most `limit` characters, with the remedy.

    Without the server's stack trace.
    """
    text = str(error).partition("Stack trace:")[0]
    line = f"{type(error).__name__}: {' '.join(text.split())}"
    shown = line if len(line) <= limit else line[: limit - 1] + "…"
    remedy = _remedy(error, line)
    return f"{shown} → {remedy}" if remedy else shown


# What a wrong address looks like: the driver says a number, or what the system says.
_PLACE: Final = "set JIANCHA_CLICKHOUSE__HOST and __PORT"
_TLS: Final = "a port of TLS, where JIANCHA_CLICKHOUSE__SECURE=true is needed"
_WIRE_REMEDIES: Final = {
    "UnexpectedPacket": f"{_PLACE} to the native port, 9000 (8123 is HTTP's); or it is {_TLS}",
    "WRONG_VERSION_NUMBER": f"no TLS there: JIANCHA_CLICKHOUSE__SECURE=false, or {_PLACE} (9440)",
    "Connection refused": f"nothing listens there: start ClickHouse, or {_PLACE}",
    "SocketTimeoutError": f"no answer in time: ask the firewall, or {_PLACE} to the native port",
    "Name or service not known": "no such host: set JIANCHA_CLICKHOUSE__HOST",
    "Connection reset": f"it hung up: no port of ClickHouse's, or {_TLS}",
    "EOFError": f"it hung up: a server that stops, or {_TLS}",
}
_SERVER_REMEDIES: Final = {
    60: "run `jiancha migrate`",
    81: "run `jiancha migrate`",
    192: "set JIANCHA_CLICKHOUSE__USER",
    193: "set JIANCHA_CLICKHOUSE__USER and __PASSWORD_FILE",
    194: "set JIANCHA_CLICKHOUSE__USER and __PASSWORD_FILE",
    497: "give the user what deploy/clickhouse/users.xml grants",
    516: "set JIANCHA_CLICKHOUSE__USER and __PASSWORD_FILE",
}


def _remedy(error: Exception, line: str) -> str | None:
    if isinstance(error, ServerException):
        return _SERVER_REMEDIES.get(error.code)
    if isinstance(error, Error | OSError | EOFError):
        return next((remedy for sign, remedy in _WIRE_REMEDIES.items() if sign in line), None)
    return None

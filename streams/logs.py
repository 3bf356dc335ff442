"""Structured logs: JSON or for people, one line a record, and never a secret.

What our libraries log through the standard library takes the same way out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog
from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence

    from structlog.typing import Processor

    from streams.settings import Settings

HIDDEN: Final = "***"
CHATTY: Final = ("aiokafka", "faust", "httpcore", "httpx", "kafka", "mode", "uvicorn")
"""Libraries that say at `info` what nobody asked, and at `debug` what nobody may read: the records
as they came, applicants and all, and the bytes of a login."""
FLOODING: Final = ("kafka.cluster", "kafka.net")
"""Say hundreds of lines a second, as errors, while a broker is away; we say it once ourselves."""

_SECRET_NAME: Final = re.compile(r"(?i)passw|secret|token|authori[sz]ation|credential|api_?key")
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^/\s@]+@")
_LEVELS: Final = {"warning": "WARN", "critical": "FATAL"}
_ORDINARY: Final = re.compile(r"[^\s=\"\x00-\x1f\x7f]+")
_BREAKS: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
"""What JSON leaves as it is, and some readers take for the end of a line."""


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream`, by default standard error.

    `settings.log` chooses the form, `settings.log_level` the lowest level.
    """
    hide = _Hide(_spellings(_secrets(settings)))
    render = _as_json if settings.log == "json" else _for_people
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                hide,
                render,
            ],
        )
    )
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    for name in CHATTY:
        quiet = logging.INFO if level == logging.DEBUG else logging.WARNING
        logging.getLogger(name).setLevel(max(quiet, level))
    for name in FLOODING:
        quiet = logging.INFO if level == logging.DEBUG else logging.CRITICAL
        logging.getLogger(name).setLevel(quiet)


class _Hide:
    """Replaces secrets, whatever they hide in: by name, by value, in an address."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets

    def __call__(
        self, _logger: Any, _method: str, record: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return self._fields(record)

    def _fields(self, fields: Mapping[Any, Any]) -> dict[str, Any]:
        return {
            str(name): HIDDEN if _SECRET_NAME.search(str(name)) else self._plain(value)
            for name, value in fields.items()
        }

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return self._fields(value)
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(each) for each in value]
        text = value if isinstance(value, str) else repr(value)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _IN_ADDRESS.sub(f"{HIDDEN}@", text)


def _secrets(section: BaseModel) -> Iterator[str]:
    """Give every secret that the settings hold."""
    for _, value in section:
        if isinstance(value, SecretStr) and value.get_secret_value():
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secrets(value)


def _spellings(secrets: Iterable[str]) -> list[str]:
    """Give each secret as it is and as Python or JSON quote it; the longest first."""
    found = {
        spelled
        for secret in secrets
        for spelled in (
            secret,
            repr(secret)[1:-1],
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        )
    }
    return sorted(found, key=len, reverse=True)


def _as_json(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> str:
    first = {name: record.pop(name) for name in ("timestamp", "level", "event") if name in record}
    line = json.dumps({**first, **record}, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _for_people(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> str:
    """Write `time LEVEL event  name=value …  (logger)`; a value with a line break is quoted."""
    time, level = record.pop("timestamp"), record.pop("level")
    event, logger = record.pop("event"), record.pop("logger", "")
    said = [str(time), f"{_LEVELS.get(level, level.upper()):5}", _one_line(str(event))]
    said += [f"{name}={_quoted(value)}" for name, value in record.items()]
    return " ".join([*said, f"({logger})"])


def _quoted(value: Any) -> str:
    if isinstance(value, str) and _ORDINARY.fullmatch(value):
        return value
    return _one_line(json.dumps(value, ensure_ascii=False))


def _one_line(text: str) -> str:
    """Escape what would begin a new line, or steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

"""Records as lines of JSON: bytes as text where they are text, else as base64."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Record:
    """A record as a broker holds it; the sink and the notifier read it as a consumer's own."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


def line(record: Record) -> str:
    fields: dict[str, Any] = {"topic": record.topic, "key": written(record.key)}
    fields["value"] = written(record.value)
    if record.headers:
        fields["headers"] = [[name, written(value)] for name, value in record.headers]
    if record.partition:
        fields["partition"] = record.partition
    return json.dumps(fields, ensure_ascii=False)


def record(text: str, offset: int = 0, timestamp: int = 0) -> Record:
    fields = json.loads(text)
    headers = [(name, read(value) or b"") for name, value in fields.get("headers", [])]
    key, value = read(fields["key"]), read(fields["value"])
    place = fields.get("partition", 0)
    return Record(fields["topic"], key, value, headers, place, offset, timestamp)


def written(raw: bytes | None) -> Any:
    if raw is None:
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}
    return text


def read(field: Any) -> bytes | None:
    if field is None:
        return None
    return field.encode() if isinstance(field, str) else base64.b64decode(field["base64"])


def load(path: Path) -> list[Record]:
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # a text may hold other line ends
    return [record(text, offset) for offset, text in enumerate(lines)]


def save(path: Path, records: list[Record]) -> None:
    path.write_text("".join(line(each) + "\n" for each in records), encoding="utf-8")

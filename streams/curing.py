"""Dead letters again, after the cure: fields set or dropped, then back to the halls' topic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaException, Producer

from schemas import topics
from schemas.aside import SET_ASIDE
from schemas.decoding import Refusal, decode_event
from schemas.events import STEP_EVENT
from schemas.macs import signature
from schemas.verdicts import ORIGIN_HEADER, encode
from streams.kafka_clients import librdkafka_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.macs import Key
    from schemas.verdicts import Origin
    from streams.dead_letters import DeadLetters, Letter
    from streams.settings import Kafka

ANSWER: Final = 30.0
"""How long the brokers may take to acknowledge what was sent, in seconds."""
LARGEST: Final = topics.EVENTS.max_message_bytes
"""The largest record that is sent, in bytes; the topic's own limit decides."""


class CureFailed(Exception):  # noqa: N818 - named after the condition
    """Raised when bytes cannot be cured or sent; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Cure:
    """What to change in a record before it is sent again."""

    set: Mapping[str, str]
    """New values, as text; a number, a truth value or a list where the contract asks for one."""
    drop: Sequence[str] = ()

    def of(self, raw: bytes) -> bytes:
        """Cure bytes. Without a change they stay as they came.

        Raises CureFailed when the bytes are no JSON object, or a value is not what its field holds.
        """
        if not self.set and not self.drop:
            return raw
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise CureFailed(
                f"is not JSON ({error}), so that no field can be set; the source must send it again"
            ) from None
        if not isinstance(record, dict):
            raise CureFailed("is not a JSON object, so that no field can be set")
        for name in self.drop:
            record.pop(name, None)
        for name, text in self.set.items():
            record[name] = _value(name, text)
        return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def case_number(raw: bytes) -> str | Refusal:
    """Give the case that a record belongs to, or why it would be refused again."""
    try:
        return decode_event(raw).case_no
    except Refusal as refusal:
        return refusal


class Sender:
    """Sends records to the halls' topic, as a hall with Java's partitioner does, or anywhere."""

    def __init__(self, kafka: Kafka) -> None:
        self._failed: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "client.id": "jiancha-dlq",
                "partitioner": "murmur2_random",
                "acks": "all",
                "message.max.bytes": LARGEST,
                "message.timeout.ms": round(ANSWER * 1000),
                **librdkafka_options(kafka),
            }
        )

    def send(
        self,
        raw: bytes,
        key: bytes | None,
        origin: Origin,
        signed: Sequence[tuple[str, bytes]] = (),
        topic: str = topics.STEPS.name,
    ) -> None:
        """Send one record with where it first arrived, and its MAC.

        Raises CureFailed when it was not taken.
        """
        self.put(topic, raw, key, headers=[(ORIGIN_HEADER, encode(origin)), *signed])

    def put(self, topic: str, raw: bytes | None, key: bytes | None, **more: Any) -> None:
        """Send one record; `more` is as `Producer.produce` takes it. Raises CureFailed."""
        try:
            self._producer.produce(topic, raw, key, on_delivery=self._delivered, **more)
        except (KafkaException, BufferError) as error:
            raise CureFailed(f"was not sent: {error}") from None
        unanswered = self._producer.flush(ANSWER + 5)
        failed, self._failed = self._failed, []
        if unanswered or failed:
            raise CureFailed(f"was not taken by the brokers: {failed or 'no answer'}")

    def _delivered(self, error: Any, message: Any) -> None:
        del message
        if error is not None:
            self._failed.append(error.str())


def send_again(
    letters: DeadLetters,
    sender: Sender,
    letter: Letter,
    cure: Cure,
    *,
    force: bool,
    sign: Key | None = None,
) -> str:
    """Cure one letter and send it; give its case, or `unknown`.

    What its source signed keeps its MAC; what was changed is no longer what it signed, and is
    signed by a key of who changed it (`cures` in the catalogue's sources).

    Raises CureFailed for what would be refused again, unless `force`; and LettersUnavailable.
    """
    origin = letter.about.origin
    if origin.topic == topics.RULINGS.name and letter.about.reason == SET_ASIDE:
        key = letter.about.value.encode()  # it was read, and is whole: a ruling is never cut
        sender.send(letter.raw, key, origin, topic=topics.RULINGS.name)
        return letter.about.value
    if origin.topic != topics.STEPS.name:
        raise CureFailed(f"came by {origin.topic}; its sender must send it again")
    whole = letters.whole(letter)
    raw = cure.of(whole)
    case = case_number(raw)
    signed = _signed(letter, sign, raw, changed=raw != whole and not force)
    if isinstance(case, str):
        sender.send(raw, case.encode(), origin, signed)
        return case
    if not force:
        what = f"{case.field}: {case.message}" if case.field else case.message
        raise CureFailed(f"would be refused again: {what} → {case.remedy}")
    sender.send(raw, letter.key, origin, signed)
    return "unknown"


def _signed(
    letter: Letter, sign: Key | None, raw: bytes, *, changed: bool
) -> Sequence[tuple[str, bytes]]:
    if sign is not None:
        return [signature(sign, topics.STEPS.name, raw)]
    if changed and letter.signed:
        raise CureFailed(
            f"was signed by {letter.about.source}, and its MAC does not hold for what you changed:"
            " add --sign KEYID with a key that the catalogue lets cure (docs/dead-letters.md), or"
            " ask the source to send it again"
        )
    return letter.signed


def _value(name: str, text: str) -> Any:
    """Read a value as its field holds it: as text, unless the contract says otherwise."""
    if name not in _NOT_TEXT:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise CureFailed(
            f'--set {name}={text}: write a JSON value, such as 3, true or ["a"]'
        ) from None


def _fields_without_text() -> frozenset[str]:
    """Find the fields that hold numbers, truth values or lists, and never text."""
    found = set()
    for model in STEP_EVENT.json_schema()["$defs"].values():
        for name, field in model.get("properties", {}).items():
            types = {form.get("type") for form in field.get("anyOf", [field])} - {"null"}
            if types <= {"integer", "boolean", "array"}:
                found.add(name)
    return frozenset(found)


_NOT_TEXT: Final = _fields_without_text()

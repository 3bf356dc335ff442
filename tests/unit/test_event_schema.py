"""docs/event.schema.json and the engine, fed with the same events: what one refuses, both do."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from jsonschema import Draft202012Validator

from schemas.decoding import Refusal, decode_event
from schemas.describe import DOCS
from schemas.events import KINDS
from tests.fuzz import odd
from tests.support.bad_messages import BAD_MESSAGES, GOOD, event

SCHEMA = json.loads((DOCS / "event.schema.json").read_text("utf-8"))
BY_MACHINE = Draft202012Validator(SCHEMA)
OF_KIND = {
    kind: Draft202012Validator(
        {"$ref": f"#/$defs/{model.__name__}", "$defs": SCHEMA["$defs"]},
    )
    for kind, model in KINDS.items()
}
NO_SCHEMA_CAN_SAY = {"utf-16", "byte-order-mark", "lone-surrogate", "repeated-key"}
"""Bytes that Python's JSON reads more leniently than the engine does."""


def taken_by_the_engine(fields):
    try:
        decode_event(json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except Refusal:
        return False
    return True


def taken_by_the_schema(fields):
    """By the part for its kind, where it has one: the others only say that it is none of theirs."""
    kind = fields.get("kind") if isinstance(fields, dict) else None
    return OF_KIND.get(kind if isinstance(kind, str) else "", BY_MACHINE).is_valid(fields)


def test_it_is_a_schema_of_every_kind_and_no_other():
    Draft202012Validator.check_schema(SCHEMA)
    assert BY_MACHINE.is_valid(GOOD)
    assert not BY_MACHINE.is_valid(GOOD | {"occurred_at": "hello"})
    assert {part["$ref"] for part in SCHEMA["oneOf"]} == {
        f"#/$defs/{model.__name__}" for model in KINDS.values()
    }


@pytest.mark.parametrize("bad", BAD_MESSAGES, ids=lambda bad: bad.name)
def test_what_halls_send_by_mistake(bad):
    try:
        fields = json.loads(bad.raw or b"")
    except (ValueError, RecursionError):
        return
    assert bad.name in NO_SCHEMA_CAN_SAY or not taken_by_the_schema(fields)


@pytest.mark.parametrize(
    ("moment", "exists"),
    [
        ("hello", False),
        ("2026-03-02T09:00:00+08:00", True),
        ("2026-03-02 09:00:00.123456789+0800", True),
        ("2026-03-02t09:00Z", True),
        ("2026-02-29T09:00:00Z", False),
        ("2000-02-29T09:00:00Z", True),
        ("2024-02-29T09:00:00Z", True),
        ("2026-04-31T09:00:00Z", False),
        ("2026-13-01T09:00:00Z", False),
        ("2026-03-02T24:00:00Z", False),
        ("2026-03-02T23:59:60Z", False),
        ("2026-03-02T09:00:00", False),
        ("2026-03-02", False),
        ("2026-03-02T09:00:00+24:00", False),
        ("2026-03-02T09:00:00+08:60", False),
        ("2026-03-02T09:00:00Z\n", False),
        ("1989-12-31T23:59:59Z", False),
        ("2100-01-02T00:00:00Z", False),
        ("２０２６-03-02T09:00:00Z", False),
    ],
)
def test_a_moment(moment, exists):
    for field in ("occurred_at", "recorded_at"):
        fields = GOOD | {field: moment}
        assert taken_by_the_schema(fields) is exists
        assert taken_by_the_engine(fields) is exists


@pytest.mark.parametrize(
    ("version", "is_one"),
    [
        (1, True),
        (20260302090000, True),
        (2**63 - 1, True),
        (2**63, False),
        (0, False),
        ("2", False),
    ],
)
def test_a_version_has_63_bits(version, is_one):
    fields = GOOD | {"record_version": version}
    assert taken_by_the_schema(fields) is is_one
    assert taken_by_the_engine(fields) is is_one


@pytest.mark.parametrize(
    ("fee", "is_one"),
    [("12.50", True), (12, True), ("12.345", False), (12.345, False), ("1e3x", False), (-1, False),
     ("", False), (True, False), ("100000000000000", False), (100_000_000_000_000, False)],
)  # fmt: skip
def test_an_amount(fee, is_one):
    fields = GOOD | {"kind": "finished", "fee": fee}
    assert taken_by_the_schema(fields) is is_one
    assert taken_by_the_engine(fields) is is_one


def test_a_code_ends_where_it_ends():
    assert not taken_by_the_schema(GOOD | {"case_no": "430102\n"})
    assert not taken_by_the_engine(GOOD | {"case_no": "430102\n"})


class Halls:
    """Makes events of every kind, sound ones and others, from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def sound(self):
        kind = self.random.choice(list(KINDS))
        schema = SCHEMA["$defs"][KINDS[kind].__name__]
        fields = {"kind": kind}
        for name, form in schema["properties"].items():
            if name in schema["required"] or self.random.random() < 0.3:
                fields.setdefault(name, self.value(form))
        return fields

    def value(self, form):
        form = self.random.choice(form.get("anyOf", [form]))
        if "$ref" in form:
            form = SCHEMA["$defs"][form["$ref"].rpartition("/")[2]]
        if "const" in form or "enum" in form:
            return self.random.choice(form.get("enum", [form.get("const")]))
        return getattr(self, f"any_{form['type']}")(form)

    def any_null(self, _form):
        return None

    def any_boolean(self, _form):
        return self.random.random() < 0.5

    def any_integer(self, form):
        return self.random.randint(form["minimum"], min(form["maximum"], 10**12))

    def any_array(self, form):
        return [self.value(form["items"]) for _ in range(self.random.randrange(3))]

    def any_string(self, form):
        if form.get("format") == "date-time":
            return self.moment()
        if "maxLength" not in form:
            return f"{self.random.randrange(10**6)}.{self.random.randrange(100):02}"
        return self.random.choice(("食品经营", "x", "430102-2026-0001", "a b", "𠮷野家"))

    def moment(self):
        offset = timezone(timedelta(minutes=self.random.choice((0, 480, -300, 345))))
        day = datetime(1990, 1, 5, tzinfo=UTC) + timedelta(seconds=self.random.randrange(3 * 10**9))
        return day.astimezone(offset).isoformat()

    def harmed(self):
        fields = self.sound()
        for _ in range(self.random.choice((1, 1, 2))):
            name = self.random.choice([*fields, "occured_at", "fee", "result"])
            fields[name] = self.oddity()
        if self.random.random() < 0.1:
            fields.pop(self.random.choice(list(fields)))
        return fields

    def oddity(self):
        written = self.random.choice((odd.TEXTS, odd.NUMBERS, odd.MOMENTS, odd.WORDS))
        value = self.random.choice(written)
        try:
            return json.loads(value) if self.random.random() < 0.5 else value
        except ValueError:
            return value


@pytest.mark.parametrize("seed", range(4))
def test_sound_events_are_taken_by_both(seed):
    halls = Halls(seed)
    for _ in range(60):
        fields = halls.sound()
        assert taken_by_the_engine(fields), fields
        assert taken_by_the_schema(fields), fields


@pytest.mark.parametrize("seed", range(4))
def test_what_the_engine_refuses_the_schema_refuses(seed):
    halls = Halls(seed)
    refused = 0
    for _ in range(200):
        fields = halls.harmed()
        if not taken_by_the_engine(fields):
            refused += 1
            assert not taken_by_the_schema(fields) or whole_numbers(fields), fields
    assert refused > 80


@pytest.mark.parametrize("seed", range(4))
def test_what_the_schema_refuses_the_engine_refuses(seed):
    halls = Halls(seed)
    for _ in range(200):
        fields = halls.harmed()
        if not taken_by_the_schema(fields):
            assert not taken_by_the_engine(fields) or known_to_be_stricter(fields), fields


def whole_numbers(fields):
    """Whether a number is written 1.0: JSON Schema knows no difference from 1."""
    return any(isinstance(value, float) and value.is_integer() for value in fields.values())


def known_to_be_stricter(fields):
    """Amounts in other words than digits, and the days on which the offset decides."""
    edge = ("1990-01-01", "1990-01-02", "2099-12-31", "2100-01-01")
    return "fee" in fields or any(
        isinstance(value, str) and value.startswith(edge) for value in fields.values()
    )


def test_the_good_event_is_good():
    assert taken_by_the_engine(json.loads(event()))
    assert taken_by_the_schema(json.loads(event()))

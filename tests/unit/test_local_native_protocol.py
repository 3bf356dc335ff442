from __future__ import annotations

import pytest

from deploy.local import native_protocol as wire
from deploy.local.native_protocol import text, varint


@pytest.mark.parametrize(
    ("number", "written"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")]
)
def test_numbers_are_written_seven_bits_to_a_byte(number, written):
    assert varint(number) == written


def test_a_greeting_names_the_revision_and_the_zone():
    assert wire.hello("CH", (26, 9), "UTC") == b"\x00\x02CH\x1a\x09\xaa\xa6\x03\x03UTC"


def test_a_header_is_a_block_without_rows():
    assert wire.header([("n", "UInt8"), ("s", "String")]) == (
        b"\x02\x00" + text("n") + text("UInt8") + text("s") + text("String")
    )


def test_an_exception_carries_its_code_and_says_db_exception_once():
    for message in ("no", "DB::Exception: no"):
        packet = wire.exception(81, message)
        assert (
            packet == b"\x02"
            b"\x51\x00\x00\x00"
            + text("DB::Exception")
            + text("DB::Exception: no")
            + text("")
            + b"\x00"
        )

from __future__ import annotations

import pytest

from deploy.local.native_protocol import text, varint
from deploy.local.native_reader import (
    Block,
    Disconnected,
    Ended,
    Hello,
    Limits,
    ProtocolError,
    Query,
    Reader,
    blocks,
    with_zones,
)


class Trickle(Ended):
    """A client that sends a few bytes at a time."""

    def __init__(self, content, step=1):
        self.pieces = [content[at : at + step] for at in range(0, len(content), step)]

    def recv(self, _size):
        return self.pieces.pop(0) if self.pieces else b""


class Stalled(Ended):
    def recv(self, _size):
        raise TimeoutError


def reader(content, **limits):
    return Reader(Ended(), Limits(**limits), content)


CLIENT_INFO = b"\x01" + text("") * 3 + b"\x01" + text("") * 3 + varint(20) + varint(10) + varint(1)
INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 54058, 2**62])
def test_numbers_come_back_as_sent(number):
    assert reader(varint(number)).varint() == number


def test_a_number_without_an_end_is_refused():
    with pytest.raises(ProtocolError, match="63 bits"):
        reader(b"\xff" * 20).varint()


def test_texts_come_back_as_sent():
    assert reader(text("电子监察")).text() == "电子监察"


def test_a_text_beyond_its_limit_is_refused_before_it_is_awaited():
    with pytest.raises(ProtocolError, match="a text: 11, more than the limit of 10"):
        reader(varint(11), text=10).text()


def test_a_text_that_is_not_utf8_is_refused():
    with pytest.raises(ProtocolError, match="UTF-8"):
        reader(b"\x02\xff\xff").text()


def test_a_hello_is_read():
    sent = varint(0) + text("driver") + varint(20) + varint(10) + varint(54468)
    sent += text("j") + text("default") + text("secret")
    assert reader(sent).hello() == Hello("driver", 54468, "j", "default", "secret")


def test_another_first_packet_is_refused():
    with pytest.raises(ProtocolError, match="not a Hello"):
        reader(b"GET / HTTP/1.1\r\n").hello()


def test_a_query_is_read_with_its_settings():
    sent = text("id") + CLIENT_INFO
    sent += text("max_threads") + varint(2) + text("join_use_nulls") + varint(1)
    sent += text("load_balancing") + text("random") + text("")
    sent += varint(2) + varint(0) + text("SELECT 1")
    settings = {"max_threads": "2", "join_use_nulls": "1", "load_balancing": "random"}
    assert reader(sent).query() == Query("SELECT 1", settings, compressed=False)


def test_an_unknown_setting_is_refused_since_its_form_is_unknown():
    with pytest.raises(ProtocolError, match="setting 'nonsense' is not known"):
        reader(text("id") + b"\x00" + text("nonsense") + text("1")).query()


def test_settings_without_end_are_refused():
    settings = (text("max_threads") + varint(1)) * 4
    with pytest.raises(ProtocolError, match="more than 3 settings"):
        reader(text("id") + b"\x00" + settings, settings=3).query()


NATIVE = varint(2) + varint(2) + text("n") + text("UInt8") + b"\x07\x08"
NATIVE += text("s") + text("String") + text("a") + text("b" * 200)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_block_is_kept_as_it_came_however_it_comes(step):
    source = Trickle(text("") + INFO + NATIVE + b"next", step)
    found = Reader(source, Limits())
    assert found.data() == Block(2, 2, NATIVE)
    assert found.byte() == ord("n")


@pytest.mark.parametrize(
    ("sent", "limits", "complaint"),
    [
        (varint(3) + varint(1), {"columns": 2}, "columns: 3"),
        (varint(1) + varint(3), {"rows": 2}, "rows: 3"),
        (varint(1) + varint(1 << 19) + text("n") + text("UInt64"), {"block": 1 << 20}, "a packet"),
        (varint(1) + varint(1) + text("s") + text("String") + varint(1000), {"string": 999}, "a v"),
        (varint(1) + varint(1) + text("j") + text("JSON") + bytes(9), {}, "'JSON' cannot be read"),
        (varint(1) + varint(1) + text("a") + text("Array(UInt8)") + b"\xff" * 8, {}, "a packet"),
    ],
)
def test_a_block_beyond_a_limit_is_refused(sent, limits, complaint):
    with pytest.raises(ProtocolError, match=complaint):
        reader(text("") + INFO + sent + bytes(20), **limits).data()


def test_a_client_that_leaves_in_a_packet_is_told_from_one_that_stalls():
    with pytest.raises(Disconnected):
        Reader(Ended(), Limits()).byte()
    with pytest.raises(ProtocolError, match="stalled"):
        Reader(Stalled(), Limits()).byte()


def test_what_was_read_is_forgotten_at_the_next_packet():
    found = reader(b"".join(varint(4) for _ in range(10)), block=5)
    for _ in range(5):
        found.wait()
        found.varint()
    assert found.buffered() == 5


def test_an_answer_of_several_blocks_is_divided():
    assert list(blocks(NATIVE + NATIVE)) == [NATIVE, NATIVE]
    assert list(blocks(b"")) == []


def test_the_zone_of_a_moment_is_put_back():
    moment = text("t") + text("DateTime") + bytes(4)
    bare, zoned = text("u") + text("DateTime") + bytes(4), text("n") + text("UInt8") + b"\x07"
    block = varint(4) + varint(1) + moment + bare + zoned + moment
    full = ["DateTime('Asia/Shanghai')", "DateTime", "UInt8", "DateTime('UTC')"]
    assert with_zones(block, full) == block.replace(
        moment, text("t") + text("DateTime('Asia/Shanghai')") + bytes(4), 1
    )[: -len(moment)] + text("t") + text("DateTime('UTC')") + bytes(4)

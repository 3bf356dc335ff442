"""The MAC of a record: published vectors, and what cannot be moved, cut or mistaken."""

from __future__ import annotations

import hmac

import pytest

from schemas.macs import (
    ALGORITHMS,
    LONGEST_HEADER,
    MAC_HEADER,
    Key,
    Mac,
    can,
    holds,
    mac_headers,
    read_mac,
    sign,
    signature,
)

KEY = Key("hn-2026", "hmac-sha-256", bytes(range(32)))
VALUE = b'{"case_no":"430100-2026-0001"}'

# RFC 4231, test cases 1 and 2.
RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
]
# The inputs of RFC 4231 by HMAC with SM3 (GB/T 32905): the first as Bouncy Castle's own HMacTest
# has it (SM3withHMAC), the second as GmSSL 3.1.1 computes it: two implementations besides OpenSSL.
SM3 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "51b00d1fb49832bfb01c3ce27848e59f871d9ba938dc563b338ca964755cce70",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882",
    ),
]


@pytest.mark.parametrize(("secret", "data", "expected"), RFC_4231)
def test_hmac_sha_256_is_that_of_rfc_4231(secret, data, expected):
    assert hmac.digest(secret, data, ALGORITHMS["hmac-sha-256"]).hex() == expected


@pytest.mark.skipif(not can("hmac-sm3"), reason="this machine's OpenSSL lacks SM3")
@pytest.mark.parametrize(("secret", "data", "expected"), SM3)
def test_hmac_sm3_is_that_of_other_implementations(secret, data, expected):
    assert hmac.digest(secret, data, ALGORITHMS["hmac-sm3"]).hex() == expected


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_stands_in_the_docs_word_for_word(algorithm):
    if not can(algorithm):
        pytest.skip(f"this machine's OpenSSL lacks {algorithm}")
    key = Key("k", algorithm, b"s" * 32)
    covered = f"jiancha-mac-1\n{algorithm}\nk\nhall.steps\n5\nvalue".encode()
    assert sign(key, "hall.steps", b"value") == hmac.digest(
        key.secret, covered, ALGORITHMS[algorithm]
    )


def test_a_signature_is_read_and_holds():
    name, value = signature(KEY, "hall.steps", VALUE)
    assert name == MAC_HEADER
    assert len(value) <= LONGEST_HEADER
    mac = read_mac([("other", b"x"), (name, value)])
    assert (mac.algorithm, mac.key_id) == ("hmac-sha-256", "hn-2026")
    assert holds(mac, KEY, "hall.steps", VALUE)


@pytest.mark.parametrize(
    ("key", "topic", "value"),
    [
        (KEY, "jiancha.rulings", VALUE),
        (KEY, "hall.steps", VALUE + b" "),
        (KEY, "hall.steps", VALUE[:-1]),
        (KEY, "hall.steps", b""),
        (Key("hn-2027", KEY.algorithm, KEY.secret), "hall.steps", VALUE),
        (Key(KEY.id, KEY.algorithm, b"x" * 32), "hall.steps", VALUE),
        # The other algorithm with the same secret: a key is for one algorithm.
        (Key(KEY.id, "hmac-sm3", KEY.secret), "hall.steps", VALUE),
    ],
    ids=["topic", "longer", "shorter", "empty", "key id", "secret", "algorithm"],
)
def test_it_holds_for_nothing_else(key, topic, value):
    mac = read_mac([signature(KEY, "hall.steps", VALUE)])
    assert not holds(mac, key, topic, value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"hmac-sha-256 k",
        b"hmac-sha-256  k " + b"0" * 64,
        b"hmac-sha-256 k " + b"0" * 63,
        b"hmac-sha-256 k " + b"0" * 65,
        b"hmac-sha-256 k " + b"A" * 64,
        b"hmac-sha-256 k " + b"0" * 64 + b"\n",
        b"none k " + b"0" * 64,
        b"hmac-md5 k " + b"0" * 64,
        b"HMAC-SHA-256 k " + b"0" * 64,
        b"hmac-sha-256 ../k " + b"0" * 64,
        b"hmac-sha-256 \xe5\xaf\x86 " + b"0" * 64,
        b"\x00" * 100_000,
        None,
    ],
)
def test_what_is_no_mac_is_told(value):
    with pytest.raises(ValueError, match="not an algorithm, a key id and a MAC"):
        read_mac([(MAC_HEADER, value)])


def test_two_macs_are_none():
    good = signature(KEY, "hall.steps", VALUE)
    with pytest.raises(ValueError, match="2 headers"):
        read_mac([good, good])
    assert read_mac([("x", b"")]) is None


def test_what_is_carried_on_is_bounded():
    good = signature(KEY, "hall.steps", VALUE)
    assert mac_headers([good, ("x", b""), (MAC_HEADER, b"0" * 1_000), good, good]) == [good, good]


def test_a_secret_is_not_printed():
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)
    assert repr(Mac("hmac-sha-256", "k", b""))

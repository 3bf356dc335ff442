"""The file of keys: read, or refused with file, line and remedy, and never a key in the text."""

from __future__ import annotations

import pytest

from schemas import macs
from streams import keys as module
from streams.keys import KeysError, read_keys, unusable
from tests.support.sources import catalogue

ONE, TWO = "6f1c" * 16, "a0" * 32


@pytest.fixture
def file(tmp_path):
    def written(text, mode=0o600):
        path = tmp_path / "keys"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return written


def test_several_keys_with_comments(file):
    found = read_keys(
        file(f"# 密钥\n\nhn-2026 hmac-sha-256 {ONE} # old\nhn-2027  hmac-sm3 {TWO[:-1]}b\n")
    )
    assert {key.id: key.algorithm for key in found.by_id.values()} == {
        "hn-2026": "hmac-sha-256",
        "hn-2027": "hmac-sm3",
    }
    assert found.by_id["hn-2026"].secret == bytes.fromhex(ONE)
    assert found.warning == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"k hmac-sha-256 {ONE} x", ":1: write an id, an algorithm and the key"),
        (f"\nk {ONE}", ":2: write an id"),
        (f"k\u200b hmac-sha-256 {ONE}", "an id is letters"),
        (f"k hmac-md5 {ONE}", "the algorithms are hmac-sha-256, hmac-sm3"),
        ("k hmac-sha-256 6f1c", "32 to 64 bytes in hexadecimal"),
        ("k hmac-sha-256 " + "zz" * 32, "32 to 64 bytes in hexadecimal"),
        ("k hmac-sha-256 " + "6f1c" * 40, "32 to 64 bytes in hexadecimal"),
        ("k hmac-sha-256 " + "00" * 32, "every byte of it is the same"),
        (f"k hmac-sha-256 {ONE}\nk hmac-sha-256 {TWO[:-1]}b", ":2: k stands twice"),
        (f"k hmac-sha-256 {ONE}\nl hmac-sm3 {ONE}", "l and k are the same key"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_without_the_key(file, text, said):
    with pytest.raises(KeysError) as told:
        read_keys(file(text))
    assert said in str(told.value)
    assert ONE not in str(told.value)


def test_a_file_that_others_can_write_is_refused_and_one_they_can_read_is_told(file):
    text = f"k hmac-sha-256 {ONE}"
    for mode in (0o620, 0o602, 0o666):
        with pytest.raises(KeysError, match="chmod 600"):
            read_keys(file(text, mode))
    assert "chmod 600" in read_keys(file(text, 0o644)).warning
    assert read_keys(file(text, 0o640)).warning == ""


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(KeysError, match="check keys_file"):
        read_keys(tmp_path / "none")


def test_a_key_that_the_catalogue_names_must_be_here():
    made = catalogue({"code": "a", "name": "a", "regions": ["*"], "keys": ["k"]})
    (told,) = unusable(made, {})
    assert "sources[a].keys: k is not among the keys here" in told
    assert "JIANCHA_KEYS_FILE" in told


def test_a_machine_without_sm3_says_so_only_where_it_is_needed(monkeypatch):
    monkeypatch.setattr(module, "can", lambda algorithm: algorithm != "hmac-sm3")
    key = macs.Key("k", "hmac-sm3", b"s" * 32)
    asks = catalogue({"code": "a", "name": "a", "regions": ["*"], "keys": ["k"]})
    (told,) = unusable(asks, {"k": key})
    assert "OpenSSL lacks it" in told
    asks_not = catalogue({"code": "a", "name": "a", "regions": ["*"], "unsigned": True})
    assert unusable(asks_not, {"k": key}) == []


def test_what_openssl_lacks_is_seen(monkeypatch):
    def lacking(*_):
        raise ValueError("unsupported hash type")

    monkeypatch.setattr(macs.hmac, "digest", lacking)
    assert not macs.can("hmac-sm3")

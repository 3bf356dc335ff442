"""What is wrong with the settings of an edge is told by key, before anything runs."""

from __future__ import annotations

import subprocess

import pytest

from streams.settings import Links, SettingsError, load_settings
from tests.support.certificates import certificates

SASL = {
    "KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA__USERNAME": "jiancha-engine",
    "KAFKA__PASSWORD": "hush",
}


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = certificates(tmp_path_factory.mktemp("tls"), "engine", "sink")
    (folder / "rubbish.pem").write_text("rubbish")
    locked = ["openssl", "pkey", "-in", folder / "engine.key", "-aes256", "-passout", "pass:hush"]
    subprocess.run([*locked, "-out", folder / "locked.key"], check=True)
    return folder


@pytest.fixture
def load(monkeypatch, tls):
    """Load settings from variables; `{tls}` in a value is where the certificates are."""

    def load(variables):
        for name, value in variables.items():
            monkeypatch.setenv(f"JIANCHA_{name}", value.format(tls=tls))
        return load_settings()

    return load


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"KAFKA__SECURITY_PROTOCOL": "SSL"},  # the system's authorities
        SASL,
        {**SASL, "KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
        {
            "KAFKA__SECURITY_PROTOCOL": "SSL",
            "KAFKA__CA_FILE": "{tls}/ca.pem",
            "KAFKA__CERT_FILE": "{tls}/engine.pem",
            "KAFKA__KEY_FILE": "{tls}/engine.key",
        },
        {"CLICKHOUSE__SECURE": "true", "CLICKHOUSE__CA_FILE": "{tls}/ca.pem"},
        {"HTTP__CERT_FILE": "{tls}/sink.pem", "HTTP__KEY_FILE": "{tls}/sink.key"},
    ],
)
def test_what_is_whole_is_taken(load, variables):
    load(variables)


@pytest.mark.parametrize("key", ["KAFKA__SASL_MECHANISM", "KAFKA__USERNAME", "KAFKA__PASSWORD"])
def test_a_login_needs_all_its_parts(load, key):
    with pytest.raises(SettingsError) as error:
        load({name: value for name, value in SASL.items() if name != key})
    section, _, name = key.lower().partition("__")
    assert str(error.value) == (
        f"{section}.{name}: is missing, and security_protocol=SASL_SSL logs in (set JIANCHA_{key})"
    )


def test_an_empty_password_file_is_a_missing_password(load, tmp_path):
    (tmp_path / "password").write_text("\n")
    given = {**SASL, "KAFKA__PASSWORD_FILE": str(tmp_path / "password")}
    with pytest.raises(SettingsError, match=r"kafka.password: is missing"):
        load(given)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"KAFKA__USERNAME": "u"}, "kafka.username: is set, but security_protocol=PLAINTEXT"),
        ({"KAFKA__PASSWORD": "hush"}, "kafka.password: is set, but security_protocol=PLAINTEXT"),
        ({"KAFKA__CA_FILE": "{tls}/ca.pem"}, "kafka.ca_file: is set, but security_protocol=PLAIN"),
        (
            {"CLICKHOUSE__CA_FILE": "{tls}/ca.pem"},
            "clickhouse.ca_file: is set, but clickhouse.secure is false",
        ),
        ({"HTTP__CERT_FILE": "{tls}/sink.pem"}, "http.key_file: is missing, and cert_file is set"),
        ({"HTTP__KEY_FILE": "{tls}/sink.key"}, "http.key_file: is set, but cert_file is not"),
        (
            {"KAFKA__SECURITY_PROTOCOL": "SSL", "KAFKA__CERT_FILE": "{tls}/sink.pem"},
            "kafka.key_file: is missing, and cert_file is set",
        ),
    ],
)
def test_what_would_be_ignored_in_silence_is_refused(load, variables, told):
    with pytest.raises(SettingsError) as error:
        load(variables)
    assert str(error.value).startswith(told)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("key", ["ALERTMANAGER__URL", "LINKS__BOARD", "LINKS__GRAFANA"])
class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        ["http://am:9093", "https://jiancha.example.gov.cn/board/", "http://[::1]:9093"],
    )
    def test_one_with_scheme_and_host_is_taken(self, load, key, address):
        load({key: address})

    @pytest.mark.parametrize(
        "address",
        ["", "am:9093", "127.0.0.1:9093", "//am:9093", "ftp://am", "http://", "http://am:x",
         "http://am/?a=1", "http://am/#a", "http://a m"],
    )  # fmt: skip
    def test_any_other_is_refused_by_name(self, load, key, address):
        with pytest.raises(SettingsError) as error:
            load({key: address})
        section, _, name = key.lower().partition("__")
        assert str(error.value).startswith(f"{section}.{name}: is no address: it begins with http")
        assert str(error.value).endswith(f"(set JIANCHA_{key})")


def test_the_boards_address_is_asked_for_where_it_is_needed(load):
    assert load({"LINKS__BOARD": "http://board"}).links.needed_board() == "http://board"
    with pytest.raises(SettingsError, match=r"links.board is missing.*JIANCHA_LINKS__BOARD"):
        load({}).model_copy(update={"links": Links()}).links.needed_board()


@pytest.mark.parametrize("file", ["missing.pem", "rubbish.pem", "engine.key"])
@pytest.mark.parametrize(
    ("section", "on"),
    [("KAFKA", {"KAFKA__SECURITY_PROTOCOL": "SSL"}), ("CLICKHOUSE", {"CLICKHOUSE__SECURE": "1"})],
)
def test_an_authority_that_is_none_is_named(load, section, on, file):
    with pytest.raises(SettingsError) as error:
        load({**on, f"{section}__CA_FILE": f"{{tls}}/{file}"})
    assert str(error.value).startswith(f"{section.lower()}.ca_file: ")
    assert f"{file} holds no certificate to trust" in str(error.value)


@pytest.mark.parametrize("key", ["sink.key", "locked.key", "missing.key", "rubbish.pem"])
@pytest.mark.parametrize(
    ("section", "on"), [("KAFKA", {"KAFKA__SECURITY_PROTOCOL": "SSL"}), ("HTTP", {})]
)
def test_a_key_that_does_not_open_its_certificate_is_named(load, section, on, key):
    pair = {f"{section}__CERT_FILE": "{tls}/engine.pem", f"{section}__KEY_FILE": f"{{tls}}/{key}"}
    with pytest.raises(SettingsError) as error:
        load({**on, **pair})
    assert str(error.value).startswith(f"{section.lower()}.key_file: ")
    assert f"{key} and" in str(error.value)

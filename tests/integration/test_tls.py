"""TLS to ClickHouse, and from every role to who reads its pages: by real clients."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from zoneinfo import ZoneInfo

import httpx
import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from deploy.healthcheck import complaint
from deploy.local.ports import free_port
from streams import http_server
from streams.board.clickhouse import ClickHouseHistory
from streams.board.history import HistoryAway
from streams.board.server import run_board
from streams.cli import main
from streams.http import Health, serve
from streams.settings import ClickHouse, Http, Settings
from streams.sink.clickhouse import connect
from tests.support import history
from tests.support.certificates import certificates
from tests.support.system import ROOT
from tests.support.tls_front import tls_front
from tests.support.wait import eventually


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates(
        tmp_path_factory.mktemp("tls"), "server=127.0.0.1", "elsewhere=clickhouse.example"
    )


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """Another authority."""
    return certificates(tmp_path_factory.mktemp("strangers"), "server=127.0.0.1")


class TestClickHouse:
    @pytest.fixture
    def front(self, embedded_clickhouse, tls):
        with tls_front(embedded_clickhouse, tls / "server.pem", tls / "server.key") as port:
            yield port

    @pytest.fixture
    def place(self, embedded_clickhouse, front, tls):
        """Give a database as it is reached by TLS."""
        with history.database(embedded_clickhouse, migrated=False) as (where, _):
            yield ClickHouse(
                port=front, database=where.database, secure=True, ca_file=tls / "ca.pem"
            )

    def migrate(self, place, **more):
        env = {"PORT": place.port, "DATABASE": place.database, "SECURE": "true", **more}
        env = {f"JIANCHA_CLICKHOUSE__{name}": str(value) for name, value in env.items()}
        return CliRunner().invoke(main, ["migrate"], env=env, catch_exceptions=False)

    def test_every_client_comes_in_by_it(self, place):
        done = self.migrate(place, CA_FILE=place.ca_file)
        assert done.exit_code == 0, done.output
        client = connect(place)
        try:
            assert client.execute("SELECT count() FROM events") == [(0,)]
        finally:
            client.disconnect()
        board = ClickHouseHistory(place, live=True, zone=ZoneInfo("Asia/Shanghai"))
        try:
            assert board.figures().overdue == 0
        finally:
            board.close()

    @pytest.mark.parametrize("ca_file", ["stranger", None])
    def test_a_server_that_nobody_vouches_for_is_not_spoken_to(self, place, strangers, ca_file):
        files = {"CA_FILE": strangers / "ca.pem"} if ca_file else {}
        done = self.migrate(place, PASSWORD="canary-ch", **files)
        assert done.exit_code == 1
        assert f"ClickHouse at 127.0.0.1:{place.port}: " in done.output
        assert "certificate verify failed" in done.output
        assert "canary" not in done.output

    def test_nor_one_whose_certificate_names_another(self, embedded_clickhouse, place, tls):
        with tls_front(embedded_clickhouse, tls / "elsewhere.pem", tls / "elsewhere.key") as port:
            other = place.model_copy(update={"port": port})
            done = self.migrate(other, CA_FILE=place.ca_file)
        assert done.exit_code == 1
        assert "IP address mismatch" in done.output

    def test_the_board_says_that_it_is_away(self, place, strangers):
        wrong = place.model_copy(update={"ca_file": strangers / "ca.pem"})
        board = ClickHouseHistory(wrong, live=True, zone=ZoneInfo("Asia/Shanghai"))
        try:
            with pytest.raises(HistoryAway, match="unreachable"):
                board.figures()
        finally:
            board.close()

    def test_plain_speech_to_a_tls_port_ends_with_a_reason(self, place):
        done = self.migrate(place, SECURE="false")
        assert done.exit_code == 1
        assert f"ClickHouse at 127.0.0.1:{place.port}: " in done.output


WELL = Health(ok=True, detail="well")


@pytest.fixture
def http(tls):
    return Http(port=free_port(), cert_file=tls / "server.pem", key_file=tls / "server.key")


@pytest.fixture(params=["metrics", "board"])
def role(request, http):
    """Run what a role serves, and give its address."""
    registry = CollectorRegistry()
    if request.param == "metrics":
        stop = serve(http, registry, lambda: WELL, lambda: WELL)
    else:
        settings = Settings(
            http=http,
            clickhouse=ClickHouse(port=free_port()),
            catalogue=ROOT / "deploy/samples/hunan/catalogue",
        )
        ended = threading.Event()
        thread = threading.Thread(target=run_board, args=(settings, ended, registry))
        thread.start()

        def stop():
            ended.set()
            thread.join()

    eventually(lambda: complaint(environment(http)) is None, 20)
    yield f"https://127.0.0.1:{http.port}"
    stop()


def environment(http, **more):
    return {"JIANCHA_HTTP__PORT": str(http.port), "JIANCHA_HTTP__CERT_FILE": "x", **more}


def test_pages_metrics_and_health_are_served_by_tls(role, tls):
    with httpx.Client(verify=ssl.create_default_context(cafile=tls / "ca.pem")) as client:
        for path in ("/healthz", "/metrics"):
            answer = client.get(f"{role}{path}")
            assert answer.status_code == 200, path
            assert answer.num_bytes_downloaded == int(answer.headers["content-length"])


def test_a_client_that_trusts_others_is_not_served(role, strangers):
    context = ssl.create_default_context(cafile=strangers / "ca.pem")
    with (
        httpx.Client(verify=context) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get(f"{role}/healthz")


def test_nothing_is_said_in_the_clear(role, http):
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{http.port}/healthz")
    del role


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
def test_only_tls_of_our_time_is_spoken(role, http, version, taken):
    del role
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # the client would speak the old one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", http.port), 5) as plain:
        if taken:
            context.wrap_socket(plain).close()
        else:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(plain)


def test_one_that_never_shakes_hands_keeps_nobody_waiting_and_is_cut_off(http, monkeypatch):
    monkeypatch.setattr(http_server, "READ_SECONDS", 0.2)
    stop = serve(http, CollectorRegistry(), lambda: WELL, lambda: WELL)
    try:
        with socket.create_connection(("127.0.0.1", http.port), 5) as silent:
            assert complaint(environment(http)) is None
            assert silent.recv(1) == b""
    finally:
        stop()


def test_the_healthcheck_tells_an_ill_role_from_one_that_speaks_otherwise(http):
    ill = Health(ok=False, detail="恢复中")
    stop = serve(http, CollectorRegistry(), lambda: WELL, lambda: ill)
    try:
        assert complaint(environment(http), "/readyz") == "503: 恢复中\n"
        assert "no answer" in complaint(environment(http, JIANCHA_HTTP__CERT_FILE=""))
    finally:
        stop()

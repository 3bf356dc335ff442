"""Real Prometheus and Alertmanager for tests, with the repository's own configurations."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from deploy.local.ports import free_port
from deploy.local.process import Child
from deploy.local.supervisor import Supervisor
from tests.support.need import need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
PLACE_HOLDER = "http://127.0.0.1:9095"
ALERTMANAGER = (ROOT / "deploy/alertmanager/alertmanager.yml").read_text(encoding="utf-8")
PROMETHEUS = (ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")


LINKS = {
    "JIANCHA_LINKS__BOARD": "https://board.test",
    "JIANCHA_LINKS__GRAFANA": "https://grafana.test",
}


def _well(url: str):
    def ask() -> bool:
        try:
            return httpx.get(f"{url}/-/ready", timeout=1).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    return ask


@contextlib.contextmanager
def alertmanager(folder: Path, port: int, messages: str = PLACE_HOLDER) -> Iterator[str]:
    """Run an Alertmanager that waits for nothing; yield its URL. Messages go to `messages`."""
    program = need("alertmanager")
    folder.mkdir(parents=True, exist_ok=True)
    config = ALERTMANAGER.replace(PLACE_HOLDER, messages)
    for wait in ("group_wait: 10s", "group_wait: 0s"):
        config = config.replace(wait, "group_wait: 0s")
    for interval in ("group_interval: 1m", "group_interval: 5m"):
        config = config.replace(interval, "group_interval: 1s")
    file = folder / "alertmanager.yml"
    file.write_text(config, encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    argv = [
        program,
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with Supervisor(Child("alertmanager", argv, ready=_well(url)), log=_quiet):
        yield url


@contextlib.contextmanager
def prometheus(folder: Path, targets: Mapping[str, str]) -> Iterator[str]:
    """Run a Prometheus that looks every second; yield its URL.

    `targets` says where what the configuration names is: `engine:9108` → `127.0.0.1:1234`.
    """
    program = need("prometheus")
    folder.mkdir(parents=True, exist_ok=True)
    config = PROMETHEUS
    for interval in ("scrape_interval: 15s", "evaluation_interval: 15s", "scrape_timeout: 10s"):
        config = config.replace(interval, interval.partition(":")[0] + ": 1s")
    for name, address in targets.items():
        assert name in config
        config = config.replace(name, address)
    file = folder / "prometheus.yml"
    file.write_text(config, encoding="utf-8")
    shutil.copytree(ROOT / "alerts/rules", folder / "rules", dirs_exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        # What fires before Alertmanager is discovered is dropped, and sent again after this delay.
        "--rules.alert.resend-delay=1s",
        "--enable-feature=expand-external-labels",  # Prometheus 3 does it always
    ]
    env = {**os.environ, **LINKS}
    with Supervisor(Child("prometheus", argv, env=env, ready=_well(url)), log=_quiet):
        yield url


class Messages:
    """A message gateway: keeps what Alertmanager posts, by path."""

    def __init__(self) -> None:
        self.url = ""
        self.got: dict[str, list[dict]] = defaultdict(list)
        self.sizes: list[int] = []

    def alerts(self, path: str, status: str = "firing") -> list[dict]:
        """Give the alerts of a state that came to a path."""
        found = [alert for message in list(self.got[path]) for alert in message["alerts"]]
        return [alert for alert in found if alert["status"] == status]


@contextlib.contextmanager
def message_gateway() -> Iterator[Messages]:
    """Run a message gateway."""
    messages = Messages()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.sizes.append(len(body))
            messages.got[self.path].append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        messages.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield messages
        finally:
            server.shutdown()
            thread.join()


def _quiet(_line: str) -> None:
    """Drop a server's log line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.healthcheck import complaint
from deploy.local.ports import free_port


@pytest.fixture
def role():
    """A stand-in for a role: answers `/healthz` with the status that its `status` holds."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/healthz"
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(self.server.text)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status, server.text = 200, b"ok"
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def environment(role):
    return {"JIANCHA_HTTP__PORT": str(role.server_port)}


def test_a_role_that_answers_is_well(role):
    assert complaint(environment(role)) is None


def test_a_role_that_says_it_is_ill_is_quoted(role):
    role.status, role.text = 503, "卡住 stalled".encode()
    assert complaint(environment(role)) == "503: 卡住 stalled"


def test_a_role_that_is_not_there_is_ill():
    port = free_port()
    assert f"no answer on port {port}" in complaint({"JIANCHA_HTTP__PORT": str(port)})


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_exit_code_is_what_a_container_engine_reads(role, status, code):
    role.status = status
    done = subprocess.run(
        [sys.executable, "-m", "deploy.healthcheck"],
        env={**os.environ, **environment(role)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code
    assert bool(done.stderr) == bool(code)

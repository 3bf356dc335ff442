from __future__ import annotations

import os
import socket

import pytest

from deploy.local import checks
from deploy.local.checks import NotReadyError


def test_an_old_python_is_named_with_what_is_wanted():
    with pytest.raises(NotReadyError, match=r"^Python 3\.10 is too old: use 3\.11 or later$"):
        checks.python((3, 10))
    checks.python((3, 11))
    checks.python()


def test_a_missing_module_comes_with_its_remedy():
    with pytest.raises(NotReadyError, match="module nosuch is missing: install the extra `local`"):
        checks.module("nosuch", "install the extra `local`")
    checks.module("json", "")


def test_a_busy_port_names_the_option_that_changes_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(NotReadyError, match=rf"port {port} cannot be used .* with --port"):
            checks.port_free(port, "--port")
    checks.port_free(port, "--port")


def test_a_directory_that_is_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotReadyError, match=r"cannot be written \(File exists\): .* with --data"):
        checks.directory_writable(tmp_path / "file", "--data")


def test_a_directory_that_can_be_made_is_fine_and_left_empty(tmp_path):
    checks.directory_writable(tmp_path / "a" / "b", "--data")
    assert os.listdir(tmp_path / "a" / "b") == []  # noqa: PTH208


def test_all_faults_are_told_at_once():
    def fault(line):
        raise NotReadyError(line)

    found = checks.faults([lambda: fault("one"), lambda: None, lambda: fault("two")])
    assert found == ["one", "two"]

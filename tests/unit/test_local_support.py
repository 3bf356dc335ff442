from __future__ import annotations

import pytest

from tests.support import need as needs
from tests.support.wait import eventually


def test_eventually_returns_the_first_true_value():
    values = iter([0, None, "", "ready", "late"])
    assert eventually(lambda: next(values), interval=0) == "ready"


def test_eventually_forgives_asserts_and_names_the_last_one():
    calls = ["one"]

    def condition():
        assert not calls, "one is not two"

    with pytest.raises(AssertionError, match=r"condition not met in 0 s.*one is not two"):
        eventually(condition, timeout=0)


def test_eventually_raises_other_errors_at_once():
    calls = []

    def condition():
        calls.append(1)
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        eventually(condition, timeout=60)
    assert len(calls) == 1


def test_eventually_forgives_what_it_is_told_to():
    answers = iter([OSError("refused"), OSError("refused")])

    def condition():
        for error in answers:
            raise error
        return True

    assert eventually(condition, forgive=OSError, interval=0)


def test_a_missing_program_skips_with_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        needs.need("java")
    assert str(skipped.value) == "java is missing: install a Java runtime of version 17 or later"


def test_on_ci_a_missing_program_fails(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="amtool is missing"):
        needs.need("amtool")


def test_a_program_under_its_debian_name_is_found(monkeypatch, tmp_path):
    program = tmp_path / "prometheus-alertmanager"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert needs.need("alertmanager") == str(program)


def test_a_missing_module_skips(monkeypatch):
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda _: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chdb is missing"):
        needs.need("chdb")

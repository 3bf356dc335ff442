"""The mutants of `make proof`: small changes, each compiled, none where nothing is decided."""

from __future__ import annotations

import pytest

from tests.proof.mutants import compiled, mutants

SOURCE = '''
"""Of days."""

LIMIT: Final = 5


class Count:
    def due(self, start: int, extra: int = 0) -> int:
        """Give the last day in time."""
        if start < 0 or not extra:
            raise ValueError(f"day {start} is before the first")
        return start + LIMIT if extra is None else max(start, extra)
'''


def changes(source, scope=None):
    return {(m.before, m.after) for m in mutants(source) if scope in {None, m.scope}}


def test_conditions_lose_a_part_and_comparisons_move_by_one():
    found = changes(SOURCE, "Count.due")
    assert ("start < 0", "start <= 0") in found
    assert ("start < 0 or not extra", "start < 0") in found
    assert ("start < 0 or not extra", "not extra") in found
    assert ("not extra", "extra") in found


def test_sums_choices_and_calls_are_turned_round():
    found = changes(SOURCE, "Count.due")
    assert ("start + LIMIT", "start - LIMIT") in found
    assert ("max(start, extra)", "min(start, extra)") in found
    assert ("start + LIMIT if extra is None else max(start, extra)", "start + LIMIT") in found


def test_what_runs_at_import_is_told_apart():
    assert changes(SOURCE, "") == {("5", "6"), ("0", "1")}  # the constant, and the default


def test_nothing_is_changed_that_says_nothing_at_run_time():
    assert not [m for m in mutants(SOURCE) if "day" in m.before or "Of days" in m.before]
    assert not changes('if TYPE_CHECKING:\n    A = 1\nassert 1 < 2\nB: Literal["a"]')


def test_a_condition_that_compares_nothing_is_denied():
    assert ("left", "not left") in changes("def f(left):\n    while left:\n        pass")


def test_each_is_another_program():
    source = "def f(a, b):\n    return a + 1 if a < b else b"
    asked = [(a, b) for a in range(3) for b in range(3)]

    def answers(code):
        namespace = {}
        exec(code, namespace)  # noqa: S102
        return [namespace["f"](a, b) for a, b in asked]

    whole = answers(compile(source, "f.py", "exec"))
    found = [answers(compiled(source, "f.py", mutant.number)) for mutant in mutants(source)]
    assert len(found) == 6
    assert all(answered != whole for answered in found)


@pytest.mark.parametrize("statement", ["total += 1", "note()", "continue"])
def test_a_statement_is_left_out(statement):
    source = f"def f(total):\n    for each in total:\n        {statement}"
    assert (statement, "pass") in changes(source)

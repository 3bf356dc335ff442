"""The tests that judge mutants, collected once in this process: which lines each runs, and whether
a chosen few of them pass.

Everything happens within pytest's own loop, after it has collected. What a test does must not
reach the next one, nor this process: each run of tests is a fork.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import CodeType

ROOT = Path(__file__).parents[2]
FILES = (
    *(
        f"tests/unit/test_{name}.py"
        for name in (
            "arrival",
            "calendar",
            "calendar_data",
            "calendar_hours",
            "calendar_statutory",
            "calendar_zone",
            "clocks",
            "corrections",
            "counting",
            "deadlines",
            "explanation",
            "findings",
            "judge",
            "ledger",
            "logic",
            "pins",
            "rules",
            "sample_hunan",
            "standard_day",
            "state",
            "zone",
        )
    ),
    "tests/unit/test_law_*.py",
    "tests/unit/test_*_edges.py",
    "tests/property/test_calendar.py",
    "tests/property/test_law_oracle.py",
)
"""Pure and fast: no server, no thread."""
ARGUMENTS = (
    "--override-ini=addopts=", "--override-ini=faulthandler_timeout=0", "--capture=no",
    "--import-mode=importlib",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
    "-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist",
)  # fmt: skip
ORACLE_CASES = "400"
"""Of the second reader of the law, for each mutant."""
KILLED, SURVIVED = 10, 11
"""Exit codes of a fork that runs tests."""

hypothesis.settings.register_profile(
    "proof",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def files() -> list[str]:
    return sorted({str(path) for pattern in FILES for path in ROOT.glob(pattern)})


class Suite:
    """The collected tests, while pytest's loop is held up."""

    def __init__(self, session: pytest.Session) -> None:
        self._items = {item.nodeid: item for item in session.items}
        self._session = session
        self._failed: set[str] = set()
        session.config.pluginmanager.register(self)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)

    @property
    def names(self) -> list[str]:
        return list(self._items)

    def passes(self, name: str, following: str | None = None) -> bool:
        item, after = self._items[name], self._items.get(following or "")
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        return name not in self._failed

    def all_pass(self, names: Sequence[str]) -> bool:
        """Run tests up to the first that fails."""
        return all(map(self.passes, names, [*names[1:], None]))


def with_suite(use: Callable[[Suite], None]) -> None:
    """Collect the tests and do something with them. Raises RuntimeError when they do not load."""

    class Loop:
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            hypothesis.settings.load_profile("proof")
            if session.testsfailed:
                raise RuntimeError("the tests cannot be collected: run pytest on them")
            use(Suite(session))
            used.append(True)
            return True

    used: list[bool] = []
    os.environ["JIANCHA_ORACLE_CASES"] = ORACLE_CASES
    os.chdir(ROOT)
    code = pytest.main([*ARGUMENTS, *files()], plugins=[Loop()])
    if not used:
        raise RuntimeError(f"pytest ended with {code!r}: run it on {' '.join(files())}")


class Lines:
    """Notes which lines of some files are run: (file, line).

    A function all of whose lines were seen is no longer watched: that is what costs.
    """

    def __init__(self, watched: Iterable[str]) -> None:
        self._watched = frozenset(watched)
        self._unseen: dict[CodeType, set[int]] = {}
        self.seen: set[tuple[str, int]] = set()

    def __enter__(self) -> Self:
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _call(self, frame, event, argument):
        code = frame.f_code
        if code.co_filename not in self._watched:
            return None
        unseen = self._unseen.get(code)
        if unseen is None:
            unseen = self._unseen[code] = {line for _, _, line in code.co_lines() if line}
        return self._line(frame, event, argument) if unseen else None

    def _line(self, frame, event, argument):  # noqa: ARG002
        code, line = frame.f_code, frame.f_lineno
        unseen = self._unseen[code]
        if line in unseen:
            unseen.discard(line)
            self.seen.add((code.co_filename, line))
        return self._line if unseen else None


def survey(suite: Suite, watched: Iterable[str], out: Path) -> None:
    """Run every test once, and write what each runs and how long it takes."""
    found = {}
    for at, name in enumerate(suite.names):
        begun = time.perf_counter()
        with Lines(watched) as lines:
            passed = suite.passes(name)
        seconds = time.perf_counter() - begun
        if passed:
            found[name] = {"seconds": seconds, "lines": sorted(lines.seen)}
        else:
            sys.stderr.write(f"fails by itself, left out: {name}\n")
        if at % 100 == 0:
            sys.stderr.write(f"survey: test {at + 1} of {len(suite.names)}\n")
    out.write_text(json.dumps(found), encoding="utf-8")

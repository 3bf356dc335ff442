"""More lines than memory holds, in order."""

from __future__ import annotations

from random import Random

import pytest

from streams.sorted_lines import SortedLines


@pytest.mark.parametrize("run_bytes", [1, 500, 1 << 20])
@pytest.mark.parametrize("most_runs", [2, 128])
def test_they_come_sorted_and_none_is_lost(run_bytes, most_runs):
    random = Random(1)
    given = [b"%08d\0%d\n" % (random.randrange(10**4), n % 7) for n in range(2_000)]
    with SortedLines(run_bytes, most_runs) as lines:
        for line in given:
            lines.add(line)
        assert list(lines) == sorted(given)


def test_of_none_there_are_none():
    with SortedLines() as lines:
        assert list(lines) == []


def test_files_are_closed():
    with SortedLines(1, 2) as lines:
        lines.add(b"a\n")
    assert all(run.closed for run in lines._runs)

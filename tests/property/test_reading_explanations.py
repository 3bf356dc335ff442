"""The text of an explanation alone, read as a clerk reads it, gives the sums that it shows.

Nothing here looks at the engine's figures but to compare with what was read.
"""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from random import Random

import pytest

from streams.engine.counting import DAY
from streams.engine.explanation import explain_case
from streams.engine.telling import tell
from tests.support.cases import days, rules
from tests.support.random_cases import random_case

CASES = 40
BY_DATES = {
    "working days": rules({"promised": days(6), "statutory": days(12)}),
    "natural days": rules({"promised": {"amount": 15, "unit": "natural_day"}}),
    "a month": rules({"promised": {"amount": 1, "unit": "month"}}),
}
BY_TIME = {"elapsed": rules({"promised": days(6), "statutory": days(30)}, mode="elapsed")}


def texts(name, law):
    random = Random(f"read {name}")
    for number in range(CASES):
        events = random_case(random, "c")
        last = max(event.occurred_at.timestamp() for event in events)
        found = explain_case("c", events, law, int(last) + random.randrange(30 * DAY))
        yield number, found, tell(found, "en").splitlines()


def parts(lines):
    """The lists of each clock, as the text has them: heading → its lines."""
    heading, found = None, []
    for line in lines:
        if line.startswith("  ") and line.endswith(":") and not line.startswith("    "):
            heading = line.strip()[:-1]
            found.append((heading, []))
        elif line.startswith("    ") and found:
            found[-1][1].append(line.strip())
        elif not line.startswith(" "):
            heading = None
            found.append((None, []))
    return [(name, rows) for name, rows in found if name == "How the due time follows"]


SHARE = re.compile(
    r"suspended (?:(\d+) whole days?|(?P<part>.+?) of (?P<all>.+?) = .+?), "
    r"sum (\d+(?:/\d+)?)[^,]* d, rounded (\d+) d: (out|this date is counted)"
)


def seconds(said):
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+) (h|min|s)\b", said))


@pytest.mark.parametrize("name", BY_DATES)
def test_shares_add_up_to_the_sums_and_the_sums_round_to_the_dates_that_are_out(name):
    suspended = 0
    for number, _, lines in texts(name, BY_DATES[name]):
        for _, rows in parts(lines):
            total, counted, was = Fraction(0), 0, 0
            for row in rows[:-1]:
                where = (name, number, row)
                read = SHARE.search(row)
                if read is not None:
                    suspended += 1
                    whole, part, of, shown, rounded, said = read.groups()
                    share = Fraction(int(whole)) if whole else Fraction(seconds(part), seconds(of))
                    total += share
                    assert Fraction(shown) == total, where
                    assert int(rounded) == int(total + Fraction(1, 2)), where
                    dates = int(whole or 1)
                    assert (said == "out") == (int(rounded) - was == dates), where
                    was = int(rounded)
                if "  counted  " in row:
                    counted += int(re.search(r"(\d+) (?:natural|working) days?$", row)[1])
            assert re.search(rf"Sum: {counted} ", rows[-1]), (name, number, rows)
    assert suspended > CASES // 2


@pytest.mark.parametrize("name", BY_TIME)
def test_a_line_a_week_whose_dates_add_up(name):
    read = 0
    for number, found, lines in texts(name, BY_TIME[name]):
        for _, rows in parts(lines):
            total = 0
            for row in rows[:-1]:
                if "  counted  " not in row:
                    continue
                said, amount = re.split(r"  (?=\d+ h \d+ min \d+ s$)", row.split("  counted  ")[1])
                whole = 0
                for first, last, hours in re.findall(
                    r"(\d\d-\d\d)(?: – (\d\d-\d\d))? ((?:\d+ (?:h|min|s)\b ?)+)(?:each)?", said
                ):
                    apart = date.fromisoformat(f"{row[:4]}-{last or first}")
                    apart -= date.fromisoformat(f"{row[:4]}-{first}")
                    whole += seconds(hours) * (apart.days + 1)
                if whole:
                    assert whole == seconds(amount), (name, number, row)
                    read += 1
                total += seconds(amount)
            assert seconds(rows[-1]) == total, (name, number)
        for clock in found.clocks:
            weeks = (clock.to_due[-1].end - clock.to_due[0].begin) // (7 * DAY) + 2
            procedures = sum(interval.procedure for interval in clock.to_due)
            told = next(rows for _, rows in parts(lines))
            assert len(told) <= weeks + 3 * procedures + 1
            break
    assert read > CASES

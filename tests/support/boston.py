"""The Boston log: converted, judged offline, and held against what a running system wrote."""

from __future__ import annotations

import json
from datetime import datetime

from click.testing import CliRunner

from tests.support.system import ROOT

SAMPLE = ROOT / "deploy/samples/boston"
DATA = SAMPLE / "boston311_2011q3.csv.gz"
AS_OF = "2019-10-31T00:00:00-04:00"
CASES, WITH_TARGET, OVERDUE = 31_828, 26_812, 6_456
"""Three more have a target before they were opened, at 00:00 of that day: a finding, no clock."""
BEFORE_START = 3


def convert(path):
    """Turn the city's table into step events."""
    arguments = ["convert", "--mapping", str(SAMPLE / "mapping.yaml"), str(DATA), "-o", str(path)]
    call(arguments)
    return path


def judged(events, catalogue=SAMPLE / "catalogue"):
    """Judge the events offline: one dict a clock."""
    arguments = ["judge", str(events), "--catalogue", str(catalogue), "--as-of", AS_OF]
    return [json.loads(line) for line in call(arguments).stdout.splitlines()]


def call(arguments):
    from streams.cli import main

    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output[-3000:]
    return done


def issued_offline(clocks):
    """Give the cards that the offline verdict has: (case, level) → the second it holds from."""
    return {
        (clock["case"], card["level"]): int(datetime.fromisoformat(card["at"]).timestamp())
        for clock in clocks
        for card in clock["cards"]
    }


def assert_same_as_offline(system, clocks, cases=CASES):
    """One statement gives the breaches; each began when its time was up, none was taken back."""
    issued = system.ask(
        "SELECT case_no, toString(level), toUnixTimestamp(holds_from), toUnixTimestamp(at)"
        " FROM card_moves FINAL WHERE move = 'issued'"
    )
    offline = issued_offline(clocks)
    online = {(case, level): holds for case, level, holds, _ in issued}
    differ = sorted(set(online.items()) ^ set(offline.items()))
    assert not differ, (len(differ), differ[:5])
    assert online == offline
    assert len(issued) == len(offline)
    assert all(holds <= at for _, _, holds, at in issued)
    ((breaches, wrong),) = system.ask(
        "SELECT count(), countIf(holds_from != due_at + INTERVAL 1 SECOND)"
        " FROM card_moves FINAL WHERE move = 'issued' AND level = 'yellow'"
    )
    assert (breaches, wrong) == (sum(level == "yellow" for _, level in offline), 0)
    assert system.ask("SELECT count() FROM card_moves FINAL WHERE move = 'retracted'") == [(0,)]
    assert system.ask("SELECT count() FROM v_cases") == [(cases,)]
    assert system.ask("SELECT count() FROM v_clocks") == [(len(clocks),)]

"""Write explanations for people to add up by hand: `python -m tests.clerks DIRECTORY`.

Twenty random cases, always the same. `NN.en` and `NN.zh` are explanations whose due moments and
sums are blank; `answers.json` has them. Give the texts to several readers with nothing but a wall
calendar, and compare what they find with each other and with the answers.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from random import Random

from streams.engine.explanation import explain_case
from streams.engine.telling import tell
from tests.support.law_bridge import event, instant, rules_of
from tests.support.law_cases import some_cases

KINDS = (
    ("working_day", "next_day"),
    ("working_day", "elapsed"),
    ("working_day", "next_day"),
    ("natural_day", "next_day"),
    ("working_hour", "elapsed"),
)
OF_EACH, MOST_RECORDS = 4, 9
BLANKS = (
    (
        re.compile(r"^(\s+(?:Due \(|到期（).*?: )(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE),
        r"\1?",
    ),
    (re.compile(r"^(\s+(?:Sum|合计)): (.*)$", re.MULTILINE), r"\1: ?"),
    (re.compile(r"(as above, counted|同上，计入).*$", re.MULTILINE), r"\1 (?)"),
    (re.compile(r"^■ (.*?) — .*$", re.MULTILINE), r"■ \1"),
    (re.compile(r"\n  (?:Levels|级别).*(?:\n    .*)+"), ""),
    (re.compile(r"\n(?:Findings|监察发现):[\s\S]*"), ""),
)
ANSWER = re.compile(r"(?:Due \(|Sum|到期（|合计).*?: (.*)$", re.MULTILINE)


def cases():
    """Draw cases with a decision clock, every other one with a special procedure."""
    number = 0
    for unit, mode in KINDS:
        drawn = 0
        for law, records, read in some_cases(Random(f"clerk {unit} {mode} {number}"), unit, mode):
            clocks = {name.split("/")[-1] for name in read.clocks}
            stopped = any(record.kind == "suspended" for record in records)
            if len(records) > MOST_RECORDS or not clocks & {"promised", "statutory"}:
                continue
            if not stopped and drawn % 2 == 0:
                continue
            yield law, records
            number, drawn = number + 1, drawn + 1
            if drawn == OF_EACH:
                break


def explained(law, records, language):
    as_of = instant(max(record.at for record in records) + timedelta(days=3))
    events = [event(record, "i") for record in records]
    return tell(explain_case("c", events, rules_of({"i": law}), as_of), language)


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    answers = {}
    for number, (law, records) in enumerate(cases()):
        for language in ("en", "zh"):
            text = explained(law, records, language)
            answers[f"{number:02}.{language}"] = ANSWER.findall(text)
            for blank, by in BLANKS:
                text = blank.sub(by, text)
            (directory / f"{number:02}.{language}").write_text(text, encoding="utf-8")
    kept = json.dumps(answers, ensure_ascii=False, indent=1)
    (directory / "answers.json").write_text(kept, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

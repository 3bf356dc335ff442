"""`python -m tests.bench.convert`: a table of a million rows into events, and beside it a loop.

The rows are made here: two of three give two events. The loop reads the same table with `csv` and
writes the same facts as JSON, unchecked and unsorted: what reading and writing cost alone. CPU
seconds and the largest memory are the child's own, as the system counted them.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import click

MAPPING = """
source: hall
table: {time_zone: Asia/Shanghai}
codes:
  case_type: {"1": on_the_spot, "2": promised, "*": other}
events:
  - kind: accepted
    fields: {case_no: "{PROJID}", occurred_at: "{OCC}", item: "{ITEM}", department: "{DEPT}",
             department_name: "{DEPTNAME}", region: "{REGION}", case_type: "{TYPE|case_type}",
             officer: "{OFFICER}"}
  - kind: finished
    when: [{column: DONE}]
    fields: {case_no: "{PROJID}", occurred_at: "{DONE}", item: "{ITEM}", department: "{DEPT}",
             region: "{REGION}"}
"""
COLUMNS = ("PROJID", "ITEM", "DEPT", "DEPTNAME", "TYPE", "REGION", "OCC", "DONE", "OFFICER")
LOOP = """
import csv, json, sys
from datetime import datetime
def line(row, at, *names):
    facts = {name: row[name] for name in names}
    at = datetime.fromisoformat(row[at]).isoformat()
    return json.dumps({"at": at, **facts}, ensure_ascii=False) + "\\n"
with open(sys.argv[1], encoding="utf-8", newline="") as table, open(sys.argv[2], "w") as out:
    for row in csv.DictReader(table):
        out.write(line(row, "OCC", "PROJID", "ITEM", "DEPT", "DEPTNAME", "REGION", "OFFICER"))
        if row["DONE"]:
            out.write(line(row, "DONE", "PROJID", "ITEM", "DEPT", "REGION"))
"""


def make(path: Path, rows: int) -> None:
    """Write a table of so many rows, the same for the same number."""
    chance = random.Random(1)
    first = datetime(2026, 1, 1)  # noqa: DTZ001 - a hall's table has no offset
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for n in range(rows):
            began = first + timedelta(seconds=chance.randrange(300 * 86_400))
            ended = began + timedelta(seconds=chance.randrange(20 * 86_400))
            what = (f"4301022026{n:08}", f"item-{n % 300}", f"dept-{n % 40}")
            where = ("芙蓉区市场监督管理局", "2", "430102")
            table.writerow((*what, *where, began, ended if n % 3 else "", f"o{n % 500}"))


def cost(*call: str) -> tuple[float, int]:
    """Run a program; give its CPU seconds and its largest memory in bytes."""
    child = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--times", default=3, show_default=True)
def main(rows: int, times: int) -> None:
    """Measure, and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        table, rules, out = (Path(folder, name) for name in ("t.csv", "m.yaml", "o.jsonl"))
        make(table, rows)
        rules.write_text(MAPPING, encoding="utf-8")
        ours = ("-m", "streams.cli", "convert", "--mapping", str(rules), str(table), "-o", str(out))
        for name, call in (("convert", ours), ("loop", ("-c", LOOP, str(table), str(out)))):
            runs = [cost(sys.executable, *call) for _ in range(times)]
            seconds, memory = (median(each) for each in zip(*runs, strict=True))
            click.echo(
                f"{name}: {rows:,} rows, {seconds:.1f} CPU s, {memory / 1e6:.0f} MB"
                f" (median of {times}; load {os.getloadavg()[0]:.1f})"
            )


if __name__ == "__main__":
    main()

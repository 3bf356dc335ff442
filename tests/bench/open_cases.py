"""What many open cases cost, on real Kafka: `python -m tests.bench.open_cases`.

The latency of events, breaches declared after they were due, an idle tick, a herd of deadlines in
the same second, the memory. The state topic is filled, the engine's worker restores it as a process
of its own, and a reader of committed records says when what it wrote can be read. Exit codes: 0; 1
when the engine told something wrong, or stood still. Figures that miss their goals are said to.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from deploy.local.real_kafka import KafkaError, RealKafka
from tests.bench.open_engine import Engine
from tests.bench.open_rows import Bench, Row, Wrong, say
from tests.bench.open_states import PARTITIONS
from tests.bench.table import PAGE, publish

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES: Final = ("latency", "breach", "idle", "herd", "memory")
MARKS: Final = "open cases"


def table(rows: Sequence[Row]) -> str:
    """Give the rows as a table."""
    return "\n".join(["| what | measured | goal |", "|---|---:|---:|", *map(Row.text, rows)])


def measured(cases: int, only: Sequence[str], profile: str) -> list[Row]:
    """Measure on a broker of the bench's own. Raises Wrong and RuntimeError."""
    rows: list[Row] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        kafka = RealKafka(folder / "kafka", partitions=PARTITIONS)
        kafka.start()
        catalogue = folder / "catalogue"
        engine = Engine(kafka.bootstrap, catalogue, folder, profile)
        try:
            for row in Bench(kafka.bootstrap, cases, engine, catalogue).rows(only):
                rows.append(row)
                print(row.text(), flush=True)  # noqa: T201
        except RuntimeError:
            say(engine.said())
            raise
        finally:
            engine.stop()
            kafka.stop()
    return rows


def options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.open_cases", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    parser.add_argument("--profile", default="", metavar="FILE", help="of the last worker")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    try:
        rows = measured(given.cases, given.only, given.profile)
    except (Wrong, RuntimeError, KafkaError) as error:
        say(f"open cases: {error}")
        return 1
    if given.write:
        facts = {"open cases": f"{given.cases:,}, {PARTITIONS} partitions, one worker"}
        publish(MARKS, table(rows), facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())

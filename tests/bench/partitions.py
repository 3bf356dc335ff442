"""`python -m tests.bench.partitions`: how evenly case numbers fall into partitions.

Numbers as halls give them (county, date, serial), a year of days, one county with ten times the
cases of any other. The busiest hour's events fall on its seconds at random, so that the busiest
second is the one that chance makes. Pure and from a seed; no server; seconds.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from streams.runtime.placing import partition_of
from tests.bench.sizing_inputs import CITY, PROVINCE, WORKER_SPEED, Place

SEED: Final = 20250303
NUMBERS: Final = (8, 24, 48, 96)
COUNTY_TIMES: Final = 10
"""How many times the load of another county the large one has."""
SAMPLE: Final = 50_000
"""Case numbers of a year. With more of them the shares are more even, not less."""
HASHES: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Load:
    """What one number of partitions makes of a place's cases."""

    place: str
    partitions: int
    cases: float
    """Cases of the fullest partition ÷ the mean."""
    county: float
    """The same, of the large county's cases alone."""
    hour: float
    """Events of the busiest hour in the fullest partition ÷ the mean."""
    second: int
    """Events of the busiest second in any partition."""
    share: float
    """Of one worker's speed: what the fullest partition asks for in the busiest hour."""


def case_numbers(place: Place, count: int = SAMPLE) -> list[str]:
    """Give so many case numbers of a year; the first county is the large one."""
    random = Random(SEED)
    counties = [f"{43 + n // 100}{n // 10 % 10:02d}{n % 10 + 1:02d}" for n in range(place.counties)]
    weights = [COUNTY_TIMES, *[1] * (len(counties) - 1)]
    serials: Counter[tuple[str, date]] = Counter()
    numbers = []
    for county in random.choices(counties, weights, k=count):
        day = date(2025, 1, 2) + timedelta(days=random.randrange(364))
        serials[county, day] += 1
        numbers.append(f"{county}{day:%Y%m%d}{serials[county, day]:05d}")
    return numbers


def loads(place: Place) -> list[Load]:
    """Place a year's cases, and the busiest hour's events, by each number of partitions."""
    random = Random(SEED)
    numbers = case_numbers(place)
    hashes = [partition_of(number, HASHES) for number in numbers]  # placing is this, modulo
    large = [h for h, number in zip(hashes, numbers, strict=True) if number[:6] == "430001"]
    events = round(place.busy_hour)
    hour = [(random.choice(hashes), random.randrange(3600)) for _ in range(events)]
    found = []
    for partitions in NUMBERS:
        seconds = Counter((each % partitions, second) for each, second in hour)
        busiest = _fullest([each for each, _ in hour], partitions)
        found.append(
            Load(
                place.name,
                partitions,
                _fullest(hashes, partitions),
                _fullest(large, partitions),
                busiest,
                max(seconds.values()),
                busiest * events / partitions / 3600 / WORKER_SPEED.value,
            )
        )
    return found


def _fullest(hashes: list[int], partitions: int) -> float:
    return max(Counter(h % partitions for h in hashes).values()) * partitions / len(hashes)


def table() -> str:
    head = (
        "| | partitions | cases, fullest ÷ mean | those of the large county | busiest hour"
        " | busiest second of one | share of a worker |"
    )
    return "\n".join(
        [
            head,
            "|---|---:|---:|---:|---:|---:|---:|",
            *(
                f"| {each.place} | {each.partitions} | {each.cases:.2f} | {each.county:.2f}"
                f" | {each.hour:.2f} | {each.second} events | {each.share:.3%} |"
                for place in (CITY, PROVINCE)
                for each in loads(place)
            ),
        ]
    )


if __name__ == "__main__":
    print(table())  # noqa: T201
    sys.exit()

"""One place a case: the partition that Java's default partitioner gives its number.

Halls use different Kafka clients, whose partitioners differ. What arrives elsewhere is sent on.
"""

from __future__ import annotations

from kafka.partitioner.default import murmur2


def partition_of(case_no: str, partitions: int) -> int:
    """Give a case's partition: murmur2 of its UTF-8 number, as Java's client does it."""
    return int((murmur2(case_no.encode()) & 0x7FFFFFFF) % partitions)

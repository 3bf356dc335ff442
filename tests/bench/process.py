"""What a process has used, as the system counts it (Linux)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Resident(NamedTuple):
    """Resident memory of a process, in bytes; what is mapped of files can be dropped."""

    own: int
    of_files: int

    @classmethod
    def of(cls, process: int | str = "self") -> Resident:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
        found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
        own, of_files = found.get("RssAnon", 0), found.get("RssFile", 0)  # none of one that ended
        return cls(int(own) << 10, int(of_files) << 10)


def resident(pid: int) -> int:
    """Give the bytes of a process that are in memory, its own and those of files."""
    statm = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu(pid: int) -> float:
    """Give the seconds of CPU that a process has used, with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

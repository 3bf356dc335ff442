"""What holds the embedded engine to its data directory, whatever SQL it is given.

Two fences. The engine's own grants (`access/users.xml`) know no table function and no engine that
reaches a file, a program or a server. They do not cover all: of chDB 4.4 the function `file()` and
`INTO OUTFILE` ask nobody, and a disk may be described within a table's settings. So the kernel
holds the whole process, where it can.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Final

from deploy.local import landlock

_ACCESS: Final = Path(__file__).parent / "access"
RULES: Final = _ACCESS / "config.xml"
"""The engine's configuration; it names the file of grants."""

_SOFTWARE: Final = ("stdlib", "platstdlib", "purelib", "platlib")
_READABLE: Final = (
    _ACCESS,
    *(Path(sysconfig.get_path(name)) for name in _SOFTWARE),
    *map(Path, ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")),
    *map(Path, ("/usr/share/zoneinfo", "/sys/devices/system/cpu", "/sys/fs/cgroup")),
    *map(Path, ("/proc/cpuinfo", "/proc/meminfo", "/proc/self/maps", "/proc/self/auxv")),
)
"""What it takes to load the engine: software that anyone may read, and no file of the owner's.

Without its own auxv the engine looks for it behind the environment, where there is none once a
variable has been set: one start in some hundreds ended with a segmentation fault.
"""
_DEVICES: Final = (Path("/dev/null"), Path("/dev/urandom"))


def make_private(directory: Path) -> None:
    """Make a directory, or take one that is there, for its owner alone. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def confine(directory: Path) -> bool:
    """Leave this process the data directory alone, for good; False where the kernel cannot.

    To be called before the engine is imported: threads that run already are not held. Raises
    OSError when the directory cannot be made, or the kernel refuses.
    """
    make_private(directory)
    return landlock.confine([directory, *_DEVICES], _READABLE)

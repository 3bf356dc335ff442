"""`jiancha` whose law stumbles over one officer's cases: `python -m tests.support.stumbling …`.

For `worker --role engine`, started in place of `jiancha` by a test of what one bad case may do.
"""

from __future__ import annotations

from streams.cli import main
from streams.runtime import cases

OFFICER = "o-bad"


def arm() -> None:
    real = cases.assess

    def stumbles(entries, *law):
        if any(entry.officer == OFFICER for entry in entries):
            raise ZeroDivisionError("the law stumbles")
        return real(entries, *law)

    cases.assess = stumbles


if __name__ == "__main__":
    arm()
    main()

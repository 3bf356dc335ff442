"""Which law counted periods on a day (期间): the Civil Code of 2021, and what stood before it.

A deadline of 2016 was not counted by a code of 2021; the rules are the same.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from schemas.words import Words

CODE_SINCE: Final = dt.date(2021, 1, 1)
"""民法典; before it 民法总则, whose chapter on periods has the same numbers."""
GENERAL_PROVISIONS_SINCE: Final = dt.date(2017, 10, 1)
"""民法总则; before it 民法通则, whose article 154 says all of it."""
_NUMBERS: Final = {201: "二百零一", 203: "二百零三"}


def civil_law(day: dt.date, article: int) -> Words:
    """Name the article in force on a day, by its number in the Civil Code: 201 or 203."""
    number = _NUMBERS[article]
    if day >= CODE_SINCE:
        return Words(f"《民法典》第{number}条", f"Civil Code §{article}")
    if day >= GENERAL_PROVISIONS_SINCE:
        return Words(f"《民法总则》第{number}条", f"General Provisions of the Civil Law §{article}")
    return Words("《民法通则》第一百五十四条", "General Principles of the Civil Law §154")

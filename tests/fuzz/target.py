"""What is fuzzed: how an input of it is made, what it must hold to, and how long it may take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.bounds import MOST_PROBLEMS, SHOWN_TEXT, SHOWN_VALUE
from schemas.decoding import REASONS, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from schemas.reading import SchemaError

MESSAGE_SECONDS = 0.050
"""The CPU that a message up to its size limit may take."""
FILE_SECONDS = 3.0
"""The CPU that a file of some kilobytes may take."""
MESSAGE_MEMORY, FILE_MEMORY = 32 << 20, 128 << 20
"""Bytes that may be allocated at once while an input is read."""
SECRETS = ("欧阳测试甲", "430102199001011234", "13912345678")
"""What the seeds say of an applicant: it must stand in no error."""
_HOME = re.compile(
    r'"(?:applicant_(?:name|id|phone)|reason|opinion|result|basis|case_name)"\s*:\s*"[^"]*"'
)


@dataclass(frozen=True)
class Target:
    """`make` gives an input from a seed; `run` gives what became of it, or raises."""

    name: str
    make: Callable[[Random], bytes]
    run: Callable[[bytes], Outcome]
    share: float
    """Of all inputs."""
    seconds: float = MESSAGE_SECONDS
    memory: int = MESSAGE_MEMORY


@dataclass(frozen=True)
class Outcome:
    """Accepted, or refused for a reason; `detail` must be the same each time."""

    reason: str
    detail: object = None


ACCEPTED = "accepted"


def refused(refusal: Refusal, raw: bytes) -> Outcome:
    """Check a refusal: a known reason, texts that a person can read, and no applicant in them."""
    secrets = secrets_at_home(raw)
    assert refusal.reason in REASONS, refusal.reason
    texts = (refusal.field, refusal.value, refusal.message, refusal.remedy, refusal.source)
    for text, longest in zip(texts, (SHOWN_VALUE, SHOWN_VALUE, 600, 300, 64), strict=True):
        check_text(text, longest)
        assert not any(secret in text for secret in secrets), text
    assert refusal.message
    assert refusal.remedy
    return Outcome(refusal.reason, texts)


def check_text(text: str, longest: int) -> None:
    assert len(text) <= longest, f"{len(text)} characters: {text[:200]}"
    assert text.isprintable(), ascii(text)


def secrets_at_home(raw: bytes) -> list[str]:
    """Give the secrets that stand nowhere but where an event has what names an applicant.

    A mutation may write one as, say, the kind of an event: nobody could know it there.
    """
    text = raw.decode("utf-8", "replace")
    if not any(secret in text for secret in SECRETS):
        return []
    home = "".join(found[0] for found in _HOME.finditer(text))
    return [secret for secret in SECRETS if 0 < text.count(secret) == home.count(secret)]


def wrong(error: SchemaError) -> Outcome:
    """Check what a loader says: where, what and what to do, each bounded, and not too often."""
    assert 0 < len(error.problems) <= MOST_PROBLEMS + 1
    for problem in error.problems:
        assert problem.message
        assert problem.remedy
        assert problem.line > 0
        for text in (problem.key, problem.value, problem.message, problem.remedy):
            check_text(text, SHOWN_TEXT)
    texts = [(p.line, p.key, p.value, p.message, p.remedy) for p in error.problems]
    return Outcome(kind_of(error.problems[0].message), texts)


def alone(secret: str, raw: bytes) -> bool:
    """Tell whether a number stands as one: among more digits it is another."""
    return secret.isdigit() and not re.search(rb"[0-9]%b|%b[0-9]" % ((secret.encode(),) * 2), raw)


def kind_of(message: str) -> str:
    """Name a problem by its first words, for the table; what differs from file to file is N."""
    return " ".join("N" if re.search("[^A-Za-z:]", w) else w for w in message.split()[:3])[:24]

"""Texts that fit: services take so many bytes, not characters, and cut the rest off unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CUT: Final = "…"
MESSAGE_BYTES: Final = 4_096
"""What 企业微信, 钉钉 and 飞书 take of a message, in UTF-8."""
LINE_BYTES: Final = 480
_LEAST_LINE: Final = 120
_FRAME: Final = 600
"""What Alertmanager writes around an alert: times, names of fields, its own address."""


def fitted(text: str, most: int) -> str:
    """Give a text of at most so many bytes of UTF-8; one that was cut ends with `…`."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len(CUT.encode())].decode(errors="ignore") + CUT


def fitted_alert(labels: Mapping[str, str], notes: dict[str, str], *lines: str) -> dict[str, str]:
    """Give the annotations with those lines cut so that a message of one alert fits.

    Alertmanager writes labels and annotations twice: as the alert's, and as those that are common.
    """
    rest = {**labels, **{name: text for name, text in notes.items() if name not in lines}}
    taken = sum(len(name) + len(text.encode()) + len('"":"",') for name, text in rest.items())
    room = (MESSAGE_BYTES - _FRAME - len(notes["page"])) // 2 - taken
    most = min(LINE_BYTES, max(_LEAST_LINE, room // len(lines) - len('"summary_en":"",')))
    return {
        name: fitted(text, most) if name in lines else text
        for name, text in notes.items()
        if text  # Alertmanager drops what is empty
    }


def fitted_list(names: Sequence[str], most: int) -> str:
    """Join names as far as they fit in so many bytes of UTF-8; how many are left out is told."""
    shown = 0
    while shown < len(names) and len(_joined(names, shown + 1).encode()) <= most:
        shown += 1
    return _joined(names, shown)


def _joined(names: Sequence[str], shown: int) -> str:
    left = len(names) - shown
    more = f"（另有 {left} 件 / {left} more）" if left else ""
    return "、".join(names[:shown]) + more

"""Numbers and moments as a person reads them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

DASH: Final = "\N{EN DASH}"
"""Stands where there is no number."""


def count_words(count: int, singular: str, plural: str = "") -> str:
    """`1 image`, `1,820 images`."""
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def duration_words(seconds: float) -> str:
    """`0.4 s`, `3 min 20 s`, `1 h 04 min`; a dash for what is no duration."""
    if not math.isfinite(seconds) or seconds < 0:
        return DASH
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def moment(text: str) -> datetime | None:
    """UTC time of an ISO 8601 text, or None. Texts without an offset are taken as UTC."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def moment_words(text: str) -> str:
    """`23 Nov 2026, 02:14 UTC`; the text itself where it is no ISO 8601."""
    parsed = moment(text)
    return f"{parsed.day} {parsed:%b %Y, %H:%M} UTC" if parsed else text


def figure_words(value: float, limit: float | None = None) -> str:
    """Three decimals; rounded down where rounding would lift a figure to the `limit` that it misses. A dash for NaN."""
    if not math.isfinite(value):
        return DASH
    rounded = f"{value:.3f}"
    return (
        f"{math.floor(value * 1000) / 1000:.3f}" if limit is not None and value < limit <= float(rounded) else rounded
    )


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where some are left out."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"

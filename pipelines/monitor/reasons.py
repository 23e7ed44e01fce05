"""Codes of other stages in plain words, for people who have not read the code."""

from __future__ import annotations

from typing import Final

VERDICT_WORDS: Final = {
    "unreadable": "The restyled picture cannot be read.",
    "unmeasurable": "The picture could not be measured.",
    "source-changed": "The source picture changed during the run.",
    "wrong-size": "The restyled picture has another size than its original.",
    "alpha-changed": "The transparency of the restyled picture differs from its original.",
    "blank": "The restyled picture is blank.",
    "structure": "The product's structure changed too much.",
    "edges": "Too many of the product's contours were lost or added.",
    "white-background": "The white background did not stay white.",
}
"""Reasons of the fidelity gate."""


def verdict_words(reason: str) -> str:
    """A sentence for a known code; anything else as it is."""
    return VERDICT_WORDS.get(reason, reason)

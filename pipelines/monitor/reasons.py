"""Codes of other stages in plain words, for people who have not read the code."""

from __future__ import annotations

from typing import Final

VERDICT_WORDS: Final = {
    "unreadable": "The restyled picture cannot be read.",
    "unmeasurable": "The picture could not be measured.",
    "source-changed": "The source picture changed during the run.",
    "wrong-size": "The restyled picture has another size than its original.",
    "alpha-changed": "The transparency of the restyled picture differs from its original.",
    "blank": "The restyled picture is blank, or its product can no longer be seen.",
    "structure": "The product's structure changed too much.",
    "edges": "Too many of the product's contours were lost or added.",
    "colour": "The product's colours went beyond what the brand's colour policy allows.",
    "text": "Printed text can no longer be read.",
    "white-background": "The white background did not stay white.",
    "views": "It no longer looks like the other views of its product.",
}
"""Reasons of the fidelity gate."""


def verdict_words(reason: str) -> str:
    """A sentence for a known code; anything else as it is."""
    return VERDICT_WORDS.get(reason, reason)

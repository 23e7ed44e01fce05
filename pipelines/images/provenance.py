"""Where a picture comes from, as its file says: IPTC digital source type, copyright notice, creator."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

DIGITAL_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC NewsCodes vocabulary that the property Digital Source Type takes its values from."""
CREATED_BY_AI: Final = f"{DIGITAL_SOURCE_TYPES}trainedAlgorithmicMedia"
EDITED_BY_AI: Final = f"{DIGITAL_SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"
MOST_CHARACTERS: Final = 512
"""Of each text: four times what IPTC-IIM allows a copyright notice."""


@dataclass(frozen=True)
class Provenance:
    """Plain text of one line each, at most `MOST_CHARACTERS` long; empty where the file does not say.

    Attributes:
        digital_source_type: URI of an IPTC NewsCode.
        copyright: the notice.
        creator: names of those who made the picture.
    """

    digital_source_type: str = ""
    copyright: str = ""
    creator: str = ""

    def or_else(self, other: Provenance) -> Provenance:
        """What this one says, and where it says nothing, what the other says."""
        return Provenance(
            self.digital_source_type or other.digital_source_type,
            self.copyright or other.copyright,
            self.creator or other.creator,
        )

    def restyled(self) -> Provenance:
        """That of the picture which a model of ours made of this one.

        A photo that a model has altered is "edited using generative AI"; a picture that was created by a model to
        begin with stays one.
        """
        created = re.split("[/:]", self.digital_source_type)[-1] == "trainedAlgorithmicMedia"
        return Provenance(CREATED_BY_AI if created else EDITED_BY_AI, self.copyright, self.creator)


NOTHING_SAID: Final = Provenance()


def one_line(text: str) -> str:
    """Text from an untrusted file made fit for any other: one line, no control characters, of bounded length."""
    kept = "".join(" " if character.isspace() else character for character in text if _is_text(character))
    return " ".join(kept.split())[:MOST_CHARACTERS].rstrip()


def text_of(block: bytes) -> str:
    """Text of a block that does not say its encoding: UTF-8 where it is, else Latin-1."""
    try:
        return block.decode()
    except UnicodeDecodeError:
        return block.decode("latin-1")


def _is_text(character: str) -> bool:
    """Whether XML may hold it and a reader sees it; white space is, for it separates words."""
    if character.isspace():
        return True
    return unicodedata.category(character) not in {"Cc", "Cs", "Cn"}

"""Every error this project raises on purpose.

    RestyleError
    ├── InputError                 what a person gave us cannot be used; a retry changes nothing
    │   ├── SettingsError          shop or brand settings
    │   ├── FeedError              a product feed as a whole (single rows become dead letters)
    │   ├── ReferencesError        a brand's reference pictures
    │   ├── ImageRejected          one image; carries the dead-letter reason
    │   └── ModelBundleError       wrong hash, architecture or content of a model bundle
    ├── TrainingStopped            the numbers say that going on is pointless (NaN, collapse, a refused first model)
    ├── PublishConflict            somebody else moved `current` first
    ├── GateBlocked                too many images of a batch failed the fidelity gate
    └── MissingArtifact            an earlier stage has not written what this one reads

Messages say what was expected, what was received and how to mend it.
"""

from __future__ import annotations

from typing import Final


class RestyleError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what a job's process ends with."""

    exit_code: int = 1


class InputError(RestyleError):
    """What a person gave us cannot be used. Not retried."""

    exit_code = 2


class SettingsError(InputError):
    """Shop or brand settings that do not validate."""


class FeedError(InputError):
    """A feed that cannot be read as a whole."""


class ReferencesError(InputError):
    """Brand references that are missing or unreadable."""


class ImageRejected(InputError):
    """One image that becomes a dead letter.

    Args:
        reason: short code from `REASONS`, stable, fit for counting.
        message: one plain sentence for a person.
    """

    REASONS: Final = (
        "bad-row",
        "duplicate-image-id",
        "unsafe-id",
        "missing-file",
        "unreadable-uri",
        "forbidden-uri",
        "fetch-failed",
        "empty-file",
        "too-many-bytes",
        "not-an-image",
        "unsupported-format",
        "truncated",
        "corrupt",
        "too-many-pixels",
        "too-small",
        "fully-transparent",
        "model-failed",
        "changed-since-snapshot",
        "write-failed",
    )

    def __init__(self, reason: str, message: str) -> None:
        if reason not in self.REASONS:
            raise ValueError(f"reason: expected one of {', '.join(self.REASONS)}, received {reason!r}")
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[ImageRejected], tuple[str, str]]:
        return type(self), (self.reason, str(self))


class ModelBundleError(InputError):
    """A model bundle whose hash, architecture version or content is not what was expected."""


class TrainingStopped(RestyleError):
    """Training met NaN or a collapsed discriminator, or its first model was refused."""

    exit_code = 3


class PublishConflict(RestyleError):
    """Another publisher moved `current` between our read and our write.

    Args:
        message: one plain sentence for a person.
        found: what is there instead, None when it was deleted.
    """

    exit_code = 4

    def __init__(self, message: str, found: bytes | None = None) -> None:
        super().__init__(message)
        self.found = found

    def __reduce__(self) -> tuple[type[PublishConflict], tuple[str, bytes | None]]:
        return type(self), (str(self), self.found)


class GateBlocked(RestyleError):
    """More images of the batch failed the fidelity gate than the settings allow."""

    exit_code = 5


class MissingArtifact(RestyleError):
    """An artifact of an earlier stage is not where it should be."""

    exit_code = 6

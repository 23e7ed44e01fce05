"""Exact accounting: nothing that came in may be unaccounted for."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipelines.core.errors import RestyleError


@dataclass(frozen=True)
class Accounting:
    """Counts of one run for one brand, in images."""

    images_in: int
    restyled: int
    reused: int
    kept_original: int
    dead_letters: int

    def check(self) -> Accounting:
        """Itself when it adds up; RestyleError with all counts when it does not."""
        out = self.restyled + self.reused + self.kept_original + self.dead_letters
        if out != self.images_in:
            raise RestyleError(
                f"accounting: {self.images_in} images came in, {out} are accounted for ({self.sentence()}). "
                "Nothing was published; please report this with the run folder."
            )
        return self

    def sentence(self) -> str:
        """In words."""
        return (
            f"{self.images_in} in = {self.restyled} restyled + {self.reused} reused + "
            f"{self.kept_original} kept original + {self.dead_letters} dead letters"
        )

    def as_dict(self) -> dict[str, int]:
        """For summaries."""
        return asdict(self)

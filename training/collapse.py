"""When a run is past saving: the sentence that stops it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

STRETCH_IMAGES: Final = 2_000
"""A shorter stretch can be bad luck: a discriminator that leads early is often caught up with."""

_ALWAYS: Final = 0.995
_NEVER: Final = 0.005
_WON: Final = 0.05


def not_finite(names: Sequence[str], images: int) -> str:
    """What to say of losses that became NaN or infinite.

    Args:
        names: of the losses.
        images: trained on before.
    """
    return (
        f"after {images} images {', '.join(names)} became NaN or infinite; the last checkpoint is whole. "
        "Lower generator_rate or the style and adversarial weights, or start from another seed"
    )


def collapsed(lines: Sequence[Mapping[str, Any]], stretch_images: int = STRETCH_IMAGES) -> str | None:
    """What to say of a discriminator that teaches nothing any more; None while it does.

    It has won when, for the whole stretch, it was right on every reference and on every restyled patch, with a loss
    near 0: then the generator's adversarial loss stays at its ceiling and has no slope. It is blind when it gave one
    verdict to everything.

    Args:
        lines: metrics of the game in order, each with "images", "real_accuracy", "fake_accuracy", "discriminator".
        stretch_images: how long it must last.
    """
    if not lines or lines[-1]["images"] - lines[0]["images"] < stretch_images:
        return None
    begin = lines[-1]["images"] - stretch_images
    stretch = [line for line in lines if line["images"] > begin]
    real, fake = ([line[f"{kind}_accuracy"] for line in stretch] for kind in ("real", "fake"))
    lost = max(line["discriminator"] for line in stretch)
    if min(*real, *fake) >= _ALWAYS and lost <= _WON * max(1.0, lines[0]["discriminator"]):
        return (
            f"for {stretch_images} images the discriminator has told every restyled patch from every reference, so "
            "that the generator learns nothing from it; the last checkpoint is whole. Lower discriminator_rate, start "
            "from a trained model (`--init base`), or give more references"
        )
    for one, other in ((real, fake), (fake, real)):
        if min(one) >= _ALWAYS and max(other) <= _NEVER:
            return (
                f"for {stretch_images} images the discriminator has given the same verdict to references and restyled "
                "pictures alike; the last checkpoint is whole. Raise discriminator_rate, lower generator_rate, or "
                "check that the references show more than flat colour"
            )
    return None

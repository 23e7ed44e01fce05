"""A mix of brands and references over one or several model bundles, taken apart into what each bundle must paint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelBundleError
from pipelines.core.looks import Look, Mix, as_mix
from pipelines.images.colour import LabStatistics
from pipelines.images.look import ColourPolicy
from training.bundle import BrandStyle, ModelBundle, mixed_statistics


@dataclass(frozen=True)
class Part:
    """What one bundle contributes: inside a bundle codes and colours are mixed, between bundles their changes."""

    bundle: int
    style: BrandStyle
    tonal_art: NDArray[np.float32]
    weight: float


@dataclass(frozen=True)
class Blend:
    """A mix, resolved. `parts` have weights of sum 1; `statistics` and `colour_policy` are those of the whole."""

    parts: tuple[Part, ...]
    statistics: LabStatistics
    colour_policy: ColourPolicy


def resolve(bundles: Sequence[ModelBundle], mix: Mix) -> Blend:
    """Take a mix apart; of several bundles that know a brand the first is asked.

    Raises:
        ModelBundleError: no bundle knows a name.
    """
    owners: dict[int, list[tuple[str, float]]] = {}
    for name, weight in mix:
        owners.setdefault(owner(bundles, name), []).append((name, weight))
    parts = tuple(
        Part(
            index,
            bundles[index].mixed(as_mix(named)),
            bundles[index].mixed_tonal_art(as_mix(named)),
            sum(weight for _, weight in named),
        )
        for index, named in sorted(owners.items())
    )
    heaviest = max(mix, key=lambda pair: pair[1])[0]
    policy = bundles[owner(bundles, heaviest)].style(heaviest).colour_policy
    statistics = parts[0].style.statistics
    if len(parts) > 1:
        statistics = mixed_statistics([(part.style.statistics, part.weight) for part in parts])
    return Blend(parts, statistics, cast(ColourPolicy, policy))


def mixed_texture(bundles: Sequence[ModelBundle], mix: Mix) -> NDArray[np.float32]:
    """Kernel of the mix's texture, float32 [S,S].

    Raises:
        ModelBundleError: a brand has none.
    """
    kernels = [(bundles[owner(bundles, name)].texture(name), weight) for name, weight in mix]
    out = np.zeros([max(len(kernel) for kernel, _ in kernels)] * 2, np.float32)
    for kernel, weight in kernels:
        out[: len(kernel), : len(kernel)] += kernel * np.float32(weight)
    return out


def check_look(bundles: Sequence[ModelBundle], look: Look) -> None:
    """ModelBundleError unless the bundles hold all that the look asks for. Needs no network."""
    for mix in (look.mix, *(region.mix for region in look.regions)):
        resolve(bundles, mix)
    if look.background == "texture":
        mixed_texture(bundles, look.mix)


def owner(bundles: Sequence[ModelBundle], name: str) -> int:
    """Index of the first bundle that knows the brand of `name`.

    Raises:
        ModelBundleError: none does.
    """
    brand = name.partition("/")[0]
    for index, bundle in enumerate(bundles):
        if brand in bundle.brands:
            return index
    known = sorted({brand for bundle in bundles for brand in bundle.brands})
    raise ModelBundleError(f"brand: expected one of {', '.join(known)}, received {brand!r}")

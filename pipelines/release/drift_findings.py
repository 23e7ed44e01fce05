"""Where tonight has left what it is compared with, each in one plain sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.core.settings import DriftSettings
from pipelines.release.catalog_profile import SCALES, CatalogProfile, Kinds
from pipelines.release.drift import (
    LEAST_A_BIN,
    bin_count,
    chance_change,
    chance_psi,
    frequent_kinds,
    population_stability_index,
    quantile_bins,
)

ADVICE: Final = "look at the gallery, train again if the look suffers"
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class DriftFinding:
    """One figure that left its limit.

    Attributes:
        what: of the catalog or of its outcome, such as "brightness".
        figure: what `reference` and `tonight` are, such as "mean L".
        reference: of what tonight is compared with.
        tonight: likewise.
        measure: "psi", or "change" of the figure itself.
        value: of the measure.
        limit: that it exceeds.
        sentence: all of it for a person.
    """

    what: str
    figure: str
    reference: float
    tonight: float
    measure: Literal["psi", "change"]
    value: float
    limit: float
    sentence: str


@dataclass(frozen=True)
class _Measure:
    """Words of a measure: `{}` of `claim` is `more` or `less`."""

    name: str
    what: str
    figure: str
    claim: str
    more: str
    less: str
    unit: Callable[[float], float] = float
    form: str = ".0f"

    def sentence(self, before: float, after: float, measured: str, *, alike: bool = False) -> str:
        """The claim with its numbers; `alike` means tell that the difference lies elsewhere."""
        words = self.claim.format(self.more if after > before else self.less)
        if alike:
            words = f"the {self.what} varies otherwise tonight than in what the model was trained on"
        return f"{words} ({self.figure} {after:{self.form}} against {before:{self.form}}, {measured}): {ADVICE}"


_TRAINED: Final = "than those the model was trained on"
_FIRST: Final = "than in the model's first release"
_CATALOG: Final = (
    _Measure("lightness", "brightness", "mean L", f"tonight's products are {{}} {_TRAINED}", "brighter", "darker"),
    _Measure("chroma", "colourfulness", "mean chroma", f"tonight's products are {{}} {_TRAINED}",
             "more colourful", "greyer"),
    _Measure("longer_side_log2_px", "picture size", "typical longer side in px",
             f"tonight's pictures are {{}} {_TRAINED}", "larger", "smaller", unit=lambda log2: 2**log2),
)  # fmt: skip
_GATE: Final = (
    _Measure("ms_ssim", "structure", "mean MS-SSIM", f"tonight's pictures keep {{}} of the structure {_FIRST}",
             "more", "less", form=".3f"),
    _Measure("edge_f1", "edges", "mean edge F1", f"tonight's pictures keep {{}} of the edges {_FIRST}",
             "more", "less", form=".3f"),
    _Measure("text_kept", "printed text", "mean share", f"tonight's pictures keep {{}} of the printed text {_FIRST}",
             "more", "less", form=".3f"),
    _Measure("white_kept", "white background", "mean share", f"tonight's pictures keep {{}} of the white {_FIRST}",
             "more", "less", form=".3f"),
    _Measure("strength", "strength", "mean share of the brand's strength",
             f"tonight's pictures were drawn {{}} {_FIRST}", "more strongly", "more weakly", form=".2f"),
    _Measure("colour_drift", "colour drift", "mean CIEDE2000", f"tonight's products change their colours {{}} {_FIRST}",
             "more", "less", form=".1f"),
)  # fmt: skip
_KINDS: Final = (
    ("hue", "colours", "tonight's products have other colours"),
    ("mask_kind", "backgrounds", "tonight's products are told from their backgrounds in other ways"),
    ("category", "categories", "tonight's products are of other categories"),
)
MASK_WORDS: Final = {"alpha": "cut out", "flood": "on a plain background", "none": "no plain background"}


def compare(reference: CatalogProfile, tonight: CatalogProfile, limits: DriftSettings) -> list[DriftFinding]:
    """Figures of tonight that left the limits, of all that both profiles hold.

    A catalog's figures are compared as distributions, by PSI; those of the gate by their means. No limit is below what
    chance does to samples of these sizes (`pipelines.release.drift`); samples too small for that are not compared.
    """
    if not comparable(reference, tonight, limits):
        return []
    found = [_distribution(words, reference, tonight, limits.max_psi) for words in _CATALOG]
    found += [_kinds(*words, reference, tonight, limits.max_psi) for words in _KINDS]
    found += [_mean(words, reference, tonight, limits) for words in _GATE]
    found.append(_refused(reference, tonight, limits.max_change))
    return [finding for finding in found if finding is not None]


def comparable(reference: CatalogProfile, tonight: CatalogProfile, limits: DriftSettings) -> bool:
    """Whether there are enough images and products on both sides to tell anything."""
    enough = min(reference.images, tonight.images) >= limits.min_images
    return enough and bin_count(reference.products, tonight.products) > 1


def _distribution(
    words: _Measure, reference: CatalogProfile, tonight: CatalogProfile, max_psi: float
) -> DriftFinding | None:
    before, after = reference.measures.get(words.name, ()), tonight.measures.get(words.name, ())
    sizes = reference.observations(sum(before)), tonight.observations(sum(after))
    if bin_count(*sizes) < 2:
        return None
    bins = quantile_bins(before, bin_count(*sizes))
    joined = [[sum(counts[cells]) for cells in bins] for counts in (before, after)]
    psi, limit = _psi(joined[0], joined[1], sizes, max_psi)
    if psi <= limit:
        return None
    scale = SCALES[words.name]
    means = words.unit(scale.mean(before)), words.unit(scale.mean(after))
    alike = abs(scale.mean(after) - scale.mean(before)) < scale.width
    sentence = words.sentence(*means, f"PSI {psi:.2f}, limit {limit:.2f}", alike=alike)
    return DriftFinding(words.what, words.figure, means[0], means[1], "psi", psi, limit, sentence)


def _kinds(
    name: str, what: str, claim: str, reference: CatalogProfile, tonight: CatalogProfile, max_psi: float
) -> DriftFinding | None:
    before, after = reference.kinds.get(name, Kinds()), tonight.kinds.get(name, Kinds())
    sizes = reference.observations(before.total), tonight.observations(after.total)
    if bin_count(*sizes) < 2:
        return None
    least = LEAST_A_BIN * before.total / sizes[0]
    named = frequent_kinds(before.counts, bin_count(*sizes) - 1, least)
    joined = [_with_rest(kinds, named) for kinds in (before, after)]
    psi, limit = _psi(joined[0], joined[1], sizes, max_psi)
    if psi <= limit:
        return None
    most, shares = _most_changed(before, after)
    figure = f"share of {most}"
    sentence = (
        f"{claim} {_TRAINED} (most of all {most}: {shares[1]:.0%} against {shares[0]:.0%}, "
        f"PSI {psi:.2f}, limit {limit:.2f}): {ADVICE}"
    )
    return DriftFinding(what, figure, shares[0], shares[1], "psi", psi, limit, sentence)


def _with_rest(kinds: Kinds, named: list[str]) -> list[int]:
    counts = [kinds.counts.get(kind, 0) for kind in named]
    return [*counts, kinds.total - sum(counts)]


def _most_changed(before: Kinds, after: Kinds) -> tuple[str, tuple[float, float]]:
    """Its name and its two shares. What the reference counts among its others is not known by name."""

    def shares(kind: str) -> tuple[float, float]:
        return before.counts.get(kind, 0) / before.total, after.counts.get(kind, 0) / after.total

    named = {*before.counts} if before.others else {*before.counts, *after.counts}
    most = max(sorted(named), key=lambda kind: abs(shares(kind)[1] - shares(kind)[0]))
    words = MASK_WORDS.get(most, most) or "without any"
    return words if len(words) <= _LONGEST_NAME else f"{words[:_LONGEST_NAME]}...", shares(most)


def _psi(before: list[int], after: list[int], sizes: tuple[float, float], max_psi: float) -> tuple[float, float]:
    limit = max(max_psi, chance_psi(len(before), *sizes)) if len(before) > 1 else math.inf
    return population_stability_index(before, after, *sizes), limit


def _mean(
    words: _Measure, reference: CatalogProfile, tonight: CatalogProfile, limits: DriftSettings
) -> DriftFinding | None:
    before, after = reference.measures.get(words.name, ()), tonight.measures.get(words.name, ())
    sizes = reference.observations(sum(before)), tonight.observations(sum(after))
    if bin_count(*sizes) < 2:
        return None
    scale = SCALES[words.name]
    means = scale.mean(before), scale.mean(after)
    spread = max(scale.variance(before), scale.variance(after))
    most = limits.max_colour_change if words.name == "colour_drift" else limits.max_change * scale.length
    limit = max(most, chance_change(spread, *sizes))
    change = abs(means[1] - means[0])
    if change <= limit:
        return None
    sentence = words.sentence(*means, f"a change of {change:{words.form}}, limit {limit:{words.form}}")
    return DriftFinding(words.what, words.figure, means[0], means[1], "change", change, limit, sentence)


def _refused(reference: CatalogProfile, tonight: CatalogProfile, max_change: float) -> DriftFinding | None:
    before, after = reference.kinds.get("outcome", Kinds()), tonight.kinds.get("outcome", Kinds())
    sizes = reference.observations(before.total), tonight.observations(after.total)
    if bin_count(*sizes) < 2:
        return None
    shares = [kinds.counts.get("kept_original", 0) / kinds.total for kinds in (before, after)]
    pooled = (shares[0] * sizes[0] + shares[1] * sizes[1] + 0.5) / (sum(sizes) + 1)
    limit = max(max_change, chance_change(pooled * (1 - pooled), *sizes))
    change = abs(shares[1] - shares[0])
    if change <= limit:
        return None
    words = "more" if shares[1] > shares[0] else "fewer"
    sentence = (
        f"the fidelity gate refuses {words} of tonight's pictures {_FIRST} ({shares[1]:.0%} against {shares[0]:.0%}, "
        f"a change of {change:.0%}, limit {limit:.0%}): {ADVICE}"
    )
    return DriftFinding("refused", "share refused", shares[0], shares[1], "change", change, limit, sentence)

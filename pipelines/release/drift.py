"""How far a sample has moved from an earlier one, and how far chance alone would move it.

The population stability index (PSI) is the symmetrised Kullback-Leibler divergence of two binned samples. Rules of
thumb call 0.10 some and 0.25 a major shift (Siddiqi 2006, "Credit Risk Scorecards"), whatever the samples' size. But of
samples of n and m from one population the PSI of k bins is about (1/n + 1/m) chi-square with k - 1 degrees of freedom
(Yurdakul 2018, "Statistical Properties of Population Stability Index"; Potgieter et al. 2023, arXiv:2307.11878), which
for a few dozen images is well above 0.25. So a limit here is never below what chance alone exceeds once in a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Final

CHANCE: Final = 0.001
"""Share of nights on which a figure of an unchanged population may be reported."""
MOST_BINS: Final = 10
LEAST_A_BIN: Final = 10
"""Independent observations that a bin should hold in the smaller sample: few bins show the shift of a few best."""


def population_stability_index(
    reference: Sequence[int], tonight: Sequence[int], reference_size: float, tonight_size: float
) -> float:
    """PSI of two histograms over the same bins.

    Args:
        reference: counts, as `tonight`.
        tonight: of the sample that is compared with it.
        reference_size: how many independent observations its counts stand for, as `tonight_size`; half an observation
            is added to each bin (the prior of Jeffreys), so that an empty one does not make the index infinite.
        tonight_size: views of one product, which resemble each other, are one observation.
    """
    before = _shares(reference, reference_size)
    after = _shares(tonight, tonight_size)
    return sum((q - p) * math.log(q / p) for p, q in zip(before, after, strict=True))


def chance_psi(bins: int, reference_size: float, tonight_size: float, chance: float = CHANCE) -> float:
    """The PSI that two samples of one population exceed with the probability `chance`."""
    return (1 / reference_size + 1 / tonight_size) * _chi_square(bins - 1, 1 - chance)


def chance_change(variance: float, reference_size: float, tonight_size: float, chance: float = CHANCE) -> float:
    """The difference between the means of two samples of one population, of this variance, likewise."""
    return NormalDist().inv_cdf(1 - chance / 2) * math.sqrt(variance * (1 / reference_size + 1 / tonight_size))


def bin_count(reference_size: float, tonight_size: float) -> int:
    """How many bins samples of these sizes bear; below two they bear no comparison."""
    return min(MOST_BINS, int(min(reference_size, tonight_size) // LEAST_A_BIN))


def quantile_bins(reference: Sequence[int], most: int) -> list[slice]:
    """Neighbouring cells of a histogram joined to about `most` bins with about equally many counts each.

    A cell that alone has enough for a bin (all pictures of one size) is one, lest what moves away from it stay unseen
    in a wider bin; the cells beside it then make bins of their own, however few they hold.
    """
    enough = sum(reference) / most
    cuts, held = [0], 0
    for cell, count in enumerate(reference):
        if count >= enough:
            cuts += [cell, cell + 1]
            held = 0
            continue
        held += count
        if held >= enough:
            cuts.append(cell + 1)
            held = 0
    follows_heavy = cuts[-1] > 0 and reference[cuts[-1] - 1] >= enough
    if held < enough / 2 and not follows_heavy and len(cuts) > 1:
        cuts.pop()
    return [slice(start, end) for start, end in pairwise([*cuts, len(reference)]) if start < end]


def frequent_kinds(reference: Mapping[str, int], most: int, least: float) -> list[str]:
    """At most `most` kinds, the most frequent first, each with at least `least` counts; the others make one bin."""
    ranked = sorted(reference.items(), key=lambda item: (-item[1], item[0]))
    return [kind for kind, count in ranked[:most] if count >= least]


def _shares(counts: Sequence[int], size: float) -> list[float]:
    total = sum(counts)
    return [(count * size / total + 0.5) / (size + 0.5 * len(counts)) for count in counts]


def _chi_square(freedom: int, probability: float) -> float:
    """Quantile of the chi-square distribution (Wilson and Hilferty 1931; at worst 4 % too large)."""
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + NormalDist().inv_cdf(probability) * math.sqrt(spread)) ** 3)

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_catalog import drawn_release, drawn_rows

from pipelines.core.contracts import ImageFacts, ReleaseRow, SnapshotRow
from pipelines.core.settings import DriftSettings
from pipelines.core.tables import table_of
from pipelines.release.catalog_profile import (
    CatalogProfile,
    Kinds,
    build_profile,
    facts_profile,
    gate_profile,
    gate_profile_of,
    snapshot_profile,
)
from pipelines.release.drift import (
    chance_change,
    chance_psi,
    frequent_kinds,
    population_stability_index,
    quantile_bins,
)
from pipelines.release.drift_findings import DriftFinding, compare

LIMITS = DriftSettings()


def catalog(seed: int, products: int, views: int = 1, **options: object) -> CatalogProfile:
    return build_profile(*drawn_rows(seed, products, views, **options))  # type: ignore[arg-type]


def what(findings: list[DriftFinding]) -> list[str]:
    return [finding.what for finding in findings]


def test_psi_by_hand() -> None:
    # (0.4 - 0.6) ln(0.4 / 0.6) twice; the half observations vanish in a large sample.
    assert population_stability_index([600, 400], [400, 600], 1e9, 1e9) == pytest.approx(0.4 * np.log(1.5), abs=1e-6)
    assert population_stability_index([5, 0], [500, 0], 5, 500) > 0
    assert population_stability_index([3, 4], [6, 8], 7, 7) == 0.0
    assert population_stability_index([10, 0], [0, 10], 10, 10) < 10, "an empty bin is no proof of impossibility"


@pytest.mark.parametrize(
    ("freedom", "probability", "quantile"),
    [(1, 0.999, 10.828), (2, 0.999, 13.816), (9, 0.999, 27.877), (9, 0.95, 16.919), (20, 0.99, 37.566)],
)
def test_chance_follows_the_tables_of_chi_square(freedom: int, probability: float, quantile: float) -> None:
    found = chance_psi(freedom + 1, 2, 2, 1 - probability)
    assert found == pytest.approx(quantile, rel=0.04)


def test_chance_shrinks_with_the_samples() -> None:
    assert chance_psi(10, 30, 30) > 1 > 0.25 > chance_psi(10, 300, 300) > chance_psi(10, 10**6, 10**6)
    assert chance_change(0.25, 100, 100) == pytest.approx(3.29 * 0.5 * np.sqrt(2 / 100), rel=0.001)


@given(counts=st.lists(st.integers(0, 50), min_size=2, max_size=40).filter(any), most=st.integers(2, 10))
def test_bins_cover_every_cell_once(counts: list[int], most: int) -> None:
    bins = quantile_bins(counts, most)
    assert [cell for cells in bins for cell in range(len(counts))[cells]] == list(range(len(counts)))
    enough = sum(counts) / most
    assert all(sum(counts[cells]) < 2 * enough or cells.stop - cells.start == 1 or cells is bins[-1] for cells in bins)
    assert len(bins) <= 2 * most + 1


def test_bins_hold_about_as_much_each() -> None:
    bins = quantile_bins([10] * 40, 10)
    assert [cells.stop - cells.start for cells in bins] == [4] * 10
    assert quantile_bins([0, 0, 50, 0, 0], 5) == [slice(0, 2), slice(2, 3), slice(3, 5)], "all in one cell"


def test_rare_kinds_make_one_bin() -> None:
    assert frequent_kinds({"b": 30, "a": 30, "c": 40, "d": 2}, 9, 10) == ["c", "a", "b"]
    assert frequent_kinds({"b": 30, "a": 30, "c": 40}, 2, 10) == ["c", "a"]


@pytest.fixture(scope="module")
def population() -> tuple[pa.Table, pa.Table, pa.Table]:
    """Facts, snapshot and release of 4,000 products with two views each, in the order of the products."""
    facts, snapshot = drawn_rows(7, 4000, 2)
    release = drawn_release(8, 4000, 2)
    return table_of(facts, ImageFacts), table_of(snapshot, SnapshotRow), table_of(release, ReleaseRow)


@pytest.mark.parametrize(("trained_on", "products"), [(20, 20), (30, 30), (60, 60), (40, 300), (300, 40), (300, 300)])
def test_catalogs_of_one_population_alarm_no_more_often_than_stated(
    population: tuple[pa.Table, pa.Table, pa.Table], trained_on: int, products: int
) -> None:
    """13 figures at one in a thousand: of 200 nights 2.6 alarm, were each night's catalog drawn anew."""
    rng = np.random.default_rng(trained_on * products)
    alarms = 0
    for _ in range(200):
        picked = rng.permutation(4000)[: trained_on + products]
        rows = (2 * picked[:, None] + np.arange(2)).ravel()
        before, after = rows[: 2 * trained_on], rows[2 * trained_on :]
        facts, snapshot, release = population
        references = [facts_profile(facts.take(before)) + snapshot_profile(snapshot.take(before)),
                      gate_profile_of(release.take(before))]  # fmt: skip
        tonights = [facts_profile(facts.take(after)) + snapshot_profile(snapshot.take(after)),
                    gate_profile_of(release.take(after))]  # fmt: skip
        found = [compare(*pair, LIMITS) for pair in zip(references, tonights, strict=True)]
        alarms += any(found)
    assert alarms <= 8, "more than eight of a binomial of 200 and 0.013 happen once in 500 times"


@pytest.mark.parametrize("products", [1, 10, 30, 1000])
def test_a_catalog_that_did_not_change_never_alarms(products: int) -> None:
    same, release = catalog(1, products, 3), gate_profile(drawn_release(1, products, 3))
    assert compare(same, same, LIMITS) == compare(release, release, LIMITS) == []


def test_a_tenth_of_new_products_of_the_same_kind_is_no_drift() -> None:
    before, same, new = catalog(1, 300), catalog(1, 270), catalog(2, 30)
    assert compare(before, same + new, LIMITS) == []


@pytest.mark.parametrize("products", [40, 300, 2000])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lightness": 85.0}, "brightness"),
        ({"lightness": 37.0}, "brightness"),
        ({"sides_px": (512,)}, "picture size"),
        ({"category": "lamps"}, "categories"),
        ({"mask": "none"}, "backgrounds"),
    ],
)
def test_a_clear_shift_of_the_catalog_is_found(products: int, change: dict[str, object], expected: str) -> None:
    assert expected in what(compare(catalog(1, products), catalog(2, products, **change), LIMITS))


@pytest.mark.parametrize("products", [40, 300])
@pytest.mark.parametrize(("change", "expected"), [({"ms_ssim": 0.8}, "structure"), ({"refused": 0.6}, "refused")])
def test_a_clear_shift_of_the_gates_figures_is_found(products: int, change: dict[str, float], expected: str) -> None:
    before, after = gate_profile(drawn_release(1, products)), gate_profile(drawn_release(2, products, **change))
    assert expected in what(compare(before, after, LIMITS))


def test_a_small_shift_is_told_from_chance_only_in_a_large_catalog() -> None:
    few, many = (compare(catalog(1, n), catalog(2, n, lightness=75.0), LIMITS) for n in (30, 1000))
    assert (what(few), what(many)) == ([], ["brightness"])
    assert many[0].limit == LIMITS.max_psi


def test_views_of_one_product_are_one_observation() -> None:
    few = catalog(1, 30, 20)
    assert few.images == 600
    assert compare(few, catalog(2, 30, 20, lightness=75.0), LIMITS) == []


def test_a_finding_is_a_plain_sentence_with_its_numbers() -> None:
    (finding,) = compare(catalog(1, 1000), catalog(2, 1000, lightness=82.0), LIMITS)
    assert (finding.what, finding.figure, finding.measure) == ("brightness", "mean L", "psi")
    assert (round(finding.reference), round(finding.tonight), finding.limit) == (61, 82, 0.25)
    assert finding.sentence == (
        "tonight's products are brighter than those the model was trained on "
        f"(mean L 82 against 61, PSI {finding.value:.2f}, limit 0.25): "
        "look at the gallery, train again if the look suffers"
    )


def test_a_new_kind_is_named() -> None:
    before = CatalogProfile(300, 300, {}, {"category": Kinds({"mugs": 290, "": 10})})
    after = CatalogProfile(300, 300, {}, {"category": Kinds({"mugs": 100, "l" * 80: 200})})
    (finding,) = compare(before, after, LIMITS)
    assert finding.sentence.startswith(
        "tonight's products are of other categories than those the model was trained on (most of all " + "l" * 60
        + "...: 67% against 0%, PSI"
    )  # fmt: skip
    trimmed = CatalogProfile(300, 300, {}, {"category": Kinds({"mugs": 290}, 10)})
    (finding,) = compare(trimmed, after, LIMITS)
    assert "most of all mugs: 33% against 97%" in finding.sentence, "what it counts as others it can not call new"


def test_masks_are_called_by_what_one_sees() -> None:
    (finding,) = compare(catalog(1, 300), catalog(2, 300, mask="none"), LIMITS)
    assert "most of all no plain background: 100% against" in finding.sentence


def test_a_wider_spread_around_the_same_mean_is_called_that() -> None:
    narrow = CatalogProfile(400, 400, {"lightness": (0,) * 19 + (200, 200) + (0,) * 19}, {})
    wide = CatalogProfile(400, 400, {"lightness": (10,) * 40}, {})
    (finding,) = compare(narrow, wide, LIMITS)
    assert finding.sentence.startswith(
        "the brightness varies otherwise tonight than in what the model was trained on (mean L"
    )


def test_the_settings_decide() -> None:
    before, after = catalog(1, 300), catalog(2, 300, lightness=85.0)
    assert compare(before, after, DriftSettings(max_psi=9.0)) == []
    assert compare(before, after, DriftSettings(min_images=301)) == []
    release, worse = gate_profile(drawn_release(1, 300)), gate_profile(drawn_release(2, 300, ms_ssim=0.8))
    assert compare(release, worse, DriftSettings(max_change=0.5)) == []

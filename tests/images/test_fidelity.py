from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from printed_goods import blotched, blurred, erased, faded, graded, jar, product_of, rotated_hue

from pipelines.core.settings import GATE_PRESETS, BrandSettings, GateThresholds
from pipelines.images.decode import DecodedImage, DecodeLimits
from pipelines.images.encode import EncodeOptions, encode_image
from pipelines.images.fidelity import Figures, Judgement, compare_views, judge, judge_bytes
from pipelines.images.mask import product_mask

GATE = GATE_PRESETS["photographic"]
HEIGHT, WIDTH = 150, 120


def _photo() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    inside = ((rows / HEIGHT - 0.5) ** 2 + (columns / WIDTH - 0.5) ** 2) < 0.38**2
    checks = 40 + 170 * (((rows // 12) + (columns // 12)) % 2) + 30 * np.sin(rows / 9)
    rgb = np.where(inside[..., None], checks[..., None] * np.array([1.0, 0.8, 0.6]), 255)
    return rgb.clip(0, 255).astype(np.uint8)


def _product() -> np.ndarray:
    return (_photo() < 250).any(axis=-1)


def _judged(restyled: np.ndarray, gate: GateThresholds = GATE) -> Judgement:
    return judge(_decoded(_photo()), _decoded(np.ascontiguousarray(restyled)), _weights(), gate)


def _weights() -> np.ndarray:
    return product_mask(_photo(), None).weights


def _decoded(rgb: np.ndarray, alpha: np.ndarray | None = None) -> DecodedImage:
    return DecodedImage(rgb, alpha, "PNG", ())


def _restyled() -> np.ndarray:
    """A look as it should be: darker, warmer, the white untouched."""
    rgb = _photo()
    product = _product()
    rgb[product] = (rgb[product] * np.array([0.9, 0.75, 0.6])).astype(np.uint8)
    return rgb


def _destroyed() -> np.ndarray:
    rgb = _photo()
    rgb[_product()] = np.random.default_rng(0).integers(0, 250, (int(_product().sum()), 3), dtype=np.uint8)
    return rgb


def _redrawn() -> np.ndarray:
    """The product's own lines gone, others in their place: its light is right, its edges are not."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    rgb = _photo().astype(np.float32)
    product = _product()
    rgb[product] = rgb[product].mean(axis=0)
    rgb[product] += (30 * (((columns + rows) // 5) % 2) - 15)[product][:, None]
    return rgb.clip(0, 250).astype(np.uint8) * product[..., None] + _photo() * ~product[..., None]


def _greyed() -> np.ndarray:
    rgb = _restyled()
    rgb[~_product()] = 251
    return rgb


def test_a_good_look_passes_with_its_figures() -> None:
    found = _judged(_restyled())
    assert (found.passed, found.reason) == (True, "")
    assert found.figures is not None
    assert found.figures.white_kept == 1
    assert 0.7 < found.figures.ms_ssim < 1.0
    assert 0.7 < found.figures.edge_f1 <= 1.0
    assert 0 < found.figures.colour_drift < 6


@pytest.mark.parametrize("policy", ["keep-hue", "luminance", "full"])
def test_the_original_itself_is_perfect(policy: str) -> None:
    found = _judged(_photo(), GATE.model_copy(update={"colour": policy})).figures
    assert found is not None
    assert (found.ms_ssim, found.edge_f1, found.white_kept, found.text_kept) == pytest.approx((1, 1, 1, 1), abs=1e-4)
    assert found.colour_drift == pytest.approx(0, abs=0.05)
    assert found.means[0] == found.means[1]


@pytest.mark.parametrize(
    ("restyled", "reason"),
    [
        (_destroyed(), "structure"),
        (_greyed(), "white-background"),
        (np.full((HEIGHT, WIDTH, 3), 255, np.uint8), "blank"),
        (_restyled()[:-1], "wrong-size"),
        (_restyled().transpose(1, 0, 2), "wrong-size"),
    ],
)
def test_harm_is_named(restyled: np.ndarray, reason: str) -> None:
    found = _judged(restyled)
    assert (found.passed, found.reason) == (False, reason)


JAR = jar()


@pytest.mark.parametrize(
    ("restyled", "reason"),
    [
        (JAR, ""),
        (graded(JAR), ""),
        (blurred(JAR, 4), "edges"),
        (rotated_hue(JAR), "colour"),
        (blotched(JAR, 80), "colour"),
        (erased(JAR), "text"),
        (faded(JAR, 0.05), "blank"),
        (np.roll(JAR, 8, axis=1), "structure"),
    ],
)
@pytest.mark.parametrize("preset", ["photographic", "illustrative"])
def test_each_kind_of_harm_to_a_labelled_jar(preset: str, restyled: np.ndarray, reason: str) -> None:
    only = {"text": {"min_edge_f1": 0.0, "min_ms_ssim": 0.0}, "structure": {"min_ms_ssim": 0.97}}.get(reason, {})
    gate = GATE_PRESETS[preset].model_copy(update=only)
    assert judge(_decoded(JAR), _decoded(restyled), product_of(JAR), gate).reason == reason


@pytest.mark.parametrize("preset", ["photographic", "illustrative"])
def test_erased_print_fails_however_little_else_is_there(preset: str) -> None:
    assert not judge(_decoded(JAR), _decoded(erased(JAR)), product_of(JAR), GATE_PRESETS[preset]).passed


def test_the_colour_policy_decides_what_is_harm() -> None:
    turned = _decoded(rotated_hue(JAR))
    for policy, passed in (("keep-hue", False), ("luminance", False), ("full", True)):
        gate = GATE_PRESETS["illustrative"].model_copy(update={"colour": policy, "min_ms_ssim": 0, "min_text_kept": 0})
        assert judge(_decoded(JAR), turned, product_of(JAR), gate).passed is passed, policy


def test_lost_lines_fail_on_their_own() -> None:
    found = _judged(_redrawn(), GATE.model_copy(update={"min_ms_ssim": 0.0}))
    assert (found.passed, found.reason) == (False, "edges")


def test_a_few_pixels_of_dirt_on_white_fail_and_the_brand_may_allow_them() -> None:
    rgb = _restyled()
    background = np.argwhere(~_product())
    dirty = background[:: max(1, len(background) // (len(background) // 50))]
    rgb[dirty[:, 0], dirty[:, 1]] = 240
    assert _judged(rgb).reason == "white-background"
    assert _judged(rgb, GATE.model_copy(update={"min_white_kept": 0.9})).passed


@pytest.mark.parametrize(
    ("level", "source_format", "passed"), [(252, "JPEG", True), (251, "JPEG", False), (254, "PNG", False)]
)
def test_the_noise_of_a_lossy_codec_is_not_held_against_a_look(level: int, source_format: str, *, passed: bool) -> None:
    rgb = _restyled()
    rgb[~_product()] = level
    restyled = DecodedImage(rgb, None, source_format, ())
    assert judge(_decoded(_photo()), restyled, _weights(), GATE).passed is passed


@pytest.mark.parametrize("output", [EncodeOptions("jpeg", 90), EncodeOptions("jpeg", 92), EncodeOptions("png")])
@pytest.mark.parametrize("picture", [JAR, graded(JAR)])
def test_a_codec_alone_fails_nothing(picture: np.ndarray, output: EncodeOptions) -> None:
    data = encode_image(picture, None, output)
    found = judge_bytes(_decoded(JAR), product_of(JAR), data, DecodeLimits(), GATE)
    assert found.reason == ""


def test_a_brand_that_restyles_backgrounds_is_not_held_to_white() -> None:
    brand = BrandSettings.model_validate({"brand": "inkwell", "references_uri": "r", "background_strength": 0.5})
    assert _judged(_greyed(), brand.thresholds()).passed


def test_alpha_must_be_the_same() -> None:
    alpha = (_product() * 255).astype(np.uint8)
    other = alpha.copy()
    other[HEIGHT // 2, WIDTH // 2] = 254

    def reason(before: np.ndarray | None, after: np.ndarray | None) -> str:
        return judge(_decoded(_photo(), before), _decoded(_restyled(), after), _weights(), GATE).reason

    assert reason(alpha, alpha) == ""
    assert reason(alpha, other) == reason(alpha, None) == reason(None, alpha) == "alpha-changed"


def test_what_lies_under_transparency_is_not_looked_at() -> None:
    alpha = (_product() * 255).astype(np.uint8)
    hidden = _restyled()
    hidden[alpha == 0] = (10, 200, 30)
    weights = product_mask(_photo(), alpha).weights
    seen, found = (
        judge(_decoded(_photo(), alpha), _decoded(rgb, alpha), weights, GATE) for rgb in (_restyled(), hidden)
    )
    assert seen.figures is not None
    assert found.figures is not None
    assert found.figures.ms_ssim == seen.figures.ms_ssim
    assert found.figures.colour_drift == seen.figures.colour_drift


def test_bytes_that_cannot_be_judged_fail() -> None:
    def reason(data: bytes, weights: np.ndarray, limits: DecodeLimits | None = None) -> str:
        return judge_bytes(_decoded(_photo()), weights, data, limits or DecodeLimits(), GATE).reason

    data = encode_image(_restyled(), None, EncodeOptions("png"))
    assert reason(data, _weights()) == ""
    assert reason(data, _weights(), DecodeLimits(max_bytes=8)) == ""
    assert reason(data[:60], _weights()) == "unreadable"
    assert reason(data, np.zeros_like(_weights())) == "unmeasurable"


def _view(*after: float, reason: Any = "") -> Judgement:
    return Judgement(reason, Figures(1, 1, 1, 0, 1, ((50.0, 10.0, 10.0), (after[0], after[1], after[2]))))


def _reasons(*views: Judgement) -> list[str]:
    return [view.reason for view in compare_views(views, GATE)]


def test_the_view_that_is_farthest_from_the_others_fails_alone() -> None:
    good, odd = _view(40.0, 10.0, 10.0), _view(60.0, 10.0, 10.0)
    assert _reasons(good, good) == ["", ""]
    assert _reasons(good, odd, good) == ["", "views", ""]
    assert _reasons(good, odd, good, odd, good) == ["", "views", "", "views", ""]
    found = compare_views([good, odd, good], GATE)
    assert found[1].views_drift > GATE.max_views_drift
    assert found[0].views_drift == found[2].views_drift == 0


def test_of_two_views_that_drift_apart_neither_is_trusted() -> None:
    assert _reasons(_view(40.0, 10.0, 10.0), _view(60.0, 10.0, 10.0)) == ["views", "views"]


def test_views_that_failed_already_are_compared_with_nothing() -> None:
    good, lost = _view(40.0, 10.0, 10.0), _view(90.0, 0.0, 0.0, reason="structure")
    found = compare_views([good, lost, Judgement("unreadable"), good], GATE)
    assert [view.reason for view in found] == ["", "structure", "unreadable", ""]
    assert all(view.views_drift == 0 for view in found)
    assert compare_views([], GATE) == []


COLOURS = st.tuples(st.sampled_from([30.0, 33.0, 40.0, 60.0]), st.sampled_from([0.0, 20.0]), st.just(5.0))


@given(st.lists(COLOURS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_views_does_not_matter(colours: list[tuple[float, float, float]], random: Any) -> None:
    views = [_view(*colour) for colour in colours]
    order = list(range(len(views)))
    random.shuffle(order)
    turned = [view.reason for view in compare_views([views[index] for index in order], GATE)]
    assert turned == [_reasons(*views)[index] for index in order]


@given(st.lists(COLOURS, min_size=2, max_size=6))
def test_views_that_pass_agree_and_alike_views_share_one_fate(colours: list[tuple[float, float, float]]) -> None:
    found = compare_views([_view(*colour) for colour in colours], GATE)
    assert all(view.views_drift <= GATE.max_views_drift for view in found if view.passed)
    for one, other in itertools.combinations(found, 2):
        if one.figures == other.figures:
            assert one.reason == other.reason

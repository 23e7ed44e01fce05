from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.core.contracts import ResultRow
from pipelines.core.settings import GATE_PRESETS, BrandSettings
from pipelines.images.decode import DecodedImage, DecodeLimits
from pipelines.verify.job import summarise, thresholds_of
from pipelines.verify.judge import judge
from pipelines.verify.worker import VerifyTask

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
    found = judge(_decoded(_photo()), _decoded(_restyled()), GATE)
    assert (found.passed, found.reason, found.white_kept) == (True, "", 1.0)
    assert 0.7 < found.ms_ssim < 1.0
    assert 0.7 < found.edge_f1 <= 1.0


def test_the_original_itself_is_perfect() -> None:
    found = judge(_decoded(_photo()), _decoded(_photo()), GATE)
    assert (found.ms_ssim, found.edge_f1, found.white_kept) == pytest.approx((1.0, 1.0, 1.0), abs=1e-5)


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
    found = judge(_decoded(_photo()), _decoded(np.ascontiguousarray(restyled)), GATE)
    assert (found.passed, found.reason) == (False, reason)


def test_lost_lines_fail_on_their_own() -> None:
    lenient = GATE.model_copy(update={"min_ms_ssim": 0.0})
    found = judge(_decoded(_photo()), _decoded(_redrawn()), lenient)
    assert (found.passed, found.reason) == (False, "edges")


def test_a_few_pixels_of_dirt_on_white_fail_and_the_brand_may_allow_them() -> None:
    rgb = _restyled()
    background = np.argwhere(~_product())
    dirty = background[:: max(1, len(background) // (len(background) // 50))]
    rgb[dirty[:, 0], dirty[:, 1]] = 240
    assert judge(_decoded(_photo()), _decoded(rgb), GATE).reason == "white-background"
    assert judge(_decoded(_photo()), _decoded(rgb), GATE.model_copy(update={"min_white_kept": 0.9})).passed


@pytest.mark.parametrize(
    ("level", "source_format", "passed"), [(252, "JPEG", True), (251, "JPEG", False), (254, "PNG", False)]
)
def test_the_noise_of_a_lossy_codec_is_not_held_against_a_look(level: int, source_format: str, passed: bool) -> None:
    rgb = _restyled()
    rgb[~_product()] = level
    restyled = DecodedImage(rgb, None, source_format, ())
    assert judge(_decoded(_photo()), restyled, GATE).passed is passed


def test_a_brand_that_restyles_backgrounds_is_not_held_to_white() -> None:
    def brand(**values: object) -> BrandSettings:
        return BrandSettings.model_validate({"brand": "inkwell", "references_uri": "r", **values})

    assert thresholds_of(brand()) == GATE
    assert thresholds_of(brand(background_strength=0.5)).min_white_kept == 0.0
    assert thresholds_of(brand(background_strength=0.5, gate={"min_white_kept": 0.9})).min_white_kept == 0.9
    assert judge(_decoded(_photo()), _decoded(_greyed()), thresholds_of(brand(background_strength=0.5))).passed


def test_alpha_must_be_the_same() -> None:
    alpha = (_product() * 255).astype(np.uint8)
    other = alpha.copy()
    other[HEIGHT // 2, WIDTH // 2] = 254
    assert judge(_decoded(_photo(), alpha), _decoded(_restyled(), alpha), GATE).passed
    assert judge(_decoded(_photo(), alpha), _decoded(_restyled(), other), GATE).reason == "alpha-changed"
    assert judge(_decoded(_photo(), alpha), _decoded(_restyled()), GATE).reason == "alpha-changed"
    assert judge(_decoded(_photo()), _decoded(_restyled(), alpha), GATE).reason == "alpha-changed"


def _png(rgb: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def _row(folder: Path, before: bytes, after: bytes) -> ResultRow:
    (folder / "before.png").write_bytes(before)
    (folder / "after.png").write_bytes(after)
    return ResultRow(
        image_id="a",
        work_key="k",
        source_sha256=hashlib.sha256(before).hexdigest(),
        image_uri=str(folder / "before.png"),
        object_uri=str(folder / "after.png"),
        object_sha256=hashlib.sha256(after).hexdigest(),
        object_bytes=len(after),
        width_px=WIDTH,
        height_px=HEIGHT,
    )


TASK = VerifyTask(GATE, DecodeLimits())


def test_a_row_carries_its_verdict(tmp_path: Path) -> None:
    verdict = TASK(_row(tmp_path, _png(_photo()), _png(_restyled())))
    assert (verdict.image_id, verdict.work_key, verdict.passed, verdict.reason) == ("a", "k", True, "")


def test_an_object_larger_than_a_feed_may_bring_is_still_judged(tmp_path: Path) -> None:
    before, after = _png(_photo()), _png(_restyled())
    limits = DecodeLimits(max_bytes=max(len(before), len(after) - 1))
    padded = after + b"\0" * 5000
    assert VerifyTask(GATE, limits)(_row(tmp_path, before, padded)).passed


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda row: Path(row.image_uri).unlink(), "unreadable"),
        (lambda row: Path(row.object_uri).unlink(), "unreadable"),
        (lambda row: Path(row.object_uri).write_bytes(_png(_photo())), "unreadable"),
        (lambda row: Path(row.image_uri).write_bytes(_png(_restyled())), "source-changed"),
    ],
)
def test_pictures_that_are_not_the_ones_meant_fail(damage: object, reason: str, tmp_path: Path) -> None:
    row = _row(tmp_path, _png(_photo()), _png(_restyled()))
    damage(row)  # type: ignore[operator]
    verdict = TASK(row)
    assert (verdict.passed, verdict.reason) == (False, reason)


def test_an_object_that_is_no_picture_is_unreadable(tmp_path: Path) -> None:
    assert TASK(_row(tmp_path, _png(_photo()), b"\x89PNG\r\n\x1a\n")).reason == "unreadable"


def test_the_summary_counts_reasons_and_takes_medians_of_what_was_measured(tmp_path: Path) -> None:
    good = TASK(_row(tmp_path, _png(_photo()), _png(_photo())))
    grey = TASK(_row(tmp_path, _png(_photo()), _png(_greyed())))
    lost = TASK(_row(tmp_path, _png(_photo()), b"x"))
    summary = summarise([good, grey, lost], 2.0)
    assert (summary["passed"], summary["failed"]) == (1, 2)
    assert summary["by_reason"] == {"unreadable": 1, "white-background": 1}
    assert summary["medians"]["white_kept"] == 0.5
    assert summary["images_per_second"] == 1.5
    assert summarise([], 0.0)["medians"] == {"ms_ssim": None, "edge_f1": None, "white_kept": None}

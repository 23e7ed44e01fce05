from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.settings import GATE_PRESETS
from pipelines.images.decode import DecodeLimits
from pipelines.verify.job import summarise
from pipelines.verify.worker import VerifyTask

GATE = GATE_PRESETS["photographic"]
HEIGHT, WIDTH = 150, 120
TASK = VerifyTask(GATE, DecodeLimits())


def _photo() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    inside = ((rows / HEIGHT - 0.5) ** 2 + (columns / WIDTH - 0.5) ** 2) < 0.38**2
    checks = 40 + 170 * (((rows // 12) + (columns // 12)) % 2) + 30 * np.sin(rows / 9)
    rgb = np.where(inside[..., None], checks[..., None] * np.array([1.0, 0.8, 0.6]), 255)
    return rgb.clip(0, 255).astype(np.uint8)


def _product() -> np.ndarray:
    return (_photo() < 250).any(axis=-1)


def _restyled(strength: float = 1.0) -> np.ndarray:
    """A look as it should be: darker, warmer, the white untouched."""
    rgb = _photo()
    product = _product()
    rgb[product] = (rgb[product] * (1 - strength * np.array([0.1, 0.25, 0.4]))).astype(np.uint8)
    return rgb


def _greyed() -> np.ndarray:
    rgb = _restyled()
    rgb[~_product()] = 251
    return rgb


def _verdict(row: ResultRow, task: VerifyTask = TASK) -> VerdictRow:
    (verdict,) = task.conclude([(row, task.judge(row))])
    return verdict


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


def test_a_row_carries_its_verdict_and_what_it_was_held_against(tmp_path: Path) -> None:
    row = replace(_row(tmp_path, _png(_photo()), _png(_restyled())), product_id="p")
    verdict = _verdict(row)
    assert (verdict.image_id, verdict.work_key, verdict.product_id) == ("a", "k", "p")
    assert (verdict.passed, verdict.reason) == (True, "")
    assert verdict.text_kept > 0.95
    assert verdict.views_drift == 0
    assert 0 < verdict.colour_drift < GATE.max_colour_drift
    held = json.loads(verdict.thresholds_json)
    assert held == GATE.resolved()
    assert held["colour"] == "keep-hue"
    assert verdict.thresholds_json == json.dumps(held, sort_keys=True)


def test_an_object_larger_than_a_feed_may_bring_is_still_judged(tmp_path: Path) -> None:
    before, after = _png(_photo()), _png(_restyled())
    limits = DecodeLimits(max_bytes=max(len(before), len(after) - 1))
    row = _row(tmp_path, before, after + b"\0" * 5000)
    assert VerifyTask(GATE, limits).judge(row).passed


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
    verdict = _verdict(row)
    assert (verdict.passed, verdict.reason) == (False, reason)
    assert (verdict.ms_ssim, verdict.text_kept, verdict.colour_drift) == (0.0, 0.0, 0.0)


def test_an_object_that_is_no_picture_or_of_another_size_fails(tmp_path: Path) -> None:
    assert _verdict(_row(tmp_path, _png(_photo()), b"\x89PNG\r\n\x1a\n")).reason == "unreadable"
    assert _verdict(_row(tmp_path, _png(_photo()), _png(_restyled()[1:]))).reason == "wrong-size"
    row = _row(tmp_path, _png(_photo()), _png(_restyled()))
    assert _verdict(replace(row, width_px=WIDTH + 1)).reason == "wrong-size"


def test_the_view_that_left_its_product_fails(tmp_path: Path) -> None:
    rows = []
    for name, strength in (("a", 1.0), ("b", 0.0), ("c", 1.0)):
        (tmp_path / name).mkdir()
        row = _row(tmp_path / name, _png(_photo()), _png(_restyled(strength)))
        rows.append(replace(row, image_id=name, product_id="p"))
    judged = [(row, TASK.judge(row)) for row in rows]
    assert all(judgement.passed for _, judgement in judged)
    verdicts = TASK.conclude(judged)
    assert [(row.image_id, row.reason) for row in verdicts] == [("a", ""), ("b", "views"), ("c", "")]
    assert verdicts[1].views_drift > GATE.max_views_drift
    assert TASK.conclude(judged[::-1]) == verdicts


def test_the_summary_counts_reasons_and_takes_medians_of_what_was_measured(tmp_path: Path) -> None:
    good = _verdict(_row(tmp_path, _png(_photo()), _png(_photo())))
    grey = _verdict(_row(tmp_path, _png(_photo()), _png(_greyed())))
    lost = _verdict(_row(tmp_path, _png(_photo()), b"x"))
    summary = summarise([good, grey, lost], 2.0)
    assert (summary["passed"], summary["failed"]) == (1, 2)
    assert summary["by_reason"] == {"unreadable": 1, "white-background": 1}
    assert summary["medians"]["white_kept"] == 0.5
    assert summary["images_per_second"] == 1.5
    names = ("ms_ssim", "edge_f1", "white_kept", "colour_drift", "text_kept", "views_drift")
    assert summarise([], 0.0)["medians"] == dict.fromkeys(names)

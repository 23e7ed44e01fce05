from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shop_night import BRAND, THIRD_PARTY_WARNINGS, Night, encoded, product_photo

from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow, VerdictRow
from pipelines.core.errors import ImageRejected, ModelBundleError, RestyleError
from pipelines.core.looks import Look
from pipelines.core.paths import BrandPaths
from pipelines.core.progress import ProgressLog, read_progress
from pipelines.core.settings import GATE_PRESETS
from pipelines.core.tables import read_json_lines, read_rows
from pipelines.images.colour import lab_statistics
from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions
from pipelines.restyle.batch import Restyler, restyle_batch
from pipelines.restyle.batching import by_product
from pipelines.restyle.job import SYSTEMIC_IMAGES, check_accounts
from pipelines.restyle.model_pin import ModelPin, load_pinned
from pipelines.restyle.picture import Picture, open_picture
from pipelines.restyle.worker import RestyleTask, RestyleWorker
from pipelines.transforms.job_options import beam_options
from pipelines.verify.worker import VerifyTask
from training.stylizer import Stylizer

pytestmark = THIRD_PARTY_WARNINGS

GATE = GATE_PRESETS["photographic"]
STRENGTHS = (1.0, 0.6, 0.3)
POISON = (1, 2, 3)
"""Colour of the first pixel of a picture on which the network of `Brittle` breaks down."""


class Brittle:
    """The real model, but it breaks down on one kind of picture, and with it the whole batch."""

    def __init__(self, model: Restyler) -> None:
        self.model = model
        self.calls: list[int] = []

    def apply(self, images: np.ndarray, *arguments: Any, **options: Any) -> np.ndarray:
        self.calls.append(len(images))
        if (images[:, 0, 0] == POISON).all(axis=-1).any():
            raise FloatingPointError("the network returned NaN")
        return self.model.apply(images, *arguments, **options)


def _picture(pixels: np.ndarray) -> Picture:
    return open_picture(encoded(pixels), DecodeLimits())


def _poisonous(height: int, width: int) -> np.ndarray:
    pixels = product_photo(height, width, 9)
    pixels[0, 0] = POISON
    return pixels


def _restyle(model: Restyler, pictures: Sequence[Picture], look: Look | None = None) -> list[Any]:
    statistics = [lab_statistics(picture.decoded.rgb, picture.mask.weights) for picture in pictures]
    return restyle_batch(model, pictures, statistics, [look or Look.of_brand(BRAND)] * len(pictures))


@pytest.fixture(scope="module")
def stylizer(bundle: Path) -> Stylizer:
    return Stylizer.load(bundle)


def test_pictures_of_all_sizes_come_back_in_order_at_their_own_size(stylizer: Stylizer) -> None:
    sizes = [(40, 33), (64, 64), (40, 33), (51, 97), (64, 64)]
    pictures = [_picture(product_photo(*size, seed)) for seed, size in enumerate(sizes)]
    together = _restyle(stylizer, pictures)
    assert [rgb.shape[:2] for rgb in together] == sizes
    for picture, restyled in zip(pictures, together, strict=True):
        assert np.array_equal(restyled, _restyle(stylizer, [picture])[0])
        assert not np.array_equal(restyled, picture.decoded.rgb)


def test_one_poisonous_picture_costs_one_picture(stylizer: Stylizer) -> None:
    model = Brittle(stylizer)
    pictures = [_picture(product_photo(48, 48, seed)) for seed in range(4)]
    pictures.insert(2, _picture(_poisonous(48, 48)))
    outcomes = _restyle(model, pictures)
    assert isinstance(outcomes[2], ImageRejected)
    assert outcomes[2].reason == "model-failed"
    assert "NaN" in str(outcomes[2])
    assert model.calls == [5, 1, 1, 1, 1, 1]
    for index in (0, 1, 3, 4):
        assert np.array_equal(outcomes[index], _restyle(stylizer, [pictures[index]])[0])


def test_a_model_that_returns_another_size_fails_the_picture(stylizer: Stylizer) -> None:
    class Cropping(Brittle):
        def apply(self, images: np.ndarray, *arguments: Any, **options: Any) -> np.ndarray:
            return super().apply(images, *arguments, **options)[:, 1:]

    (outcome,) = _restyle(Cropping(stylizer), [_picture(product_photo(40, 40))])
    assert isinstance(outcome, ImageRejected)
    assert "[1, 40, 40, 3]" in str(outcome)


def test_a_brand_that_the_model_does_not_know_stops_everything(stylizer: Stylizer) -> None:
    with pytest.raises(ModelBundleError, match="inkwell"):
        _restyle(stylizer, [_picture(product_photo(40, 40))], Look.of_brand("nobody"))


def test_strength_zero_gives_the_picture_back(stylizer: Stylizer) -> None:
    picture = _picture(product_photo(40, 40))
    assert np.array_equal(_restyle(stylizer, [picture], Look.of_brand(BRAND, 0.0))[0], picture.decoded.rgb)


def _task(bundle: Path, root: Path) -> RestyleTask:
    pin, objects = ModelPin(str(bundle), ""), BrandPaths(str(root), BRAND)
    return RestyleTask(pin, Look.of_brand(BRAND), DecodeLimits(), EncodeOptions("png"), objects, GATE, STRENGTHS)


def _brittle_worker(task: RestyleTask, bundle: str) -> RestyleWorker:
    return RestyleWorker(Brittle(Stylizer.load(bundle)), task)


def test_a_poisonous_picture_in_a_beam_batch_costs_one_picture(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    for index in range(5):
        night.add(f"good-{index}.png", encoded(product_photo(48, 48, index)))
    night.add("poison.png", encoded(_poisonous(48, 48)))
    progress = ProgressLog(night.paths.progress("restyle"))
    progress.begin("restyle", 6)
    open_worker = partial(_brittle_worker, _task(bundle, tmp_path), str(bundle))
    results, letters = _run(night, open_worker, progress)
    assert sorted(row.image_id for row in results) == [f"good-{index}.png" for index in range(5)]
    assert [(row.image_id, row.reason) for row in letters] == [("poison.png", "model-failed")]
    counted = read_progress(progress.uri)
    assert counted is not None
    assert (counted.done, counted.failed) == (6, 1)


def _run(
    night: Night, open_worker: Callable[[], RestyleWorker], progress: ProgressLog
) -> tuple[list[ResultRow], list[DeadLetter]]:
    import apache_beam as beam

    from pipelines.transforms.restyle_images import DEAD_LETTERS, RESULTS, RestyleImages
    from pipelines.transforms.row_artifacts import WriteJsonLines, WriteTable

    with beam.Pipeline(options=beam_options(())) as pipeline:
        outcomes = pipeline | beam.Create([tuple(night.plan)]) | RestyleImages(open_worker, progress)
        outcomes[RESULTS] | WriteTable(night.paths.results, ResultRow)
        outcomes[DEAD_LETTERS] | WriteJsonLines(night.paths.restyle_dead_letters)
    return (
        read_rows(night.paths.results, ResultRow),
        read_json_lines(night.paths.restyle_dead_letters, DeadLetter),
    )


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_neither_bytes_nor_order(stylizer: Stylizer, bundle: Path, tmp_path: Path, threads: int) -> None:
    night = Night(tmp_path, bundle)
    for index in range(5):
        night.add(f"{index}.png", encoded(product_photo(150, 90 + index % 2, index)))
    night.add("gone.png", None)
    outcomes = RestyleWorker(stylizer, _task(bundle, tmp_path), threads)(night.plan)
    assert [row.image_id for row in outcomes] == [row.image_id for row in night.plan]
    one_by_one = [RestyleWorker(stylizer, _task(bundle, tmp_path), 1)([row])[0] for row in night.plan]
    assert outcomes == one_by_one
    assert isinstance(outcomes[-1], DeadLetter)


class Heavy(Brittle):
    """The real model, but on pictures of one mark it blots out the product at a strength above `bearable`."""

    def __init__(self, model: Restyler, bearable: float) -> None:
        super().__init__(model)
        self.bearable = bearable

    def apply(self, images: np.ndarray, weights: np.ndarray, *arguments: Any, **options: Any) -> np.ndarray:
        look = next(argument for argument in arguments if isinstance(argument, Look))
        out = self.model.apply(images, weights, *arguments, **options)
        if look.strength > self.bearable:
            for picture, shown, image in zip(out, weights, images, strict=True):
                if tuple(image[0, 0]) == MARK:
                    picture[shown > 0] = (128, 90, 60)
        return out


MARK = (254, 255, 255)


def _marked(height: int, width: int, seed: int) -> np.ndarray:
    pixels = product_photo(height, width, seed)
    pixels[0, 0] = MARK
    return pixels


def _outcomes(model: Restyler, task: RestyleTask, rows: Sequence[PlanRow]) -> dict[str, ResultRow]:
    found = RestyleWorker(model, task)(rows)
    assert [outcome.image_id for outcome in found] == [row.image_id for row in rows]
    return {row.image_id: row for row in found if isinstance(row, ResultRow)}


def _verdicts(task: RestyleTask, results: dict[str, ResultRow]) -> dict[str, VerdictRow]:
    gate = VerifyTask(task.thresholds, task.limits)
    products = by_product(results.values(), lambda row: row.product_id)
    verdicts = [verdict for rows in products for verdict in gate.conclude([(row, gate.judge(row)) for row in rows])]
    return {verdict.image_id: verdict for verdict in verdicts}


@pytest.fixture
def two_products(bundle: Path, tmp_path: Path) -> list[PlanRow]:
    """A product of two views, of which one may be marked, and another product; of several sizes."""
    night = Night(tmp_path, bundle)
    night.add("shirt-front.png", encoded(product_photo(150, 120, 0)))
    night.add("cup.png", encoded(product_photo(120, 120, 1)))
    night.add("shirt-back.png", encoded(_marked(140, 120, 2)))
    return [replace(row, product_id=row.image_id.split(".")[0].split("-")[0]) for row in night.plan]


@pytest.mark.parametrize(("bearable", "strength"), [(1.0, 1.0), (0.7, 0.6), (0.5, 0.3)])
def test_a_product_that_fails_the_gate_is_drawn_weaker_in_all_its_views(
    stylizer: Stylizer, bundle: Path, tmp_path: Path, two_products: list[PlanRow], bearable: float, strength: float
) -> None:
    task = _task(bundle, tmp_path)
    results = _outcomes(Heavy(stylizer, bearable), task, two_products)
    assert {name: row.strength for name, row in results.items()} == {
        "shirt-front.png": strength,
        "cup.png": 1.0,
        "shirt-back.png": strength,
    }
    assert {row.product_id for row in results.values()} == {"shirt", "cup"}
    assert all(verdict.passed for verdict in _verdicts(task, results).values())


def test_one_hopeless_view_does_not_weaken_the_others(
    stylizer: Stylizer, bundle: Path, tmp_path: Path, two_products: list[PlanRow]
) -> None:
    task = _task(bundle, tmp_path)
    results = _outcomes(Heavy(stylizer, bearable=0.0), task, two_products)
    assert {row.strength for row in results.values()} == {1.0}
    reasons = {name: verdict.reason for name, verdict in _verdicts(task, results).items()}
    assert reasons == {"shirt-front.png": "", "cup.png": "", "shirt-back.png": "blank"}


def test_a_product_that_passes_at_no_strength_is_stored_at_the_last(
    stylizer: Stylizer, bundle: Path, tmp_path: Path, two_products: list[PlanRow]
) -> None:
    task, alone = _task(bundle, tmp_path), two_products[2:]
    (row,) = _outcomes(Heavy(stylizer, bearable=0.0), task, alone).values()
    assert row.strength == 0.3
    once = replace(task, strengths=(1.0,))
    (row,) = _outcomes(Heavy(stylizer, bearable=0.0), once, alone).values()
    assert row.strength == 1.0
    assert not _verdicts(task, {"": row})["shirt-back.png"].passed


def test_only_what_is_kept_is_stored(
    stylizer: Stylizer, bundle: Path, tmp_path: Path, two_products: list[PlanRow]
) -> None:
    results = _outcomes(Heavy(stylizer, bearable=0.5), _task(bundle, tmp_path), two_products)
    stored = {path.stem for path in (tmp_path / "objects").rglob("*.png")}
    assert stored == {row.object_sha256 for row in results.values()}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_product_s_bytes_depend_neither_on_its_batch_nor_on_threads(
    stylizer: Stylizer, bundle: Path, tmp_path: Path, two_products: list[PlanRow], threads: int
) -> None:
    task, model = _task(bundle, tmp_path), Heavy(stylizer, bearable=0.7)
    together = RestyleWorker(model, task, threads)(two_products)
    shirt, cup = [two_products[0], two_products[2]], [two_products[1]]
    front, back = RestyleWorker(model, task, 1)(shirt)
    assert together == [front, *RestyleWorker(model, task, 1)(cup), back]


def test_a_view_that_cannot_be_read_leaves_the_others_alone(
    stylizer: Stylizer, bundle: Path, tmp_path: Path, two_products: list[PlanRow]
) -> None:
    Path(two_products[0].image_uri).unlink()
    outcomes = RestyleWorker(Heavy(stylizer, bearable=0.7), _task(bundle, tmp_path))(two_products)
    lost, cup, back = outcomes
    assert isinstance(lost, DeadLetter)
    assert isinstance(cup, ResultRow)
    assert isinstance(back, ResultRow)
    assert (lost.reason, cup.strength, back.strength) == ("missing-file", 1.0, 0.6)


def test_a_picture_too_long_for_the_brand_s_format_costs_one_picture(
    stylizer: Stylizer, bundle: Path, tmp_path: Path
) -> None:
    night = Night(tmp_path, bundle)
    night.add("banner.png", encoded(product_photo(9, 16_400)))
    night.add("good.png", encoded(product_photo(32, 32)))
    task = replace(_task(bundle, tmp_path), output=EncodeOptions("webp"))
    banner, good = RestyleWorker(stylizer, task)(night.plan)
    assert isinstance(banner, DeadLetter)
    assert banner.reason == "write-failed"
    assert isinstance(good, ResultRow)


def test_the_pinned_hash_is_checked_when_a_worker_loads(bundle: Path) -> None:
    with pytest.raises(ModelBundleError, match="sha256"):
        load_pinned(ModelPin(str(bundle), "f" * 64))


def _letter(row: PlanRow, reason: str) -> DeadLetter:
    return DeadLetter(row.product_id, row.image_id, row.image_uri, "restyle", reason, "why")


@pytest.fixture
def plan(bundle: Path, tmp_path: Path) -> list[PlanRow]:
    night = Night(tmp_path, bundle)
    for index in range(SYSTEMIC_IMAGES):
        night.add(f"{index}.png", encoded(product_photo(16, 16, index)))
    return night.plan


def test_accounts_must_name_each_image_once(plan: list[PlanRow]) -> None:
    letters = [_letter(row, "truncated") for row in plan]
    check_accounts(plan, [], letters)
    with pytest.raises(RestyleError, match=r"no outcome or more than one: 0\.png"):
        check_accounts(plan, [], letters[1:])
    with pytest.raises(RestyleError, match=r"more than one: 1\.png"):
        check_accounts(plan, [], [*letters, letters[1]])


def test_a_whole_plan_that_fails_by_our_own_doing_is_a_failed_job(plan: list[PlanRow]) -> None:
    with pytest.raises(RestyleError, match="all 8 images failed"):
        check_accounts(plan, [], [_letter(row, "write-failed") for row in plan])
    check_accounts(plan[:-1], [], [_letter(row, "write-failed") for row in plan[:-1]])

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.core.errors import InputError, SettingsError
from training.data import load_content
from training.presets import PRESETS, preset
from training.references import load_brand
from training.sampling import BatchSampler


def test_folder_of_pictures(content_folder: Path) -> None:
    content = load_content(content_folder, 72, 100)
    assert len(content.train) + len(content.held_out) == 10
    assert content.unreadable == 0
    assert all(min(p.rgb.shape[:2]) == 64 for p in content.train)
    smaller = load_content(content_folder, 72, 100, least_px=16)
    assert all(max(p.rgb.shape[:2]) == 72 for p in smaller.train)
    assert not {p.product_id for p in content.train} & {p.product_id for p in content.held_out}


def test_views_of_a_product_share_statistics_and_side(tmp_path: Path) -> None:
    for product in ("mug", "shirt", "hat", "bag"):
        for view in range(2):
            picture = np.full((80, 70, 3), 255, np.uint8)
            picture[20:60, 20:50] = (40 + 90 * view, 80, len(product) * 20)
            (tmp_path / product).mkdir(exist_ok=True)
            Image.fromarray(picture).save(tmp_path / product / f"{view}.png")
    content = load_content(tmp_path, 64, 100)
    pictures = {p.image_id: p for p in (*content.train, *content.held_out)}
    assert pictures["mug/0.png"].statistics == pictures["mug/1.png"].statistics
    assert pictures["mug/0.png"].statistics != pictures["shirt/0.png"].statistics


def test_unreadable_pictures_are_counted_not_fatal(content_folder: Path, tmp_path: Path) -> None:
    for file in sorted(content_folder.iterdir())[:3]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "cut.png").write_bytes((tmp_path / "product-00.png").read_bytes()[:200])
    assert load_content(tmp_path, 72, 100).unreadable == 1


def test_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none here")
    with pytest.raises(InputError, match="found none"):
        load_content(tmp_path, 72, 100)


def test_limit_samples_by_seed(content_folder: Path) -> None:
    def names(seed: int) -> list[str]:
        content = load_content(content_folder, 72, 5, seed)
        return sorted({p.image_id for p in (*content.train, *content.held_out)})

    assert len(names(0)) == 5
    assert names(0) == names(0)
    assert names(0) != names(1)


def test_batches_depend_on_seed_and_number_alone(content_folder: Path, style_folder: Path) -> None:
    content = load_content(content_folder, 72, 100)
    brand = load_brand("sepia", style_folder, 72)
    statistics = [np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)]

    def sampler(seed: int) -> BatchSampler:
        return BatchSampler(content.train, [brand], policy="keep-hue", crop_px=64, batch=3, seed=seed)

    one = sampler(1)
    one.draw(0, statistics)
    late, fresh = one.draw(7, statistics), sampler(1).draw(7, statistics)
    for a, b in zip(late.arrays(), fresh.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(sampler(2).draw(7, statistics).pictures, fresh.pictures)
    assert fresh.pictures.shape == (3, 64, 64, 3)
    assert fresh.weights.shape == (3, 64, 64, 1)
    assert (fresh.weights.mean(axis=(1, 2, 3)) > 0.1 * 255).all()


def test_reference_crops_leave_paper_out(content_folder: Path, tmp_path: Path) -> None:
    page = np.full((200, 600, 3), 255, np.uint8)
    page[:, 400:] = np.random.default_rng(1).integers(0, 200, (200, 200, 3))
    Image.fromarray(page).save(tmp_path / "page.png")
    brand = load_brand("page", tmp_path, 100)
    content = load_content(content_folder, 72, 100)
    sampler = BatchSampler(content.train, [brand], policy="keep-hue", crop_px=64, batch=4, seed=0)
    crops = sampler.draw(0, [np.zeros((1, 6), np.float32)]).references
    assert ((crops.min(axis=-1) > 237).mean(axis=(1, 2)) <= 0.5).all()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_consistent(name: str) -> None:
    config = preset(name, colour_policy="full", seed=3)
    schedule = config.schedule
    assert config.preset == name
    assert config.colour_policy == "full"
    assert schedule.crop_px % 32 == 0
    assert schedule.crop_px <= min(schedule.content_px, schedule.reference_px)
    assert schedule.images >= schedule.epoch_images >= schedule.batch
    assert config.architecture.channels >= 48
    assert "python -m training" in (PRESETS[name].__doc__ or "")


def test_unknown_preset() -> None:
    with pytest.raises(SettingsError, match="expected one of smoke, quick"):
        preset("best", colour_policy="full", seed=0)

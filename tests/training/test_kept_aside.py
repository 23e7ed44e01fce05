from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.references import Brand, kept_aside, load_brand, without_kept_aside


def brand_of(count: int, folder: Path) -> Brand:
    folder.mkdir()
    rows, columns = np.mgrid[:48, :48]
    for index in range(count):
        tone = (rows * (index + 1) + columns * 3) % 256
        Image.fromarray(np.stack([tone, tone // 2, 255 - tone], axis=-1).astype(np.uint8)).save(folder / f"{index}.png")
    return load_brand("acme", folder, 48)


@pytest.mark.parametrize(("count", "apart"), [(1, 0), (7, 0), (8, 2), (13, 4)])
def test_every_fourth_reference_is_kept_aside_where_there_are_enough(tmp_path: Path, count: int, apart: int) -> None:
    brand = brand_of(count, tmp_path / "references")
    judged, seen = kept_aside(brand), without_kept_aside(brand)
    assert len(judged) == apart
    names = {r.name for r in judged} | {r.name for r in seen.references}
    assert len(judged) + len(seen.references) == len(names) == count


def test_training_does_not_see_the_colours_of_what_is_kept_aside(tmp_path: Path) -> None:
    brand = brand_of(8, tmp_path / "references")
    seen = without_kept_aside(brand)
    assert seen.statistics.weight == pytest.approx(brand.statistics.weight * 6 / 8)
    again = load_brand("acme", tmp_path / "references", 48)
    assert [r.name for r in kept_aside(brand)] == [r.name for r in kept_aside(again)]

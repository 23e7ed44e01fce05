"""Pictures that the tests of this room share, drawn here: no files are needed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


def draw_product(height: int = 120, width: int = 90, background: int = 255) -> NDArray[np.uint8]:
    """A shaded blue box with stripes on a plain grey or white background."""
    rgb = np.full((height, width, 3), background, np.uint8)
    top, left, bottom, right = height // 5, width // 5, height - height // 5, width - width // 5
    shade = np.linspace(40, 150, bottom - top).astype(np.uint8)[:, None]
    rgb[top:bottom, left:right] = np.stack([shade // 2, shade, shade + 80], axis=-1)
    rgb[top:bottom:8, left:right] = (200, 40, 30)
    return rgb


@pytest.fixture
def product_on_white() -> NDArray[np.uint8]:
    return draw_product()


@pytest.fixture
def noise_picture() -> NDArray[np.uint8]:
    """A picture without any plain background."""
    return np.random.default_rng(7).integers(0, 256, (64, 48, 3)).astype(np.uint8)

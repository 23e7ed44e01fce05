"""A plane at working size that stands for a larger picture, enlarged only where it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.geometry import Box


@dataclass(frozen=True)
class Plane:
    """Values float32 [h,w] for a picture of [height,width]."""

    values: NDArray[np.float32]
    height_px: int
    width_px: int

    def window(self, box: Box) -> NDArray[np.float32]:
        """float32 [rows,columns] of a window at the picture's own size; the same numbers in whatever window."""
        if self.values.shape == (self.height_px, self.width_px):
            return self.values[box.top : box.bottom, box.left : box.right]
        down, across = self.values.shape[0] / self.height_px, self.values.shape[1] / self.width_px
        where = (box.left * across, box.top * down, box.right * across, box.bottom * down)
        size = (box.right - box.left, box.bottom - box.top)
        return np.asarray(Image.fromarray(self.values).resize(size, Image.Resampling.BICUBIC, box=where))

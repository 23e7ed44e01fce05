"""What the judges see of a picture: its hand rather than its exposure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.models.layers import pad_edge

LOCAL_PX = 33
"""Side of the box whose mean is taken away: wider than any stroke, narrower than any garment."""


def luminance(x: Any) -> Any:
    """Rec. 601 luma of sRGB values, [N,H,W,3] -> [N,H,W,1]."""
    return x[..., :1] * 0.299 + x[..., 1:2] * 0.587 + x[..., 2:3] * 0.114


def hand_view(x: Any) -> Any:
    """Luminance less its local mean, about -0.5..0.5: strokes and grain stay, exposure and colour go."""
    light = luminance(ops.cast(x, "float32"))
    _, height, width, _ = light.shape
    down = ops.convert_to_tensor(local_mean_matrix(int(height)))
    across = ops.convert_to_tensor(local_mean_matrix(int(width)).T)
    mean = ops.matmul(down, ops.matmul(light[..., 0], across))
    return light - mean[..., None]


def judged_view(x: Any) -> Any:
    """The hand, slightly blurred: what the discriminator sees is strokes, not the grain of a scan or of a JPEG."""
    view = hand_view(x)
    across = pad_edge(view)[:, 1:-1]
    view = (across[:, :, :-2] + 2.0 * across[:, :, 1:-1] + across[:, :, 2:]) / 4.0
    down = pad_edge(view)[:, :, 1:-1]
    return (down[:, :-2] + 2.0 * down[:, 1:-1] + down[:, 2:]) / 4.0


@lru_cache(maxsize=32)
def local_mean_matrix(length: int) -> NDArray[np.float32]:
    """Box mean along one axis as a [length, length] matrix, the border mirrored; length at least half the box.

    Two products with it are several times faster on a CPU than a pooling of this size and its gradient.
    """
    half = LOCAL_PX // 2
    padded = np.pad(np.eye(length, dtype=np.float32), ((half, half), (0, 0)), mode="symmetric")
    sums = np.cumsum(np.concatenate([np.zeros((1, length), np.float32), padded]), axis=0)
    return np.asarray((sums[LOCAL_PX:] - sums[:-LOCAL_PX]) / LOCAL_PX, np.float32)


def perceptual_view(x: Any, *, colour: bool) -> Any:
    """Three channels in about 0..1 for the perceptual network: the picture itself, or its hand in grey."""
    return x if colour else ops.repeat(hand_view(x) + 0.5, 3, axis=-1)


def shrink(x: Any, step: int) -> Any:
    """Box average to 1/step of the side; exact when the side is divisible."""
    return x if step == 1 else ops.average_pool(x, step, strides=step, padding="valid")


def weighted_mean(value: Any, weights: Any) -> Any:
    """Mean of [N,h,w,C] under weights [N,H,W,1] (H a multiple of h); float32 scalar."""
    value = ops.cast(value, "float32")
    step = int(weights.shape[1]) // int(value.shape[1])
    weights = ops.broadcast_to(shrink(weights, step), ops.shape(value))
    return ops.sum(value * weights) / (ops.sum(weights) + 1e-3)

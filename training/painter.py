"""A bundle's networks as one compiled function, on either Keras backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bundle import ModelBundle

Floats = NDArray[np.float32]
Painter = Callable[[Floats, Floats], Floats]
"""Picture [1,H,W,3] in 0..1 and code [1,S] to the marks [1,H,W,5] of a hand; see `training.models.generator`."""


def build_painter(bundle: ModelBundle, *, dtype: str = "float32") -> Painter:
    """Compile the networks of a bundle.

    On tensorflow once for all sizes; on jax once for each size, so that it suits previews rather than catalogs.

    Args:
        bundle: what was trained.
        dtype: "float32", in which machines agree on the bytes, or "mixed_bfloat16".
    """
    import keras

    from training.models.style_gan import INFERENCE_PARTS, StyleGan

    gan = StyleGan(bundle.architecture, dtype=dtype, parts=INFERENCE_PARTS)
    gan.load_arrays(bundle.weights, *INFERENCE_PARTS)
    compiled: Any
    if keras.backend.backend() == "jax":
        import jax

        compiled = jax.jit(gan.marks)
    else:
        import tensorflow as tf

        signature = [
            tf.TensorSpec((1, None, None, 3), tf.float32),
            tf.TensorSpec((1, bundle.architecture.code_size), tf.float32),
        ]
        compiled = tf.function(gan.marks, input_signature=signature, jit_compile=False, reduce_retracing=True)

    def paint(picture: Floats, code: Floats) -> Floats:
        return np.asarray(compiled(picture, code), np.float32)

    return paint

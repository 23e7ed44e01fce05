"""What the Keras backend in use computes on."""

from __future__ import annotations


def gpus() -> int:
    """GPUs that the backend sees."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return sum(device.platform == "gpu" for device in jax.devices())
    import tensorflow as tf

    return len(tf.config.list_physical_devices("GPU"))


def sharing(batch: int) -> str:
    """Who computes a batch of this many pictures, in words for the run's first lines."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        count = len(jax.devices())
        if count == 1:
            return f"one device ({jax.devices()[0].platform}), jax"
        if batch % count:
            return f"each of {count} devices the whole batch: {batch} pictures do not divide among them, jax"
        return f"{count} devices share each batch, jax"
    count = gpus()
    if count > 1:
        return f"the first of {count} GPUs, tensorflow; with KERAS_BACKEND=jax all share each batch"
    return f"one device ({'gpu' if count else 'cpu'}), tensorflow"

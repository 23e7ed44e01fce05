"""Speed of the networks: `make bench-model` prints one JSON line a figure.

Restyling is timed against the classic fast style network on the same runtime, threads and precision, turn by turn, and
answers with the ratio of medians: what else the machine does slows both. Ours is all that the `Stylizer` does for the
hand, from the picture at its own size to the change of its luminance at that size; the classic is its forward pass.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from PIL import Image

from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.geometry import Box, resize
from training.blend import resolve
from training.bundle import BrandStyle, ModelBundle, load_bundle
from training.config import Architecture
from training.devices import gpus
from training.hand import Hand, working_size
from training.models.style_gan import INFERENCE_PARTS, StyleGan
from training.painter import build_painter
from training.precision import training_dtype
from training.stylizer import Stylizer

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12, "A10": 125e12}
"""Dense bfloat16 operations a second by name of the chip, from the makers' data sheets."""


def main(argv: list[str] | None = None) -> None:
    """Print every figure that this machine can give."""
    parser = argparse.ArgumentParser(description="Speed of the networks.")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="*", default=[512, 1024])
    parser.add_argument("--bundle", type=Path, help="time this bundle's architecture instead of the default one")
    parser.add_argument("--no-training", action="store_true", help="restyling only")
    options = parser.parse_args(argv)
    bundle = load_bundle(options.bundle) if options.bundle else fresh_bundle(Architecture())
    fast = training_dtype() == "mixed_bfloat16"
    for dtype in ("float32", "mixed_bfloat16") if fast else ("float32",):
        for size in options.sizes:
            against_classic(bundle, size, dtype, options.repeats)
            if gpus():
                forward_pass(bundle, size, dtype, options.repeats)
    if not options.no_training:
        training(options.repeats)


def against_classic(bundle: ModelBundle, size: int, dtype: str, repeats: int) -> None:
    """Ratios of images a second, ours to the classic network's."""
    classic = compiled_classic(dtype)
    picture = np.random.default_rng(1).integers(0, 256, (size, size, 3), dtype=np.uint8)
    brand = next(iter(bundle.brands))
    hand = Hand(bundle, build_painter(bundle, dtype=dtype))
    part = resolve((bundle,), ((brand, 1.0),)).parts[0]
    small_size = working_size(size, size, hand.working_px)
    luminance = picture.astype(np.float32) @ LUMA / 255

    def drawn() -> Any:
        small = resize(picture, *small_size)
        plane = hand.draw(small, (size, size), part.style.code, part.tonal_art, Box(0, 0, *small_size))
        return plane.window(Box(0, 0, size, size))(luminance)

    def painted() -> Any:
        return classic(picture[None].astype(np.float32) / 255)

    ours_s, classic_s = turn_by_turn(drawn, painted, repeats)
    told = f"classic fast style network {1 / classic_s:.3f} images/s, ours {1 / ours_s:.3f}, {dtype}"
    suffix = "" if dtype == "float32" else "_bfloat16"
    figure(f"network_vs_classic_{size}{suffix}", classic_s / ours_s, "times its images/s", told)
    if dtype != "float32":
        return
    stylizer = Stylizer(bundle)
    mask = np.ones((1, size, size), np.float32)
    of_product = [lab_statistics(picture, mask[0])]
    whole_s, classic_s = turn_by_turn(
        lambda: stylizer.restyle(picture[None], mask, of_product, brand=brand), painted, max(3, repeats // 2)
    )
    told = f"classic fast style network {1 / classic_s:.3f} images/s, ours {1 / whole_s:.3f} with its colour map"
    figure(f"restyle_vs_classic_{size}", classic_s / whole_s, "times its images/s", told)


def forward_pass(bundle: ModelBundle, size: int, dtype: str, repeats: int) -> None:
    """Images a second of the networks alone, 16 at once, on the accelerator."""
    import keras

    gan = StyleGan(bundle.architecture, dtype=dtype, parts=INFERENCE_PARTS)
    side = working_size(size, size, bundle.architecture.working_px)
    pictures = np.random.default_rng(1).random((16, *side, 3)).astype(np.float32)
    codes = np.ones((16, bundle.architecture.code_size), np.float32)
    if keras.backend.backend() == "jax":
        import jax

        forward = jax.jit(gan.marks)
        inputs = tuple(map(jax.device_put, (pictures, codes)))
        seconds = median_s(lambda: jax.block_until_ready(forward(*inputs)), repeats)
    else:
        import tensorflow as tf

        forward = tf.function(gan.marks, jit_compile=True)
        inputs = (tf.constant(pictures), tf.constant(codes))
        seconds = median_s(lambda: forward(*inputs)[0, 0, 0, 0].numpy(), repeats)
    figure(f"gpu_network_{size}_{dtype}", 16 / seconds, "images/s", f"at working size {side[0]} px, batches of 16")


def training(repeats: int) -> None:
    """Images a second of preset `quick`, against matrix products in the same run, and the share of a GPU's peak."""
    import keras

    from training.presets import quick

    dtype = training_dtype()
    config = quick()
    if gpus():
        config = dataclasses.replace(config, schedule=dataclasses.replace(config.schedule, batch=64))
    step, arrays = training_step(config, dtype)
    reference = reference_product()
    step_s, product_s = turn_by_turn(lambda: np.asarray(step(*arrays)), reference, repeats + 3)
    rate = config.schedule.batch / step_s
    told = f"{rate:.2f} images/s, {dtype}; products of 2048 x 2048 at {2 * 2048**3 / product_s / 1e9:.0f} GFLOP/s"
    figure("training_quick_vs_matmul", rate * product_s / (2 * 2048**3 / 1e12), "images per TFLOP of matmul", told)
    if gpus() and keras.backend.backend() == "jax":
        figure("gpu_training_images_per_s", rate, "images/s", f"batch {config.schedule.batch}, {dtype}")
        peak_share(step, arrays, step_s)


def training_step(config: Any, dtype: str) -> tuple[Any, tuple[Any, ...]]:
    """The compiled step of a preset, and a batch of drawn pictures."""
    from training.data import load_content
    from training.models.perceptual import EncoderPerceptual
    from training.reference_tables import reference_statistics
    from training.references import load_brand
    from training.trainer import Trainer

    random = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as root:
        for index in range(12):
            for kind in ("content", "style"):
                folder = Path(root) / kind
                folder.mkdir(exist_ok=True)
                coarse = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(coarse).resize((480, 480), Image.Resampling.BICUBIC).save(folder / f"{index}.png")
        content = load_content(Path(root) / "content", config.schedule.content_px, 12)
        brand = load_brand("any", Path(root) / "style", config.schedule.reference_px)
        gan = StyleGan(config.architecture, dtype=dtype)
        perceptual = EncoderPerceptual(gan.encoder, gan.heads)
        trainer = Trainer(config, content, [brand], perceptual, dtype=dtype, folder=Path(root), command="benchmark")
        batch = trainer.sampler.draw(0, reference_statistics(trainer.gan, [brand]))
        return trainer.compiled_step(), (*batch.arrays(), np.float32(0.9))


def reference_product() -> Callable[[], Any]:
    """A product of two 2048 x 2048 matrices in float32 on the backend in use."""
    from keras import ops

    one = ops.convert_to_tensor(np.random.default_rng(4).random((2048, 2048), np.float32))
    return lambda: np.asarray(ops.matmul(one, one)[:1, :1])


def peak_share(step: Any, arrays: tuple[Any, ...], step_s: float) -> None:
    """Share of the chip's bfloat16 peak that the training step reaches."""
    import jax

    kind = jax.devices()[0].device_kind
    peak = next((rate for name, rate in PEAKS.items() if name in kind), None)
    if peak is not None:
        share = step.operations(*arrays) / step_s / peak
        figure("gpu_training_share_of_peak", share, "of the bfloat16 peak", f"{kind}, {peak / 1e12:.0f} TFLOP/s")


def turn_by_turn(one: Callable[[], Any], other: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Median seconds of each, run in alternation after one unmeasured turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats + 1):
        for work, seconds in zip((one, other), times, strict=True):
            began = time.perf_counter()
            work()
            if turn:
                seconds.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])


def median_s(work: Callable[[], Any], repeats: int) -> float:
    """Median seconds after one unmeasured turn."""
    return turn_by_turn(work, lambda: None, repeats)[0]


def compiled_classic(dtype: str) -> Callable[[Any], Any]:
    """The classic network, compiled as ours is."""
    import keras
    from classic_network import classic_network

    if keras.backend.backend() == "jax":
        import jax

        jitted = jax.jit(classic_network(dtype))
        return lambda picture: np.asarray(jitted(picture))
    import tensorflow as tf

    signature = [tf.TensorSpec((1, None, None, 3), tf.float32)]
    compiled = tf.function(classic_network(dtype), input_signature=signature, jit_compile=False)
    return lambda picture: compiled(picture).numpy()


def fresh_bundle(architecture: Architecture) -> ModelBundle:
    """An untrained model: weights do not change the speed."""
    gan = StyleGan(architecture, parts=INFERENCE_PARTS)
    code = tuple(np.random.default_rng(2).normal(size=architecture.code_size).tolist())
    plain = LabStatistics((70.0, 0.0, 0.0), (10.0, 5.0, 5.0), 5.0, 1.0)
    return ModelBundle(
        architecture=architecture,
        brands={"any": BrandStyle(code, plain, "keep-hue")},
        weights=gan.arrays(),
        parts=INFERENCE_PARTS,
        created_by="benchmark",
    )


def figure(name: str, value: float, unit: str, reference: str) -> None:
    """One line."""
    line = {"name": name, "value": round(value, 4), "unit": unit, "reference": reference, "machine": machine()}
    print(json.dumps(line), flush=True)


def machine() -> str:
    """Processor, cores this process may use, runtime."""
    import keras

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {gpus()} GPUs, keras {keras.__version__} on {keras.backend.backend()}"


if __name__ == "__main__":
    main()

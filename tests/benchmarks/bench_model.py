"""Speed of the networks: `make bench-model` prints one JSON line a figure.

Restyling is timed against the classic fast style network on the same runtime, threads and precision, turn by turn, and
answers with the ratio of medians: what else the machine does slows both. Ours is the whole network path of the
`Stylizer`, from the colour-mapped picture to the residual at the picture's own size; the classic is its forward pass.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from pipelines.images.colour import LabStatistics, lab_statistics
from training.bundle import BrandStyle, ModelBundle
from training.config import Architecture
from training.models.style_gan import INFERENCE_PARTS, StyleGan
from training.painter import build_painter
from training.stylizer import Stylizer


def main() -> None:
    """Print every figure that this machine can give."""
    parser = argparse.ArgumentParser(description="Speed of the networks.")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="*", default=[512, 1024])
    parser.add_argument("--bundle", type=Path, help="time this bundle's architecture instead of the default one")
    options = parser.parse_args()
    bundle = fresh_bundle(Architecture())
    if options.bundle:
        from training.bundle import load_bundle

        bundle = load_bundle(options.bundle)
    for dtype in ("float32", "mixed_bfloat16") if multiplies_bfloat16() else ("float32",):
        for size in options.sizes:
            against_classic(bundle, size, dtype, options.repeats)


def against_classic(bundle: ModelBundle, size: int, dtype: str, repeats: int) -> None:
    """Ratio of images a second, ours to the classic network's."""
    picture = np.random.default_rng(1).integers(0, 256, (size, size, 3), dtype=np.uint8)
    stylizer = Stylizer(bundle, painter=build_painter(bundle, dtype=dtype))
    style = bundle.brand(next(iter(bundle.brands)))
    classic = compiled_classic(dtype)
    ours_s, classic_s = turn_by_turn(
        lambda: stylizer._residual(picture, style),
        lambda: classic(picture[None].astype(np.float32) / 255),
        repeats,
    )
    name = f"network_vs_classic_{size}" + ("" if dtype == "float32" else "_bfloat16")
    reference = f"classic fast style network {1 / classic_s:.3f} images/s, ours {1 / ours_s:.3f}, {dtype}"
    figure(name, classic_s / ours_s, "times its images/s", reference)
    if dtype == "float32":
        mask = np.ones((1, size, size), np.float32)
        of_product = [lab_statistics(picture, mask[0])]
        brand = next(iter(bundle.brands))
        whole_s, classic_s = turn_by_turn(
            lambda: stylizer.restyle(picture[None], mask, of_product, brand=brand, strength=1.0),
            lambda: classic(picture[None].astype(np.float32) / 255),
            max(3, repeats // 2),
        )
        reference = (
            f"classic fast style network {1 / classic_s:.3f} images/s, ours {1 / whole_s:.3f}, colour map included"
        )
        figure(f"restyle_vs_classic_{size}", classic_s / whole_s, "times its images/s", reference)


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


def compiled_classic(dtype: str) -> Callable[[Any], Any]:
    """The classic network, compiled as ours is."""
    import tensorflow as tf
    from classic_network import classic_network

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
        training={},
        metrics={},
    )


def multiplies_bfloat16() -> bool:
    """Whether bfloat16 is worth timing here."""
    from training.precision import training_dtype

    return training_dtype() == "mixed_bfloat16"


def figure(name: str, value: float, unit: str, reference: str) -> None:
    """One line."""
    line = {"name": name, "value": round(value, 4), "unit": unit, "reference": reference, "machine": machine()}
    print(json.dumps(line), flush=True)  # noqa: T201


def machine() -> str:
    """Processor, cores this process may use, runtime."""
    import keras

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, keras {keras.__version__} on {keras.backend.backend()}"


if __name__ == "__main__":
    main()

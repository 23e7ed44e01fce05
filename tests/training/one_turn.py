"""Run by `test_backends.py` in a process for each backend: `python one_turn.py CONTENT STYLE VGG16 OUT.npz`.

With fixed weights and batches it leaves numbers, gradients of both players and the weights after two steps: on one
device and on all that jax sees. Then a short training, without TensorFlow.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import keras
import numpy as np
from keras import ops

from training.compiled import compiled
from training.data import load_content
from training.models.perceptual import EncoderPerceptual
from training.models.style_gan import StyleGan
from training.presets import smoke
from training.reference_tables import reference_statistics, style_targets
from training.references import load_brand
from training.sampling import BatchSampler
from training.step import Game, build_optimizers, play
from training.terms import Batch
from training.train import main as train


def fixed_game(content: Path, style: Path, dtype: str = "float32") -> tuple[Game, list[Batch]]:
    """The smoke preset's networks with weights that depend on nothing but the order of their names, and two batches."""
    config = smoke()
    schedule = dataclasses.replace(config.schedule, batch=4)
    config = dataclasses.replace(config, schedule=schedule)
    gan = StyleGan(config.architecture, dtype=dtype)
    random = np.random.default_rng(7)
    for variable in gan.variables():
        start = np.asarray(ops.convert_to_numpy(ops.copy(variable)), np.float32)
        spread = 0.05 if start.ndim == 1 else 0.5 / np.sqrt(np.prod(start.shape[:-1]))
        middle = start if start.ndim == 1 else 0.0
        variable.assign((middle + random.normal(0, spread, start.shape)).astype(np.float32))
    frozen = StyleGan(config.architecture, dtype=dtype)
    frozen.load_arrays(gan.arrays())
    perceptual = EncoderPerceptual(frozen.encoder, frozen.heads)
    brands = [load_brand("sepia", style, schedule.reference_px)]
    targets = style_targets(perceptual, brands, schedule.perceptual_step)
    followed = gan.variables("encoder", "mapping", "generator")
    averages = [keras.Variable(ops.copy(v), trainable=False, dtype="float32") for v in followed]
    optimizers = (keras.optimizers.Adam(1e-4, global_clipnorm=2.0), keras.optimizers.Adam(1e-4))
    sampler = BatchSampler(
        load_content(content, schedule.content_px, schedule.content_limit).train,
        brands,
        policy=config.colour_policy,
        crop_px=schedule.crop_px,
        batch=schedule.batch,
        seed=3,
    )
    statistics = reference_statistics(gan, brands)
    batches = [sampler.draw(number, statistics) for number in range(2)]
    return Game(gan, perceptual, config, targets, optimizers, averages), batches


def two_steps(game: Game, batches: list[Batch], devices: int | None = None) -> dict[str, np.ndarray]:
    """Numbers and gradients of a first step, weights and averages after a second."""
    build_optimizers(game)
    step = compiled(lambda differentiate, *given: play(game, differentiate, given), game.state, devices=devices)
    numbers, of_generator, of_judge = step(*batches[0].arrays(), np.float32(0.9))
    found = {"numbers": np.asarray(numbers, np.float32)}
    for variable, gradient in zip(game.learning, of_generator, strict=True):
        found[f"gradient/{variable.path}"] = np.asarray(gradient)
    for variable, gradient in zip(game.judging, of_judge, strict=True):
        found[f"gradient/{variable.path}"] = np.asarray(gradient)
    step(*batches[1].arrays(), np.float32(0.9))
    found |= {f"after/{name}": value for name, value in game.gan.arrays().items()}
    for variable, average in zip(game.followed, game.averages, strict=True):
        found[f"average/{variable.path}"] = np.asarray(ops.convert_to_numpy(ops.copy(average)))
    return found


def main(content: Path, style: Path, vgg: Path, out: Path) -> None:
    """Write everything that the comparison needs."""
    import jax

    found = {}
    for devices in (1, len(jax.devices())):
        for name, value in two_steps(*fixed_game(content, style), devices).items():
            found[f"{devices}/{name}"] = value
    found["devices"] = np.array(len(jax.devices()))
    np.savez(out, **found)
    trained = ["--content", str(content), "--style", str(style), "--brand", "sepia", "--preset", "smoke"]
    trained += ["--images", "4", "--init", "none", "--perceptual", str(vgg), "--out", str(out.with_name("bundle"))]
    code = train(trained)
    assert "tensorflow" not in sys.modules
    sys.exit(code)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

"""The training loop: batches in, weights, previews and checkpoints out."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelBundleError, TrainingStopped
from training.assembly import AVERAGE, bundle_of, reference_arrays
from training.bundle import ModelBundle
from training.checkpoint import Checkpoint, write_checkpoint
from training.collapse import collapsed, not_finite
from training.config import TrainingConfig, to_json
from training.data import Content
from training.encoder_phase import teach_encoder
from training.models.style_gan import TRAINING_PARTS, StyleGan
from training.prefetch import prefetched
from training.reference_tables import reference_statistics, style_targets
from training.references import Brand
from training.sampling import BatchSampler
from training.step import NUMBERS, Game, build_step
from training.telemetry import ENCODER, Telemetry

_LOG_IMAGES: Final = 80
"""A metrics line each time this many images more are done, and at the end of an epoch."""

REFERENCES = "reference_statistics/"
"""Prefix, in a checkpoint, of the encoder statistics of each brand's references."""


class Trainer:
    """One run.

    Args:
        config: resolved configuration.
        content: pictures.
        brands: at least one.
        perceptual: see `training.models.perceptual`.
        dtype: "float32" or "mixed_bfloat16".
        folder: run folder.
        command: that started it, without paths; goes into the model bundle.
    """

    def __init__(
        self,
        config: TrainingConfig,
        content: Content,
        brands: Sequence[Brand],
        perceptual: Any,
        *,
        dtype: str,
        folder: Path,
        command: str,
    ) -> None:
        import keras
        from keras import ops

        self.config = config
        self.content = content
        self.brands = tuple(brands)
        self.reference_arrays = reference_arrays(self.brands)
        self.perceptual = perceptual
        self.folder = folder
        self.command = command
        self.gan = StyleGan(config.architecture, dtype=dtype)
        schedule = config.schedule
        self.optimizers = (
            keras.optimizers.Adam(schedule.generator_rate, beta_1=0.5, beta_2=0.99, global_clipnorm=2.0),
            keras.optimizers.Adam(schedule.discriminator_rate, beta_1=0.5, beta_2=0.99),
        )
        self.followed = self.gan.variables("encoder", "mapping", "generator")
        self.averages = [keras.Variable(ops.copy(v), trainable=False, dtype="float32") for v in self.followed]
        self.step = 0
        self.seconds = 0.0
        self.schooled = False
        self.resumed = False
        self.latest: dict[str, float] = {}
        self.sampler = BatchSampler(
            content.train,
            self.brands,
            policy=config.colour_policy,
            crop_px=schedule.crop_px,
            batch=schedule.batch,
            seed=config.seed,
        )
        self._compiled: Callable[..., Any] | None = None

    @property
    def images(self) -> int:
        """Images trained on so far."""
        return self.step * self.config.schedule.batch

    def start_from(self, bundle: ModelBundle) -> None:
        """Begin with a bundle's weights.

        Raises:
            ModelBundleError: its architecture is another one.
        """
        if bundle.architecture != self.config.architecture:
            raise ModelBundleError(
                f"initial model: expected architecture {to_json(self.config.architecture)}, "
                f"received {to_json(bundle.architecture)}; use its preset or `--init none`"
            )
        self.schooled = True
        self.gan.load_arrays(bundle.weights, *(p for p in TRAINING_PARTS if p in bundle.parts))
        self._restart_averages()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was written.

        Raises:
            ModelBundleError: it belongs to another configuration.
        """
        if checkpoint.state["config"] != json_form(to_json(self.config)):
            raise ModelBundleError(
                "checkpoint: written by a run with another configuration; use a fresh work folder or the same options"
            )
        self.compiled_step()
        self.gan.load_arrays(checkpoint.arrays)
        for variable, average in zip(self.followed, self.averages, strict=True):
            average.assign(checkpoint.arrays[AVERAGE + variable.path])
        for owner, optimizer in zip(("generator", "discriminator"), self.optimizers, strict=True):
            for index, variable in enumerate(optimizer.variables):
                variable.assign(checkpoint.arrays[f"optimizer/{owner}/{index}"])
        self.step = int(checkpoint.state["step"])
        self.schooled = self.resumed = True
        self.seconds = float(checkpoint.state["seconds"])

    def checkpoint(self) -> Checkpoint:
        """The whole state."""
        self.compiled_step()  # the optimizers have all their variables from then on
        arrays = self.gan.arrays()
        for variable, average in zip(self.followed, self.averages, strict=True):
            arrays[AVERAGE + variable.path] = as_array(average)
        arrays.update(self.reference_arrays)
        for brand, rows in zip(self.brands, reference_statistics(self.gan, self.brands), strict=True):
            arrays[REFERENCES + brand.name] = rows
        for owner, optimizer in zip(("generator", "discriminator"), self.optimizers, strict=True):
            for index, variable in enumerate(optimizer.variables):
                arrays[f"optimizer/{owner}/{index}"] = as_array(variable)
        state = {
            "config": to_json(self.config),
            "command": self.command,
            "step": self.step,
            "seconds": self.seconds,
            "brands": {b.name: b.statistics.to_json() for b in self.brands},
            "perceptual": self.perceptual.source,
            "latest": self.latest,
        }
        return Checkpoint(arrays, state)

    def compiled_step(self) -> Callable[..., Any]:
        """The training step, traced once."""
        if self._compiled is None:
            targets = style_targets(self.perceptual, self.brands, self.config.schedule.perceptual_step)
            game = Game(self.gan, self.perceptual, self.config, targets, self.optimizers, self.averages)
            self._compiled = build_step(game)
        return self._compiled

    def run(self, telemetry: Telemetry, *, minutes: float | None, after_epoch: Callable[[int], None]) -> None:
        """Train to the schedule's end or for `minutes`, whichever comes first.

        Raises:
            TrainingStopped: a loss is not finite, or the discriminator has won for good.
        """
        schedule = self.config.schedule
        if schedule.encoder_images and not self.schooled:
            self._teach_encoder(telemetry)
        compiled = self.compiled_step()
        limit = None if minutes is None else minutes * 60.0
        began = time.monotonic() - self.seconds
        per_epoch = max(1, schedule.epoch_images // schedule.batch)
        last = math.ceil(schedule.images / schedule.batch)
        while self.step < last and (limit is None or self.seconds < limit):
            stop = min(last, (self.step // per_epoch + 1) * per_epoch)
            self._epoch(compiled, telemetry, range(self.step, stop), began, limit)
            epoch = -(-self.step // per_epoch)
            write_checkpoint(self.checkpoint(), self.folder / "checkpoint")
            after_epoch(epoch)
            telemetry.curves()
        telemetry.progress(self.images, self.images / max(self.seconds, 1e-3), 0.0, force=True)

    def _teach_encoder(self, telemetry: Telemetry) -> None:
        began = time.monotonic()

        def report(done: int, values: dict[str, float]) -> None:
            rate = done / (time.monotonic() - began)
            telemetry.metrics({"phase": ENCODER, "images": done, **values, "images_per_s": rate})
            telemetry.progress(0, 0.0, 0.0)

        teach_encoder(self.gan, self.perceptual, self.sampler, self.config.schedule, report)
        self._restart_averages()
        self.schooled = True
        write_checkpoint(self.checkpoint(), self.folder / "checkpoint")

    def _epoch(
        self,
        compiled: Callable[..., Any],
        telemetry: Telemetry,
        steps: range,
        began: float,
        limit: float | None,
    ) -> None:
        schedule = self.config.schedule
        statistics = reference_statistics(self.gan, self.brands)
        window: list[NDArray[np.float32]] = []
        under_way: Any = None
        for number, batch in prefetched(self.sampler, steps, statistics):
            self._set_rates(limit)
            decay = min(schedule.ema_decay, (1 + number) / (10 + number))
            numbers = compiled(*batch.arrays(), np.float32(decay))
            # A device works on this step while the one before is looked at.
            if under_way is not None:
                window.append(self._finite(under_way))
            under_way = numbers
            self.step = number + 1
            self.seconds = time.monotonic() - began
            over = limit is not None and self.seconds >= limit
            if self.images % _LOG_IMAGES < schedule.batch or self.step == steps.stop or over:
                window.append(self._finite(under_way))
                under_way = None
                self._report(telemetry, np.mean(window, axis=0), limit)
                window = []
            if over:
                return

    def _set_rates(self, limit: float | None) -> None:
        """Both learning rates fall in a line with the images, or with the time where that is the limit."""
        schedule = self.config.schedule
        fraction = self.images / schedule.images
        if limit is not None:
            fraction = max(fraction, self.seconds / limit)
        rates = (schedule.generator_rate, schedule.discriminator_rate)
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            optimizer.learning_rate = rate * (1.0 - 0.96 * min(fraction, 1.0))

    def _finite(self, numbers: Any) -> NDArray[np.float32]:
        found = np.asarray(numbers, np.float32)
        if not np.isfinite(found).all():
            bad = [name for name, value in zip(NUMBERS, found, strict=True) if not np.isfinite(value)]
            raise TrainingStopped(not_finite(bad, self.images))
        return found

    def _report(self, telemetry: Telemetry, mean: NDArray[np.float32], limit: float | None) -> None:
        schedule = self.config.schedule
        rate = self.images / max(self.seconds, 1e-3)
        left = (schedule.images - self.images) / rate
        if limit is not None:
            left = min(left, max(0.0, limit - self.seconds))
        self.latest = {name: float(value) for name, value in zip(NUMBERS, mean, strict=True)}
        line: dict[str, Any] = {
            "images": self.images,
            "seconds": round(self.seconds, 2),
            "epoch": self.images / schedule.epoch_images,
            **self.latest,
            "learning_rate": float(self.optimizers[0].learning_rate),
            "images_per_s": rate,
        }
        telemetry.metrics(line)
        telemetry.progress(self.images, rate, left)
        reason = collapsed(telemetry.game)
        if reason is not None:
            raise TrainingStopped(reason)

    def _restart_averages(self) -> None:
        from keras import ops

        for average, variable in zip(self.averages, self.followed, strict=True):
            average.assign(ops.copy(variable))

    def bundle(self) -> ModelBundle:
        """The averaged weights, with every brand's code, as a model bundle."""
        checkpoint = self.checkpoint()
        return bundle_of(
            self.config,
            checkpoint.arrays,
            {b.name: b.statistics for b in self.brands},
            {b.name: checkpoint.arrays[f"{REFERENCES}{b.name}"] for b in self.brands},
            created_by=self.command,
            images=self.images,
            perceptual=self.perceptual.source,
            metrics=self.latest,
        )


def as_array(variable: Any) -> NDArray[Any]:
    """A Keras variable's value."""
    from keras import ops

    return np.asarray(ops.convert_to_numpy(ops.copy(variable)))


def json_form(value: Any) -> Any:
    """`value` as it looks after a trip through JSON."""
    return json.loads(json.dumps(value))

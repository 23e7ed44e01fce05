"""Train a brand's model: `python -m training.train --content DIR --style DIR --brand NAME --out BUNDLE`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import InputError, MissingArtifact
from pipelines.core.jobs import run_job
from training.arguments import training_parser
from training.bundle import ModelBundle, load_bundle, write_bundle
from training.config import TrainingConfig, to_json
from training.data import Content, load_content
from training.files import write_json
from training.presets import PRESETS, preset
from training.references import Brand, load_brand, without_kept_aside
from training.telemetry import Telemetry, labelled_grid

BASE = Path(__file__).parent / "base"


def main(argv: list[str] | None = None) -> int:
    """Entry point; the last line printed is a JSON summary."""
    parser = training_parser("python -m training.train", "Train a brand's model bundle.")
    parser.add_argument("--brand", required=True, help="name of the brand")
    parser.add_argument("--preset", default="quick", choices=sorted(PRESETS))
    options = parser.parse_args(argv)
    return run_job(lambda: _job(options))


def _job(options: argparse.Namespace) -> dict[str, Any]:
    config = resolved(options, options.preset)
    brands = (without_kept_aside(_brand(options, config)),)
    command = (
        f"python -m training.train --preset {options.preset} --brand {options.brand} "
        f"--colour {options.colour} --hand {options.hand} --seed {options.seed}"
    )
    return train(options, config, brands, command)


def _brand(options: argparse.Namespace, config: TrainingConfig) -> Brand:
    schedule = config.schedule
    return load_brand(options.brand, options.style, schedule.reference_px, least_px=schedule.crop_px)


def resolved(options: argparse.Namespace, name: str) -> TrainingConfig:
    """The preset with the options of this run in.

    Raises:
        InputError: minutes, hand or images that are not above 0.
    """
    config = preset(name, colour_policy=options.colour, seed=options.seed)
    if options.minutes is not None and not options.minutes > 0:
        raise InputError(f"--minutes: expected more than 0, received {options.minutes}")
    if not options.hand > 0:
        raise InputError(f"--hand: expected more than 0, received {options.hand}")
    weights = dataclasses.replace(
        config.losses,
        adversarial=config.losses.adversarial * options.hand,
        content_budget=config.losses.content_budget * options.hand,
        tone_budget=config.losses.tone_budget * options.hand,
    )
    config = dataclasses.replace(config, losses=weights)
    if options.images is None:
        return config
    if options.images < 1:
        raise InputError(f"--images: expected at least 1, received {options.images}")
    return dataclasses.replace(config, schedule=dataclasses.replace(config.schedule, images=options.images))


def train(options: argparse.Namespace, config: TrainingConfig, brands: Sequence[Brand], command: str) -> dict[str, Any]:
    """Load content and networks, train, write the bundle; returns the summary."""
    began = time.monotonic()
    folder = options.workdir or options.out.with_name(f"{options.out.name}-run")
    schedule = config.schedule
    content = load_content(
        options.content, schedule.content_px, schedule.content_limit, config.seed, least_px=schedule.crop_px
    )
    start = initial_bundle(options.init)
    say(
        f"content: {len(content.train)} pictures to train on, {len(content.held_out)} held out, "
        f"{content.unreadable} unreadable; brands: "
        + ", ".join(f"{b.name} ({len(b.references)} references)" for b in brands)
    )
    if options.dry_run:
        return {"dry_run": True, "pictures": len(content.train), "brands": [b.name for b in brands]}
    trainer = _trainer(options, config, content, brands, start, folder, command)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {**to_json(config), "command": command})
    telemetry = Telemetry(folder, schedule.images, begin=trainer.images if trainer.resumed else None)
    try:
        _run(trainer, telemetry, options, content, brands)
    finally:
        telemetry.close()
    bundle = trainer.bundle()
    sha256 = write_bundle(bundle, options.out)
    return {
        "bundle": str(options.out),
        "sha256": sha256,
        "images": trainer.images,
        "seconds": round(time.monotonic() - began, 1),
        "workdir": str(folder),
        **{name: round(value, 4) for name, value in trainer.latest.items()},
    }


def _trainer(
    options: argparse.Namespace,
    config: TrainingConfig,
    content: Content,
    brands: Sequence[Brand],
    start: ModelBundle | None,
    folder: Path,
    command: str,
) -> Any:
    from training.checkpoint import has_checkpoint, read_checkpoint
    from training.devices import sharing
    from training.perceptual_choice import choose_perceptual
    from training.precision import training_dtype
    from training.trainer import Trainer

    dtype = training_dtype()
    perceptual = choose_perceptual(options.perceptual, start or shipped_bundle(), dtype=dtype)
    say(f"perceptual network: {perceptual.source}; precision: {dtype}; computed by: {sharing(config.schedule.batch)}")
    trainer = Trainer(config, content, brands, perceptual, dtype=dtype, folder=folder, command=command)
    if start is not None:
        trainer.start_from(start)
    if options.resume and has_checkpoint(folder / "checkpoint"):
        trainer.restore(read_checkpoint(folder / "checkpoint"))
        say(f"resumed after {trainer.images} images")
    return trainer


def _run(
    trainer: Any,
    telemetry: Telemetry,
    options: argparse.Namespace,
    content: Content,
    brands: Sequence[Brand],
) -> None:
    def after_epoch(epoch: int) -> None:
        bundle = trainer.bundle()
        picture = preview_grid(bundle, content, [b.name for b in brands], trainer.config.schedule.preview_pictures)
        telemetry.preview(trainer.images, epoch, picture)
        shown = ("content", "style", "adversarial", "reconstruction", "discriminator")
        telemetry.say(
            f"epoch {epoch}: {trainer.images}/{trainer.config.schedule.images} images, {trainer.seconds:.0f} s, "
            + ", ".join(f"{name} {trainer.latest.get(name, 0.0):.3f}" for name in shown if name in trainer.latest)
        )

    trainer.run(telemetry, minutes=options.minutes, after_epoch=after_epoch)


def initial_bundle(choice: str) -> ModelBundle | None:
    """The bundle to start from; None for a fresh start.

    Raises:
        MissingArtifact: `base` was asked for and this installation has none.
        ModelBundleError: the bundle cannot be used.
    """
    if choice == "none":
        return None
    if choice == "base":
        shipped = shipped_bundle()
        if shipped is None:
            raise MissingArtifact(f"base checkpoint: expected at {BASE}; train one, or start fresh with `--init none`")
        return shipped
    return load_bundle(choice)


def shipped_bundle() -> ModelBundle | None:
    """The base checkpoint of this installation, if it has one."""
    return load_bundle(BASE) if (BASE / "model.json").exists() else None


def preview_grid(bundle: ModelBundle, content: Content, brands: Sequence[str], pictures: int) -> NDArray[np.uint8]:
    """Held-out products, each as it was and in every brand's look."""
    from training.stylizer import Stylizer

    stylizer = Stylizer(bundle)
    step = max(1, len(content.held_out) // pictures)
    rows = []
    for product in content.held_out[::step][:pictures]:
        row = [product.rgb]
        for brand in brands:
            restyled = stylizer.restyle(
                product.rgb[None], product.weights[None], [product.statistics], brand=brand, strength=1.0
            )
            row.append(restyled[0])
        rows.append(row)
    return labelled_grid(rows, ["original", *brands], 256)


def say(line: str) -> None:
    """One progress line."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())

"""Measure a model bundle on products it never saw and bless or refuse it: `python -m training.evaluate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pipelines.core.jobs import run_job
from pipelines.images.look import ColourPolicy, fit_colour_map
from training.blessing import bless
from training.bundle import ModelBundle, load_bundle
from training.data import ContentPicture, load_content
from training.files import write_bytes, write_json
from training.references import Brand, load_brand
from training.telemetry import labelled_grid, png_bytes

_CONTENT_PX = 256
_REFERENCE_PX = 300
_PICTURES = 32
_CONTENT_LIMIT = 512
_SHEET_ROWS = 8


@dataclass(frozen=True)
class Restyled:
    """Held-out pictures, with the colour map alone, and in the full look."""

    before: list[NDArray[np.uint8]]
    mapped: list[NDArray[np.uint8]]
    after: list[NDArray[np.uint8]]
    weights: list[NDArray[np.float32]]


def main(argv: list[str] | None = None) -> int:
    """Entry point; the last line printed is a JSON summary. A refusal is a result, not a failure: exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description="Measure and bless a model.")
    parser.add_argument("--candidate", type=Path, required=True, help="model bundle")
    parser.add_argument("--current", type=Path, help="model bundle that is in use")
    parser.add_argument("--content", type=Path, required=True, help="folder of pictures, or preprocessing's dataset")
    parser.add_argument("--style", type=Path, required=True, help="the brand's reference pictures")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for evaluation.json, blessing.json, sheet.png")
    parser.add_argument("--perceptual", default="auto", help="as for training.train")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--pictures", type=int, default=_PICTURES, help="at most this many held-out pictures")
    options = parser.parse_args(argv)
    return run_job(lambda: _job(options))


def _job(options: argparse.Namespace) -> dict[str, Any]:
    from training.perceptual_choice import choose_perceptual
    from training.train import say, shipped_bundle

    candidate = load_bundle(options.candidate)
    current = load_bundle(options.current) if options.current else None
    brand = load_brand(options.brand, options.style, _REFERENCE_PX)
    content = load_content(options.content, _CONTENT_PX, _CONTENT_LIMIT)
    step = max(1, len(content.held_out) // options.pictures)
    pictures = content.held_out[::step][: options.pictures]
    perceptual = choose_perceptual(options.perceptual, shipped_bundle() or candidate, dtype="float32")
    say(f"{len(pictures)} held-out pictures, perceptual network: {perceptual.source}")
    restyled = restyle_all(candidate, pictures, options.brand, options.strength)
    figures = measure(restyled, brand, perceptual)
    before = None
    if current is not None and options.brand in current.brands:
        before = measure(restyle_all(current, pictures, options.brand, options.strength), brand, perceptual)
    blessing = bless(figures, before)
    write_bytes(options.out / "sheet.png", png_bytes(sheet(restyled, brand)))
    report = {
        "brand": options.brand,
        "candidate_sha256": candidate.sha256,
        "current_sha256": current.sha256 if current else None,
        "pictures": len(pictures),
        "perceptual": perceptual.source,
        "strength": options.strength,
        **blessing.to_json(),
    }
    write_json(options.out / "evaluation.json", report)
    write_json(options.out / "blessing.json", {**blessing.to_json(), "candidate_sha256": candidate.sha256})
    for reason in blessing.reasons:
        say(reason)
    return {"blessed": blessing.blessed, "out": str(options.out), **{k: round(v, 4) for k, v in figures.items()}}


def restyle_all(bundle: ModelBundle, pictures: Sequence[ContentPicture], brand: str, strength: float) -> Restyled:
    """Held-out pictures in the brand's look."""
    from training.stylizer import Stylizer

    stylizer = Stylizer(bundle)
    style = bundle.brand(brand)
    mapped, after = [], []
    for picture in pictures:
        colour = fit_colour_map(picture.statistics, style.statistics, cast(ColourPolicy, style.colour_policy), strength)
        mapped.append(colour.apply(picture.rgb, picture.weights))
        restyled = stylizer.restyle(
            picture.rgb[None], picture.weights[None], [picture.statistics], brand=brand, strength=strength
        )
        after.append(restyled[0])
    return Restyled([p.rgb for p in pictures], mapped, after, [p.weights for p in pictures])


def measure(restyled: Restyled, brand: Brand, perceptual: Any) -> dict[str, float]:
    """All figures; the baselines "photo" (0 by definition) and "colour map alone" stand beside the model's own."""
    from training.metrics.hand_seen import hand_seen
    from training.metrics.product_kept import product_kept
    from training.metrics.style_gap import gap_closed, set_statistics, style_distance

    figures = asdict(product_kept(restyled.before, restyled.after, restyled.weights))
    figures["hand_seen"] = hand_seen(restyled.mapped, restyled.after, restyled.weights)
    pictures = [r.rgb for r in brand.references]
    painted = [r.weights for r in brand.references]
    for name, colour in (("hand", False), ("whole", True)):
        wanted = set_statistics(perceptual, pictures, painted, colour=colour)
        distances = {
            key: style_distance(set_statistics(perceptual, seen, restyled.weights, colour=colour), wanted)
            for key, seen in (("photo", restyled.before), ("colour", restyled.mapped), ("look", restyled.after))
        }
        figures[f"{name}_distance_photo"] = distances["photo"]
        figures[f"{name}_distance_colour_only"] = distances["colour"]
        figures[f"{name}_distance_look"] = distances["look"]
        figures[f"{name}_gap_closed"] = gap_closed(distances["photo"], distances["look"])
        figures[f"{name}_gap_closed_colour_only"] = gap_closed(distances["photo"], distances["colour"])
    figures["style_gap_closed"] = figures["hand_gap_closed"]
    return figures


def sheet(restyled: Restyled, brand: Brand) -> NDArray[np.uint8]:
    """Original, colour map alone and full look beside references of the brand."""
    rows = []
    for index in range(min(_SHEET_ROWS, len(restyled.before))):
        reference = brand.references[index % len(brand.references)].rgb
        rows.append([restyled.before[index], restyled.mapped[index], restyled.after[index], reference])
    return labelled_grid(rows, ["original", "colour map alone", "restyled", f"reference of {brand.name}"], 300)


if __name__ == "__main__":
    sys.exit(main())

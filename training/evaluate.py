"""Measure a model bundle on products it never saw and bless or refuse it: `python -m training.evaluate`."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import InputError
from pipelines.core.jobs import run_job
from training.blessing import bless
from training.bundle import load_bundle
from training.evaluation.figures import Measurements
from training.evaluation.looks import Looks, Regime
from training.evaluation.subject import Subject, pictures_to_measure, subject_of
from training.files import write_bytes, write_json

ALEXNET_VARIABLE: Final = "RESTYLE_ALEXNET"
_PICTURES: Final = 24


def main(argv: list[str] | None = None, prog: str = "python -m training.evaluate") -> int:
    """Entry point; the last line printed is a JSON summary. A refusal is a result, not a failure: exit code 0."""
    parser = argparse.ArgumentParser(prog=prog, description="Measure and bless a model.")
    parser.add_argument("--candidate", "--model", type=Path, required=True, help="model bundle")
    parser.add_argument("--current", type=Path, help="model bundle that is in use")
    parser.add_argument("--content", type=Path, required=True, help="folder of pictures, or preprocessing's dataset")
    parser.add_argument("--style", type=Path, required=True, help="the brand's reference pictures")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the reports and the sheet of pictures")
    parser.add_argument("--perceptual", default="auto", help="as for training.train")
    add_alexnet(parser)
    parser.add_argument("--strength", type=float, default=1.0, help="at which the blessing judges")
    parser.add_argument("--pictures", type=int, default=_PICTURES, help="at most this many held-out pictures")
    parser.add_argument("--all-products", action="store_true", help="no training saw these: hold none of them out")
    parser.add_argument(
        "--with-optimisation",
        type=int,
        metavar="N",
        default=0,
        help="also optimise the pixels of N pictures, the slow reference: 10 s to some minutes each",
    )
    options = parser.parse_args(argv)
    return run_job(lambda: _job(options))


def add_alexnet(parser: argparse.ArgumentParser) -> None:
    """The option that names AlexNet's weights."""
    parser.add_argument(
        "--alexnet",
        type=Path,
        default=os.environ.get(ALEXNET_VARIABLE) or None,
        help=f"LPIPS weights of AlexNet, for figures that no loss trains against; default: ${ALEXNET_VARIABLE}",
    )


def _job(options: argparse.Namespace) -> dict[str, Any]:
    from training.evaluation.rows import evaluate_looks
    from training.evaluation.sheet import sheet
    from training.evaluation.table import markdown
    from training.perceptual_choice import choose_perceptual
    from training.telemetry import png_bytes
    from training.train import say, shipped_bundle

    _check(options)
    candidate = load_bundle(options.candidate)
    current = load_bundle(options.current) if options.current else None
    candidate.brand(options.brand)
    perceptual = choose_perceptual(options.perceptual, shipped_bundle() or candidate, dtype="float32")
    pictures = pictures_to_measure(options.content, options.pictures, all_products=options.all_products)
    subject = subject_of(pictures, options.brand, options.style, perceptual, options.alexnet)
    say(
        f"{len(pictures)} pictures, {len(subject.references)} references, perceptual network: {perceptual.source}, "
        f"AlexNet: {options.alexnet or 'none'}"
    )
    measurements = Measurements(Looks(candidate, options.brand, pictures), subject)
    figures = measurements.for_blessing(options.strength)
    before = None
    if current is not None and options.brand in current.brands:
        before = Measurements(Looks(current, options.brand, pictures), subject).for_blessing(options.strength)
    blessing = bless(figures, before)
    optimised = _optimised(measurements.looks, subject, options.with_optimisation, say)
    evaluation = evaluate_looks(measurements, optimised, say)
    report = {
        "brand": options.brand,
        "candidate_sha256": candidate.sha256,
        "current_sha256": current.sha256 if current else None,
        "pictures": len(pictures),
        "references": len(subject.references),
        "perceptual": perceptual.source,
        "alexnet_sha256": hashlib.sha256(options.alexnet.read_bytes()).hexdigest() if options.alexnet else None,
        "strength": options.strength,
        **blessing.to_json(),
        **evaluation.to_json(),
    }
    write_bytes(options.out / "sheet.png", png_bytes(sheet(measurements.looks, optimised, subject.references)))
    write_bytes(options.out / "figures.md", markdown(options.brand, evaluation).encode())
    write_json(options.out / "evaluation.json", report)
    write_json(options.out / "blessing.json", {**blessing.to_json(), "candidate_sha256": candidate.sha256})
    for reason in blessing.reasons:
        say(reason)
    return {"blessed": blessing.blessed, "out": str(options.out), **{k: round(v, 4) for k, v in figures.items()}}


def _check(options: argparse.Namespace) -> None:
    if options.pictures < 1:
        raise InputError(f"--pictures: expected at least 1, received {options.pictures}")
    if options.with_optimisation < 0:
        raise InputError(f"--with-optimisation: expected at least 0, received {options.with_optimisation}")
    if not 0 <= options.strength <= 1:
        raise InputError(f"--strength: expected 0..1, received {options.strength}")


def _optimised(looks: Looks, subject: Subject, count: int, say: Any) -> list[NDArray[np.uint8]]:
    """The slow reference for the first pictures, steered by the references that training sees."""
    from training.evaluation.optimisation import optimise, wanted_statistics

    if count == 0:
        return []
    mapped = looks.colour_only(Regime(looks.own_colour, 1.0))
    wanted = wanted_statistics(subject.others, subject.perceptual)
    found = []
    for index, picture in enumerate(subject.pictures[:count]):
        say(f"optimising picture {index + 1} of {min(count, len(subject.pictures))}")
        found.append(optimise(picture, mapped[index], wanted, subject.perceptual))
    return found


if __name__ == "__main__":
    sys.exit(main())

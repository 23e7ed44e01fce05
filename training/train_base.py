"""Train the base checkpoint: `python -m training.train_base --content POOL --style FOLDER_OF_BRANDS --out BUNDLE`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipelines.core.jobs import run_job
from training.arguments import training_parser
from training.presets import PRESETS
from training.references import load_brands
from training.train import resolved, train


def main(argv: list[str] | None = None) -> int:
    """Entry point; the last line printed is a JSON summary."""
    parser = training_parser("python -m training.train_base", "Train a base checkpoint on many brands at once.")
    parser.add_argument("--preset", default="base", choices=sorted(PRESETS))
    parser.add_argument("--leave-out", nargs="*", default=[], help="names of brand folders to pass over")
    parser.set_defaults(init="none")
    options = parser.parse_args(argv)
    return run_job(lambda: _job(options))


def _job(options: argparse.Namespace) -> dict[str, Any]:
    config = resolved(options, options.preset)
    brands = load_brands(
        options.style, config.schedule.reference_px, tuple(options.leave_out), least_px=config.schedule.crop_px
    )
    command = f"python -m training.train_base --preset {options.preset} --colour {options.colour} --seed {options.seed}"
    return train(options, config, brands, command)


if __name__ == "__main__":
    sys.exit(main())

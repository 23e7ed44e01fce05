"""Options that the entry points share."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.config import COLOUR_POLICIES


def training_parser(prog: str, description: str) -> argparse.ArgumentParser:
    """Options of `training.train` and `training.train_base`."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--content", type=Path, required=True, help="folder of pictures, or preprocessing's dataset")
    parser.add_argument("--style", type=Path, required=True, help="folder of reference pictures")
    parser.add_argument("--out", type=Path, required=True, help="model bundle to write")
    parser.add_argument("--init", default="base", help="bundle to start from, `base` (shipped) or `none`")
    parser.add_argument("--minutes", type=float, help="stop after this long")
    parser.add_argument("--images", type=int, help="train on this many images instead of the preset's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workdir", type=Path, help="run folder; default: beside --out")
    parser.add_argument("--colour", choices=COLOUR_POLICIES, default="keep-hue", help="colour policy")
    parser.add_argument("--hand", type=float, default=1.0, help="how boldly the hand is drawn; 2 for line work")
    parser.add_argument(
        "--perceptual",
        default="auto",
        help="safetensors file of VGG16, `encoder` (the base checkpoint's own), `download` (keras.applications) "
        "or `auto`: the encoder when there is a base checkpoint, else download",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's checkpoint, if it has one")
    parser.add_argument("--dry-run", action="store_true", help="check everything, train nothing")
    return parser

"""Turn a checkpoint into a model bundle: `python -m training.export --checkpoint DIR --out BUNDLE`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pipelines.core.errors import ModelBundleError
from pipelines.core.jobs import run_job
from pipelines.images.colour import LabStatistics
from training.bundle import write_bundle
from training.checkpoint import read_checkpoint
from training.config import TrainingConfig, from_json


def main(argv: list[str] | None = None) -> int:
    """Entry point; the last line printed is a JSON summary."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description="Write a model bundle.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a run folder or its `checkpoint`")
    parser.add_argument("--out", type=Path, required=True, help="model bundle to write")
    options = parser.parse_args(argv)
    return run_job(lambda: export(options.checkpoint, options.out))


def export(folder: Path, out: Path) -> dict[str, Any]:
    """Write the averaged weights and the brands' codes of a checkpoint as a model bundle.

    Raises:
        MissingArtifact: no checkpoint there.
        ModelBundleError: not a checkpoint of this version.
    """
    from training.assembly import bundle_of

    inner = folder / "checkpoint"
    checkpoint = read_checkpoint(inner if inner.is_dir() else folder)
    state = checkpoint.state
    try:
        config = from_json(TrainingConfig, state["config"])
        statistics = {name: LabStatistics.from_json(fields) for name, fields in state["brands"].items()}
        codes = {name: checkpoint.arrays[f"reference_statistics/{name}"] for name in statistics}
        bundle = bundle_of(
            config,
            checkpoint.arrays,
            statistics,
            codes,
            created_by=state["command"],
            images=int(state["step"]) * config.schedule.batch,
            perceptual=state["perceptual"],
            metrics=state["latest"],
        )
    except (KeyError, ValueError) as error:
        raise ModelBundleError(f"checkpoint {folder}: not one of this version ({error})") from error
    sha256 = write_bundle(bundle, out)
    return {"bundle": str(out), "sha256": sha256, "brands": sorted(statistics)}


if __name__ == "__main__":
    sys.exit(main())

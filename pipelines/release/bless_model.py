r"""Stores a candidate bundle under its hash and, if the evaluation blessed it, points the brand's nights to it.

python -m pipelines.release.bless_model --settings shop.yaml --brand inkwell --training-key KEY \
        --candidate DIR --evaluation DIR --date 2026-11-23

With the date of the night whose dataset the candidate was trained on, what that catalog was like is stored beside the
model: later nights are compared with it.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipelines.core.errors import TrainingStopped
from pipelines.core.jobs import run_job
from pipelines.core.paths import BrandPaths, NightPaths, checked_date
from pipelines.core.settings import load_shop
from pipelines.core.uris import join
from pipelines.release.catalog_profile import night_profile
from pipelines.release.models import bless, blessed_model, read_blessing, store_bundle
from pipelines.release.night_drift import remember_training_profile


def bless_candidate(
    paths: BrandPaths, training_key: str, candidate: str, evaluation: str, date: str = ""
) -> dict[str, Any]:
    """Bless or refuse; a refusal keeps the current model, and is an error only where there is none to keep.

    `date` names the night that the candidate was trained on; without one, nothing is known of its catalog.
    """
    blessing = read_blessing(join(evaluation, "blessing.json"))
    sha256 = store_bundle(paths, candidate)
    current = blessed_model(paths)
    if blessing["blessed"]:
        if date:
            remember_training_profile(paths, sha256, date, night_profile(NightPaths(paths.root, date)))
        bless(paths, sha256, training_key, blessing)
    elif current is None:
        raise TrainingStopped(
            f"brand {paths.brand}: the first model was refused: {'; '.join(blessing['reasons'])}. There is no earlier "
            "one to keep; add references, train longer (training.minutes) or choose another preset."
        )
    return {
        "stage": "bless",
        "brand": paths.brand,
        "blessed": blessing["blessed"],
        "reasons": blessing["reasons"],
        "bundle_sha256": sha256,
        "kept_sha256": "" if blessing["blessed"] or current is None else current.bundle_sha256,
    }


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.bless_model", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--training-key", required=True, help="what the candidate was trained from")
    parser.add_argument("--candidate", required=True, help="folder of the candidate's model bundle")
    parser.add_argument("--evaluation", required=True, help="folder with blessing.json")
    parser.add_argument("--date", default="", help="night whose dataset the candidate was trained on, YYYY-MM-DD")
    options = parser.parse_args(argv)

    def body() -> dict[str, Any]:
        shop = load_shop(options.settings)
        paths = BrandPaths(shop.settings.output_uri, shop.brand(options.brand).brand)
        date = checked_date(options.date) if options.date else ""
        return bless_candidate(paths, options.training_key, options.candidate, options.evaluation, date)

    return run_job(body)


if __name__ == "__main__":
    sys.exit(main())

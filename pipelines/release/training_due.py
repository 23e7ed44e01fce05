"""Decides whether a brand's model must be trained: only if its references or its training settings changed.

    python -m pipelines.release.training_due --settings shop.yaml --brand inkwell --date 2026-11-23

The last line on stdout is JSON with all paths that training, evaluation and blessing need. Ends with `NOT_DUE` when the
blessed model is up to date.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from importlib.resources import files
from typing import Any

from pipelines.core.jobs import NOT_DUE, run_job
from pipelines.core.paths import BrandPaths, NightPaths, checked_date, run_name
from pipelines.core.settings import BrandSettings, Shop, load_shop
from pipelines.core.uris import join
from pipelines.release.models import blessed_model
from pipelines.release.references import Reference, check_references


def training_key(brand: BrandSettings, references: list[Reference]) -> str:
    """Hash of what decides a brand's model: references, training settings, colour policy and base checkpoint.

    The catalog is left out: a model serves many nights.
    """
    base = files("training").joinpath("base", "model.json")
    facts = {
        "references": sorted(reference.sha256 for reference in references),
        "training": brand.training.resolved(),
        "colour": brand.colour,
        "base": hashlib.sha256(base.read_bytes()).hexdigest() if base.is_file() else "",
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def training_request(shop: Shop, brand_name: str, date: str, *, fresh_as: str = "") -> dict[str, Any]:
    """What to train and where, with `due` false when the blessed model was made from the same.

    `fresh_as` names a training that starts anew whatever there is; otherwise an unfinished one is taken up again.
    """
    brand = shop.brand(brand_name)
    paths = BrandPaths(shop.settings.output_uri, brand_name)
    key = training_key(brand, check_references(brand, shop.settings.images))
    current = blessed_model(paths)
    workdir = paths.training_run(f"{key[:16]}-{run_name(fresh_as)}" if fresh_as else key[:16])
    return {
        "stage": "training_due",
        "brand": brand_name,
        "due": bool(fresh_as) or current is None or current.training_key != key,
        "training_key": key,
        "content": NightPaths(shop.settings.output_uri, date).dataset,
        "references": brand.references_uri,
        "workdir": workdir,
        "candidate": join(workdir, "bundle"),
        "evaluation": join(workdir, "evaluation"),
        "current_option": f"--current={current.bundle_uri}" if current else "",
        "preset": brand.training.preset,
        "init": brand.training.init,
        "minutes_option": "" if brand.training.minutes is None else f"--minutes={brand.training.minutes}",
        "hand_option": f"--hand={brand.training.hand}",
        "seed": str(brand.training.seed),
        "colour": brand.colour,
    }


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.training_due", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="night whose dataset is trained on, YYYY-MM-DD")
    parser.add_argument("--run-id", default="", help="names a training that --force starts")
    parser.add_argument("--force", action="store_true", help="train anew even if nothing changed; needs --run-id")
    options = parser.parse_args(argv)
    if options.force and not options.run_id:
        parser.error("--force: expected --run-id beside it, to name the training; received none")
    request: dict[str, Any] = {}

    def body() -> dict[str, Any]:
        shop = load_shop(options.settings)
        fresh_as = options.run_id if options.force else ""
        request.update(training_request(shop, options.brand, checked_date(options.date), fresh_as=fresh_as))
        return request

    code = run_job(body)
    return code if code or request["due"] else NOT_DUE


if __name__ == "__main__":
    sys.exit(main())

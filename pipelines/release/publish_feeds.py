"""Writes the feeds of a published release beside it: where each product's pictures are now.

    python -m pipelines.release.publish_feeds --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual

Ends with `NOT_DUE` when the run published nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact
from pipelines.core.jobs import NOT_DUE, run_job
from pipelines.core.paths import BrandPaths, RunPaths, checked_date
from pipelines.core.settings import Shop, load_shop
from pipelines.release.product_feeds import published_images, write_product_feeds
from pipelines.release.releases import read_index


def publish_feeds(shop: Shop, brand_name: str, date: str, run_id: str) -> dict[str, Any]:
    """Write the feeds of the run's release, once; `due` is false without one. MissingArtifact without a summary."""
    brand, root = shop.brand(brand_name), shop.settings.output_uri
    run, paths = RunPaths(root, date, brand_name, run_id), BrandPaths(root, brand_name)
    try:
        summary = json.loads(storage.read_bytes(run.summary))
    except FileNotFoundError:
        raise MissingArtifact(f"{run.summary}: expected the run's summary here, found none; run publish.") from None
    if summary["status"] not in {"published", "backfilled"}:
        return {"due": False}
    release = summary["release_id"]
    images = published_images(read_index(paths, release))
    written = write_product_feeds(paths, release, images, brand.output.public_base_url)
    return {"due": True, "stage": "feeds", "brand": brand_name, "date": date, "release_id": release, "feeds": written}


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.publish_feeds", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="the run that publish has finished")
    options = parser.parse_args(argv)
    found: dict[str, Any] = {}

    def body() -> dict[str, Any]:
        shop, date = load_shop(options.settings), checked_date(options.date)
        found.update(publish_feeds(shop, options.brand, date, options.run_id))
        return found

    code = run_job(body)
    return code if code or found["due"] else NOT_DUE


if __name__ == "__main__":
    sys.exit(main())

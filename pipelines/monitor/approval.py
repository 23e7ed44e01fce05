"""What lies before the person who approves a release: a contact sheet and the numbers.

    python -m pipelines.monitor.approval --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual

The last line on stdout is JSON with `subject` and `body` (Markdown) of the question. Ends with `NOT_DUE` when nobody
has to be asked.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
from typing import Any, Final

from PIL import Image

from pipelines.core import storage
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.jobs import NOT_DUE, run_job
from pipelines.core.paths import RunPaths, checked_date
from pipelines.core.settings import Shop, load_shop
from pipelines.core.tables import read_table
from pipelines.monitor.contact_sheet import contact_sheet, restyled_pairs
from pipelines.monitor.selection import Candidate, choose

PAIRS: Final = 12
_PICTURE_PX: Final = 240
_IN_BODY_PX: Final = 960
_QUALITY: Final = 80


def question(shop: Shop, brand: str, date: str, run_id: str) -> dict[str, Any]:
    """Draw the contact sheet into the run's folder; the question's words, with `due` false when nobody is asked."""
    run = RunPaths(shop.settings.output_uri, date, brand, run_id)
    try:
        proposal = json.loads(storage.read_bytes(run.proposal))
    except FileNotFoundError:
        raise MissingArtifact(f"{run.proposal}: expected the run's proposal here, found none; run propose.") from None
    if not proposal["approval"]["needed"]:
        return {"due": False, "why": proposal["approval"]["why"]}
    sheet = draw_sheet(run, shop)
    storage.write_bytes(run.contact_sheet, _jpeg(sheet))
    return {
        "due": True,
        "subject": f"Publish {brand}'s release of {date}? {proposal['approval']['why'].capitalize()}.",
        "body": _body(proposal, run, sheet),
    }


def draw_sheet(run: RunPaths, shop: Shop) -> Image.Image:
    """Before and after of pictures that the run computed, over all categories; of any where it computed none."""
    import pyarrow.compute as pc

    table = read_table(run.proposed, ReleaseRow)
    table = table.filter(pc.equal(table.column("outcome"), "restyled"))
    fresh = table.filter(pc.equal(table.column("computed_in_run"), run.run_id))
    table = fresh if fresh.num_rows else table
    columns = zip(*(table.column(name).to_pylist() for name in ("category", "product_id", "image_id")), strict=True)
    candidates = [
        Candidate(category, product, image, position, urgent=False)
        for position, (category, product, image) in enumerate(columns)
    ]
    rows = [ReleaseRow(**values) for values in table.take(choose(candidates, PAIRS)).to_pylist()]
    pairs = restyled_pairs(rows, shop.settings.images, _PICTURE_PX)
    if not pairs:
        raise MissingArtifact(f"{run.proposed}: expected restyled pictures to show, none can be read; run it again.")
    return contact_sheet(pairs, columns=3, picture_px=_PICTURE_PX)


def _body(proposal: dict[str, Any], run: RunPaths, sheet: Image.Image) -> str:
    counts, gate = proposal["accounting"], proposal["gate"]
    failed = ", ".join(f"{count} {reason}" for reason, count in gate["failed_by_reason"].items()) or "none"
    rows = (
        ("Images", f"{counts['images_in']} in = {counts['restyled']} restyled + {counts['reused']} reused + "
                   f"{counts['kept_original']} kept original + {counts['dead_letters']} dead letters"),
        ("Fidelity gate", f"{gate['passed']} passed, failed: {failed}"),
        ("Model", f"`{proposal['model_sha256'][:16]}`"),
        ("In place of", f"`{proposal['previous_release_id'] or 'no release'}`"),
        ("Contact sheet", f"`{run.contact_sheet}`"),
    )  # fmt: skip
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    small = sheet.copy()
    small.thumbnail((_IN_BODY_PX, 4 * _IN_BODY_PX))
    picture = base64.b64encode(_jpeg(small)).decode()
    return (
        f"![Before and after](data:image/jpeg;base64,{picture})\n\n| | |\n|---|---|\n{table}\n\n"
        "Without an answer nothing is published; readers go on seeing what they see now."
    )


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.monitor.approval", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="the run that was proposed")
    options = parser.parse_args(argv)
    asked: dict[str, Any] = {}

    def body() -> dict[str, Any]:
        shop = load_shop(options.settings)
        brand = shop.brand(options.brand).brand
        asked.update(question(shop, brand, checked_date(options.date), options.run_id))
        return asked

    code = run_job(body)
    return code if code or asked["due"] else NOT_DUE


if __name__ == "__main__":
    sys.exit(main())

"""`restyle explain IMAGE_ID`: where a published image came from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pipelines.cli.shop_option import SHOP_OPTION, each_brand
from pipelines.core.errors import InputError


def explain_image_id(arguments: list[str]) -> None:
    """Run the command; `arguments` are what stands behind `restyle explain`."""
    audit(args=arguments, prog_name="restyle explain", standalone_mode=False)


@click.command("explain")
@SHOP_OPTION
@click.option("--brand", help="One brand; default: all.")
@click.option("--release", "release_id", default="", help="Default: the current one.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.argument("image_id")
def audit(shop_file: Path, brand: str | None, release_id: str, image_id: str, *, as_json: bool) -> None:
    """Where a published image came from: source, model, recipe, code, run, gate figures, approver.

    `restyle explain PICTURE --model BUNDLE --brand NAME --references DIR --out PNG` draws instead why a picture looks
    as it does; `restyle explain --model=BUNDLE --help` tells its options.
    """
    from pipelines.release.audit import explain_image, sentences

    found = [one for paths in each_brand(shop_file, brand) if (one := explain_image(paths, image_id, release_id))]
    if not found:
        raise InputError(
            f"{image_id}: no image of this id is in the release; `restyle release show` tells which it is."
        )
    if as_json:
        json.dump([one.as_dict() for one in found], sys.stdout, indent=2)
        click.echo()
        return
    for one in found:
        click.echo("\n".join(sentences(one)))

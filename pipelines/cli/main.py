"""The `restyle` console command. Each subcommand loads its room only when it is called."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from pipelines.cli.release import release
from pipelines.cli.shop_option import SHOP_OPTION
from pipelines.core.errors import RestyleError
from pipelines.core.settings import load_shop


def main() -> None:
    """Entry point: an error raised on purpose becomes one sentence and its exit code."""
    try:
        command(prog_name="restyle", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except RestyleError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"{error.filename}: {error.strerror}" if error.strerror else str(error), err=True)
        sys.exit(1)


@click.group(name="restyle", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="catalog-restyle")
def command() -> None:
    """Turns a shop's whole product catalog into its brand's look."""


@command.command("sample-shop")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--products", type=click.IntRange(4, 500), help="Fewer products, for quick tries.")
@click.option("--size", "size_px", type=click.IntRange(64, 2048), default=512, show_default=True, help="Pixels a side.")
def sample_shop(directory: Path, products: int | None, size_px: int) -> None:
    """Write a small shop with products, a feed, two brands and settings; always the same."""
    from pipelines.sample_shop.contact import contact_sheet
    from pipelines.sample_shop.settings_files import write_settings
    from pipelines.sample_shop.write import write_sample_shop

    click.echo(f"Rendering a sample shop into {directory} ...")
    shop = write_sample_shop(directory, products=products, size_px=size_px, workers=min(4, os.cpu_count() or 1))
    contact_sheet(directory)
    write_settings(directory)
    click.echo(f"{shop.image_count} pictures of {shop.product_count} products; settings: {directory / 'shop.yaml'}")


@command.command("folder")
@click.option(
    "--model",
    "models",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Model bundle; several for a mix of their brands.",
)
@click.option("--brand", help="Brand in the bundle.")
@click.option("--mix", metavar="NAME=WEIGHT", multiple=True, help="In place of --brand: brands or brand/reference.jpg.")
@click.option("--strength", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="On the product.")
@click.option(
    "--background-strength", type=click.FloatRange(0, 1), help="Default: 0 where it is kept, 1 where it is replaced."
)
@click.option("--colour", type=click.Choice(["keep-hue", "full", "luminance"]), help="Default: the brand's own policy.")
@click.option(
    "--background",
    type=click.Choice(["keep", "colour", "texture"]),
    default="keep",
    show_default=True,
    help="The photo's own background, or the brand's in its place.",
)
@click.option("--background-colour", metavar="#RRGGBB", help="Default: a light tone of the brand.")
@click.option(
    "--region",
    "regions",
    metavar="AREA=NAME",
    multiple=True,
    help="Another brand in a part: the name of a mask beside the picture (x.jpg, x.AREA.png), or top,left,bottom,right "
    "in shares.",
)
@click.option("--views", is_flag=True, help="Pictures of one sub-folder show one product and share its colours.")
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
def folder(
    *,
    models: tuple[Path, ...],
    brand: str | None,
    mix: tuple[str, ...],
    regions: tuple[str, ...],
    views: bool,
    source: Path,
    target: Path,
    **wishes: Any,
) -> None:
    """Restyle every picture of a folder: same file names, same sizes. Ends with 1 and a list if some failed."""
    from pipelines.core.looks import Look, as_mix, parse_mix, parse_region
    from pipelines.restyle.folder import restyle_folder

    if (brand is None) == (not mix):
        raise click.UsageError("expected either --brand or --mix; name every brand of a mix with its weight.")
    names = as_mix({brand: 1.0}) if brand else parse_mix(mix)
    look = Look(mix=names, regions=tuple(map(parse_region, regions)), **wishes)
    result = restyle_folder(models, look, source, target, views=views)
    click.echo(f"{len(result.written)} pictures restyled into {target}")
    for before, after in result.renamed:
        click.echo(f"  {before} is written as {after}")
    for other in result.passed_over:
        click.echo(f"  passed over, no picture by its name: {other}")
    for failure in result.failures:
        click.echo(f"  failed: {failure}", err=True)
    if result.failures:
        sys.exit(1)


@command.command(
    "train", context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def train(arguments: tuple[str, ...]) -> None:
    """Train a brand's model: --content DIR --style DIR --brand NAME --out BUNDLE; see `restyle train --help`."""
    from training.train import main as train_main

    sys.exit(train_main(list(arguments)))


@command.command(
    "evaluate", context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def evaluate(arguments: tuple[str, ...]) -> None:
    """Measure a model beside its baselines: --model BUNDLE --content DIR --style DIR --brand NAME --out DIR."""
    from training.evaluate import main as evaluate_main

    sys.exit(evaluate_main(list(arguments), prog="restyle evaluate"))


@command.command(
    "explain", context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def explain(arguments: tuple[str, ...]) -> None:
    """Where a published image came from: IMAGE_ID. Why a picture looks as it does: PICTURE --model BUNDLE ..."""
    if not any(word == "--model" or word.startswith("--model=") for word in arguments):
        from pipelines.cli.audit import explain_image_id

        explain_image_id(list(arguments))
        return
    from training.explain import main as explain_main

    sys.exit(explain_main(list(arguments), prog="restyle explain"))


@command.command("schema")
@click.argument("kind", type=click.Choice(["shop", "brand"]))
def schema(kind: Any) -> None:
    """Print the JSON schema of the shop's or a brand's settings."""
    from pipelines.core.settings import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2))


@command.command("plan")
@SHOP_OPTION
@click.option("--date", required=True, help="Night, YYYY-MM-DD.")
@click.option("--brand", help="One brand; default: all.")
def plan(shop_file: Path, date: str, brand: str | None) -> None:
    """Dry run of a night: what would be done, how many images, how long, for how much; writes nothing."""
    from pipelines.release.dry_run import describe_night

    for line in describe_night(load_shop(shop_file), date, brand):
        click.echo(line)


@command.command("backfill")
@SHOP_OPTION
@click.option("--from-date", "first", required=True, help="First night, YYYY-MM-DD.")
@click.option("--to-date", "last", required=True, help="Last night, YYYY-MM-DD, included.")
@click.option("--brand", help="One brand; default: all.")
@click.option("--move-back", is_flag=True, help="Let readers see these dates although they see a newer one.")
@click.option("--parallel", type=click.IntRange(1, 32), default=2, show_default=True, help="Nights at a time.")
@click.option("--yes", is_flag=True, help="Do not ask; needs Airflow's environment, as `airflow` itself does.")
@click.option("--dry-run", is_flag=True, help="Say what it would take and stop.")
def backfill(shop_file: Path, **wishes: Any) -> None:
    """Say what nights of the past would take in images, time and cost, then have Airflow run them."""
    from pipelines.cli.backfill import Backfill, run_backfill

    run_backfill(load_shop(shop_file), Backfill(**wishes))


command.add_command(release)


if __name__ == "__main__":
    main()

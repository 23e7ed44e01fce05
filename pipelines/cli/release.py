"""`restyle release`: list, show, compare, roll back, verify and prune releases, print their feeds."""

from __future__ import annotations

import datetime
import getpass
import json
import sys
from pathlib import Path

import click

from pipelines.cli.product_feed import product_feed
from pipelines.cli.shop_option import SHOP_OPTION, each_brand
from pipelines.core import storage
from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import load_shop

MOST_IDS = 20
BRAND_OPTION = click.option("--brand", required=True)
ANY_BRAND_OPTION = click.option("--brand", help="One brand; default: all.")


@click.group("release")
def release() -> None:
    """List, show, compare, roll back, verify and prune releases."""


@release.command("list")
@SHOP_OPTION
@ANY_BRAND_OPTION
def release_list(shop_file: Path, brand: str | None) -> None:
    """All releases, newest first; the current one is marked."""
    from pipelines.release.releases import list_releases

    for paths in each_brand(shop_file, brand):
        click.echo(f"{paths.brand}:")
        infos = list_releases(paths)
        if not infos:
            click.echo("   nothing published yet")
        for info in infos:
            mark = "*" if info.is_current else " "
            click.echo(
                f" {mark} {info.release_id}  {info.images} images ({info.restyled} restyled, {info.kept_original} kept "
                f"original)  model {info.model_sha256[:12]}  {info.created_at}"
            )


@release.command("show")
@SHOP_OPTION
@BRAND_OPTION
@click.argument("release_id", required=False)
def release_show(shop_file: Path, brand: str, release_id: str | None) -> None:
    """Manifest of a release (default: the current one) as JSON."""
    from pipelines.release.releases import read_manifest

    for paths in each_brand(shop_file, brand):
        click.echo(json.dumps(read_manifest(paths, release_id or current(paths)), indent=2))


@release.command("diff")
@SHOP_OPTION
@BRAND_OPTION
@click.option("--json", "as_json", is_flag=True, help="All ids, as JSON.")
@click.argument("before", required=False)
@click.argument("after", required=False)
def release_diff(shop_file: Path, brand: str, *, as_json: bool, before: str | None, after: str | None) -> None:
    """Images that differ between BEFORE (default: where a rollback would go) and AFTER (default: the current one)."""
    from dataclasses import asdict

    from pipelines.release.release_diff import diff_releases
    from pipelines.release.releases import previous_release

    for paths in each_brand(shop_file, brand):
        old = before or previous_release(paths)
        if not old:
            raise InputError(f"brand {brand}: there is no earlier release to compare with; name one.")
        found = diff_releases(paths, old, after or current(paths))
        if as_json:
            click.echo(json.dumps(asdict(found), indent=2))
            continue
        click.echo(f"{found.before} -> {found.after}: {found.same} images are the same")
        for name in ("added", "removed", "changed", "reworded"):
            ids = getattr(found, name)
            more = f" ... (--json lists all {len(ids)})" if len(ids) > MOST_IDS else ""
            click.echo(f"  {len(ids)} {name}{': ' if ids else ''}{', '.join(ids[:MOST_IDS])}{more}")


@release.command("rollback")
@SHOP_OPTION
@BRAND_OPTION
@click.option("--to", "target", help="Release to go back to; default: the one before the current.")
def release_rollback(shop_file: Path, brand: str, target: str | None) -> None:
    """Point readers to an earlier release, in one step."""
    from pipelines.release.releases import rollback

    for paths in each_brand(shop_file, brand):
        before, after = rollback(paths, target, user())
        click.echo(f"{brand}: {after} is current (was {before}).")


@release.command("verify")
@SHOP_OPTION
@ANY_BRAND_OPTION
@click.argument("release_id", required=False)
def release_verify(shop_file: Path, brand: str | None, release_id: str | None) -> None:
    """Read every object of a release (default: the current one) and compare its hash. Ends with 1 if one is wrong."""
    from pipelines.release.verify_release import verify_release

    wrong = 0
    for paths in each_brand(shop_file, brand):
        found = verify_release(paths, release_id or current(paths))
        wrong += len(found.problems)
        click.echo(
            f"{paths.brand}: {found.release_id}: {found.images} images, {found.objects} objects, "
            f"{found.object_bytes:,} bytes read, {len(found.problems)} problems"
        )
        for problem in found.problems:
            click.echo(f"  {problem}", err=True)
    if wrong:
        sys.exit(1)


@release.command("prune")
@SHOP_OPTION
@ANY_BRAND_OPTION
@click.option("--keep-last", type=click.IntRange(min=1), help="Default: retention.keep_last of the settings.")
@click.option("--keep-days", type=click.IntRange(min=0), help="Default: retention.keep_days of the settings.")
@click.option("--dry-run", is_flag=True, help="Say what would go, delete nothing.")
def release_prune(
    shop_file: Path, brand: str | None, keep_last: int | None, keep_days: int | None, *, dry_run: bool
) -> None:
    """Delete old releases, and what no kept release names. The current release and the one before it always stay."""
    from pipelines.release.prune import prune

    given = {"keep_last": keep_last, "keep_days": keep_days}
    retention = load_shop(shop_file).settings.retention.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    if not dry_run:
        storage.remove_leftovers(load_shop(shop_file).settings.output_uri)
    for paths in each_brand(shop_file, brand):
        report = prune(paths, retention, datetime.datetime.now(datetime.UTC), dry_run=dry_run)
        click.echo(
            f"{paths.brand}: {len(report.kept)} releases stay, {len(report.releases)} "
            f"{'would go' if dry_run else 'are gone'} with {report.objects} objects ({report.object_bytes:,} bytes)"
        )
        for release_id in report.releases:
            click.echo(f"  {release_id}")


release.add_command(product_feed)


def current(paths: BrandPaths) -> str:
    """Id of the brand's current release; InputError when there is none."""
    from pipelines.release.releases import current_release

    found = current_release(paths)
    if not found:
        raise InputError(f"brand {paths.brand}: nothing was published yet.")
    return found


def user() -> str:
    """Name of whoever calls; containers may run under a number that has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

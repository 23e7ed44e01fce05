from __future__ import annotations

import io
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from shop_night import BRAND, THIRD_PARTY_WARNINGS, encoded, product_photo, soft_alpha

from pipelines.cli.main import command
from pipelines.core.errors import InputError, ModelBundleError
from pipelines.core.looks import Look, Region, as_mix
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.restyle.folder import FolderResult, restyle_folder
from pipelines.restyle.folder_plan import free_png_name
from training.bundle import load_bundle, write_bundle

pytestmark = THIRD_PARTY_WARNINGS


@pytest.fixture(scope="module")
def tree(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, FolderResult]:
    home = tmp_path_factory.mktemp("folder")
    source, target = home / "source", home / "target"
    rgba = np.dstack([product_photo(48, 40, 2), soft_alpha(48, 40)])
    files = {
        "a.jpg": encoded(product_photo(48, 40), "JPEG"),
        "sub/b.png": encoded(product_photo(40, 52, 1)),
        "sub/deep/c.WEBP": encoded(rgba, "WEBP"),
        "sub/alpha.png": encoded(rgba),
        "old.bmp": encoded(product_photo(48, 40, 3), "BMP"),
        "taken.gif": encoded(product_photo(48, 40, 4), "GIF"),
        "taken.png": encoded(product_photo(48, 40, 5)),
        "broken.jpg": encoded(product_photo(48, 40), "JPEG")[:300],
        "print.tif": encoded(product_photo(48, 40), "TIFF"),
        "empty.png": b"",
        "notes.txt": b"not a picture",
        ".hidden.png": encoded(product_photo(48, 40)),
    }
    for name, data in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    return source, target, restyle_folder(bundle, BRAND, source, target)


def test_every_file_is_written_passed_over_or_a_failure(tree: tuple[Path, Path, FolderResult]) -> None:
    _, target, result = tree
    assert {str(path) for path in result.written} == {
        "a.jpg",
        "old.png",
        "sub/alpha.png",
        "sub/b.png",
        "sub/deep/c.WEBP",
        "taken.gif.png",
        "taken.png",
    }
    assert {str(failure.path): failure.reason for failure in result.failures} == {
        "broken.jpg": "truncated",
        "print.tif": "unsupported-format",
        "empty.png": "empty-file",
    }
    assert [str(path) for path in result.passed_over] == ["notes.txt"]
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == sorted(
        map(str, result.written)
    )


def test_files_that_had_to_become_png_are_named(tree: tuple[Path, Path, FolderResult]) -> None:
    renamed = {str(before): str(after) for before, after in tree[2].renamed}
    assert renamed == {"old.bmp": "old.png", "taken.gif": "taken.gif.png"}


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "JPEG"), ("sub/b.png", "PNG"), ("sub/deep/c.WEBP", "WEBP")])
def test_format_size_and_alpha_are_those_of_the_source(
    tree: tuple[Path, Path, FolderResult], name: str, kind: str
) -> None:
    source, target, _ = tree
    before, after = (decode_image((root / name).read_bytes(), DecodeLimits()) for root in (source, target))
    assert after.source_format == kind
    assert after.rgb.shape == before.rgb.shape
    assert not np.array_equal(after.rgb, before.rgb)
    if before.alpha is None:
        assert after.alpha is None
    else:
        assert after.alpha is not None
        assert np.array_equal(after.alpha, before.alpha)


def test_a_second_run_replaces_with_the_same_bytes(
    tree: tuple[Path, Path, FolderResult], bundle: Path, tmp_path: Path
) -> None:
    source, target, result = tree
    counts: list[tuple[int, int]] = []
    target_again = tmp_path / "again"
    target_again.mkdir()
    (target_again / "a.jpg").write_bytes(b"older")
    again = restyle_folder(
        bundle, BRAND, source, target_again, on_done=lambda done, total: counts.append((done, total))
    )
    assert again.written == result.written
    assert all((target / path).read_bytes() == (target_again / path).read_bytes() for path in result.written)
    assert counts[-1] == (10, 10)


def test_strength_zero_keeps_a_lossless_picture(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encoded(product_photo(32, 32)))
    restyle_folder(bundle, Look.of_brand(BRAND, 0.0), tmp_path / "in", tmp_path / "out")
    with Image.open(io.BytesIO((tmp_path / "out" / "a.png").read_bytes())) as image:
        assert np.array_equal(np.asarray(image), product_photo(32, 32))


def restyled(bundle: Path, home: Path, files: dict[str, bytes], look: Look | str, **options: Any) -> FolderResult:
    """The files of `home/in`, restyled into `home/out`."""
    for name, data in files.items():
        (home / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "in" / name).write_bytes(data)
    return restyle_folder(bundle, look, home / "in", home / "out", **options)


def pixels(file: Path) -> np.ndarray:
    return decode_image(file.read_bytes(), DecodeLimits()).rgb.astype(int)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("background", ["keep", "colour", "texture"])
def test_every_level_of_alpha_survives(bundle: Path, tmp_path: Path, kind: str, background: Any) -> None:
    alpha = np.random.default_rng(4).permutation(np.arange(48 * 64) % 256).astype(np.uint8).reshape(48, 64)
    name = f"a.{kind.lower()}"
    look = Look(((BRAND, 1.0),), 1.0, 1.0 if background == "keep" else None, background=background)
    source = encoded(np.dstack([product_photo(48, 64), alpha]), kind)
    restyled(bundle, tmp_path, {name: source}, look)
    with Image.open(tmp_path / "out" / name) as image:
        assert np.array_equal(np.asarray(image.getchannel("A")), alpha)
        assert image.mode == "RGBA"


def test_transparency_is_all_the_background_that_a_cut_out_has(bundle: Path, tmp_path: Path) -> None:
    source = encoded(np.dstack([product_photo(48, 40, 2), soft_alpha(48, 40)]))
    for place, background in ((tmp_path / "a", "keep"), (tmp_path / "b", "colour")):
        restyled(bundle, place, {"x.png": source}, Look(((BRAND, 1.0),), background=background))  # type: ignore[arg-type]
    assert (tmp_path / "a/out/x.png").read_bytes() == (tmp_path / "b/out/x.png").read_bytes()


def test_a_background_colour_stands_in_the_file(bundle: Path, tmp_path: Path) -> None:
    look = Look(((BRAND, 1.0),), background="colour", background_colour="#f0e8dd")
    restyled(bundle, tmp_path, {"a.png": encoded(product_photo(48, 40))}, look)
    after = pixels(tmp_path / "out" / "a.png")
    assert after[0, 0].tolist() == [0xF0, 0xE8, 0xDD]
    half = Look(((BRAND, 1.0),), background="colour", background_colour="#f0e8dd", background_strength=0.5)
    restyled(bundle, tmp_path, {}, half)
    assert np.abs(pixels(tmp_path / "out" / "a.png")[0, 0] - [(255 + c) / 2 for c in (0xF0, 0xE8, 0xDD)]).max() <= 1


def test_brands_of_several_models_mix(bundle: Path, tmp_path: Path) -> None:
    """The same brands from one bundle and from two: other roads, ends that are alike."""
    again = load_bundle(bundle)
    parts = {}
    for name in ("inkwell", "gilded"):
        brands = {name: again.brands[name]}
        parts[name] = tmp_path / name
        write_bundle(replace(again, brands=brands, textures={}), parts[name])
    source = {"a.png": encoded(product_photo(48, 40))}
    outcomes = {}
    for share in (0.999, 0.5, 0.001):
        look = Look(as_mix({"inkwell": share, "gilded": 1 - share}), colour="full")
        (tmp_path / "out").mkdir(exist_ok=True)
        restyled(bundle, tmp_path, source, look)
        one = pixels(tmp_path / "out" / "a.png")
        restyle_folder(list(parts.values()), look, tmp_path / "in", tmp_path / "out")
        two = pixels(tmp_path / "out" / "a.png")
        assert np.abs(one - two).mean() < 12
        outcomes[share] = two
    ends, middle = (outcomes[0.999] + outcomes[0.001]) / 2, outcomes[0.5]
    # Between bundles the changes themselves are mixed, before they are cut to 0..255.
    assert np.percentile(np.abs(middle - ends), 95) <= 1.5
    assert np.abs(outcomes[0.999] - outcomes[0.001]).max() > 20


def test_a_mask_beside_a_picture_gives_its_part_another_brand(bundle: Path, tmp_path: Path) -> None:
    photo = encoded(product_photo(64, 64))
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    files = {"a.png": photo, "b.png": photo, "a.sleeve.png": encoded(mask)}
    look = Look(((BRAND, 1.0),), colour="full", regions=(Region("sleeve", (("gilded", 1.0),)),))
    result = restyled(bundle, tmp_path, files, look)
    assert [str(path) for path in result.written] == ["a.png", "b.png"]
    assert result.passed_over == ()
    with_mask, without = pixels(tmp_path / "out/a.png"), pixels(tmp_path / "out/b.png")
    assert np.array_equal(with_mask[:, :32], without[:, :32])
    restyled(bundle, tmp_path, {}, Look((("gilded", 1.0),), colour="full"))
    assert np.array_equal(with_mask[:, 32:], pixels(tmp_path / "out/b.png")[:, 32:])
    assert not np.array_equal(with_mask[:, 32:], without[:, 32:])


def test_a_mask_that_cannot_be_used_fails_its_picture(bundle: Path, tmp_path: Path) -> None:
    look = Look(((BRAND, 1.0),), regions=(Region("sleeve", (("gilded", 1.0),)),))
    photo = encoded(product_photo(64, 64))
    files = {"a.png": photo, "a.sleeve.png": b"no mask", "b.png": photo, "b.sleeve.png": encoded(soft_alpha(20, 64))}
    result = restyled(bundle, tmp_path, files, look)
    assert {str(failure.path): failure.reason for failure in result.failures} == {
        "a.png": "not-an-image",
        "b.png": "corrupt",
    }
    assert "expected the shape of the picture, 64 x 64, received 64 x 20" in result.failures[1].message


def test_views_of_a_product_share_its_colours_when_asked(bundle: Path, tmp_path: Path) -> None:
    dark = (product_photo(48, 40) * np.float32(0.6)).astype(np.uint8)
    dark[(product_photo(48, 40) == 255).all(axis=-1)] = 255
    files = {"p/a.png": encoded(product_photo(48, 40)), "p/b.png": encoded(dark), "c.png": encoded(dark)}
    look = Look((("gilded", 1.0),))
    restyled(bundle, tmp_path, files, look)
    alone = [pixels(tmp_path / "out" / name) for name in files]
    restyled(bundle, tmp_path, {}, look, views=True)
    together = [pixels(tmp_path / "out" / name) for name in files]
    assert np.array_equal(alone[1], alone[2])
    assert np.array_equal(together[2], alone[2])
    assert not np.array_equal(together[1], alone[1])


def test_every_control_is_an_option_of_the_command(bundle: Path, tmp_path: Path) -> None:
    home = tmp_path / "in"
    home.mkdir()
    (home / "a.png").write_bytes(encoded(product_photo(48, 40)))

    def pixels_with(*options: str) -> np.ndarray:
        words = ["folder", "--model", str(bundle), *options, str(home), str(tmp_path / "out")]
        result = CliRunner().invoke(command, words)
        assert result.exit_code == 0, (options, result.output, result.exception)
        return pixels(tmp_path / "out" / "a.png")

    brand = ("--brand", "inkwell")
    plain = pixels_with(*brand)
    assert np.array_equal(pixels_with("--mix", "inkwell=5"), plain)
    assert np.array_equal(pixels_with(*brand, "--views"), plain)
    options = [
        ("--strength", "0.4"),
        ("--background", "colour"),
        ("--background", "texture"),
        ("--background", "colour", "--background-strength", "0.5"),
        ("--background", "colour", "--background-colour", "#ffeedd"),
        ("--colour", "full"),
        ("--colour", "luminance"),
        ("--region", "0,0,1,0.5=gilded"),
        ("--region", "0,0,1,0.5=inkwell/poster.jpg"),
    ]
    found = [pixels_with(*brand, *option) for option in options]
    found += [pixels_with("--mix", "inkwell=1", "--mix", "gilded=1"), plain]
    for one, other in itertools.combinations(found, 2):
        assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected either --brand or --mix"),
        (("--brand", "a", "--mix", "a=1"), "expected either --brand or --mix"),
        (("--mix", "a"), "mix: expected NAME=WEIGHT"),
        (("--brand", "a", "--region", "x"), "region: expected AREA=NAME"),
        (("--brand", "a", "--background-colour", "red"), "background_colour: expected #rrggbb"),
    ],
)
def test_options_that_make_no_sense(bundle: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    (tmp_path / "in").mkdir()
    words = ["folder", "--model", str(bundle), *options, str(tmp_path / "in"), str(tmp_path / "out")]
    result = CliRunner().invoke(command, words)
    assert result.exit_code != 0
    assert message in f"{result.output}{result.exception}"


@pytest.mark.parametrize(("source", "target"), [("in", "in"), ("in", "in/out"), ("in/sub", "in"), ("in", "link/out")])
def test_folders_that_hold_one_another_are_refused(bundle: Path, tmp_path: Path, source: str, target: str) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(InputError, match="apart from the source"):
        restyle_folder(bundle, BRAND, tmp_path / source, tmp_path / target)


def test_a_source_that_is_no_folder_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder of pictures"):
        restyle_folder(bundle, BRAND, tmp_path / "nowhere", tmp_path / "out")


def test_nothing_is_written_through_a_link_that_leaves_the_target(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "a.png").write_bytes(encoded(product_photo(32, 32)))
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    result = restyle_folder(bundle, BRAND, tmp_path / "in", tmp_path / "out")
    assert [failure.reason for failure in result.failures] == ["write-failed"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_look_is_checked_before_any_work(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encoded(product_photo(32, 32)))
    with pytest.raises(ModelBundleError, match="nobody"):
        restyle_folder(bundle, "nobody", tmp_path / "in", tmp_path / "out")
    with pytest.raises(ModelBundleError, match="holds none"):
        restyle_folder(bundle, Look((("gilded", 1.0),), background="texture"), tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        ("a.gif", [], "a.png"),
        ("a.gif", ["a.png"], "a.gif.png"),
        ("a.gif", ["A.PNG", "a.gif.png"], "a.gif.png.png"),
        ("a.PNG", ["a.PNG"], "a.PNG"),
        ("d/a.gif", ["a.png"], "d/a.png"),
    ],
)
def test_names_of_converted_files_never_collide(name: str, others: list[str], expected: str) -> None:
    taken = {other.casefold() for other in [name, *others]}
    assert free_png_name(PurePosixPath(name), taken) == PurePosixPath(expected)


def test_a_folder_is_restyled_without_beam_or_airflow() -> None:
    script = (
        "import sys, pipelines.restyle.folder as f; print({'apache_beam', 'airflow', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

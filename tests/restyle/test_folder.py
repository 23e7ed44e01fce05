from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image
from shop_night import BRAND, THIRD_PARTY_WARNINGS, encoded, product_photo, soft_alpha

from pipelines.core.errors import InputError, ModelBundleError
from pipelines.core.looks import Look
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.restyle.folder import FolderResult, restyle_folder
from pipelines.restyle.folder_plan import free_png_name

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
        restyle_folder(bundle, Look(((BRAND, 1.0),), background="texture"), tmp_path / "in", tmp_path / "out")
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

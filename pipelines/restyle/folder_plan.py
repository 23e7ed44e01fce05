"""Which pictures of a folder tree are restyled, and the name that each gets; nothing ever lands outside the target."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pipelines.core.errors import InputError

PICTURE_SUFFIXES: Final = frozenset(
    f".{ending}"
    for endings in (
        ("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "webp", "gif", "bmp", "dib", "avif"),
        (
            "tif",
            "tiff",
            "heic",
            "heif",
            "jp2",
            "jxl",
            "psd",
            "svg",
            "ico",
            "tga",
            "pbm",
            "pgm",
            "ppm",
            "pnm",
            "sgi",
            "pcx",
        ),
    )
    for ending in endings
)
"""Endings that say picture. Not all of these kinds are supported: such files fail by name rather than go unnoticed."""


@dataclass(frozen=True)
class FolderScan:
    """Paths relative to the source folder, in sorted order; `masks` belong to pictures and are none themselves."""

    pictures: tuple[PurePosixPath, ...]
    others: tuple[PurePosixPath, ...]
    masks: tuple[PurePosixPath, ...] = ()


def check_folders(source: Path, target: Path) -> None:
    """InputError unless `source` is a folder and neither of the two lies in the other."""
    if not source.is_dir():
        raise InputError(f"source: expected a folder of pictures, received {source}.")
    if target.exists() and not target.is_dir():
        raise InputError(f"target: expected a folder or a new name, received the file {target}.")
    real_source, real_target = source.resolve(), target.resolve()
    if real_target.is_relative_to(real_source) or real_source.is_relative_to(real_target):
        raise InputError(
            f"target: expected a folder apart from the source, received {target}, and one holds the other; "
            "originals would be overwritten or restyled twice. Choose another folder."
        )


def scan_folder(source: Path, mask_names: Sequence[str] = ()) -> FolderScan:
    """All files below `source` by their endings; hidden files and linked folders are passed over.

    Args:
        source: the folder.
        mask_names: `*.NAME.png` with these names are masks.
    """
    endings = tuple(f".{name}.png" for name in mask_names)
    pictures: list[PurePosixPath] = []
    masks: list[PurePosixPath] = []
    others: list[PurePosixPath] = []
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.startswith("."):
                continue
            relative = PurePosixPath((Path(folder) / name).relative_to(source).as_posix())
            if relative.name.endswith(endings):
                masks.append(relative)
                continue
            (pictures if relative.suffix.lower() in PICTURE_SUFFIXES else others).append(relative)
    return FolderScan(tuple(sorted(pictures)), tuple(sorted(others)), tuple(sorted(masks)))


def free_png_name(path: PurePosixPath, taken: set[str]) -> PurePosixPath:
    """The name of a picture that has to become PNG: `a.gif` -> `a.png`, or `a.gif.png` where that is taken.

    `taken` holds `folded` names and gets the new one.
    """
    if path.suffix.lower() == ".png":
        return path
    name = path.with_suffix(".png")
    while folded(name) in taken:
        name = path.with_name(f"{path.name}.png") if name.stem == path.stem else name.with_name(f"{name.name}.png")
    taken.add(folded(name))
    return name


def inside(target: Path, relative: PurePosixPath) -> Path:
    """The file `relative` of `target`. InputError when a link in the target leads elsewhere."""
    file = target / relative
    if not file.parent.resolve().is_relative_to(target.resolve()):
        raise InputError(f"{file}: expected a place inside {target}, but a link leads to {file.parent.resolve()}.")
    return file


def folded(path: PurePosixPath) -> str:
    """For comparing names: those that differ in case alone count as one, so that the tree fits any file system."""
    return path.as_posix().casefold()
